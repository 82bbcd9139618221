"""HTTP interface of contributions and of the frameworks of programmes."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.monitoring.contributions.aggregates import (
    CONTRIBUTIONS,
    PROGRAMME_FRAMEWORKS,
    stored_frameworks,
)
from services.monitoring.contributions.orphans import OrphanKind, orphans
from services.monitoring.contributions.schemas import (
    Orphan,
    OrphanPage,
    OutcomeIndicatorValues,
    ProgrammeFigures,
)
from services.monitoring.models import ContributionsRow, ProgrammeFrameworkRow
from shared.chassis.db import ReadSession
from shared.chassis.documents import document_router, find
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.schemas import ItemPage
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.monitoring.v1 import FrameworkLevel, ProgrammeFramework
from shared.figures.contributed import activities_of, programme_figures

TAG = "contributions"

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]

contributions = APIRouter(prefix="/v1/contributions", tags=[TAG], route_class=GuardedRoute)
frameworks = APIRouter(prefix="/v1/programme-frameworks", tags=[TAG], route_class=GuardedRoute)


@contributions.get("", response_model=ItemPage, summary="List contributions in order of identifier")
async def list_contributions(
    session: ReadSession,
    cursors: Cursors,
    outcome: Annotated[
        FilterText | None, Query(description="An outcome, as `<programme>/<code>` or `<biennium>/<code>`")
    ] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of the contributions of activities as they are stored here."""
    conditions = []
    if outcome is not None:
        conditions.append(col(ContributionsRow.outcomes).contains([outcome]))
    if updated_since is not None:
        conditions.append(col(ContributionsRow.updated_at) >= updated_since)
    return await list_page(session, CONTRIBUTIONS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@contributions.get("/orphans", summary="What has no line of sight from project to outcome")
async def list_orphans(
    session: ReadSession,
    cursors: Cursors,
    kind: Annotated[OrphanKind | None, Query(description="Of this kind only")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrphanPage:
    """Return activities without a link, links to outcomes that nobody has, and country outcomes that serve none."""
    after = None if cursor is None else cursors.decode(cursor, str, str, str)
    found = await orphans(session, kind=kind, after=after, limit=limit + 1)
    following = cursors.encode(found[limit - 1]) if len(found) > limit else None
    return OrphanPage(items=[Orphan.of(each) for each in found[:limit]], next=following)


@frameworks.get("", response_model=ItemPage, summary="List frameworks of programmes in order of identifier")
async def list_programme_frameworks(
    session: ReadSession,
    cursors: Cursors,
    level: Annotated[FrameworkLevel | None, Query(description="Of what the framework is")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of the frameworks of country programmes and bienniums as they are stored here."""
    conditions = []
    if level is not None:
        conditions.append(col(ProgrammeFrameworkRow.level) == level)
    if updated_since is not None:
        conditions.append(col(ProgrammeFrameworkRow.updated_at) >= updated_since)
    return await list_page(
        session, PROGRAMME_FRAMEWORKS, conditions, cursors=cursors, cursor=cursor, limit=limit
    )


@frameworks.get(
    "/{identifier:path}/figures", summary="What the indicators of projects come to for a programme"
)
async def read_programme_figures(
    session: ReadSession,
    identifier: str,
    on: Annotated[date | None, Query(description="The day to look at it, today where it is left out")] = None,
) -> ProgrammeFigures:
    """Return each indicator of each outcome with its own values and what is rolled up from projects."""
    row = await find(session, PROGRAMME_FRAMEWORKS, identifier)
    framework = ProgrammeFramework.from_json(row.document)
    stored = await stored_frameworks(session, activities_of(framework))
    day = on or datetime.now(UTC).date()
    return ProgrammeFigures(
        identifier=row.identifier,
        level=framework.level,
        programme=framework.programme,
        version=row.version,
        on=day,
        indicators=[OutcomeIndicatorValues.of(each) for each in programme_figures(framework, stored, on=day)],
    )


routers = [
    contributions,
    frameworks,
    document_router(CONTRIBUTIONS, path="/v1/contributions", tag=TAG),
    document_router(PROGRAMME_FRAMEWORKS, path="/v1/programme-frameworks", tag=TAG),
]
