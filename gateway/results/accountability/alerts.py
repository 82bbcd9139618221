"""Alerts of all owners, a page at a time."""

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import ALERTS
from gateway.projection.facts import bounded
from gateway.results.accountability.queries import AlertsQuery
from gateway.results.accountability.schemas import AlertTold
from gateway.results.schemas import Asked
from shared.chassis.db import execute
from shared.contracts.alerts import Alert

_HAS = (
    " AND d.id IN (SELECT k.id FROM document_key k WHERE k.aggregate = 'alert'"
    " AND k.relation = '{relation}' AND k.key = ANY(:{relation}))"
)
_PAGE = (
    "SELECT d.identifier, f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate{has}"
    " AND (CAST(:after AS text) IS NULL OR d.identifier > :after) ORDER BY d.identifier LIMIT :limit"
)


class AlertPage(Asked):
    """A page of alerts in order of identifier, and the cursor of the next (null on the last)."""

    items: list[AlertTold]
    next: str | None = Field(description="Cursor of the next page")


async def alert_page(session: AsyncSession, query: AlertsQuery, after: str | None) -> list[AlertTold]:
    """Return a page of the alerts that match, and one more."""
    states = [] if query.state == "all" else [query.state]
    asked: dict[str, Sequence[str]] = {
        "state": states,
        "kind": query.kind,
        "office": query.office,
        "partner": query.partner,
        "country": query.country,
        "activity": query.activity,
    }
    keys = {relation: [bounded(value) for value in values] for relation, values in asked.items() if values}
    statement = text(_PAGE.format(has="".join(_HAS.format(relation=relation) for relation in keys)))
    rows = await execute(
        session, statement, aggregate=ALERTS.aggregate, after=after, limit=query.limit + 1, **keys
    )
    return [AlertTold.of(Alert.from_event(data)) for _, data in rows]
