"""HTTP interface of the spreadsheets."""

import re
import tempfile
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool

from gateway.batch.callers import sender_for
from gateway.batch.routes import StreamRoute
from gateway.batch.schemas import schema_of
from gateway.batch.streaming import NDJSON, LineStream
from gateway.imports.upload import receive
from gateway.settings import Settings
from gateway.spreadsheets.layout import Filled, Template
from gateway.spreadsheets.ledger import Ledger
from gateway.spreadsheets.making import codes_of, workbook_of
from gateway.spreadsheets.outcomes import Settled
from gateway.spreadsheets.reading import read_workbook, seal_of
from gateway.spreadsheets.running import Run
from gateway.spreadsheets.schemas import RowOutcome, SpreadsheetAnswer, SpreadsheetEnd
from gateway.spreadsheets.templates import NotAnswered, template_of
from shared.chassis.app import CurrentRuntime
from shared.chassis.errors import MEDIA_TYPE
from shared.chassis.guard import CurrentPermit
from shared.chassis.pagination import CursorCodec, Cursors

router = APIRouter(prefix="/v1/spreadsheets", tags=["spreadsheets"], route_class=StreamRoute)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON = "application/json"
HARD_LIMIT_BYTES = 1024**3
"""What no setting can raise the bound of an upload over; ``max_spreadsheet_bytes`` is the bound itself."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UNNAMED = re.compile(r"[^A-Za-z0-9._-]+")

Language = Annotated[Literal["en", "fr", "es"], Query(description="Language of headings and titles")]


@router.post(
    "",
    summary="Take in a template that was filled in, row by row",
    responses={
        200: {
            "model": RowOutcome | SpreadsheetEnd,
            "description": "As `Accept` asks: a line per row, all at once, or the workbook with a column of outcomes",
            "content": {NDJSON: {}, JSON: {"schema": schema_of(SpreadsheetAnswer)}, XLSX: _BINARY},
        }
    },
    status_code=status.HTTP_200_OK,
    response_class=LineStream,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The workbook, as the body or as the part `file` of a form.",
            "content": {XLSX: _BINARY},
        }
    },
    max_body_size=HARD_LIMIT_BYTES,
)
async def upload_spreadsheet(
    request: Request, runtime: CurrentRuntime, permit: CurrentPermit, cursors: Cursors
) -> Response:
    """Report what the rows say that is not recorded yet; a row that is refused costs no other."""
    settings = runtime.settings_as(Settings)
    sender = sender_for(request, runtime, permit)
    with tempfile.TemporaryFile(prefix="devcoop-spreadsheet-") as file:
        await receive(request, file, limit=settings.max_spreadsheet_bytes, seconds=settings.request_seconds)
        file.seek(0)
        template, filled = await run_in_threadpool(read_workbook, file, cursors)
    ledger = Ledger(runtime.database, template.id)
    await ledger.load()
    run, turns, principal = Run(template, filled, sender, ledger), runtime.parts["turns"], permit.principal
    accepted = request.headers.get("accept", "")
    if XLSX in accepted:
        rows = await run.settle(turns, principal.id)
        return _attached(await run_in_threadpool(_answered, template, filled, rows, cursors), template)
    if JSON in accepted:
        return _at_once(await run.settle(turns, principal.id))
    return LineStream(
        request,
        fill=run.fill,
        write=run.write,
        end=run.end,
        size_of=Settled.size,
        turns=turns,
        stall_seconds=settings.stream_stall_seconds,
    )


@router.get(
    "/{identifier:path}",
    summary="A template to report actuals and expenditures of a project in",
    response_class=Response,
    responses={200: {"description": "A workbook", "content": {XLSX: _BINARY}}},
)
async def read_spreadsheet(
    request: Request,
    runtime: CurrentRuntime,
    permit: CurrentPermit,
    cursors: Cursors,
    identifier: str,
    lang: Language = "en",
) -> Response:
    """Return a workbook with a row for each value to be reported, and rows for expenditures."""
    try:
        template = await template_of(sender_for(request, runtime, permit), identifier, lang)
    except NotAnswered as refused:
        return Response(refused.answer.body, refused.answer.status, media_type=MEDIA_TYPE)
    return _attached(await run_in_threadpool(_made, template, cursors), template)


def _made(template: Template, codec: CursorCodec) -> bytes:
    return workbook_of(template, seal_of(template, codes_of(template), codec))


def _answered(template: Template, filled: Filled, rows: list[Settled], codec: CursorCodec) -> bytes:
    return workbook_of(
        template,
        seal_of(template, codes_of(template), codec),
        filled=filled.rows,
        outcomes={settled.address: (settled.outcome, settled.why) for settled in rows},
    )


def _at_once(rows: list[Settled]) -> Response:
    counts = {
        outcome: sum(settled.outcome == outcome for settled in rows)
        for outcome in ("recorded", "unchanged", "refused", "conflict")
    }
    answer = SpreadsheetAnswer(rows=[settled.view for settled in rows], **counts)
    return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)


def _attached(content: bytes, template: Template) -> Response:
    name = _UNNAMED.sub("-", template.identifier).strip("-") or "project"
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)
