"""Copies of other owners' documents, kept by event, so that no other service has to be up for a write.

One process of a service holds the advisory lock and follows the streams of all owners that it wants something of.
The position in each is written in the transaction that takes its messages in, so nothing is lost whatever dies; and
of an aggregate the newest version wins, so nothing is harmed by being read again. A stream that was made anew has what
its owner has now, which may be less than before: the newest version of that stream wins.

Beside the position stands what was read up to it. So an aggregate that is wanted later on, or of which more is kept
than before, is read from the beginning of the stream.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import BigInteger, Text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.bus import BrokerAway, Bus
from shared.chassis.db import AWAY, Database, bulk_upsert, is_of_the_data, is_one_of
from shared.chassis.health import Check, CheckFunction
from shared.chassis.leadership import lead
from shared.chassis.letters import forget_letters
from shared.chassis.scoping import KnownPlace, place_columns
from shared.chassis.stream import StreamMessage, StreamReader, StreamReplaced, last_sequence
from shared.chassis.traced_events import taking
from shared.chassis.workers import pause
from shared.contracts.base import Contract
from shared.contracts.events import decode, is_erased
from shared.policy.placing import Placing, placing_of

C = TypeVar("C", bound=Contract)
T = TypeVar("T")
Row = dict[str, Any]

COPIES_LOCK = 0x0DD0
CHECK_SECONDS = 1.0
RETRY_SECONDS = 0.5
LATE_MESSAGES = 10_000
MOST_REASON = 2000

_AWAY = (BrokerAway, *AWAY)

_log = structlog.get_logger()


class CopyRow(KnownPlace):
    """Columns of copies; a service makes its table of them, named ``copy``."""

    aggregate: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    recorded_at: datetime
    document: str = Field(sa_type=Text)


class CopyPositionRow(SQLModel):
    """Columns of the positions in the owners' streams; a service makes its table of them, named ``copy_position``.

    ``stream_created`` tells the stream from another, and ``subjects`` what of it was read, by marks of what was wanted.
    """

    owner: str = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    stream_created: datetime | None
    subjects: str


class CopyLetterRow(SQLModel):
    """Columns of messages that could not be taken in; a service makes its table of them, named ``copy_letter``."""

    owner: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    reason: str
    payload: bytes
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class CopyTables:
    """The tables that a service made for its copies."""

    copy: type[CopyRow]
    position: type[CopyPositionRow]
    letter: type[CopyLetterRow]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An aggregate of another owner, by its noun in the catalog of events; ``contract`` tells what of it is kept.

    ``tells_places`` says that enough of it is kept to tell where its documents belong.
    """

    owner: str
    aggregate: str
    contract: type[Contract]
    tells_places: bool = False

    @property
    def subject(self) -> str:
        """Subject of all facts of the aggregate."""
        return f"{self.owner}.v1.{self.aggregate}.>"

    @property
    def mark(self) -> str:
        """The subject with a digest of the contract, which tells whether the same was kept before."""
        return _mark(self)


@cache
def _mark(wanted: Wanted) -> str:
    schema = json.dumps(wanted.contract.model_json_schema(), sort_keys=True)
    schema += f"@{placing_of(wanted.aggregate).version}" if wanted.tells_places else ""
    return f"{wanted.subject}#{hashlib.blake2b(schema.encode(), digest_size=8).hexdigest()}"


async def copies_of(
    session: AsyncSession,
    model: type[CopyRow],
    contract: type[C],
    aggregate: str,
    ids: Iterable[UUID] | None = None,
) -> list[C]:
    """Return the copies of an aggregate's documents, in order of id; of some if ids are given."""
    statement = select(model.document).where(col(model.aggregate) == aggregate).order_by(col(model.id))
    if ids is not None:
        statement = statement.where(is_one_of(model.id, ids))
    return [contract.from_event(document) for document in await session.exec(statement)]


async def copy_of(
    session: AsyncSession, model: type[CopyRow], contract: type[C], aggregate: str, id_: UUID
) -> C | None:
    """Return the copy of one document, None if there is none yet."""
    found = await copies_of(session, model, contract, aggregate, [id_])
    return found[0] if found else None


class Copies:
    """Keeps the copies that a service wants; ``on_taken`` is called whenever something new was taken in."""

    name = "copies"

    def __init__(
        self,
        database: Database,
        bus: Bus,
        wanted: Iterable[Wanted],
        tables: CopyTables,
        on_taken: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        by_owner = groupby(sorted(wanted, key=attrgetter("owner")), key=attrgetter("owner"))
        self._feeds = [_Feed(database, bus, list(group), tables, on_taken) for _, group in by_owner]

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the copies while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, COPIES_LOCK, stop, self._lead)

    @property
    def is_leading(self) -> bool:
        """Whether this process keeps the copies."""
        return any(feed.is_running for feed in self._feeds)

    async def lag(self) -> dict[str, int]:
        """Return how many messages of each owner wait to be taken in; empty for a standby.

        Raises:
            BrokerAway: the streams cannot be asked.

        """
        return {feed.owner: await feed.lag() for feed in self._feeds if feed.is_running}

    async def _lead(self, lock: asyncpg.Connection, stop: asyncio.Event) -> None:
        """Lead for as long as the connection that holds the lock is alive.

        The feeds are told that it is over, and not only cancelled: what they wait for may swallow that.
        """
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for feed in self._feeds:
                group.create_task(feed.run(over), name=f"copies-{feed.owner}")
            try:
                while not stop.is_set():
                    await lock.execute("SELECT 1")
                    await pause(stop, CHECK_SECONDS)
            finally:
                over.set()


class _Feed:
    """Takes in what is wanted of one owner's stream."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        wanted: Sequence[Wanted],
        tables: CopyTables,
        on_taken: Callable[[], None],
    ) -> None:
        self._database, self._bus, self._tables, self._on_taken = database, bus, tables, on_taken
        self._wanted = {each.aggregate: each for each in wanted}
        self._subjects = [each.subject for each in wanted]
        self._marks = {each.aggregate: each.mark for each in wanted}
        self._stream_created: datetime | None = None
        self._reader: StreamReader | None = None
        self.owner = wanted[0].owner
        self.is_running = False

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the stream until told to stop; after whatever came in between, on from the position."""
        self.is_running = True
        try:
            while not stop.is_set():
                try:
                    await self._follow(stop)
                except StreamReplaced as error:
                    _log.warning("copies.from_the_beginning", owner=self.owner, reason=str(error))
                except _AWAY as error:
                    _log.warning("copies.waiting", owner=self.owner, reason=type(error).__name__)
                    await pause(stop, RETRY_SECONDS)
        finally:
            self.is_running = False

    async def lag(self) -> int:
        """Return how many messages wait to be taken in.

        Raises:
            BrokerAway: the stream cannot be asked, or is not read just now.

        """
        if self._reader is None:
            raise BrokerAway(f"{self.owner} is not read just now")
        return await self._reader.unfinished()

    async def _follow(self, stop: asyncio.Event) -> None:
        self._reader = reader = await self._open()
        try:
            while not stop.is_set():
                if messages := await _until(stop, reader.read()):
                    await self._take(messages)
        finally:
            self._reader = None
            await reader.close()

    async def _open(self) -> StreamReader:
        """Find out where to go on; what was never read, and a stream that was made anew, is read from its beginning."""
        end, created = await last_sequence(self._bus, self.owner)
        async with self._database.session() as session, session.begin():
            known = await session.get(self._tables.position, self.owner)
            read = known.subjects.split() if known and known.stream_created == created else []
            unread = [aggregate for aggregate, mark in self._marks.items() if mark not in read]
            if unread:
                await self._let_replace(session, unread)
        goes_on = known and not unread and known.sequence <= end
        after = known.sequence if known and goes_on else 0
        self._stream_created = created
        return StreamReader(self._bus, self.owner, after=after, created=created, subjects=self._subjects)

    async def _let_replace(self, session: AsyncSession, aggregates: Iterable[str]) -> None:
        """Let copies of which something else was kept be replaced by the same version, or an older one."""
        model = self._tables.copy
        await session.exec(update(model).where(col(model.aggregate).in_(aggregates)).values(version=0))

    async def _take(self, messages: Sequence[StreamMessage]) -> None:
        """Take messages in; what cannot be taken becomes a letter, and costs the others nothing."""
        await self._forget_letters(messages)
        copies, letters = await asyncio.to_thread(read_copies, messages, self._wanted)
        try:
            with taking(Copies.name, messages):
                await self._write(copies, letters, messages[-1].sequence)
        except DBAPIError as error:
            if not is_of_the_data(error):
                raise
            if len(messages) == 1:
                await self._write([], [letter_of(messages[0], error)], messages[0].sequence)
            else:
                for message in messages:
                    await self._take([message])

    async def _write(self, copies: Sequence[Row], letters: Sequence[Row], sequence: int) -> None:
        position = {
            "owner": self.owner,
            "sequence": sequence,
            "stream_created": self._stream_created,
            "subjects": " ".join(self._marks.values()),
        }
        tables = self._tables
        async with self._database.session() as session, session.begin():
            taken = await bulk_upsert(session, tables.copy, copies, key=["aggregate", "id"], newer="version")
            await bulk_upsert(session, tables.letter, letters, key=["owner", "sequence"])
            await bulk_upsert(session, tables.position, [position], key=["owner"])
        if taken:
            self._on_taken()

    async def _forget_letters(self, messages: Iterable[StreamMessage]) -> None:
        """Drop the letters of what was told before of those events from which names of persons were erased."""
        for message in messages:
            if is_erased(message.data):
                header, _ = decode(message.data)
                id_, version = header.aggregate_id, header.aggregate_version
                async with self._database.session() as session, session.begin():
                    await forget_letters(
                        session, self._tables.letter, self.owner, message.sequence, id_, version
                    )


def read_copies(
    messages: Iterable[StreamMessage], wanted: Mapping[str, Wanted]
) -> tuple[list[Row], list[Row]]:
    """Return the newest copy of each document, and letters of what makes no sense; ``wanted`` is by aggregate."""
    copies, letters = [], []
    for message in messages:
        try:
            copies.append(_copy(message, wanted))
        except Exception as error:  # noqa: BLE001  (whatever a message breaks, the rest has to go on)
            letters.append(letter_of(message, error))
    copies.sort(key=itemgetter("version"))
    return list({(copy["aggregate"], copy["id"]): copy for copy in copies}.values()), letters


def _copy(message: StreamMessage, wanted: Mapping[str, Wanted]) -> Row:
    header, data = decode(message.data)
    _, aggregate, _ = header.type.split(".")
    kept = wanted[aggregate]
    document = kept.contract.from_event(data)
    placing: Placing[Any] = placing_of(aggregate) if kept.tells_places else Placing()
    return {
        "aggregate": aggregate,
        "id": header.aggregate_id,
        "version": header.aggregate_version,
        "recorded_at": header.recorded_at,
        "document": document.to_json(),
        **place_columns(placing.place(document), is_public=placing.is_public(document)),
    }


def copies_check(copies: Copies) -> CheckFunction:
    """Return a check of how many messages of each owner wait to be taken in; late copies are still read."""

    async def check() -> Check:
        try:
            lag = await copies.lag()
        except BrokerAway as error:
            return Check(state="degraded", detail={"error": str(error)})
        late = max(lag.values(), default=0) > LATE_MESSAGES
        return Check(state="degraded" if late else "ok", detail=dict(lag))

    return check


def letter_of(message: StreamMessage, error: Exception) -> Row:
    """Return the letter of a message that could not be taken in, and log that it is one."""
    reason = type(error).__name__
    _log.error("copies.letter", owner=message.owner, sequence=message.sequence, error=reason)
    return {
        "owner": message.owner,
        "sequence": message.sequence,
        "reason": f"{reason}: {error}".replace("\0", "")[:MOST_REASON],
        "payload": message.data,
        "noted_at": datetime.now(UTC),
    }


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, Sequence[T]]) -> Sequence[T]:
    """Return what is worked for, nothing when to stop before it is there."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else ()
    finally:
        working.cancel()
        stopped.cancel()
