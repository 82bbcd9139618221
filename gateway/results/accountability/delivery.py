"""Delivery of projects, countries, donors, outcomes, offices or years, the lowest rate first.

The rate of a project is that of the money it reports; of all else each amount counts once.
"""

from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import Exact
from gateway.results.accountability.delivered import Yardstick, group_rows, named
from gateway.results.accountability.project_delivery import Part, Place, project_rows
from gateway.results.accountability.queries import By, DeliveryQuery
from gateway.results.accountability.schemas import DeliveryRow
from gateway.results.filters import SummaryQuery
from gateway.results.schemas import Asked
from gateway.results.summary import summarise
from gateway.results.terms import Terms
from shared.figures.delivery import Convention


class DeliveryPage(Asked):
    """A page of deliveries, the lowest rate first and those without a rate last, and the cursor of the next page."""

    by: By
    year: int | None = Field(description="Null where each year is told")
    threshold: Exact
    convention: Convention
    items: list[DeliveryRow]
    whole: list[DeliveryRow] = Field(description="All money of the year once, a row for each currency")
    next: str | None


@dataclass(frozen=True, slots=True)
class Deliveries:
    """A page of deliveries and one more, with the place of each."""

    rows: list[tuple[Place, DeliveryRow]]
    whole: list[DeliveryRow]


async def deliveries(
    session: AsyncSession, query: DeliveryQuery, terms: Terms, yardstick: Yardstick, after: Place | None
) -> Deliveries:
    """Return a page of deliveries."""
    year = year_of(query, terms)
    if query.by == "project":
        only = year or terms.today.year
        rows = await project_rows(session, only, yardstick, terms, Part(after, query.limit))
        return Deliveries(rows=rows, whole=await _whole(session, only, yardstick, terms))
    asked = SummaryQuery.model_validate({"group_by": query.by, "year": [year] if year else []})
    groups, whole = await summarise(session, asked, terms)
    told = [
        row
        for group in groups
        if year is not None or group.code is not None
        for row in group_rows(
            named(group.code, group.label, year or int(group.code or 0)), group.counted_once, yardstick
        )
    ]
    placed = sorted(((_place(row), row) for row in told), key=lambda item: _order(item[0]))
    if after is not None:
        placed = [item for item in placed if _order(item[0]) > _order(after)]
    together = group_rows(named(None, None, year), whole.counted_once, yardstick) if year else []
    return Deliveries(rows=placed[: query.limit + 1], whole=together)


def year_of(query: DeliveryQuery, terms: Terms) -> int | None:
    """Return the year that is told, None for each."""
    if query.year is None and query.by != "year":
        return terms.today.year
    return query.year


async def _whole(session: AsyncSession, year: int, yardstick: Yardstick, terms: Terms) -> list[DeliveryRow]:
    _, whole = await summarise(session, SummaryQuery(group_by="all", year=[year]), terms)
    return group_rows(named(None, None, year), whole.counted_once, yardstick)


def _place(row: DeliveryRow) -> Place:
    ratio = row.delivery_rate.ratio
    return Place("" if ratio is None else str(ratio), row.code or "", row.currency or "")


def _order(place: Place) -> tuple[bool, Decimal, str, str]:
    return not place.ratio, Decimal(place.ratio or 0), place.code, place.currency
