"""Messages taken once more into the copies that a service keeps, beside the process that follows the streams.

It may be done at any time: of an aggregate the newest version wins, and positions stay where they are.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import col, delete, select

from shared.chassis.copies import CopyTables, Row, Wanted, read_copies
from shared.chassis.db import Database, bulk_upsert
from shared.chassis.letters import Letter, StreamPlace, at_fault
from shared.chassis.stream import StreamMessage


class NotKept(Exception):
    """A message cannot be taken in; the text says why."""


class CopiesAgain:
    """Takes messages into a service's copies again."""

    def __init__(self, database: Database, tables: CopyTables, wanted: Iterable[Wanted]) -> None:
        self._database, self._tables, self._wanted = database, tables, tuple(wanted)

    @property
    def owners(self) -> list[str]:
        """The owners whose documents are kept."""
        return sorted({each.owner for each in self._wanted})

    def subjects(self, owner: str) -> list[str]:
        """Return the subjects of an owner's stream that are read."""
        return [each.subject for each in self._wanted if each.owner == owner]

    async def position(self, owner: str) -> StreamPlace | None:
        """Return how far into a stream was read, None where nothing was."""
        async with self._database.session() as session:
            row = await session.get(self._tables.position, owner)
        return None if row is None else StreamPlace(row.sequence, row.stream_created)

    async def letters(self) -> list[Letter]:
        """Return the messages that could not be taken in."""
        model = self._tables.letter
        async with self._database.session() as session:
            rows = await session.exec(select(model).order_by(model.owner, col(model.sequence)))
            return [Letter(row.owner, row.sequence, row.reason, row.payload, row.noted_at) for row in rows]

    async def drop(self, owner: str, sequence: int) -> None:
        """Drop a letter."""
        model = self._tables.letter
        async with self._database.session() as session, session.begin():
            await session.exec(
                delete(model).where(col(model.owner) == owner, col(model.sequence) == sequence)
            )

    async def take(self, messages: Sequence[StreamMessage]) -> dict[StreamMessage, Exception]:
        """Take messages of an owner in, drop their letters, and return those that cannot be taken, with the reason."""
        return await at_fault(messages, self._take)

    async def _take(self, messages: Sequence[StreamMessage]) -> Mapping[StreamMessage, Exception]:
        owner = messages[0].owner
        wanted = {each.aggregate: each for each in self._wanted if each.owner == owner}
        copies, letters = read_copies(messages, wanted)
        unread = {letter["sequence"]: letter["reason"] for letter in letters}
        taken = [message.sequence for message in messages if message.sequence not in unread]
        await self._write(owner, copies, taken)
        return {
            message: NotKept(unread[message.sequence]) for message in messages if message.sequence in unread
        }

    async def _write(self, owner: str, copies: Sequence[Row], taken: Sequence[int]) -> None:
        letter = self._tables.letter
        async with self._database.session() as session, session.begin():
            await bulk_upsert(session, self._tables.copy, copies, key=["aggregate", "id"], newer="version")
            await session.exec(
                delete(letter).where(col(letter.owner) == owner, col(letter.sequence).in_(taken))
            )
