"""The relay: publishes staged facts to the owner's stream, in order per aggregate, at least once.

One process of a service holds the advisory lock and is the leader. It reads what is unpublished in order of id,
publishes window after window, a window holding no two facts of one aggregate, and marks what JetStream has
acknowledged. A fact published twice has the same ``Nats-Msg-Id`` both times.
"""

import asyncio
from collections.abc import Iterator, Sequence
from uuid import UUID

import asyncpg
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header, PubAck
from nats.js.errors import APIError, TooManyStalledMsgsError
from opentelemetry.trace import Span

from shared.chassis.bus import BrokerAway, Bus, stream_name
from shared.chassis.db import Database
from shared.chassis.leadership import lead
from shared.chassis.outbox import CHANNEL
from shared.chassis.traced_events import publishing
from shared.chassis.tracing import HEADER, note_error, traceparent
from shared.chassis.workers import pause

RELAY_LOCK = 0x0DB0
MOST_ROWS = 1000
MOST_BYTES = 16 * 1024 * 1024
ACK_SECONDS = 10.0
POLL_SECONDS = 1.0
RETRY_SECONDS = 0.2

_UNPUBLISHED = f"""
SELECT id, event_id, aggregate_id, subject, payload FROM outbox WHERE id = ANY(ARRAY(
    SELECT id FROM (
        SELECT id, sum(size) OVER (ORDER BY id) - size AS before
        FROM (SELECT id, size FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT {MOST_ROWS}) AS first
    ) AS counted WHERE before < {MOST_BYTES}
)) ORDER BY id
"""  # noqa: S608  (numbers of our own)
_MARK = "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])"

_log = structlog.get_logger()


class Relay:
    """Publishes the outbox of one owner."""

    name = "relay"

    def __init__(self, database: Database, bus: Bus, owner: str) -> None:
        self._database, self._bus, self._owner = database, bus, owner
        self._woken = asyncio.Event()
        self.is_leading = False
        self.published = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Publish while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, RELAY_LOCK, stop, self._lead)

    def _on_notification(self, *_: object) -> None:
        self._woken.set()

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        await connection.add_listener(CHANNEL, self._on_notification)
        stopped = asyncio.create_task(stop.wait())
        ready = False
        self.is_leading = True
        try:
            while not stop.is_set():
                self._woken.clear()
                try:
                    if not ready:
                        await self._bus.ensure_stream(self._owner)
                        ready = True
                    if await self._publish_some(connection):
                        continue
                except BrokerAway as error:
                    ready = False
                    _log.warning("relay.waiting", owner=self._owner, reason=str(error))
                    await pause(stop, RETRY_SECONDS)
                    continue
                woken = asyncio.create_task(self._woken.wait())
                await asyncio.wait(
                    {woken, stopped}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
        finally:
            self.is_leading = False
            stopped.cancel()

    async def _publish_some(self, connection: asyncpg.Connection) -> bool:
        """Publish what is unpublished, up to a bound; False if there was nothing.

        Raises:
            BrokerAway: some of it was not acknowledged; what was is marked.

        """
        rows = await connection.fetch(_UNPUBLISHED)
        if rows:
            js = await self._bus.jetstream()
            for window in windows(rows):
                await self._publish_window(connection, js, window)
        return bool(rows)

    async def _publish_window(
        self, connection: asyncpg.Connection, js: JetStreamContext, window: Sequence[asyncpg.Record]
    ) -> None:
        futures: list[tuple[asyncio.Future[PubAck], Span]] = []
        problem: BaseException | None = None
        try:
            for row in window:
                futures.append(await self._publish(js, row))  # noqa: PERF401  (those under way are kept on error)
        except (NatsError, APIError, TooManyStalledMsgsError, OSError) as error:
            problem = error
        if futures:
            await asyncio.wait([future for future, _ in futures], timeout=ACK_SECONDS)
        acknowledged = []
        for row, (future, span) in zip(window, futures, strict=False):
            if not future.done():
                failure: BaseException | None = TimeoutError("no acknowledgement")
                future.cancel()
            else:
                failure = future.exception()
            if failure is None:
                acknowledged.append(row["id"])
            else:
                problem = failure
                note_error(span, failure)
            span.end()
        if acknowledged:
            await connection.execute(_MARK, acknowledged)
            self.published += len(acknowledged)
        if problem is not None:
            raise BrokerAway(str(problem) or type(problem).__name__)

    async def _publish(
        self, js: JetStreamContext, row: asyncpg.Record
    ) -> tuple[asyncio.Future[PubAck], Span]:
        payload = row["payload"].encode()
        span = publishing(row["subject"], payload)
        headers = {Header.MSG_ID.value: str(row["event_id"])}
        if place := traceparent(span):
            headers[HEADER] = place
        try:
            future = await js.publish_async(
                row["subject"],
                payload,
                wait_stall=ACK_SECONDS,
                stream=stream_name(self._owner),
                headers=headers,
            )
        except BaseException as error:
            note_error(span, error)
            span.end()
            raise
        return future, span


def windows(rows: Sequence[asyncpg.Record]) -> Iterator[list[asyncpg.Record]]:
    """Cut rows before each second fact of an aggregate, so that all of a window may be under way at once."""
    window: list[asyncpg.Record] = []
    seen: set[UUID] = set()
    for row in rows:
        if row["aggregate_id"] in seen:
            yield window
            window, seen = [], set()
        window.append(row)
        seen.add(row["aggregate_id"])
    if window:
        yield window
