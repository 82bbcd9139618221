"""Messages taken once more into the generation that answers, beside the projector that follows the streams.

It may be done at any time: what the generation knows already changes nothing, positions stay where they are, and the two
wait for one another's transactions.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.follower import announce, event_of, take_in
from gateway.projection.tables import DeadLetter, Position
from shared.chassis.db import Database, execute
from shared.chassis.letters import Letter, StreamPlace, at_fault
from shared.chassis.stream import StreamMessage

_RECORDED = text("UPDATE position SET recorded_at = greatest(recorded_at, :latest) WHERE owner = :owner")
"""When the newest event was recorded: one that was put aside may be it."""


class ReadModelAgain:
    """Takes messages into one generation again; its database is on the generation's schema."""

    def __init__(self, database: Database, generation_id: int) -> None:
        self._database, self._generation_id = database, generation_id

    async def position(self, owner: str) -> StreamPlace | None:
        """Return how far into a stream the generation has come, None where it has read nothing of it."""
        async with self._database.session() as session:
            row = await session.get(Position, owner)
        return None if row is None else StreamPlace(row.sequence, row.stream_created)

    async def letters(self) -> list[Letter]:
        """Return the messages that could not be taken in."""
        async with self._database.session() as session:
            rows = await session.exec(select(DeadLetter).order_by(DeadLetter.owner, col(DeadLetter.sequence)))
            return [Letter(row.owner, row.sequence, row.reason, row.payload, row.noted_at) for row in rows]

    async def drop(self, owner: str, sequence: int) -> None:
        """Drop a letter."""
        async with self._database.session() as session, session.begin():
            await _drop(session, owner, [sequence])
            await announce(session)

    async def take(self, messages: Sequence[StreamMessage]) -> dict[StreamMessage, Exception]:
        """Take messages of an owner in, drop their letters, and return those that cannot be taken, with the reason."""
        return await at_fault(messages, self._take)

    async def _take(self, messages: Sequence[StreamMessage]) -> Mapping[StreamMessage, Exception]:
        events = [event_of(message) for message in messages]
        async with self._database.session() as session, session.begin():
            await take_in(session, self._generation_id, events)
            latest = max(event.recorded_at for event in events)
            await execute(session, _RECORDED, owner=messages[0].owner, latest=latest)
            await _drop(session, messages[0].owner, [message.sequence for message in messages])
            await announce(session)
        return {}


async def _drop(session: AsyncSession, owner: str, sequences: Sequence[int]) -> None:
    await session.exec(
        delete(DeadLetter).where(col(DeadLetter.owner) == owner, col(DeadLetter.sequence).in_(sequences))
    )
