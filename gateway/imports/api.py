"""HTTP interface of the imports."""

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from gateway.imports.iati.problems import FileRefused
from gateway.imports.iati.scan import FileFacts, scan
from gateway.imports.models import Import
from gateway.imports.schemas import ImportPage, ImportView, ItemOutcome, ReportItem, ReportPage
from gateway.imports.store import find_import, list_imports, list_items, store_file
from gateway.imports.tokens import started_by
from gateway.imports.upload import receive
from gateway.settings import Settings
from shared.chassis.app import CurrentRuntime
from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.routes import CurrentActor
from shared.chassis.errors import Conflict, Fault, Invalid
from shared.chassis.guard import CurrentPermit, GuardedRoute
from shared.chassis.idempotency.once import Keying, settle_by
from shared.chassis.ids import uuid7
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.policy.permits import Permit


class UploadRoute(GuardedRoute):
    """A route whose handler takes a file in, which is what its request is known by."""

    keying = Keying.BY_HANDLER


router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=UploadRoute)

HARD_LIMIT_BYTES = 64 * 1024**3
"""What no setting can raise the bound of an upload over; ``max_import_bytes`` is the bound itself."""

UPLOAD = {
    "requestBody": {
        "required": True,
        "description": "An IATI 2.01 to 2.03 activity or organisation file, plain or gzip, as the body or as the "
        "part `file` of a form.",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}}
            for media in ("application/xml", "application/gzip")
        },
    }
}


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Import an IATI file",
    openapi_extra=UPLOAD,
    max_body_size=HARD_LIMIT_BYTES,
)
async def start_import(
    session: Uow,
    runtime: CurrentRuntime,
    request: Request,
    response: Response,
    permit: CurrentPermit,
    actor: CurrentActor,
    *,
    dry_run: Annotated[bool, Query(description="Report what would happen, and change nothing")] = False,
) -> ImportView:
    """Take a file in. What is wrong with the file as a whole is refused at once, before anything is applied."""
    if runtime.parts["issuer"] is None:
        detail = "The gateway issues no tokens here, so it can not act for who starts an import."
        raise Conflict(detail, code="imports-without-issuer")
    settings = runtime.settings_as(Settings)
    with tempfile.NamedTemporaryFile(prefix="devcoop-upload-") as file:
        size = await receive(
            request, file, limit=settings.max_import_bytes, seconds=settings.import_upload_seconds
        )
        facts = await run_in_threadpool(_scan, Path(file.name), settings.max_import_expanded_bytes)
        await settle_by(request, lambda: run_in_threadpool(_digest, Path(file.name)))
        row = _queued(facts, permit, size=size, dry_run=dry_run)
        file.seek(0)
        await store_file(session, row.id, file)
    session.add(row)
    await session.flush()
    await note_changes(session, actor.attempt, [Affected(aggregate="import", identifier=str(row.id))])
    response.headers["Location"] = f"/v1/imports/{row.id}"
    return ImportView.of(row)


@router.get("", summary="List imports, the newest first")
async def read_imports(
    session: ReadSession, cursors: Cursors, cursor: Cursor = None, limit: Limit = 50
) -> ImportPage:
    """Return one page of imports."""
    after = UUID(cursors.decode(cursor, str)[0]) if cursor else None
    rows = await list_imports(session, after, limit + 1)
    following = cursors.encode([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return ImportPage(items=[ImportView.of(row) for row in rows[:limit]], next=following)


@router.get("/{import_id}", summary="Follow one import")
async def read_import(session: ReadSession, import_id: UUID) -> ImportView:
    """Return how far an import has come."""
    return ImportView.of(await find_import(session, import_id))


@router.get("/{import_id}/report", summary="What became of each activity of the file")
async def read_import_report(
    session: ReadSession,
    cursors: Cursors,
    import_id: UUID,
    outcome: Annotated[ItemOutcome | None, Query(description="Only what came out like this")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReportPage:
    """Return one page of the report; it grows while the import runs."""
    await find_import(session, import_id)
    after = cursors.decode(cursor, int)[0] if cursor else 0
    rows = await list_items(session, import_id, outcome, after, limit + 1)
    following = cursors.encode([rows[limit - 1].ordinal]) if len(rows) > limit else None
    return ReportPage(items=[ReportItem.of(row) for row in rows[:limit]], next=following)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _scan(path: Path, limit: int) -> FileFacts:
    try:
        return scan(path, max_expanded_bytes=limit)
    except FileRefused as refused:
        problem = refused.problem
        place = f" (line {problem.line})" if problem.line else ""
        fault = Fault(pointer="", code=problem.code, detail=problem.reason + place)
        raise Invalid(problem.reason + place, code=problem.code, errors=[fault]) from refused


def _queued(facts: FileFacts, permit: Permit, *, size: int, dry_run: bool) -> Import:
    return Import(
        id=uuid7(),
        status="queued",
        dry_run=dry_run,
        kind=facts.kind,
        iati_version=facts.version,
        facts=facts.to_dict(),
        size=size,
        total=facts.count,
        **started_by(permit),
        created_at=datetime.now(UTC),
    )
