"""Reading documents of the read model: one by its identifier, or those that are about something."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import Kind
from gateway.projection.facts import bounded
from shared.chassis.db import execute
from shared.contracts.base import Contract

C = TypeVar("C", bound=Contract)

_DATA = (
    "SELECT f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate{more} ORDER BY d.identifier"
)
_ONE = text(_DATA.format(more=" AND d.id = :id"))
_ALL = text(_DATA.format(more=""))
_ABOUT = text(
    _DATA.format(
        more=" AND d.id IN (SELECT k.id FROM document_key k"
        " WHERE k.aggregate = :aggregate AND k.relation = :relation AND k.key = ANY(:keys))"
    )
)


async def document(session: AsyncSession, kind: Kind[C], id_: UUID) -> C | None:
    """Return one document as it stands, None where there is none."""
    data = (await execute(session, _ONE, aggregate=kind.aggregate, id=id_)).scalar()
    return None if data is None else kind.contract.from_event(data)


async def every(session: AsyncSession, kind: Kind[C]) -> list[C]:
    """Return all documents of a kind, in order of identifier."""
    rows = await execute(session, _ALL, aggregate=kind.aggregate)
    return [kind.contract.from_event(data) for (data,) in rows]


async def about(session: AsyncSession, kind: Kind[C], relation: str, keys: Iterable[str]) -> list[C]:
    """Return the documents of a kind that have one of some keys of a relation, in order of identifier."""
    asked = [bounded(key) for key in keys]
    rows = await execute(session, _ABOUT, aggregate=kind.aggregate, relation=relation, keys=asked)
    return [kind.contract.from_event(data) for (data,) in rows]
