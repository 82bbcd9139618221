"""HTTP interface of exchange rates: sheets by source and month, and files of a source's rates."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import col

from services.funding.aggregates import RATE_SHEETS
from services.funding.models import RateSheetRow
from services.funding.rates.files import Rates, parse, unpacked
from services.funding.rates.sheets import Source, by_month, put_rates
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents import document_router
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import CurrentActor
from shared.chassis.documents.schemas import ItemPage
from shared.chassis.errors import UnsupportedMedia
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.funding.v1 import CurrencyCode, SourceName
from shared.figures.rates import RateKind

PATH = "/v1/exchange-rates"
CSV = "text/csv"
ZIP = "application/zip"

_FILE = {
    "requestBody": {
        "required": True,
        "description": "A table of rates in UTF-8, wide (`Date,USD,JPY,...`) or long (`currency,date,rate`), or a zip of one.",
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in (CSV, ZIP)},
    }
}

sheets = APIRouter(prefix=PATH, tags=["exchange rates"], route_class=GuardedRoute)


class SheetCounts(BaseModel):
    """What became of the sheets of the months that a file has rates of."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


class RateCounts(BaseModel):
    """What became of the rates of a file."""

    added: int
    replaced: int
    unchanged: int


class FileReceipt(BaseModel):
    """What a file of rates did; ``writes`` names the versions that it left, of each sheet that it changed."""

    source: str
    sheets: SheetCounts
    rates: RateCounts
    writes: list[str] = Field(description="As in `DevCoop-Write`, the earliest month first")


@sheets.get("", response_model=ItemPage, summary="List sheets of exchange rates in order of source and month")
async def list_rate_sheets(
    session: ReadSession,
    cursors: Cursors,
    source: Annotated[FilterText | None, Query(description="Who published the rates, as in `ECB`")] = None,
    kind: Annotated[RateKind | None, Query(description="What the source's rates are")] = None,
    month: Annotated[FilterText | None, Query(description="Month of the rates, as in `2024-05`")] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of sheets as they are stored here."""
    filters = {RateSheetRow.source: source, RateSheetRow.kind: kind, RateSheetRow.month: month}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if updated_since is not None:
        conditions.append(col(RateSheetRow.updated_at) >= updated_since)
    return await list_page(session, RATE_SHEETS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@sheets.post("/files", summary="Put the rates of a file into the sheets of its source", openapi_extra=_FILE)
async def put_rate_file(
    session: Uow,
    actor: CurrentActor,
    request: Request,
    response: Response,
    source: Annotated[SourceName, Query(description="Who published the rates, as in `ECB`")],
    kind: Annotated[RateKind, Query(description="What the source's rates are")],
    base: Annotated[CurrencyCode, Query(description="The currency whose units the rates are told for")],
) -> FileReceipt:
    """Take a file in, whole or not at all.

    A rate replaces another of the same currency and date; rates that the file does not have stay.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    months = await asyncio.to_thread(_read, await request.body(), media, base)
    counts, stored = await put_rates(session, Source(source, kind, base), months, actor=actor, replace=True)
    outcomes = [each.outcome for each in stored]
    writes = [each.write for each in stored if each.outcome != "unchanged"]
    if writes:
        response.headers["DevCoop-Write"] = writes[-1]
    return FileReceipt(
        source=source,
        sheets=SheetCounts(
            created=outcomes.count("created"),
            changed=outcomes.count("changed"),
            unchanged=outcomes.count("unchanged"),
        ),
        rates=RateCounts(added=counts.added, replaced=counts.replaced, unchanged=counts.kept),
        writes=writes,
    )


def _read(body: bytes, media: str, base: str) -> dict[str, Rates]:
    if media not in (CSV, ZIP):
        raise UnsupportedMedia(f"A body of {media!r} is not taken; {CSV} and {ZIP} are.")
    return by_month(parse(unpacked(body) if media == ZIP else body, base))


routers = [sheets, document_router(RATE_SHEETS, path=PATH, tag="exchange rates")]
