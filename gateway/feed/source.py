"""Reading the feed for an answer: in short sessions of the read model, each of which sees one moment."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.changes import Page, changes_after
from gateway.feed.cursors import BEGIN_ANEW
from gateway.feed.positions import Position, PositionAhead, PositionLost, newest_position
from gateway.feed.reading import MOST, Entry, Key, data_of, entries_after
from gateway.feed.refusals import CursorExpired
from gateway.feed.sharing import Once
from gateway.feed.views import View
from gateway.projection.generations import ReadModel
from shared.chassis.errors import ProblemError

RECHECK_SECONDS = 5.0
"""How often to look even if nothing was heard."""
AHEAD_SECONDS = 5.0
"""How long a read model may take to come as far as another one was."""
MOST_BYTES = 4 * 1024**2
"""Documents that are held at once, unless one alone is larger."""

MOST_SHARED_BYTES = 256 * 1024
"""Documents of one read that are kept for others."""

TROUBLE = (ProblemError, DBAPIError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What may come between while an answer goes on: it ends early, and the caller goes on from its last cursor."""


class Sized(Protocol):
    """A version with data of so many bytes."""

    @property
    def key(self) -> Key:
        """What names the version."""

    @property
    def size(self) -> int:
        """Bytes of its data."""


S = TypeVar("S", bound=Sized)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """The feed as one reader reads it; what is not its own alone is read ``once`` for all who share that."""

    read_model: ReadModel
    view: View
    once: Once | None = None

    async def newest(self) -> Position:
        """Return how far the read model has come."""
        async with self.read_model.session() as session:
            return await newest_position(session)

    async def changes(self, position: Position) -> Page:
        """Return a page of what changed after a position.

        Raises:
            CursorExpired: the position means nothing any more.
            Unavailable: no generation of the read model answers.

        """

        async def read(session: AsyncSession) -> Page:
            return await changes_after(session, self.view, position)

        return await self._read(read)

    async def entries(self, position: Position, *, most: int = MOST) -> tuple[list[Entry], Position]:
        """Return what was told after a position, seen or not, and the position after that.

        Raises:
            CursorExpired: the position means nothing any more.
            Unavailable: no generation of the read model answers.

        """

        async def read(session: AsyncSession) -> tuple[list[Entry], Position]:
            return await entries_after(session, position, most=most)

        if self.once is None or most != MOST:
            return await self._read(read)
        return await self.once.get(tuple(position.as_values()), lambda: self._read(read))

    async def data(self, wanted: Sequence[Sized]) -> dict[Key, str]:
        """Return the data of some versions as JSON text."""
        keys = tuple(each.key for each in wanted)
        if not keys:
            return {}

        async def read(session: AsyncSession) -> dict[Key, str]:
            return await data_of(session, keys)

        if self.once is None or sum(each.size for each in wanted) > MOST_SHARED_BYTES:
            return await self._read(read)
        return await self.once.get(keys, lambda: self._read(read))

    async def _read(self, read: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Read; a read model that another one was ahead of gets some time to come as far."""
        loop = asyncio.get_running_loop()
        until = loop.time() + AHEAD_SECONDS
        while True:
            moved = self.read_model.next_move()
            try:
                async with self.read_model.session() as session:
                    return await read(session)
            except PositionLost:
                raise CursorExpired(BEGIN_ANEW) from None
            except PositionAhead:
                if loop.time() > until:
                    raise CursorExpired(BEGIN_ANEW) from None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), 1)


def by_size(wanted: Iterable[S]) -> Iterator[list[S]]:
    """Cut versions into groups of no more data than is held at once."""
    group: list[S] = []
    size = 0
    for each in wanted:
        if group and size + each.size > MOST_BYTES:
            yield group
            group, size = [], 0
        group.append(each)
        size += each.size
    if group:
        yield group
