"""The feed as changes: each thing once, at its newest version, and what is gone from sight.

What belongs to an activity appears and disappears with it, so whatever an activity in another place or state of publication
changes of what somebody sees follows right after it. A thing is told only where nothing that comes later changes it, so at
each step a reader holds nothing but what was seen at that position; and it is told that a thing is gone only where it was.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.histories import Histories, Shows, Thing, Told
from gateway.feed.positions import BEGINNING, Position, newest_position, require_known
from gateway.feed.reading import ACTIVITY, MOST, Key, Standing, joined, own_standing, standings
from gateway.feed.views import View
from gateway.projection.tables import PARTS
from shared.chassis.db import execute
from shared.contracts.catalog import OWNERS

_OWN = "f.place_countries, f.place_organisations, f.place_projects, f.is_public"
_TOLD = f"f.owner, f.sequence, f.identifier, f.version, f.recorded_at, f.erased, octet_length(f.data), {_OWN}"
_BEFORE = (
    "SELECT p.place_countries, p.place_organisations, p.is_public FROM fact p WHERE f.aggregate = 'activity'"
    " AND p.aggregate = 'activity' AND p.id = f.id AND p.version < f.version ORDER BY p.version DESC LIMIT 1"
)
_ROWS = text(
    f"SELECT f.aggregate, f.id, {_TOLD},"  # noqa: S608  (columns of our own)
    " NOT EXISTS (SELECT FROM fact n WHERE n.aggregate = f.aggregate AND n.id = f.id AND n.version > f.version),"
    " f.aggregate = 'activity' AND (before.is_public IS NULL OR (f.place_countries, f.place_organisations, f.is_public)"
    " IS DISTINCT FROM (before.place_countries, before.place_organisations, before.is_public))"
    " FROM (SELECT * FROM fact WHERE owner = :owner AND sequence > :after AND sequence <= :until"
    " AND aggregate = ANY(CAST(:aggregates AS text[])) ORDER BY sequence LIMIT :most) f"
    f" LEFT JOIN LATERAL ({_BEFORE}) before ON true ORDER BY f.sequence"
)
_KNOWN = (
    "(f.erased OR f.sequence <= CASE f.owner WHEN 'projects' THEN CAST(:projects AS bigint)"
    " WHEN 'funding' THEN CAST(:funding AS bigint) ELSE CAST(:monitoring AS bigint) END)"
)
_OF_ACTIVITIES = text(
    "SELECT f.aggregate, f.id, f.place_projects FROM fact f WHERE f.aggregate = ANY(CAST(:parts AS text[]))"  # noqa: S608
    f" AND f.id = ANY(CAST(:ids AS uuid[])) AND {_KNOWN}"
    " UNION SELECT f.aggregate, f.id, f.place_projects FROM fact f WHERE f.aggregate = ANY(CAST(:others AS text[]))"
    f" AND f.place_projects && CAST(:identifiers AS text[]) AND f.aggregate NOT IN {PARTS} AND {_KNOWN}"
)
_HISTORIES = text(
    f"SELECT f.aggregate, f.id, {_TOLD}"  # noqa: S608
    " FROM unnest(CAST(:aggregates AS text[]), CAST(:ids AS uuid[])) AS k(aggregate, id)"
    " JOIN fact f USING (aggregate, id) ORDER BY f.version"
)
_ACTIVITIES = text(
    f"SELECT f.aggregate, f.id, {_TOLD} FROM fact f"  # noqa: S608
    " JOIN project_activity a ON a.id = f.id WHERE f.aggregate = 'activity'"
    " AND a.iati_identifier = ANY(CAST(:identifiers AS text[])) ORDER BY f.version"
)


@dataclass(frozen=True, slots=True)
class Change:
    """That a thing is there at a version, or gone; ``withheld`` members are left out of its document of ``size`` bytes."""

    aggregate: str
    id: UUID
    identifier: str
    version: int
    recorded_at: datetime
    size: int
    removed: bool = False
    withheld: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """What names the version."""
        return self.aggregate, self.id, self.version


@dataclass(frozen=True, slots=True)
class Step:
    """What one event changes of what somebody sees, and the position after it."""

    changes: tuple[Change, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Page:
    """Steps in order, the position after all of them, and whether there may be more."""

    steps: tuple[Step, ...]
    position: Position
    has_more: bool


class _Row(NamedTuple):
    """An event in the order of its stream.

    ``is_newest`` tells that no newer version is known, and ``moves`` that an activity belongs elsewhere than before it.
    """

    thing: Thing
    told: Told
    is_newest: bool
    moves: bool


async def changes_after(session: AsyncSession, view: View, position: Position, *, most: int = MOST) -> Page:
    """Return what changed for somebody after a position, by up to so many events.

    The session is one of the read model, which sees it as of one moment.

    Raises:
        PositionLost: a stream was made anew.
        PositionAhead: the read model has not come so far yet.

    """
    newest = await newest_position(session)
    require_known(position, newest)
    rows, after = await _rows(session, view, position, newest, most)
    reader = _Reader(session, view, position)
    await reader.prepare(rows)
    steps = tuple(step for row in rows if (step := reader.step(row, newest)).changes)
    return Page(steps, after, has_more=len(rows) >= most)


async def _rows(
    session: AsyncSession, view: View, position: Position, newest: Position, most: int
) -> tuple[list[_Row], Position]:
    """Return up to so many events that may change what is seen, and the position after them."""
    rows: list[_Row] = []
    asked = sorted(view.nouns | {ACTIVITY})
    for owner in OWNERS:
        left, after, until = most - len(rows), position.sequence(owner), newest.sequence(owner)
        if after >= until:
            continue
        found = await execute(
            session, _ROWS, owner=owner, after=after, until=until, aggregates=asked, most=left
        )
        rows += [_Row((row[0], row[1]), _told(row[2:13]), row[13], row[14]) for row in found]
        is_all = len(rows) < most
        position = position.moved(owner, until if is_all else rows[-1].told.sequence, newest.streams[owner])
        if not is_all:
            break
    return rows, position


class _Reader:
    """Goes through events in order, and tells what each changes of what is seen."""

    def __init__(self, session: AsyncSession, view: View, position: Position) -> None:
        self._session, self._view = session, view
        self._began = self._position = position
        self._projects: dict[str, Standing] = {}
        self._belonging: dict[str, list[Thing]] = {}
        self._histories = Histories({}, {})
        self._held: dict[Thing, bool] = {}

    async def prepare(self, rows: Sequence[_Row]) -> None:
        """Look up all that the events of a page are judged by."""
        placed = [row for row in rows if self._wants(row.thing) and self._depends(row.thing)]
        names = {n for row in placed if row.thing[0] != ACTIVITY for n in row.told.own.place.projects}
        self._projects = await standings(self._session, names)
        self._belonging = await self._belonging_to([row for row in rows if row.moves])
        gone = {row.thing for row in placed if not row.is_newest or not self._is_shown(row)}
        belonging = {thing for things in self._belonging.values() for thing in things}
        begun = any(self._began.sequence(owner) != BEGINNING for owner in OWNERS)
        self._histories = await _histories(self._session, belonging | gone if begun else ())

    def step(self, row: _Row, newest: Position) -> Step:
        """Return what an event changes."""
        owner = row.told.owner
        self._position = self._position.moved(owner, row.told.sequence, newest.streams[owner])
        changes = [*self._own(row)]
        if row.moves:
            for thing in self._belonging.get(row.told.identifier, ()):
                changes += self._of_belonging(thing)
        return Step(tuple(changes), self._position)

    def _own(self, row: _Row) -> Iterable[Change]:
        if not self._wants(row.thing):
            return
        if row.is_newest and self._is_shown(row):
            yield self._upsert(row.thing, row.told, self._standing(row))
        elif self._is_held(row.thing) and not self._is_seen(row.thing):
            yield self._removal(row.thing)

    def _of_belonging(self, thing: Thing) -> Iterable[Change]:
        if not self._is_seen(thing):
            if self._is_held(thing):
                yield self._removal(thing)
        elif self._histories.is_settled(thing, self._position):
            standing = self._histories.now(thing, self._position)
            yield self._upsert(thing, self._histories.newest(thing), standing)

    def _upsert(self, thing: Thing, told: Told, standing: Standing) -> Change:
        withheld = self._view.withheld(thing[0], standing.place)
        return Change(*thing, told.identifier, told.version, told.recorded_at, told.size, withheld=withheld)

    def _removal(self, thing: Thing) -> Change:
        self._held[thing] = False
        told = self._histories.latest(thing, self._position)
        return Change(*thing, told.identifier, told.version, told.recorded_at, 0, removed=True)

    def _wants(self, thing: Thing) -> bool:
        return thing[0] in self._view.nouns

    def _depends(self, thing: Thing) -> bool:
        return self._view.depends_on_place(thing[0])

    def _is_shown(self, row: _Row) -> bool:
        """Tell whether a version is seen where it stands now."""
        return self._shows(row.thing[0], self._standing(row))

    def _standing(self, row: _Row) -> Standing:
        return joined(row.thing[0], row.told.own, self._projects)

    def _is_seen(self, thing: Thing) -> bool:
        """Tell whether a thing is seen at the position that was come to."""
        return self._histories.shown_at(thing, self._position, self._shows)

    def _is_held(self, thing: Thing) -> bool:
        """Tell whether the reader may have a thing: it was seen where the page began, and is not gone since."""
        if thing not in self._held:
            self._held[thing] = self._histories.shown_at(thing, self._began, self._shows)
        return self._held[thing]

    @property
    def _shows(self) -> Shows:
        return lambda noun, standing: self._view.shows(noun, standing.place, is_public=standing.is_public)

    async def _belonging_to(self, activities: Sequence[_Row]) -> dict[str, list[Thing]]:
        """Return what belongs to activities that belong elsewhere now, and was told before; by activity."""
        nouns = [noun for noun in self._view.nouns if noun != ACTIVITY and self._view.depends_on_place(noun)]
        known = {owner: self._began.sequence(owner) for owner in OWNERS}
        if (
            not activities
            or not nouns
            or all(known[owner] == BEGINNING for owner in ("funding", "monitoring"))
        ):
            return {}
        found: defaultdict[str, list[Thing]] = defaultdict(list)
        identifiers = {row.told.identifier for row in activities}
        rows = await execute(
            self._session,
            _OF_ACTIVITIES,
            parts=[noun for noun in nouns if noun in PARTS],
            others=[noun for noun in nouns if noun not in PARTS],
            ids=[row.thing[1] for row in activities],
            identifiers=sorted(identifiers),
            **known,
        )
        for aggregate, id_, projects in sorted({(row[0], row[1], tuple(row[2])) for row in rows}):
            for name in identifiers & set(projects):
                if (aggregate, id_) not in found[name]:
                    found[name].append((aggregate, id_))
        return found


async def _histories(session: AsyncSession, things: Collection[Thing]) -> Histories:
    """Return every version of some things, and of the activities that these belonged to."""
    if not things:
        return Histories({}, {})
    aggregates, ids = zip(*things, strict=True)
    of_things: defaultdict[Thing, list[Told]] = defaultdict(list)
    for row in await execute(session, _HISTORIES, aggregates=list(aggregates), ids=list(ids)):
        of_things[row[0], row[1]].append(_told(row[2:]))
    names = {
        name
        for (aggregate, _), versions in of_things.items()
        if aggregate != ACTIVITY
        for told in versions
        for name in told.own.place.projects
    }
    activities: defaultdict[str, list[Told]] = defaultdict(list)
    if names:
        for row in await execute(session, _ACTIVITIES, identifiers=sorted(names)):
            told = _told(row[2:])
            activities[told.identifier].append(told)
    return Histories(of_things, activities)


def _told(row: Sequence[Any]) -> Told:
    return Told(*(*row[:7], own_standing(*row[7:11])))
