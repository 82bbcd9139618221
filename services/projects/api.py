"""HTTP interface of the projects service."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.projects.aggregates import ACTIVITIES
from services.projects.models import ActivityRow
from services.projects.programming.api import routers as programming
from services.projects.proposals.api import routers as proposals
from shared.chassis.db import ReadSession
from shared.chassis.documents import document_router
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.schemas import ItemPage
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment

router = APIRouter(prefix="/v1/activities", tags=["activities"], route_class=GuardedRoute)


@router.get("", response_model=ItemPage, summary="List activities in order of identifier")
async def list_activities(
    session: ReadSession,
    cursors: Cursors,
    status: Annotated[FilterText | None, Query(description="ActivityStatus code")] = None,
    reporting_organisation: Annotated[
        FilterText | None, Query(description="Identifier of the publisher")
    ] = None,
    country: Annotated[FilterText | None, Query(description="Code of a recipient country")] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of activities as they are stored here."""
    conditions = []
    if status is not None:
        conditions.append(col(ActivityRow.status) == status)
    if reporting_organisation is not None:
        conditions.append(col(ActivityRow.reporting_organisation) == reporting_organisation)
    if country is not None:
        conditions.append(col(ActivityRow.countries).contains([country]))
    if updated_since is not None:
        conditions.append(col(ActivityRow.updated_at) >= updated_since)
    return await list_page(session, ACTIVITIES, conditions, cursors=cursors, cursor=cursor, limit=limit)


routers = [
    router,
    document_router(ACTIVITIES, path="/v1/activities", tag="activities"),
    *programming,
    *proposals,
]
