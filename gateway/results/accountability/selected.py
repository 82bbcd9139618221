"""Documents of the read model by several keys at once, in order of the day that they are due, counted and cut."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import Kind
from gateway.projection.facts import bounded
from gateway.results.accountability.schemas import MOST, IndicatorStand, ProjectTold
from shared.chassis.db import execute
from shared.contracts.base import Contract

C = TypeVar("C", bound=Contract)
N = TypeVar("N", bound=Contract)

_HAS = (
    " AND d.id IN (SELECT k.id FROM document_key k WHERE k.aggregate = :aggregate AND (k.relation, k.key) IN"
    " (SELECT * FROM unnest(CAST(:relations_{n} AS text[]), CAST(:keys_{n} AS text[]))))"
)
_SELECT = (
    "SELECT f.data, count(*) OVER () FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate{has}{more} ORDER BY {order}, d.identifier LIMIT :limit"
)
_DAY = "CAST(f.data AS json) ->> '{member}'"
_PROJECTS = text(
    "SELECT p.id, a.iati_identifier, CAST(a.listing AS json) ->> 'title', a.status"
    " FROM unnest(CAST(:ids AS uuid[])) AS p(id) JOIN project_activity a ON a.id = p.id"
    " ORDER BY a.iati_identifier"
)
_STAND = text(
    "SELECT count(*), coalesce(sum(indicators), 0), coalesce(sum(indicators_reported), 0),"
    " coalesce(sum(indicators_with_progress), 0), coalesce(sum(indicators_on_track), 0)"
    " FROM project_results WHERE id = ANY(:ids)"
)
_BY_IDS = text(
    "SELECT f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate AND d.id = ANY(:ids) ORDER BY d.identifier"
)
_NARROW = (
    "SELECT f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate{has} ORDER BY d.identifier"
)
_FLAGS = text("SELECT id, humanitarian FROM project_activity WHERE id = ANY(:ids)")

Keys = Mapping[str, Collection[str]]
"""Keys by relation; a document has any one of them."""


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
    limit: int = MOST


async def select(session: AsyncSession, kind: Kind[C], wanted: Wanted) -> Found[C]:
    """Return the documents of a kind that are wanted."""
    has, parameters = having(wanted.having)
    day = _DAY.format(member=wanted.member)
    bounds = {"since": (">=", wanted.since), "up_to": ("<=", wanted.up_to), "before": ("<", wanted.before)}
    told = {name: (how, bound) for name, (how, bound) in bounds.items() if bound is not None}
    more = "".join(f" AND {day} {how} :{name}" for name, (how, _) in told.items())
    parameters |= {name: bound.isoformat() for name, (_, bound) in told.items()}
    order = f"{day} DESC NULLS LAST" if wanted.newest else f"{day} NULLS LAST"
    statement = text(_SELECT.format(has=has, more=more, order=order))
    rows = (
        await execute(session, statement, aggregate=kind.aggregate, limit=wanted.limit, **parameters)
    ).all()
    return Found(rows[0][1] if rows else 0, [kind.contract.from_event(data) for data, _ in rows])


def having(wanted: Sequence[Keys]) -> tuple[str, dict[str, Any]]:
    """Return conditions on ``document d`` of an ``:aggregate``, each with a leading AND, and what they bind."""
    parameters: dict[str, Any] = {}
    for number, keys in enumerate(wanted):
        pairs = [(relation, bounded(key)) for relation, listed in keys.items() for key in listed]
        parameters[f"relations_{number}"] = [relation for relation, _ in pairs]
        parameters[f"keys_{number}"] = [key for _, key in pairs]
    return "".join(_HAS.format(n=number) for number in range(len(wanted))), parameters


async def projects_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, ProjectTold]:
    """Return in brief those of some projects whose activity is known, in order of identifier."""
    rows = await execute(session, _PROJECTS, ids=list(ids))
    return {
        id_: ProjectTold(iati_identifier=identifier, title=title, status=status)
        for id_, identifier, title, status in rows
    }


async def indicator_stand(session: AsyncSession, ids: Collection[UUID]) -> IndicatorStand:
    """Return how the indicators of some projects stand, each project counted once."""
    projects, indicators, reported, with_progress, on_track = (
        await execute(session, _STAND, ids=list(ids))
    ).one()
    return IndicatorStand(
        projects=projects,
        indicators=indicators,
        reported=reported,
        with_progress=with_progress,
        on_track=on_track,
    )


async def by_ids(session: AsyncSession, kind: Kind[C], ids: Collection[UUID]) -> list[C]:
    """Return those documents of a kind that have one of some ids, in order of identifier."""
    rows = await execute(session, _BY_IDS, aggregate=kind.aggregate, ids=list(ids))
    return [kind.contract.from_event(data) for (data,) in rows]


async def humanitarian_flags(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, bool | None]:
    """Return how some projects are flagged, of those whose activity is known."""
    rows = await execute(session, _FLAGS, ids=list(ids))
    return {row[0]: row[1] for row in rows}


async def narrow(session: AsyncSession, kind: Kind[Any], model: type[N], wanted: Sequence[Keys]) -> list[N]:
    """Return documents that have one key of each of ``wanted``, of a kind read by a part of its contract."""
    has, parameters = having(wanted)
    statement = text(_NARROW.format(has=has))
    rows = await execute(session, statement, aggregate=kind.aggregate, **parameters)
    return [model.from_event(data) for (data,) in rows]
