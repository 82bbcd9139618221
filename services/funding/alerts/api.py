"""HTTP interface of alerts about money: they are read, and raised and resolved by the watch alone."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from sqlmodel import col

from services.funding.alerts.aggregates import ALERTS
from services.funding.models import AlertRow
from shared.chassis.db import ReadSession
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import add_reads
from shared.chassis.documents.schemas import ItemPage
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.alerts import AlertKind

router = APIRouter(prefix="/v1/funding-alerts", tags=["alerts"], route_class=GuardedRoute)


@router.get("", response_model=ItemPage, summary="List alerts about money in order of identifier")
async def list_funding_alerts(
    session: ReadSession,
    cursors: Cursors,
    kind: Annotated[AlertKind | None, Query(description="What the alert is about")] = None,
    state: Annotated[
        Literal["raised", "resolved"] | None, Query(description="Whether it still needs attention")
    ] = None,
    subject: Annotated[
        FilterText | None, Query(description="Identifier of the agreement or activity that it is about")
    ] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of alerts as they are stored here."""
    filters = {AlertRow.kind: kind, AlertRow.state: state, AlertRow.subject: subject}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if updated_since is not None:
        conditions.append(col(AlertRow.updated_at) >= updated_since)
    return await list_page(session, ALERTS, conditions, cursors=cursors, cursor=cursor, limit=limit)


add_reads(router, ALERTS, name="funding_alert")
routers = [router]
