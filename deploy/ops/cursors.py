"""Cursors on the streams that nobody reads: they tell where a moment is in a stream, and how much is behind a place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError

from shared.chassis.bus import BrokerAway, Bus, stream_name

CURSOR_SECONDS = 10.0
"""How long the server keeps a cursor, should we die before we delete it."""


class Waiting(NamedTuple):
    """The place before the first message that a cursor would read, and how many those are."""

    after: int
    messages: int


async def waiting_behind(bus: Bus, owner: str, sequence: int, subjects: Sequence[str] = ()) -> int:
    """Return how many messages of some subjects, or of all, are behind a place in a stream.

    Raises:
        BrokerAway: the stream cannot be asked.

    """
    policy = {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": sequence + 1}
    return (await _ask(bus, owner, subjects, policy)).messages


async def waiting_since(bus: Bus, owner: str, moment: datetime, subjects: Sequence[str] = ()) -> Waiting:
    """Return where in a stream the messages begin that came since a moment, and how many they are.

    Raises:
        BrokerAway: the stream cannot be asked.

    """
    policy = {"deliver_policy": DeliverPolicy.BY_START_TIME, "opt_start_time": moment}
    return await _ask(bus, owner, subjects, policy)


async def _ask(bus: Bus, owner: str, subjects: Sequence[str], policy: dict[str, Any]) -> Waiting:
    name = stream_name(owner)
    try:
        js = await bus.jetstream()
        cursor = await js.add_consumer(
            name,
            ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                filter_subjects=list(subjects) or None,
                inactive_threshold=CURSOR_SECONDS,
                mem_storage=True,
                num_replicas=1,
                **policy,
            ),
        )
        await js.delete_consumer(name, cursor.name)
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise BrokerAway(f"{name}: {error or type(error).__name__}") from error
    after = cursor.delivered.stream_seq if cursor.delivered else 0
    return Waiting(after, cursor.num_pending or 0)
