"""Reading a stream in order, from a position that the reader keeps itself.

The consumer on the server is a cursor that can be thrown away: it is made anew behind the last position whenever
anything is odd, so that no message is lost or passed over, and none has to be acknowledged.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, ReplayPolicy
from nats.js.errors import APIError

from shared.chassis.bus import (
    HEARTBEAT,
    MAX_PAYLOAD_BYTES,
    NO_MESSAGES,
    REQUEST_EXPIRED,
    BrokerAway,
    Bus,
    status_of,
    stream_name,
)
from shared.chassis.tracing import HEADER

MOST_MESSAGES = 500
MOST_BYTES = MAX_PAYLOAD_BYTES + 1024 * 1024
"""Enough for the largest message, or a request would end without any."""
REQUEST_SECONDS = 30.0
HEARTBEAT_SECONDS = 1.0
SILENT_SECONDS = 3.0
INACTIVE_SECONDS = 60.0
REGULAR_ENDS = ("Batch Completed", "Message Size Exceeds MaxBytes")
"""How the server tells that a request got all that it asked for."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """A message with its place in its owner's stream, and in a trace if it was published in one."""

    owner: str
    sequence: int
    subject: str
    data: bytes
    traceparent: str | None = None


class StreamReplaced(Exception):
    """The stream is not the one that the position belongs to: it was made anew."""


class StreamReader:
    """Reads one owner's stream behind a position; ``created`` tells the stream that the position belongs to.

    With ``subjects`` the messages of other subjects are passed over; no two of them may overlap.
    """

    def __init__(
        self,
        bus: Bus,
        owner: str,
        *,
        after: int,
        created: datetime | None = None,
        subjects: Sequence[str] = (),
    ) -> None:
        self._bus, self.owner = bus, owner
        self._after, self._created, self._subjects = after, created, list(subjects)
        self._cursor = ""
        self._subscription: Subscription | None = None
        self._expected = self._finished = 1
        self._requested = 0

    async def read(self) -> Sequence[StreamMessage]:
        """Wait for messages and return those that are there, in order; none if there are none for a while.

        Raises:
            BrokerAway: NATS cannot be reached.
            StreamReplaced: the position means nothing any more.

        """
        self._finished = self._expected
        try:
            subscription = self._subscription or await self._open()
            if self._requested <= MOST_MESSAGES // 2:
                await self._request()
            message = await subscription.next_msg(timeout=SILENT_SECONDS)
            taken = self._take(message)
            while subscription.pending_msgs and len(taken) < MOST_MESSAGES:
                taken += self._take(await subscription.next_msg(timeout=SILENT_SECONDS))
            if taken:  # only what is handed over counts as read
                self._after = taken[-1].sequence
        except (NatsError, APIError, TimeoutError, OSError) as error:
            await self.close()
            raise BrokerAway(f"{stream_name(self.owner)}: {error or type(error).__name__}") from error
        return taken

    async def unread(self) -> int:
        """Return how many messages are still to be read.

        Raises:
            BrokerAway: NATS cannot be reached, or there is no cursor until the next read.

        """
        return max(0, await self._told() - self._expected + 1)

    async def unfinished(self) -> int:
        """Return how many messages are still to be read, or were read and keep the reader from reading on.

        Raises:
            BrokerAway: NATS cannot be reached, or there is no cursor until the next read.

        """
        return max(0, await self._told() - self._finished + 1)

    async def _told(self) -> int:
        """Return how many messages there are for the cursor, those that it delivered and those that it will."""
        if self._subscription is None:
            raise BrokerAway(f"{stream_name(self.owner)}: nothing is being read")
        try:
            js = await self._bus.jetstream()
            cursor = await js.consumer_info(stream_name(self.owner), self._cursor)
        except (NatsError, APIError, TimeoutError, OSError) as error:
            raise BrokerAway(f"{stream_name(self.owner)}: {error or type(error).__name__}") from error
        delivered = cursor.delivered.consumer_seq if cursor.delivered else 0
        return (cursor.num_pending or 0) + delivered

    async def close(self) -> None:
        """Give the cursor up; the next read makes a new one."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.unsubscribe()
            except NatsError as error:
                _log.debug("stream.unsubscribe", owner=self.owner, error=str(error))

    async def _open(self) -> Subscription:
        connection = await self._bus.connect()
        js = await self._bus.jetstream()
        created = (await js.stream_info(stream_name(self.owner))).created
        if self._created is not None and created != self._created:
            raise StreamReplaced(f"{stream_name(self.owner)} was made anew at {created}")
        consumer = await js.add_consumer(
            stream_name(self.owner),
            ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._after + 1,
                filter_subjects=self._subjects or None,
                replay_policy=ReplayPolicy.INSTANT,
                inactive_threshold=INACTIVE_SECONDS,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        self._cursor = consumer.name
        self._subscription = await connection.subscribe(connection.new_inbox())
        self._expected = self._finished = 1
        self._requested = 0
        return self._subscription

    async def _request(self) -> None:
        """Ask for more; what was asked for before and is still to come counts."""
        connection = await self._bus.connect()
        request = {
            "batch": MOST_MESSAGES,
            "max_bytes": MOST_BYTES,
            "expires": int(REQUEST_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        subscription = self._subscription
        assert subscription is not None  # noqa: S101  (told to the type checker)
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name(self.owner)}.{self._cursor}"
        await connection.publish(subject, json.dumps(request).encode(), reply=subscription.subject)
        self._requested += MOST_MESSAGES

    def _take(self, message: Msg) -> list[StreamMessage]:
        status = status_of(message)
        if status == HEARTBEAT:
            return []
        if status is not None:
            self._note_end(status, message)
            return []
        place = message.metadata.sequence
        if place.consumer != self._expected:
            raise NatsError(f"a gap: message {place.consumer} of the cursor instead of {self._expected}")
        self._expected += 1
        self._requested -= 1
        parent = (message.headers or {}).get(HEADER)
        return [StreamMessage(self.owner, place.stream, message.subject, message.data, parent)]

    def _note_end(self, status: int, message: Msg) -> None:
        """Note that a request has ended; an end that is not regular needs a new cursor."""
        headers = message.headers or {}
        unused = int(headers.get("Nats-Pending-Messages", MOST_MESSAGES))
        self._requested = max(0, self._requested - unused)
        regular = status in (NO_MESSAGES, REQUEST_EXPIRED) or headers.get("Description") in REGULAR_ENDS
        if not regular:
            raise NatsError(f"{status} {headers.get('Description', '')}")


async def last_sequence(bus: Bus, owner: str) -> tuple[int, datetime | None]:
    """Return the sequence of an owner's newest message, and when the stream was made.

    Raises:
        BrokerAway: NATS cannot be reached.

    """
    info = await bus.stream(owner)
    return info.state.last_seq, info.created
