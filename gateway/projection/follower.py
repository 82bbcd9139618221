"""Keeping one generation of the read model up to date with the owners' streams.

The position in each stream is written in the transaction that takes its messages in. So nothing is lost or taken
twice, whatever dies, and no message has to be acknowledged.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.events import Event
from gateway.projection.generations import CHANNEL
from gateway.projection.past import note_late
from gateway.projection.reducers import reduce, refresh
from gateway.projection.streams import leave_stream
from gateway.projection.tables import DeadLetter, Position
from shared.chassis.bus import BrokerAway, Bus
from shared.chassis.db import AWAY, Database, bulk_upsert, execute, is_of_the_data
from shared.chassis.letters import forget_letters
from shared.chassis.stream import StreamMessage, StreamReader, last_sequence
from shared.chassis.traced_events import taking
from shared.chassis.workers import pause
from shared.contracts.catalog import OWNERS
from shared.contracts.events import decode

CONSUMER = "projection"
MOST_EVENTS = 600
RETRY_SECONDS = 0.5
IDLE_SECONDS = 60.0

_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")

_log = structlog.get_logger()


class Follower:
    """Follows all streams for one generation."""

    def __init__(
        self, generation_id: int, database: Database, bus: Bus, taken: Counter[str] | None = None
    ) -> None:
        """Prepare to follow; ``taken`` counts events by owner."""
        self._generation_id, self._database, self._bus = generation_id, database, bus
        self._taken = Counter() if taken is None else taken
        self._queue: asyncio.Queue[Sequence[StreamMessage]] = asyncio.Queue(maxsize=len(OWNERS))
        self.streams: dict[str, datetime | None] = {}
        self._refreshed: date | None = None
        self._recorded: dict[str, datetime] = {}
        self._pumps: list[asyncio.Task[None]] = []
        self.positions: dict[str, int] = {}

    @property
    def database(self) -> Database:
        """The tables of the generation."""
        return self._database

    @property
    def recorded(self) -> Mapping[str, datetime]:
        """When the newest event that was taken in was recorded, by owner."""
        return self._recorded

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the streams until told to stop.

        Raises:
            StreamReplaced: a stream was made anew; its positions mean nothing any more.

        """
        await self._begin(stop)
        self._pumps = [
            asyncio.create_task(self._pump(owner, stop), name=f"pump-{owner}") for owner in self.positions
        ]
        try:
            while not stop.is_set():
                idle_seconds = 0.0 if await self._refresh_if_due() else IDLE_SECONDS
                await self._apply(await self._next(stop, idle_seconds), stop)
        finally:
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _begin(self, stop: asyncio.Event) -> None:
        """Find out where to go on; a stream that was made anew is read from its beginning."""
        while not stop.is_set():
            try:
                ends = {owner: await last_sequence(self._bus, owner) for owner in OWNERS}
                break
            except BrokerAway as error:
                _log.warning("projector.waiting", reason=str(error))
                await pause(stop, RETRY_SECONDS)
        else:
            return
        async with self._database.session() as session:
            known = {position.owner: position for position in await session.exec(select(Position))}
        self.streams = {owner: created for owner, (_, created) in ends.items()}
        for owner, former in known.items():
            if former.stream_created != self.streams.get(owner):
                await leave_stream(self._database, owner, self.streams.get(owner))
        self.positions = {
            owner: position.sequence
            if (position := known.get(owner))
            and position.stream_created == created
            and position.sequence <= end
            else 0
            for owner, (end, created) in ends.items()
        }
        self._recorded = {
            owner: position.recorded_at
            for owner, position in known.items()
            if position.recorded_at is not None and self.positions.get(owner)
        }

    async def _pump(self, owner: str, stop: asyncio.Event) -> None:
        reader = StreamReader(self._bus, owner, after=self.positions[owner], created=self.streams[owner])
        try:
            while not stop.is_set():
                try:
                    messages = await reader.read()
                except BrokerAway as error:
                    _log.warning("projector.waiting", reason=str(error))
                    await pause(stop, RETRY_SECONDS)
                    continue
                if messages:
                    await self._queue.put(messages)
        finally:
            await reader.close()

    async def _next(self, stop: asyncio.Event, idle_seconds: float) -> list[StreamMessage]:
        """Return what has been read, of all streams together; nothing after an idle while or when to stop.

        Raises:
            StreamReplaced: a stream is not the one that was followed.

        """
        waiting = asyncio.create_task(self._queue.get())
        stopped = asyncio.create_task(stop.wait())
        ends = {waiting, stopped, *self._pumps}
        await asyncio.wait(ends, timeout=idle_seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for pump in self._pumps:
            if pump.done() and not stop.is_set():
                waiting.cancel()
                pump.result()
        if not waiting.done():
            waiting.cancel()
            return []
        messages = list(waiting.result())
        while len(messages) < MOST_EVENTS and not self._queue.empty():
            messages += self._queue.get_nowait()
        return messages

    async def _apply(self, messages: Sequence[StreamMessage], stop: asyncio.Event) -> None:
        """Take messages in; what cannot be taken becomes a dead letter, and costs the others nothing."""
        while messages and not stop.is_set():
            try:
                await self._take(messages)
            except AWAY as error:
                if not is_of_the_data(error):
                    _log.warning("projector.database_away", error=type(error).__name__)
                    await pause(stop, RETRY_SECONDS)
                    continue
                await self._part(messages, error, stop)
            except Exception as error:  # noqa: BLE001  (whatever an event breaks, the rest has to go on)
                await self._part(messages, error, stop)
            return

    async def _part(self, messages: Sequence[StreamMessage], error: Exception, stop: asyncio.Event) -> None:
        """Take messages one by one, since one of them is at fault; bury it where there is only one."""
        if len(messages) == 1:
            await self._bury(messages[0], error)
            return
        for message in messages:
            await self._apply([message], stop)

    async def _take(self, messages: Sequence[StreamMessage]) -> None:
        with taking(CONSUMER, messages) as places:
            events = [event_of(message, place) for message, place in zip(messages, places, strict=True)]
            async with self._database.session() as session, session.begin():
                await take_in(session, self._generation_id, events)
                recorded = self._latest(events)
                await self._move(session, events, recorded)
                await announce(session)
        for message in messages:
            self.positions[message.owner] = message.sequence
        self._taken.update(message.owner for message in messages)
        self._recorded = recorded

    def _latest(self, events: Iterable[Event]) -> dict[str, datetime]:
        """Return when the latest event of each owner was recorded; what is told again was recorded before others."""
        latest = dict(self._recorded)
        for event in events:
            latest[event.owner] = max(event.recorded_at, latest.get(event.owner, event.recorded_at))
        return latest

    async def _move(
        self, session: AsyncSession, events: Iterable[Event], recorded: Mapping[str, datetime]
    ) -> None:
        rows = {
            event.owner: {
                "owner": event.owner,
                "sequence": event.sequence,
                "stream_created": self.streams[event.owner],
                "recorded_at": recorded[event.owner],
            }
            for event in events
        }
        await bulk_upsert(session, Position, list(rows.values()), key=["owner"])

    async def _bury(self, message: StreamMessage, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        _log.error(
            "projector.dead_letter",
            owner=message.owner,
            sequence=message.sequence,
            error=type(error).__name__,
        )
        letter = DeadLetter(
            owner=message.owner,
            sequence=message.sequence,
            reason=reason[:2000],
            payload=message.data,
            noted_at=datetime.now(UTC),
        )
        async with self._database.session() as session, session.begin():
            await _forget_letters(session, _readable(message))
            await session.merge(letter)
            row = {
                "owner": message.owner,
                "sequence": message.sequence,
                "stream_created": self.streams[message.owner],
            }
            await bulk_upsert(session, Position, [row], key=["owner"])
            await announce(session)
        self.positions[message.owner] = message.sequence

    async def _refresh_if_due(self) -> bool:
        """Bring some of the figures that depend on the day to today; whether there may be more of them."""
        today = datetime.now(UTC).date()
        if self._refreshed == today:
            return False
        try:
            async with self._database.session() as session, session.begin():
                count = await refresh(session, today=today)
                await announce(session)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("projector.refresh_waits", error=type(error).__name__)
            return False
        if not count:
            self._refreshed = today
        return count > 0


async def take_in(session: AsyncSession, generation_id: int, events: Sequence[Event]) -> None:
    """Take events into a generation; those that it knows already change nothing.

    Raises:
        pydantic.ValidationError: an event's data breaks its contract.

    """
    await reduce(session, events, today=datetime.now(UTC).date())
    await _forget_letters(session, events)
    await note_late(session, generation_id, min(event.recorded_at for event in events))


async def announce(session: AsyncSession) -> None:
    """Tell the processes that answer that there is something new, once the transaction is committed."""
    await execute(session, _NOTIFY)


def event_of(message: StreamMessage, traceparent: str | None = None) -> Event:
    """Return the event of a message, and where it stands in a trace.

    Raises:
        ValueError: it is none, or none of the owner of the stream.

    """
    header, data = decode(message.data)
    if not message.subject.startswith(f"{message.owner}."):
        raise ValueError(f"{message.subject} is no subject of {message.owner}")
    owner, sequence = message.owner, message.sequence
    return Event.of(header, data, owner=owner, sequence=sequence, traceparent=traceparent)


def _readable(message: StreamMessage) -> list[Event]:
    """Return the event of a message, if that can be read."""
    try:
        return [event_of(message)]
    except (ValueError, LookupError):
        return []


async def _forget_letters(session: AsyncSession, events: Iterable[Event]) -> None:
    """Drop the letters of what was told before of those events from which names of persons were erased."""
    for event in events:
        if event.erased:
            await forget_letters(session, DeadLetter, event.owner, event.sequence, event.id, event.version)
