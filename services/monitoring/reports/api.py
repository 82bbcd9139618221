"""HTTP interface of progress reports.

There is no batch of reports: it would be a way around validation.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, not_, select
from sqlmodel.sql.expression import SelectOfScalar

from services.monitoring.copies import ACTIVITY
from services.monitoring.models import Copy, ReportRow
from services.monitoring.reports import handlers
from services.monitoring.reports.aggregates import REPORTS
from services.monitoring.reports.domain import WRITABLE, ReportStep, begun, revised, signed
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.authored import Authored, add_authored_writes
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import (
    CurrentActor,
    ExpectedVersion,
    add_reads,
    receipt,
)
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.monitoring.v1 import ReportState
from shared.contracts.projects.v1 import CountryCode

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=JsonRoute)


@router.get("", response_model=ItemPage, summary="List progress reports in order of identifier")
async def list_reports(
    session: ReadSession,
    cursors: Cursors,
    activity: Annotated[FilterText | None, Query(description="IATI identifier of the activity")] = None,
    office: Annotated[FilterText | None, Query(description="Code of the office that reports")] = None,
    state: Annotated[ReportState | None, Query(description="Where the report stands")] = None,
    due_before: Annotated[date | None, Query(description="Due before this day")] = None,
    overdue: Annotated[
        bool | None, Query(description="Whether it was due before today and is still to be submitted")
    ] = None,
    country: Annotated[
        CountryCode | None, Query(description="A recipient country of the activity, as far as it is known")
    ] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of progress reports as they are stored here."""
    row = ReportRow
    conditions = []
    if activity is not None:
        conditions.append(col(row.iati_identifier) == activity)
    if office is not None:
        conditions.append(col(row.office) == office)
    if state is not None:
        conditions.append(col(row.state) == state)
    if due_before is not None:
        conditions.append(col(row.due_on) < due_before)
    if overdue is not None:
        late = (col(row.due_on) < datetime.now(UTC).date()) & col(row.state).in_(WRITABLE)
        conditions.append(late if overdue else not_(late))
    if country is not None:
        conditions.append(col(row.iati_identifier).in_(_activities_in(country)))
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(session, REPORTS, conditions, cursors=cursors, cursor=cursor, limit=limit)


def _activities_in(country: str) -> SelectOfScalar[str]:
    """Return the query of the activities that are known to be for a country."""
    told = cast(col(Copy.document), JSONB)
    return select(told["iati_identifier"].astext).where(
        col(Copy.aggregate) == ACTIVITY.aggregate,
        told["recipient_countries"].contains([{"code": country}]),
    )


@router.post("/{identifier:path}/actions", status_code=201, summary="Take a step with one progress report")
async def act_on_report(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: ReportStep,
    response: Response,
) -> Receipt:
    """Take a step that the state of the report allows; to validate puts its actuals into the framework."""
    return receipt(response, await handlers.act(session, actor, identifier, step, version))


add_authored_writes(router, Authored(REPORTS, begun, revised, signed))
add_reads(router, REPORTS)
routers = [router]
