"""Generations of the read model: each lies in a PostgreSQL schema of its own, and one of them answers.

A generation is built from the streams beside the one that answers, and takes over when it has caught up. So
a rebuild, and a change of the tables, happen while the gateway goes on answering.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from gateway.base import Base, ReadBase
from gateway.projection.past import Past, drop_of_generation, drop_schema, require_nothing_later
from gateway.projection.standby import Standby
from gateway.results.cache import AnswerCache
from shared.chassis.db import Database, execute
from shared.chassis.errors import Unavailable

PROJECTION_VERSION = 7
"""Raise it when the reducers make something else of the same events."""

CHANNEL = "read_model"
"""PostgreSQL notifications of every batch that was taken in, and of every change of generation."""

_GENERATION = "generation"
"""What a notification says that is of a change of generation."""

RECHECK_SECONDS = 1.0

_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '{_GENERATION}')")
_HAS_TABLES = text("to_regnamespace('read_' || generation.id) IS NOT NULL")
_NO_TABLE = "42P01"
"""What PostgreSQL calls a table that is not there (SQLSTATE)."""


class State(StrEnum):
    """A generation is built, answers, and is dropped."""

    BUILDING = "building"
    ACTIVE = "active"
    RETIRED = "retired"


class Generation(Base, table=True):
    """One generation of the read model."""

    __tablename__ = "generation"

    id: int | None = Field(default=None, primary_key=True)
    fingerprint: str
    state: str
    created_at: datetime
    activated_at: datetime | None = None

    @property
    def schema_name(self) -> str:
        """The PostgreSQL schema of its tables."""
        return f"read_{self.id}"


@cache
def fingerprint() -> str:
    """Return what tells whether a generation was built by this code: its tables and its reducers' version."""
    tables = ReadBase.metadata.sorted_tables
    statements = [str(CreateTable(table)) for table in tables]
    statements += sorted(str(CreateIndex(index)) for table in tables for index in table.indexes)
    told = "\n".join([*statements, str(PROJECTION_VERSION)])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


async def begin(session: AsyncSession) -> Generation:
    """Begin a new generation, with its empty tables; a projector builds it and lets it take over."""
    generation = Generation(fingerprint=fingerprint(), state=State.BUILDING, created_at=datetime.now(UTC))
    session.add(generation)
    await session.flush()
    await execute(session, text(f'CREATE SCHEMA "{generation.schema_name}"'))
    await execute(session, _NOTIFY)
    await execute(session, text(f'SET LOCAL search_path TO "{generation.schema_name}"'))
    await (await session.connection()).run_sync(ReadBase.metadata.create_all, checkfirst=False)
    return generation


async def followed(session: AsyncSession) -> Sequence[Generation]:
    """Return the generations of this code that are to be kept up to date; one without its tables is none."""
    return (await session.exec(_followed(fingerprint()))).all()


@cache
def _followed(code: str) -> SelectOfScalar[Generation]:
    """Return what `followed` asks for some code; it is asked so often that it is made once."""
    of_this_code = (
        col(Generation.fingerprint) == code,
        col(Generation.state).in_((State.BUILDING, State.ACTIVE)),
        _HAS_TABLES,
    )
    return select(Generation).where(*of_this_code).order_by(col(Generation.id))


async def answering(session: AsyncSession) -> Generation | None:
    """Return the generation of this code that answers, None while there is none."""
    active = [generation for generation in await followed(session) if generation.state == State.ACTIVE]
    return active[-1] if active else None


async def activate(session: AsyncSession, generation_id: int) -> None:
    """Let a generation answer in place of every other that does."""
    for generation in (await session.exec(select(Generation).with_for_update())).all():
        if generation.id == generation_id:
            generation.state, generation.activated_at = State.ACTIVE, datetime.now(UTC)
        elif generation.state == State.ACTIVE or (generation.id or 0) < generation_id:
            generation.state = State.RETIRED
    await execute(session, _NOTIFY)


async def drop_retired(session: AsyncSession) -> None:
    """Drop the generations that answer no more.

    Raises:
        DBAPIError: somebody still reads one.

    """
    for generation in (
        await session.exec(select(Generation).where(col(Generation.state) == State.RETIRED))
    ).all():
        await drop_of_generation(session, generation.id)
        await drop_schema(session, generation.schema_name)
        await session.delete(generation)


class ReadModel:
    """The generation that answers, as this process knows it; it listens for changes and empties the cache."""

    name = "read-model"

    def __init__(
        self, public: Database, cache: AnswerCache, *, past_moments: int, standby: Database | None = None
    ) -> None:
        """Prepare to read.

        Args:
            public: the gateway's database.
            cache: answers that are emptied when the read model moves.
            past_moments: how many past states are kept.
            standby: a standby of the database, read from while it is level with the primary.

        """
        self._public, self._cache = public, cache
        self._standby_database = standby
        self.standby = Standby(public, standby, self._on_return) if standby is not None else None
        self._past = Past(public, most=past_moments)
        self._active: tuple[int, Database] | None = None
        self._at_standby: Database | None = None
        self._moved, self._changed = asyncio.Event(), asyncio.Event()

    @property
    def is_available(self) -> bool:
        """Whether a generation answers."""
        return self._active is not None

    @property
    def database(self) -> Database | None:
        """The tables of the generation that answers, None while none does."""
        return self._active[1] if self._active else None

    @asynccontextmanager
    async def session(
        self, as_of: datetime | None = None, *, at_primary: bool = False
    ) -> AsyncIterator[AsyncSession]:
        """Open a session on the tables of the generation that answers, which sees them as of one moment.

        Args:
            as_of: a past moment; None for what is known now.
            at_primary: whether the standby must not answer, whatever it shows.

        Raises:
            Invalid: the moment is still to come.
            Unavailable: no generation has been built by this code yet, or its tables are gone, or those of the past
                moment are still being made.

        """
        if self._active is None:
            await self._refresh()
        if self._active is None:
            raise _being_built()
        generation_id, database = self._active
        schema = None
        if as_of is not None:
            schema = await self._past.schema_at(generation_id, f"read_{generation_id}", as_of)
        elif not at_primary and self._at_standby is not None and self.standby and self.standby.is_level:
            database = self._at_standby
        async with database.session() as session:
            try:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                if schema is not None:
                    await execute(session, text(f'SET LOCAL search_path TO "{schema}"'))
                elif as_of is not None:
                    await require_nothing_later(session, as_of)
                yield session
            except ProgrammingError as error:
                if getattr(error.orig, "sqlstate", None) != _NO_TABLE:
                    raise
                raise _being_built() from error

    def next_move(self) -> asyncio.Event:
        """Return what is set when the read model moves the next time."""
        return self._moved

    async def run(self, stop: asyncio.Event) -> None:
        """Listen for changes; while they cannot be heard the cache keeps nothing."""
        async with self._public.engine.connect() as pooled:
            raw: Any = (await pooled.get_raw_connection()).driver_connection
            await raw.add_listener(CHANNEL, self._on_notification)
            watching = asyncio.create_task(self.standby.run()) if self.standby is not None else None
            try:
                while not stop.is_set():
                    self._changed.clear()
                    if watching is not None and watching.done():
                        watching.result()
                    await raw.execute("SELECT 1")  # a connection that is half open hears nothing
                    await self._refresh()
                    self._cache.listening(ok=True)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), RECHECK_SECONDS)
            finally:
                self._cache.listening(ok=False)
                if watching is not None:
                    watching.cancel()
                    await asyncio.gather(watching, return_exceptions=True)
                if not raw.is_closed():
                    await raw.remove_listener(CHANNEL, self._on_notification)

    async def dispose(self) -> None:
        """Close the connections."""
        await self._past.close()
        for database in (self.database, self._at_standby, self._standby_database):
            if database is not None:
                await database.dispose()

    def _on_notification(self, _connection: object, _pid: int, _channel: str, told: object) -> None:
        if self.standby is not None:
            self.standby.hear()
        self._cache.clear()
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        if told == _GENERATION:
            self._changed.set()

    async def _on_return(self) -> None:
        """Begin anew with a standby that was started."""
        self._cache.clear()
        if self._at_standby is not None:
            await self._at_standby.dispose()

    async def _refresh(self) -> None:
        """Follow a change of generation; one that another version's took over from answers until it is dropped."""
        async with self._public.session() as session:
            active = await answering(session)
            if active is None and self._active and await session.get(Generation, self._active[0]) is not None:
                return
        # From here on nothing is awaited: another one may be at it too, and whoever comes second changes nothing.
        if (active.id if active else None) == (self._active[0] if self._active else None):
            return
        former = (self.database, self._at_standby)
        self._active = self._at_standby = None
        if active and active.id:
            self._active = (active.id, self._public.on_schema(active.schema_name))
            if self._standby_database is not None:
                self._at_standby = self._standby_database.on_schema(active.schema_name)
        self._cache.clear()
        for database in former:
            if database is not None:
                await database.dispose()


def _being_built() -> Unavailable:
    return Unavailable("The read model is being built.", code="read-model-building")


async def current_read_model(request: Request) -> ReadModel:
    """Return the read model of the process."""
    read_model: ReadModel = request.state.runtime.parts["read_model"]
    return read_model


CurrentReadModel = Annotated[ReadModel, Depends(current_read_model)]
