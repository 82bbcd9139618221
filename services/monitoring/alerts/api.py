"""HTTP interface of alerts: they are read, and only the service raises and resolves them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.monitoring.alerts.aggregates import ALERTS
from services.monitoring.models import AlertRow
from shared.chassis.db import ReadSession
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import add_reads
from shared.chassis.documents.schemas import ItemPage
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment

router = APIRouter(prefix="/v1/monitoring-alerts", tags=["alerts"], route_class=GuardedRoute)


@router.get(
    "", response_model=ItemPage, summary="List alerts of reports and evaluations in order of identifier"
)
async def list_monitoring_alerts(
    session: ReadSession,
    cursors: Cursors,
    kind: Annotated[
        FilterText | None, Query(description="report-overdue, evaluation-due or follow-up-overdue")
    ] = None,
    state: Annotated[FilterText | None, Query(description="raised or resolved")] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of alerts as they are stored here."""
    filters = {AlertRow.kind: kind, AlertRow.state: state}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if updated_since is not None:
        conditions.append(col(AlertRow.updated_at) >= updated_since)
    return await list_page(session, ALERTS, conditions, cursors=cursors, cursor=cursor, limit=limit)


add_reads(router, ALERTS)
routers = [router]
