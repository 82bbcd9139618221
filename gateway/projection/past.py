"""The read model as it stood at a past moment, made on request from the facts recorded up to then.

A past moment is a PostgreSQL schema of the same tables, filled by the same reducers, so that every query answers for
it too. Moments of one day between which nothing was recorded share one. A few are kept, and the longest unused goes
first.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.base import Base, ReadBase
from gateway.projection.events import Event
from gateway.projection.reducers import take
from gateway.projection.tables import Fact
from shared.chassis.db import Database, execute
from shared.chassis.errors import Invalid, Unavailable

CHUNK = 200
MOST_WAITING = 4
PATIENCE_SECONDS = 10.0
TRIES = 3
DROP_TRIES, DROP_PAUSE = 5, 0.2
NOTE_USE_AFTER = timedelta(minutes=1)

_NO_LOCK = "55P03"
_DEADLOCK = "40P01"
"""What PostgreSQL calls a lock that was waited for in vain, and two that wait for each other (SQLSTATE)."""

_NEWEST = text(
    "SELECT (SELECT max(recorded_at) FROM fact WHERE recorded_at <= :as_of),"
    " EXISTS (SELECT FROM fact WHERE recorded_at > :as_of)"
)
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
_KEYS = text(
    "SELECT DISTINCT ON (id, aggregate) aggregate, id, version FROM fact ORDER BY id, aggregate, version DESC"
)
_FACTS = text(
    "SELECT f.aggregate, f.id, f.version, f.owner, f.sequence, f.recorded_at, f.actor, f.rationale, f.data,"
    " f.event_id, f.type, f.occurred_at FROM fact f"
    " JOIN unnest(CAST(:aggregates AS text[]), CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS k(aggregate, id, version)"
    " USING (aggregate, id, version)"
)
_POSITION = text(
    "INSERT INTO position (owner, sequence, recorded_at) SELECT owner, max(sequence), max(recorded_at) FROM fact GROUP BY owner"
)
_COUNT = text("SELECT count(*) FROM fact")
_STALE = text(
    "UPDATE public.past_moment SET stale = true"
    " WHERE generation_id = :generation_id AND newest >= :recorded_at AND NOT stale"
)
_PATIENCE = text("SET LOCAL lock_timeout = '100ms'")
"""Far below PostgreSQL's ``deadlock_timeout``: who drops tables gives way, and never who reads them."""

_log = structlog.get_logger()


class PastMoment(Base, table=True):
    """A past state that is kept: ``newest`` is its last fact, and ``day`` the day that its figures are told of."""

    __tablename__ = "past_moment"

    id: int | None = Field(default=None, primary_key=True)
    generation_id: int = Field(index=True)
    newest: datetime | None
    day: date
    stale: bool = False
    used_at: datetime

    @property
    def schema_name(self) -> str:
        """The PostgreSQL schema of its tables."""
        return f"past_{self.id}"


async def note_late(session: AsyncSession, generation_id: int, recorded_at: datetime) -> None:
    """Give up the past states of a generation that a fact which arrives only now belongs to."""
    await execute(session, _STALE, generation_id=generation_id, recorded_at=recorded_at)


class _Wanted(NamedTuple):
    """A past state: of which generation, in which schema that lies, and up to which fact and day."""

    generation_id: int
    live: str
    newest: datetime | None
    day: date


class _FactsCameIn(Exception):
    """What was to be made is not what was known then."""


class Past:
    """The past states of the generation that answers, made one at a time."""

    def __init__(self, public: Database, *, most: int) -> None:
        self._public, self._most = public, most
        self._one = asyncio.Lock()
        self._builds: dict[_Wanted, asyncio.Task[str]] = {}
        self._stop = threading.Event()

    async def schema_at(self, generation_id: int, live: str, as_of: datetime) -> str | None:
        """Return the schema that holds what was known at a moment, None if that is what is known now.

        Args:
            generation_id: of the generation that answers.
            live: its schema.
            as_of: the moment.

        Raises:
            Invalid: the moment is still to come.
            Unavailable: the state is not made within ten seconds; it goes on being made.

        """
        now = datetime.now(UTC)
        if as_of > now:
            raise Invalid("What will be known at a moment to come can not be told.", code="as-of-in-future")
        async with self._public.session() as session:
            await _look_into(session, live)
            newest, has_later = (await execute(session, _NEWEST, as_of=as_of)).one()
        day = as_of.date()
        if not has_later and day == now.date():
            return None
        wanted = _Wanted(generation_id, live, newest, day)
        known = await self._find(wanted)
        if known is not None:
            return known
        if wanted not in self._builds:
            if len(self._builds) >= MOST_WAITING:
                raise Unavailable("Other past states are being made.", code="past-being-built")
            task = asyncio.create_task(self._build(wanted), name="past-moment")
            self._builds[wanted] = task
            task.add_done_callback(lambda _: self._builds.pop(wanted, None))
        try:
            return await asyncio.wait_for(asyncio.shield(self._builds[wanted]), PATIENCE_SECONDS)
        except TimeoutError:
            raise Unavailable("That past state is being made.", code="past-being-built") from None
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in (_NO_LOCK, _DEADLOCK):
                raise
            raise Unavailable("The read model is busy.", code="past-being-built") from error

    async def close(self) -> None:
        """Give up what is being made."""
        self._stop.set()
        for task in list(self._builds.values()):
            task.cancel()
        await asyncio.gather(*self._builds.values(), return_exceptions=True)

    async def _find(self, wanted: _Wanted) -> str | None:
        async with self._public.session() as session, session.begin():
            moment = await _kept(session, wanted)
            if moment is None:
                return None
            if datetime.now(UTC) - moment.used_at > NOTE_USE_AFTER:
                moment.used_at = datetime.now(UTC)
            return moment.schema_name

    async def _build(self, wanted: _Wanted) -> str:
        """Make a past state in a thread of its own, so that others are answered meanwhile."""
        async with self._one:
            for _ in range(TRIES):
                with contextlib.suppress(_FactsCameIn):
                    making = _make(self._public.apart(), wanted, self._stop)
                    schema = await asyncio.to_thread(asyncio.run, making)
                    await self._drop_unused()
                    return schema
        raise Unavailable("Facts of that time are still coming in.", code="past-being-built")

    async def _drop_unused(self) -> None:
        """Drop what is stale, and the longest unused beyond those that are kept."""
        async with self._public.session() as session:
            fresh = (
                select(PastMoment.id).where(~col(PastMoment.stale)).order_by(col(PastMoment.used_at).desc())
            )
            unused = or_(col(PastMoment.stale), col(PastMoment.id).in_(fresh.offset(self._most)))
            ids = (await session.exec(select(PastMoment.id).where(unused))).all()
        for id_ in ids:
            for _ in range(DROP_TRIES):
                try:
                    async with self._public.session() as session, session.begin():
                        await drop(session, id_)
                    break
                except DBAPIError as error:  # somebody reads it; at the latest it goes the next time
                    _log.info("past.still_read", error=type(error).__name__)
                    await asyncio.sleep(DROP_PAUSE)


async def _make(database: Database, wanted: _Wanted, stop: threading.Event) -> str:
    """Make a past state over connections of its own, on whatever loop this runs, and return its schema."""
    try:
        async with database.session() as session, session.begin():
            return await _fill(session, wanted, stop)
    finally:
        await database.dispose()


async def _fill(session: AsyncSession, wanted: _Wanted, stop: threading.Event) -> str:
    """Make a past state, or find that somebody else did.

    Raises:
        _FactsCameIn: a fact of its time was taken in meanwhile.
        Unavailable: somebody else is at it, or the process stops.

    """
    if not (await execute(session, _TRY_LOCK, key=f"past {wanted}")).scalar_one():
        raise Unavailable("That past state is being made.", code="past-being-built")
    moment = await _kept(session, wanted)
    if moment is not None:
        return moment.schema_name
    moment = PastMoment(
        generation_id=wanted.generation_id, newest=wanted.newest, day=wanted.day, used_at=datetime.now(UTC)
    )
    session.add(moment)
    await session.flush()
    await _create(session, moment.schema_name, wanted)
    count = (await execute(session, _COUNT)).scalar_one()
    keys = [(row[0], row[1], row[2]) for row in await execute(session, _KEYS)]
    for chunk in _chunks(keys):
        if stop.is_set():
            raise Unavailable("This process stops.", code="past-being-built")
        await take(session, await _events(session, chunk), today=wanted.day)
    await execute(session, _POSITION)
    await execute(session, text(f'LOCK TABLE "{wanted.live}".position IN SHARE MODE'))
    if (await execute(session, _COUNT)).scalar_one() != count:
        raise _FactsCameIn
    return moment.schema_name


async def _create(session: AsyncSession, schema: str, wanted: _Wanted) -> None:
    """Make the tables of a past state, and look into them; the facts are seen, not copied."""
    await execute(session, text(f'CREATE SCHEMA "{schema}"'))
    await _look_into(session, schema)
    tables = [table for table in ReadBase.metadata.sorted_tables if table.name != Fact.__tablename__]
    await (await session.connection()).run_sync(ReadBase.metadata.create_all, tables=tables, checkfirst=False)
    until = "false" if wanted.newest is None else f"recorded_at <= '{wanted.newest.isoformat()}'"
    await execute(session, text(f'CREATE VIEW fact AS SELECT * FROM "{wanted.live}".fact WHERE {until}'))  # noqa: S608


async def require_nothing_later(session: AsyncSession, as_of: datetime) -> None:
    """Check that a state is still what was known at a moment.

    Raises:
        Unavailable: something was recorded since.

    """
    if (await execute(session, _NEWEST, as_of=as_of)).one()[1]:
        raise Unavailable("The read model moved on meanwhile.", code="past-being-built")


async def drop_of_generation(session: AsyncSession, generation_id: int | None) -> None:
    """Drop every past state of a generation."""
    statement = select(PastMoment.id).where(PastMoment.generation_id == generation_id)
    for id_ in (await session.exec(statement)).all():
        await drop(session, id_)


async def drop(session: AsyncSession, id_: int | None) -> None:
    """Drop one past state."""
    moment = await session.get(PastMoment, id_, with_for_update=True)
    if moment is not None:
        await drop_schema(session, moment.schema_name)
        await session.delete(moment)


async def drop_schema(session: AsyncSession, name: str) -> None:
    """Drop tables that may still be read.

    Raises:
        DBAPIError: somebody reads them; try again.

    """
    await execute(session, _PATIENCE)
    await execute(session, text(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'))


async def _kept(session: AsyncSession, wanted: _Wanted) -> PastMoment | None:
    statement = select(PastMoment).where(
        PastMoment.generation_id == wanted.generation_id,
        col(PastMoment.newest).is_not_distinct_from(wanted.newest),
        PastMoment.day == wanted.day,
        ~col(PastMoment.stale),
    )
    return (await session.exec(statement)).first()


async def _look_into(session: AsyncSession, schema: str) -> None:
    await execute(session, text(f'SET LOCAL search_path TO "{schema}", public'))


async def _events(session: AsyncSession, keys: Sequence[tuple[str, UUID, int]]) -> list[Event]:
    aggregates, ids, versions = zip(*keys, strict=True)
    rows = await execute(session, _FACTS, aggregates=list(aggregates), ids=list(ids), versions=list(versions))
    return [Event(*row) for row in rows]


def _chunks(keys: Sequence[tuple[str, UUID, int]]) -> Iterator[Sequence[tuple[str, UUID, int]]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
