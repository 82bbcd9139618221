"""The feed as webhooks are told it: each version, where it stands and where the one before stood.

Where an activity moves to other places, or is published, what belongs to it follows it, although it did not change itself:
right after the activity come the newest versions of that. A former place of a thing is its own one of then; the projects
that it belongs to lend it the places that they have now.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import uuid5

from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position
from gateway.feed.reading import (
    ACTIVITY,
    Entry,
    Key,
    data_of,
    entries_of,
    joined,
    own_standing,
    standings,
)
from gateway.feed.reading import Standing as Placed
from gateway.projection.documents import KINDS
from gateway.webhooks.selection import NO_KEYS, Change, Keys, Standing, keys_in
from shared.chassis.db import execute
from shared.contracts.catalog import OWNERS
from shared.policy.places import OFFICE

MOST_DATA_BYTES = 8 * 1024 * 1024
"""Documents that are read at once to find what they are about."""
UNPLACED = Placed(OFFICE, False)

_FORMER = text(
    "SELECT f.aggregate, f.id, f.version, f.place_countries, f.place_organisations, f.place_projects, f.is_public"
    " FROM unnest(CAST(:aggregates AS text[]), CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS k(aggregate, id, version)"
    " JOIN fact f USING (aggregate, id, version)"
)
_REACHED = "f.sequence <= CAST(CAST(:reached AS jsonb) ->> f.owner AS bigint)"
_PARTS = "f.aggregate IN ('finance', 'framework')"
_DOCUMENTS = "f.aggregate NOT IN ('activity', 'finance', 'framework')"
_BELONGING = text(f"""
    SELECT DISTINCT ON (f.aggregate, f.id) f.aggregate, f.id, f.version,
        f.place_countries, f.place_organisations, f.place_projects, f.is_public
    FROM fact f WHERE {_REACHED} AND (f.aggregate, f.id) IN (
        SELECT f.aggregate, f.id FROM fact f WHERE {_DOCUMENTS} AND f.place_projects && ARRAY[CAST(:identifier AS text)]
        UNION VALUES ('finance', CAST(:id AS uuid)), ('framework', CAST(:id AS uuid))
    )
    ORDER BY f.aggregate, f.id, f.version DESC
""")  # noqa: S608  (conditions of our own)
_HAVE_PARTS = text(
    f"SELECT DISTINCT f.identifier FROM fact f WHERE {_PARTS} AND f.id = ANY(CAST(:ids AS uuid[])) AND {_REACHED}"  # noqa: S608
)
_HAVE_DOCUMENTS = text(
    f"SELECT DISTINCT unnest(f.place_projects) FROM fact f WHERE {_DOCUMENTS}"  # noqa: S608
    f" AND f.place_projects && CAST(:identifiers AS text[]) AND {_REACHED}"
)
_AGREEMENTS = text(
    "SELECT k.key, d.identifier FROM document_key k"
    " JOIN document d ON d.aggregate = k.aggregate AND d.id = k.id"
    " WHERE k.aggregate = 'agreement' AND k.relation = 'activity' AND k.key = ANY(CAST(:identifiers AS text[]))"
)
_OUTCOMES = text(
    "SELECT k.key, o.key FROM document_key k"
    " JOIN document_key o ON o.aggregate = k.aggregate AND o.id = k.id"
    " AND o.relation IN ('outcome', 'country-outcome')"
    " WHERE k.aggregate = 'contributions' AND k.relation = 'activity' AND k.key = ANY(CAST(:identifiers AS text[]))"
)


@dataclass(slots=True)
class _About:
    """What versions are about, and what projects are about; empty where nobody asks for it."""

    own: dict[Key, Keys] = field(default_factory=dict)
    agreements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    outcomes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def of(self, key: Key, projects: Iterable[str]) -> Keys:
        """Return what a version is about: by itself, and by the projects that it belongs to."""
        named = tuple(projects)
        agreements, outcomes = self.own.get(key, NO_KEYS)
        return (
            agreements.union(*(self.agreements[each] for each in named if each in self.agreements)),
            outcomes.union(*(self.outcomes[each] for each in named if each in self.outcomes)),
        )


async def changes_of(
    session: AsyncSession, entries: Sequence[Entry], read: Position, *, about: bool
) -> list[Change]:
    """Return what entries of the feed tell, in order, with what belongs to the activities that moved.

    Args:
        session: of the read model.
        entries: as they were read.
        read: the position before them.
        about: whether it is asked what agreements and outcomes things are about.

    """
    former = await _former(session, [(each.aggregate, each.id, each.version - 1) for each in entries])
    projects = await standings(session, {each for told in former.values() for each in told.place.projects})
    keys = {entry.key: entry.size for entry in entries}
    named = {each for entry in entries for each in entry.place.projects}
    told = await _about(session, keys, named) if about else _About()
    before = {
        entry.key: joined(entry.aggregate, own, projects)
        for entry in entries
        if (own := former.get((entry.aggregate, entry.id, entry.version - 1))) is not None
    }
    moved = await _moved(session, entries, before, read)
    changes: list[Change] = []
    reached = {owner: read.sequence(owner) for owner in OWNERS}
    for entry in entries:
        reached[entry.owner] = entry.sequence
        was = before.get(entry.key)
        change = _change(entry, was, told)
        changes.append(change)
        if entry.key in moved:
            changes += await _carried(session, change, was or UNPLACED, reached, about=about)
    return changes


async def _moved(
    session: AsyncSession, entries: Sequence[Entry], before: dict[Key, Placed], read: Position
) -> set[Key]:
    """Return the versions of activities by which other things than themselves moved."""
    moved = {
        entry.key: entry
        for entry in entries
        if entry.aggregate == ACTIVITY and before.get(entry.key) != Placed(entry.place, entry.is_public)
    }
    if not moved:
        return set()
    reached = {owner: read.sequence(owner) for owner in OWNERS}
    reached |= {
        entry.owner: entry.sequence for entry in moved.values()
    }  # what others tell comes later in a page
    told, names = to_json(reached).decode(), [entry.identifier for entry in moved.values()]
    ids = [entry.id for entry in moved.values()]
    found = set((await execute(session, _HAVE_PARTS, ids=ids, reached=told)).scalars())
    found |= set((await execute(session, _HAVE_DOCUMENTS, identifiers=names, reached=told)).scalars())
    return {key for key, entry in moved.items() if entry.identifier in found}


async def _former(session: AsyncSession, keys: Collection[Key]) -> dict[Key, Placed]:
    """Return where versions said themselves that they belong."""
    asked = [key for key in keys if key[2] > 0]
    if not asked:
        return {}
    aggregates, ids, versions = zip(*asked, strict=True)
    arrays = {"aggregates": list(aggregates), "ids": list(ids), "versions": list(versions)}
    rows = await execute(session, _FORMER, **arrays)
    return {(row[0], row[1], row[2]): own_standing(*row[3:]) for row in rows}


async def _about(session: AsyncSession, sizes: dict[Key, int], projects: Collection[str]) -> _About:
    told = _About()
    for part in _parts({key: size for key, size in sizes.items() if key[0] in KINDS}):
        for key, data in (await data_of(session, part)).items():
            told.own[key] = keys_in(key[0], data)
    asked = sorted(projects)
    if asked:
        for project, agreement in await execute(session, _AGREEMENTS, identifiers=asked):
            told.agreements[project].add(agreement)
        for project, outcome in await execute(session, _OUTCOMES, identifiers=asked):
            told.outcomes[project].add(outcome)
    return told


def _parts(sizes: dict[Key, int]) -> Iterable[list[Key]]:
    """Cut versions into parts that are not large together, but for one that is large alone."""
    part: list[Key] = []
    size = 0
    for key, own in sizes.items():
        if part and size + own > MOST_DATA_BYTES:
            yield part
            part, size = [], 0
        part.append(key)
        size += own
    if part:
        yield part


def _change(entry: Entry, before: Placed | None, told: _About) -> Change:
    about = told.of(entry.key, entry.place.projects)
    return Change(
        id=entry.event_id,
        owner=entry.owner,
        sequence=entry.sequence,
        aggregate=entry.aggregate,
        aggregate_id=entry.id,
        identifier=entry.identifier,
        version=entry.version,
        type=entry.type,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        erased=entry.erased,
        now=Standing(entry.place, entry.is_public, *about),
        before=None if before is None else Standing(before.place, before.is_public, *about),
    )


async def _carried(
    session: AsyncSession, activity: Change, was: Placed, reached: dict[str, int], *, about: bool
) -> list[Change]:
    """Return what belongs to an activity that moved, as far as it was told already."""
    identifier = activity.identifier or ""
    asked = {"reached": to_json(reached).decode(), "id": activity.aggregate_id, "identifier": identifier}
    rows = (await execute(session, _BELONGING, **asked)).all()
    own = {(row[0], row[1], row[2]): own_standing(*row[3:]) for row in rows}
    own = {key: each for key, each in own.items() if identifier in each.place.projects}
    if not own:
        return []
    entries = await entries_of(session, own)
    named = {each for told in own.values() for each in told.place.projects}
    projects = await standings(session, named)
    now = {**projects, identifier: Placed(activity.now.place, activity.now.is_public)}
    before = {**projects, identifier: was}
    told = await _about(session, {key: entries[key].size for key in own}, named) if about else _About()
    return [
        _follows(activity, entries[key], joined(key[0], each, now), joined(key[0], each, before), told)
        for key, each in own.items()
    ]


def _follows(activity: Change, entry: Entry, now: Placed, before: Placed, told: _About) -> Change:
    about = told.of(entry.key, entry.place.projects)
    return Change(
        id=uuid5(activity.id, f"{entry.aggregate}/{entry.id}"),
        owner=entry.owner,
        sequence=entry.sequence,
        aggregate=entry.aggregate,
        aggregate_id=entry.id,
        identifier=entry.identifier,
        version=entry.version,
        type=entry.type,
        occurred_at=entry.occurred_at,
        recorded_at=activity.recorded_at,
        erased=False,
        now=Standing(now.place, now.is_public, *about),
        before=Standing(before.place, before.is_public, *about),
        carried=True,
    )
