"""Making an owner's stream forget: what it says of an aggregate becomes what the outbox says, and nothing else is left.

A version that was told otherwise is told again as the outbox has it, and only then is the former message deleted, so that
at no moment a version is missing. It may come after newer ones, which win wherever the newest is wanted.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError
from sqlalchemy import text

from shared.chassis.bus import BrokerAway, Bus, stream_name
from shared.chassis.db import Database
from shared.chassis.stream import StreamMessage, StreamReader
from shared.contracts.events import decode

AGGREGATES_AT_ONCE = 20

_NO_SUCH_MESSAGE = 10043
"""What JetStream calls a sequence that holds nothing (``err_code``)."""

_PUBLISHED = text(
    "SELECT event_id, subject, payload FROM outbox"
    " WHERE aggregate_id = ANY(CAST(:ids AS UUID[])) AND published_at IS NOT NULL"
)


async def forget(database: Database, bus: Bus, owner: str, ids: Sequence[UUID], erasure: str) -> int:
    """Let a stream say of some aggregates what the outbox says; return how many messages it forgot.

    Args:
        database: of the owner.
        bus: to NATS.
        owner: of the stream.
        ids: of the aggregates.
        erasure: names what is told again, so that it is not taken for a repetition.

    Raises:
        BrokerAway: NATS cannot be reached or does not answer; what is not done yet may be asked for again.

    """
    forgotten = 0
    try:
        js = await bus.jetstream()
        for start in range(0, len(ids), AGGREGATES_AT_ONCE):
            some = ids[start : start + AGGREGATES_AT_ONCE]
            forgotten += await _forget_some(database, bus, js, owner, some, erasure)
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise BrokerAway(f"{stream_name(owner)}: {error or type(error).__name__}") from error
    return forgotten


async def _forget_some(  # noqa: PLR0913
    database: Database, bus: Bus, js: JetStreamContext, owner: str, ids: Sequence[UUID], erasure: str
) -> int:
    async with database.engine.connect() as connection:
        rows = await connection.execute(_PUBLISHED, {"ids": list(ids)})
        wanted = {event_id: (subject, payload.encode()) for event_id, subject, payload in rows}
    messages = await _messages(bus, owner, ids)
    said = {event_of(message): message for message in messages if _is_as(message, wanted)}
    former = [message for message in messages if event_of(message) in wanted and not _is_as(message, wanted)]
    for event_id in sorted({event_of(message) for message in former} - said.keys()):
        subject, payload = wanted[event_id]
        headers = {Header.MSG_ID.value: f"{event_id}.{erasure}"}
        await js.publish(subject, payload, stream=stream_name(owner), headers=headers)
    for message in former:
        await _delete(js, owner, message.sequence)
    return len(former)


def event_of(message: StreamMessage) -> UUID:
    """Return the id of the event that a message tells."""
    return decode(message.data)[0].id


def _is_as(message: StreamMessage, wanted: dict[UUID, tuple[str, bytes]]) -> bool:
    """Whether a message says of its event what it should."""
    subject_and_payload = wanted.get(event_of(message))
    return subject_and_payload is not None and subject_and_payload[1] == message.data


async def _messages(bus: Bus, owner: str, ids: Iterable[UUID]) -> list[StreamMessage]:
    """Return what a stream says of some aggregates."""
    reader = StreamReader(bus, owner, after=0, subjects=[f"{owner}.*.*.*.{id_}" for id_ in ids])
    messages: list[StreamMessage] = []
    try:
        messages += await reader.read()
        while await reader.unread():
            messages += await reader.read()
    finally:
        await reader.close()
    return messages


async def _delete(js: JetStreamContext, owner: str, sequence: int) -> None:
    """Delete a message, whose place on the disk is overwritten; one that is gone already is what was wanted."""
    try:
        await js.delete_msg(stream_name(owner), sequence)
    except APIError as error:
        if error.err_code != _NO_SUCH_MESSAGE:
            raise
