"""Reading documents of the read model: by identifier, by what they are about, and by several keys at once.

Of those that match, only those are read that are ``seen``; a page about a subject that its reader may see tells what it is
made of whole.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import Kind
from gateway.projection.facts import bounded
from gateway.results.scope import EVERYTHING, Condition
from shared.chassis.db import execute
from shared.contracts.base import Contract

C = TypeVar("C", bound=Contract)
N = TypeVar("N", bound=Contract)

_READ = (
    "SELECT d.identifier, d.version, f.data{more} FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate{where} ORDER BY {order}d.identifier{limit}"
)
_HAS = (
    " AND d.id IN (SELECT k.id FROM document_key k WHERE k.aggregate = :aggregate AND (k.relation, k.key) IN"
    " (SELECT * FROM unnest(CAST(:relations_{n} AS text[]), CAST(:keys_{n} AS text[]))))"
)
_DAY = "CAST(f.data AS json) ->> '{member}'"

Keys = Mapping[str, Collection[str]]
"""Keys by relation; a document has any one of them."""


@dataclass(frozen=True, slots=True)
class Told(Generic[C]):
    """A document, and which version of it tells what is said."""

    aggregate: str
    identifier: str
    version: int
    document: C


@dataclass(frozen=True, slots=True)
class Found(Generic[C]):
    """The first of the documents that match, and how many there are."""

    count: int
    documents: list[C]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents are wanted: those that have one key of each of ``having``, by the day that ``member`` tells.

    ``since`` and ``up_to`` are the first and the last of these days, all are earlier than ``before``; ``newest`` puts the
    latest first.
    """

    having: Sequence[Keys]
    member: str = "due_on"
    since: date | None = None
    up_to: date | None = None
    before: date | None = None
    newest: bool = False


async def document(session: AsyncSession, kind: Kind[C], id_: UUID) -> C | None:
    """Return one document as it stands, None where there is none."""
    return next(iter(await by_ids(session, kind, [id_])), None)


async def by_ids(
    session: AsyncSession, kind: Kind[C], ids: Collection[UUID], seen: Condition = EVERYTHING
) -> list[C]:
    """Return those documents of a kind that have one of some ids, in order of identifier."""
    rows = await _rows(session, kind, seen, where=" AND d.id = ANY(:ids)", ids=list(ids))
    return [kind.contract.from_event(row[2]) for row in rows]


async def every(session: AsyncSession, kind: Kind[C], seen: Condition = EVERYTHING) -> list[C]:
    """Return all documents of a kind, in order of identifier."""
    return await narrow(session, kind, kind.contract, (), seen)


async def about(
    session: AsyncSession,
    kind: Kind[C],
    relation: str,
    keys: Iterable[str],
    seen: Condition = EVERYTHING,
) -> list[C]:
    """Return the documents of a kind that have one of some keys of a relation, in order of identifier."""
    return await narrow(session, kind, kind.contract, [{relation: list(keys)}], seen)


async def narrow(
    session: AsyncSession,
    kind: Kind[Any],
    model: type[N],
    wanted: Sequence[Keys],
    seen: Condition = EVERYTHING,
) -> list[N]:
    """Return documents that have one key of each of ``wanted``, of a kind read by a part of its contract."""
    where, parameters = having(wanted)
    return [model.from_event(row[2]) for row in await _rows(session, kind, seen, where=where, **parameters)]


async def first(  # noqa: PLR0913
    session: AsyncSession,
    kind: Kind[C],
    wanted: Sequence[Keys],
    most: int,
    after: str | None = None,
    seen: Condition = EVERYTHING,
) -> list[Told[C]]:
    """Return the first documents that have one key of each of ``wanted``, in order of identifier, after that of another."""
    where, parameters = having(wanted)
    if after is not None:
        where, parameters = f"{where} AND d.identifier > :after", {**parameters, "after": after}
    rows = await _rows(session, kind, seen, where=where, limit=" LIMIT :most", most=most, **parameters)
    return [_told(kind, *row) for row in rows]


async def named(
    session: AsyncSession, kind: Kind[C], identifiers: Iterable[str], seen: Condition = EVERYTHING
) -> dict[str, Told[C]]:
    """Return documents by identifier; those that there are none of are not in it."""
    where = " AND d.identifier = ANY(:identifiers)"
    rows = await _rows(session, kind, seen, where=where, identifiers=list(identifiers))
    return {told.identifier: told for told in (_told(kind, *row) for row in rows)}


async def select(
    session: AsyncSession, kind: Kind[C], wanted: Wanted, most: int, seen: Condition = EVERYTHING
) -> Found[C]:
    """Return the first documents of a kind that are wanted, and how many there are."""
    where, parameters = having(wanted.having)
    day = _DAY.format(member=wanted.member)
    bounds = {"since": (">=", wanted.since), "up_to": ("<=", wanted.up_to), "before": ("<", wanted.before)}
    for name, (how, bound) in bounds.items():
        if bound is not None:
            where += f" AND {day} {how} :{name}"
            parameters[name] = bound.isoformat()
    order = f"{day}{' DESC' if wanted.newest else ''} NULLS LAST, "
    more, limit = ", count(*) OVER ()", " LIMIT :most"
    rows = await _rows(
        session, kind, seen, more=more, where=where, order=order, limit=limit, most=most, **parameters
    )
    return Found(rows[0][3] if rows else 0, [kind.contract.from_event(row[2]) for row in rows])


def having(wanted: Sequence[Keys]) -> tuple[str, dict[str, Any]]:
    """Return conditions on ``document d`` of an ``:aggregate``, each with a leading AND, and what they bind."""
    parameters: dict[str, Any] = {}
    for number, keys in enumerate(wanted):
        pairs = [(relation, bounded(key)) for relation, listed in keys.items() for key in listed]
        parameters[f"relations_{number}"] = [relation for relation, _ in pairs]
        parameters[f"keys_{number}"] = [key for _, key in pairs]
    return "".join(_HAS.format(n=number) for number in range(len(wanted))), parameters


async def _rows(  # noqa: PLR0913  (the parts of one statement)
    session: AsyncSession,
    kind: Kind[Any],
    seen: Condition,
    *,
    where: str,
    more: str = "",
    order: str = "",
    limit: str = "",
    **parameters: Any,  # noqa: ANN401
) -> Sequence[Any]:
    """Return identifier, version, data and ``more`` of documents."""
    wanted = where if seen.is_always else f"{where} AND {seen.sql}"
    statement = text(_READ.format(more=more, where=wanted, order=order, limit=limit))
    asked = {"aggregate": kind.aggregate, **seen.parameters, **parameters}
    return (await execute(session, statement, **asked)).all()


def _told(kind: Kind[C], identifier: str, version: int, data: str) -> Told[C]:
    return Told(kind.aggregate, identifier, version, kind.contract.from_event(data))
