"""The feed as events tell it: every version of everything once, in order of its owner's stream.

Nothing is left out here; who reads for somebody asks of each entry whether it is seen. Documents may be large, so that
entries come without them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position, newest_position, require_known
from gateway.feed.views import View
from shared.chassis.db import execute
from shared.contracts.catalog import OWNERS
from shared.policy.places import Place, together
from shared.policy.principals import Principal

MOST = 500
ACTIVITY = "activity"

Key: TypeAlias = tuple[str, UUID, int]
"""Aggregate, id and version."""

_COLUMNS = (
    "f.owner, f.sequence, f.aggregate, f.id, f.identifier, f.version, f.event_id, f.type, f.occurred_at, f.recorded_at,"
    " f.erased, octet_length(f.data), f.traceparent,"
    " f.place_countries, f.place_organisations, f.place_projects, f.is_public"
)
_AFTER = text(
    f"SELECT {_COLUMNS} FROM fact f WHERE f.owner = :owner AND f.sequence > :after AND f.sequence <= :until"  # noqa: S608
    " ORDER BY f.sequence LIMIT :most"
)
_KEYED = (
    " FROM unnest(CAST(:aggregates AS text[]), CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS k(aggregate, id, version)"
    " JOIN fact f USING (aggregate, id, version)"
)
_OF_KEYS = text(f"SELECT {_COLUMNS}{_KEYED}")
_DATA = text(f"SELECT aggregate, id, version, f.data{_KEYED}")
_PLACES = text(
    "SELECT iati_identifier, place_countries, place_organisations, is_public FROM project_activity"
    " WHERE iati_identifier = ANY(CAST(:identifiers AS text[]))"
)


class Standing(NamedTuple):
    """Where a thing belongs, and whether it is published."""

    place: Place
    is_public: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of an aggregate, and the event that told it; ``size`` is that of its data in bytes.

    ``place`` and ``is_public`` are its own together with those of the projects that it belongs to, as they are known now.
    One that is ``erased`` was told again without the name of a person. ``traceparent`` is for our own traces alone.
    """

    owner: str
    sequence: int
    aggregate: str
    id: UUID
    identifier: str
    version: int
    event_id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    erased: bool
    size: int
    traceparent: str | None
    place: Place
    is_public: bool

    @property
    def key(self) -> Key:
        """What names the version."""
        return self.aggregate, self.id, self.version


async def entries_after(
    session: AsyncSession, position: Position, *, most: int = MOST
) -> tuple[list[Entry], Position]:
    """Return what was told after a position, and the position after that; fewer than ``most`` if that is all.

    The session is one of the read model, which sees it as of one moment.

    Raises:
        PositionLost: a stream was made anew.
        PositionAhead: the read model has not come so far yet.

    """
    newest = await newest_position(session)
    require_known(position, newest)
    rows: list[Any] = []
    for owner in OWNERS:
        left = most - len(rows)
        after, until = position.sequence(owner), newest.sequence(owner)
        if after >= until:
            continue
        found = (await execute(session, _AFTER, owner=owner, after=after, until=until, most=left)).all()
        rows += found
        is_all = len(found) < left
        position = position.moved(owner, until if is_all else found[-1].sequence, newest.streams[owner])
        if not is_all:
            break
    return await _entries(session, rows), position


async def entries_of(session: AsyncSession, keys: Collection[Key]) -> dict[Key, Entry]:
    """Return the entries of some versions; those that are not known are not in it."""
    rows = (await execute(session, _OF_KEYS, **_arrays(keys))).all() if keys else ()
    return {entry.key: entry for entry in await _entries(session, rows)}


async def data_of(session: AsyncSession, keys: Collection[Key]) -> dict[Key, str]:
    """Return the data of some versions as JSON text."""
    rows = await execute(session, _DATA, **_arrays(keys)) if keys else ()
    return {(aggregate, id_, version): data for aggregate, id_, version, data in rows}


async def standings(session: AsyncSession, identifiers: Collection[str]) -> dict[str, Standing]:
    """Return where activities belong, and whether they are published, as is known now; by identifier."""
    if not identifiers:
        return {}
    rows = await execute(session, _PLACES, identifiers=sorted(identifiers))
    return {
        identifier: Standing(Place(frozenset(countries), frozenset(organisations)), is_public)
        for identifier, countries, organisations, is_public in rows
    }


def joined(aggregate: str, own: Standing, projects: dict[str, Standing]) -> Standing:
    """Return where a thing belongs together with its projects: it is published with them."""
    if aggregate == ACTIVITY or not own.place.projects:
        return own
    theirs = [projects[name] for name in own.place.projects if name in projects]
    place = together([own.place, *(each.place for each in theirs)])
    return Standing(place, own.is_public and any(each.is_public for each in theirs))


def sees(principal: Principal, entry: Entry) -> bool:
    """Tell whether a principal may see what an entry tells."""
    return View(principal).shows(entry.aggregate, entry.place, is_public=entry.is_public)


def shown(principal: Principal, entry: Entry, data: str) -> str | None:
    """Return the data of an entry as a principal may see it, as JSON text; None if it may not see it."""
    if not sees(principal, entry):
        return None
    return without(data, View(principal).withheld(entry.aggregate, entry.place))


def without(data: str, members: Collection[str]) -> str:
    """Return JSON text without some members of the object that it is; dots lead into objects and lists."""
    if not members:
        return data
    told = from_json(data)
    for member in members:
        _leave_out(told, member.split("."))
    return to_json(told).decode()


def _leave_out(value: Any, path: Sequence[str]) -> None:  # noqa: ANN401
    if isinstance(value, list):
        for each in value:
            _leave_out(each, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.pop(path[0], None)
        else:
            _leave_out(value.get(path[0]), path[1:])


async def _entries(session: AsyncSession, rows: Iterable[Any]) -> list[Entry]:
    told = [(row, own_standing(*row[13:17])) for row in rows]
    named = {name for row, own in told if row.aggregate != ACTIVITY for name in own.place.projects}
    projects = await standings(session, named)
    return [Entry(*(*row[:13], *joined(row.aggregate, own, projects))) for row, own in told]


def own_standing(
    countries: Iterable[str], organisations: Iterable[str], projects: Iterable[str], is_public: bool
) -> Standing:
    """Return where a version says itself that it belongs."""
    return Standing(Place(frozenset(countries), frozenset(organisations), frozenset(projects)), is_public)


def _arrays(keys: Collection[Key]) -> dict[str, list[Any]]:
    aggregates, ids, versions = zip(*keys, strict=True)
    return {"aggregates": list(aggregates), "ids": list(ids), "versions": list(versions)}
