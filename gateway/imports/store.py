"""The imports in the database: the file in pieces, the progress, and the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.imports.models import Import, ImportChunk, ImportItem
from shared.chassis.db import Database
from shared.chassis.errors import NotFound

CHUNK_BYTES = 1024 * 1024


async def find_import(session: AsyncSession, import_id: UUID) -> Import:
    """Return an import.

    Raises:
        NotFound: there is none of that id.

    """
    row = await session.get(Import, import_id)
    if row is None:
        raise NotFound(f"There is no import {import_id}.")
    return row


async def list_imports(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Import]:
    """Return imports, the newest first; ids grow with time."""
    statement = select(Import).order_by(col(Import.id).desc()).limit(limit)
    if after is not None:
        statement = statement.where(col(Import.id) < after)
    return (await session.exec(statement)).all()


async def list_items(
    session: AsyncSession, import_id: UUID, outcome: str | None, after: int, limit: int
) -> Sequence[ImportItem]:
    """Return rows of an import's report in the order of the file."""
    statement = (
        select(ImportItem)
        .where(col(ImportItem.import_id) == import_id, col(ImportItem.ordinal) > after)
        .order_by(col(ImportItem.ordinal))
        .limit(limit)
    )
    if outcome is not None:
        statement = statement.where(col(ImportItem.outcome) == outcome)
    return (await session.exec(statement)).all()


async def store_file(session: AsyncSession, import_id: UUID, file: IO[bytes]) -> None:
    """Put a file into the database piece by piece, one piece in memory at a time."""
    ordinal = 0
    while data := file.read(CHUNK_BYTES):
        chunk = ImportChunk(import_id=import_id, ordinal=ordinal, data=data)
        session.add(chunk)
        await session.flush()
        session.expunge(chunk)
        ordinal += 1


async def fetch_file(database: Database, import_id: UUID, path: Path) -> None:
    """Write the file of an import to ``path``, one piece in memory at a time."""
    ordinal = 0
    with path.open("wb") as file:
        while True:
            async with database.session() as session:
                chunk = await session.get(ImportChunk, (import_id, ordinal))
            if chunk is None:
                return
            file.write(chunk.data)
            ordinal += 1
