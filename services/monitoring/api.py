"""HTTP interface of the monitoring service."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.monitoring import handlers
from services.monitoring.aggregates import FRAMEWORKS
from services.monitoring.alerts.api import routers as alerts
from services.monitoring.contributions.api import routers as contributions
from services.monitoring.domain import ActualReport
from services.monitoring.learning.api import routers as learning
from services.monitoring.locks.api import routers as locks
from services.monitoring.models import FrameworkRow
from services.monitoring.reports.api import routers as reports
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents import document_router
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import CurrentActor, ExpectedVersion, receipt
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import Moment

router = APIRouter(prefix="/v1/frameworks", tags=["frameworks"], route_class=JsonRoute)


@router.get("", response_model=ItemPage, summary="List results frameworks in order of identifier")
async def list_frameworks(
    session: ReadSession,
    cursors: Cursors,
    has_indicators: Annotated[bool | None, Query(description="Whether it has any indicator")] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of results frameworks as they are stored here."""
    conditions = []
    if has_indicators is not None:
        conditions.append((col(FrameworkRow.indicators) > 0) == has_indicators)
    if updated_since is not None:
        conditions.append(col(FrameworkRow.updated_at) >= updated_since)
    return await list_page(session, FRAMEWORKS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@router.post("/{identifier:path}/actuals", status_code=201, summary="Report an actual for one period")
async def report_actual(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    report: ActualReport,
    response: Response,
) -> Receipt:
    """Put an actual into its period, in place of one of the same dimensions and locations."""
    return receipt(response, await handlers.report_actual(session, actor, identifier, report, version))


routers = [
    router,
    document_router(FRAMEWORKS, path="/v1/frameworks", tag="frameworks"),
    *contributions,
    *reports,
    *locks,
    *learning,
    *alerts,
]
