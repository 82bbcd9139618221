"""Alerts of all owners, a page at a time."""

from collections.abc import Sequence

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import ALERTS
from gateway.results.accountability.queries import AlertsQuery
from gateway.results.accountability.schemas import AlertTold
from gateway.results.documents import Keys, first
from gateway.results.schemas import Asked
from gateway.results.scope import kind_seen


class AlertPage(Asked):
    """A page of alerts in order of identifier, and the cursor of the next (null on the last)."""

    items: list[AlertTold]
    next: str | None = Field(description="Cursor of the next page")


async def alert_page(session: AsyncSession, query: AlertsQuery, after: str | None) -> list[AlertTold]:
    """Return a page of the alerts that match, of those that are seen, and one more."""
    asked: dict[str, Sequence[str]] = {
        "state": () if query.state == "all" else [query.state],
        "kind": query.kind,
        "office": query.office,
        "partner": query.partner,
        "country": query.country,
        "activity": query.activity,
    }
    wanted: list[Keys] = [{relation: keys} for relation, keys in asked.items() if keys]
    found = await first(session, ALERTS, wanted, query.limit + 1, after, kind_seen(session, ALERTS))
    return [AlertTold.of(each.document) for each in found]
