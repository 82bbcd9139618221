"""The worker that takes files through: durable, resumable, one import at a time per worker.

An import is held by an advisory lock of a session, so that the death of a worker frees it at once; the next
worker goes on behind the last batch that was noted. Batches are idempotent, so one that was taken but not
noted is sent again without effect.
"""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlmodel import col, delete, select, update

from gateway.acting import ActingToken, CallerRefused
from gateway.imports.iati.problems import FileRefused
from gateway.imports.iati.reader import read
from gateway.imports.iati.scan import FileFacts
from gateway.imports.models import Import, ImportChunk, ImportItem
from gateway.imports.owners import OwnerAway, OwnerRefused, Owners, Parcel, Taken
from gateway.imports.store import fetch_file
from gateway.imports.tokens import starter_of
from gateway.issuer.tokens import Issuer
from gateway.projection.generations import ReadModel
from gateway.projection.visibility import await_writes, parse_write
from shared.chassis.db import Database, bulk_upsert
from shared.chassis.workers import pause

IMPORT_LOCK = 0x1A71
PAUSE_SECONDS = 0.2
BATCH_CHARACTERS = 4 * 1024 * 1024
VISIBLE_SECONDS = 5
BROKEN_SECONDS = 1

_UNFINISHED = text("SELECT id FROM import WHERE status IN ('queued', 'running') ORDER BY id")

_log = structlog.get_logger()


class ImportWorker:
    """Takes queued imports, oldest first."""

    name = "imports"

    def __init__(
        self, database: Database, owners: Owners, read_model: ReadModel, issuer: Issuer, *, batch_items: int
    ) -> None:
        self._database = database
        self._issuer = issuer
        self._owners = owners
        self._read_model = read_model
        self._batch_items = batch_items

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; an import under way stops behind its current batch."""
        while not stop.is_set():
            if not await self._work_all(stop):
                await pause(stop, PAUSE_SECONDS)

    async def _work_all(self, stop: asyncio.Event) -> bool:
        """Give each unfinished import its turn; one that has to wait costs the others little."""
        worked = False
        for import_id in await self._unfinished():
            async with self._database.engine.connect() as connection:
                lock = {"space": IMPORT_LOCK, "key": import_id.int & 0x7FFFFFFF}
                held = await connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), lock)
                await connection.commit()
                if not held:
                    continue
                try:
                    await self._work(import_id, stop)
                except Exception as error:  # noqa: BLE001  (one import must not hold up all others)
                    _log.error("import.broken", import_id=str(import_id), exc_info=error)
                    await self._update(import_id, waiting_for="an error of ours to be mended; the log has it")
                    await pause(stop, BROKEN_SECONDS)
                finally:
                    await connection.execute(text("SELECT pg_advisory_unlock(:space, :key)"), lock)
                    await connection.commit()
                worked = True
        return worked

    async def _unfinished(self) -> Sequence[UUID]:
        async with self._database.engine.connect() as connection:
            return (await connection.scalars(_UNFINISHED)).all()

    async def _work(self, import_id: UUID, stop: asyncio.Event) -> None:
        async with self._database.session() as session:
            row = await session.get(Import, import_id)
        if row is None or row.status not in ("queued", "running"):
            return
        log = _log.bind(import_id=str(import_id), total=row.total, done=row.done)
        await self._update(import_id, status="running", started_at=row.started_at or datetime.now(UTC))
        log.info("import.running")
        try:
            if row.done < row.total:
                await self._send_all(row, stop)
        except OwnerAway as away:
            await self._update(import_id, waiting_for=str(away))
            return
        except (FileRefused, OwnerRefused, CallerRefused) as refused:
            log.warning("import.failed", reason=str(refused))
            await self._finish(import_id, status="failed", problem=str(refused))
            return
        if not stop.is_set() and await self._visible(import_id):
            await self._finish(import_id, status="completed")
            log.info("import.completed")

    async def _send_all(self, row: Import, stop: asyncio.Event) -> None:
        """Send what was not sent yet of a file."""
        async with self._database.session() as session:
            statement = select(ImportItem.ordinal).where(
                col(ImportItem.import_id) == row.id, col(ImportItem.outcome) == "refused"
            )
            refused = frozenset((await session.exec(statement)).all())
        with tempfile.TemporaryDirectory(prefix="devcoop-import-") as folder:
            path = Path(folder) / "file"
            await fetch_file(self._database, row.id, path)
            items = read(path, FileFacts.from_dict(row.facts), skip=row.done, refused=refused)
            await self._send(row, map(Parcel.of, items), stop)

    async def _send(self, row: Import, parcels: Iterator[Parcel], stop: asyncio.Event) -> None:
        """Send batch after batch, reading the next one while the owners take the last."""
        token = ActingToken(self._database, self._issuer, starter_of(row))
        batch = await asyncio.to_thread(self._next_batch, parcels)
        while batch and not stop.is_set():
            ahead = asyncio.create_task(asyncio.to_thread(self._next_batch, parcels))
            try:
                taken = await self._owners.take(
                    batch, token=token, correlation_id=str(row.id), dry_run=row.dry_run
                )
                await self._note(row.id, batch, taken)
            finally:
                following = await ahead
            batch = following

    def _next_batch(self, parcels: Iterator[Parcel]) -> list[Parcel]:
        """Return what is sent in one request: some items, or fewer if they are large."""
        batch: list[Parcel] = []
        size = 0
        for parcel in parcels:
            batch.append(parcel)
            size += parcel.size
            if len(batch) >= self._batch_items or size >= BATCH_CHARACTERS:
                break
        return batch

    async def _note(self, import_id: UUID, batch: Sequence[Parcel], taken: Taken) -> None:
        """Write a batch into the report and move the import on, in one transaction, unless another worker has."""
        async with self._database.session() as session, session.begin():
            row = await session.get_one(Import, import_id, with_for_update=True)
            if row.done >= batch[-1].item.ordinal:
                return
            await bulk_upsert(
                session, ImportItem, list(_report(import_id, batch, taken)), key=["import_id", "ordinal"]
            )
            row.done = batch[-1].item.ordinal
            for outcome in taken.outcomes:
                setattr(row, outcome, getattr(row, outcome) + 1)
            row.notices += sum(len(parcel.item.notices) for parcel in batch)
            row.last_writes = {**row.last_writes, **taken.last_writes}
            row.waiting_for = None

    async def _visible(self, import_id: UUID) -> bool:
        """Wait until the read model has taken in the last write of each part."""
        async with self._database.session() as session:
            row = await session.get_one(Import, import_id)
        writes = [parse_write(write) for write in row.last_writes.values()]
        if row.dry_run or await await_writes(self._read_model, writes, seconds=VISIBLE_SECONDS):
            return True
        await self._update(import_id, waiting_for="the read model")
        return False

    async def _update(self, import_id: UUID, **values: Any) -> None:  # noqa: ANN401
        async with self._database.session() as session, session.begin():
            await session.exec(update(Import).where(col(Import.id) == import_id).values(**values))

    async def _finish(self, import_id: UUID, **outcome: str) -> None:
        async with self._database.session() as session, session.begin():
            await session.exec(delete(ImportChunk).where(col(ImportChunk.import_id) == import_id))
            values = {"waiting_for": None, "finished_at": datetime.now(UTC), **outcome}
            await session.exec(update(Import).where(col(Import.id) == import_id).values(**values))


def _report(import_id: UUID, batch: Sequence[Parcel], taken: Taken) -> Iterator[dict[str, Any]]:
    for parcel, outcome, problems in zip(batch, taken.outcomes, taken.problems, strict=True):
        item = parcel.item
        yield {
            "import_id": import_id,
            "ordinal": item.ordinal,
            "line": item.line,
            "identifier": item.identifier,
            "outcome": outcome,
            "problems": problems,
            "notices": [asdict(notice) for notice in item.notices],
        }
