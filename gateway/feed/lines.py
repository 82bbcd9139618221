"""Changes as lines of JSON, with a cursor after every few of them."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import structlog
from pydantic_core import to_json

from gateway.feed.changes import Change, Page
from gateway.feed.cursors import FeedCursors
from gateway.feed.positions import Position
from gateway.feed.reading import without
from gateway.feed.source import MOST_BYTES, RECHECK_SECONDS, TROUBLE, Source, by_size
from gateway.feed.streaming import Ending

CURSOR_EVERY = 200
"""Changes after which there is a cursor."""
CURSOR_SECONDS = 0.5
"""Time after which there is a cursor too, so that a caller whose link is cut again and again gets on."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines; ``is_mark`` tells that they end with a cursor, so that the caller should have them now."""

    text: bytes
    is_mark: bool = False


@dataclass(slots=True)
class ChangeLines:
    """Tells one reader what changed since a position, up to the last change or to ``limit``.

    ``moved`` is set when the read model moves after the first page was read.
    """

    source: Source
    cursors: FeedCursors
    ending: Ending
    position: Position
    moved: asyncio.Event
    limit: int | None = None
    _told: int = field(default=0, init=False)
    _unmarked: int = field(default=0, init=False)
    _marked_at: float = field(default_factory=time.monotonic, init=False)
    _read_at: float = field(default_factory=time.monotonic, init=False)

    async def write(self, first: Page, *, wait: float) -> AsyncGenerator[Piece, None]:
        """Yield all lines, the first page's first; where there are none, those that come within ``wait`` seconds."""
        until = time.monotonic() + wait
        page, is_complete = first, False
        try:
            while True:
                async for piece in self._page(page):
                    yield piece
                if self._is_full or (page.has_more and await self.ending.is_due()):
                    break
                if not page.has_more and (self._told or not await self._waits(until)):
                    is_complete = True
                    break
                page = await self._read()
        except TROUBLE as error:
            _log.warning("feed.interrupted", error=type(error).__name__)
        yield self._mark(complete=is_complete)

    @property
    def _is_full(self) -> bool:
        return self.limit is not None and self._told >= self.limit

    async def _waits(self, until: float) -> bool:
        """Wait until something may be new; False if there is no time, or no need, for it."""
        left = until - time.monotonic()
        if left <= 0 or await self.ending.is_due():
            return False
        await self.ending.wait(self.moved, min(RECHECK_SECONDS, left))
        await self.ending.rest(self._read_at)
        return True

    async def _read(self) -> Page:
        self.moved, self._read_at = self.source.read_model.next_move(), time.monotonic()
        return await self.source.changes(self.position)

    async def _page(self, page: Page) -> AsyncGenerator[Piece, None]:
        """Yield the lines of a page as far as there is room for them, and come to where they end."""
        ready: list[Change] = []
        for step in page.steps:
            ready += step.changes
            self._told += len(step.changes)
            if self._is_full or self._is_much(ready):
                async for piece in self._changes(ready):
                    yield piece
                ready, self.position = [], step.position
                if self._is_full:
                    return
                yield self._mark()
        async for piece in self._changes(ready):
            yield piece
        self.position = page.position
        if time.monotonic() - self._marked_at >= CURSOR_SECONDS:
            yield self._mark()

    def _is_much(self, ready: Sequence[Change]) -> bool:
        return (
            self._unmarked + len(ready) >= CURSOR_EVERY or sum(change.size for change in ready) >= MOST_BYTES
        )

    async def _changes(self, changes: Sequence[Change]) -> AsyncGenerator[Piece, None]:
        self._unmarked += len(changes)
        for some in by_size(changes):
            data = await self.source.data([each for each in some if not each.removed])
            yield Piece("".join(_line(each, data.get(each.key, "")) for each in some).encode())

    def _mark(self, *, complete: bool | None = None) -> Piece:
        self._unmarked, self._marked_at = 0, time.monotonic()
        mark: dict[str, object] = {"cursor": self.cursors.encode(self.position)}
        return Piece(
            to_json(mark if complete is None else {**mark, "complete": complete}) + b"\n", is_mark=True
        )


def _line(change: Change, data: str) -> str:
    """Return the line of a change; the document is taken over verbatim, save for what is withheld."""
    named = {
        "aggregate": change.aggregate,
        "id": change.id,
        "identifier": change.identifier,
        "version": change.version,
    }
    if change.removed:
        return f'{{"change":"removed",{_members(named)}}}\n'
    told = {**named, "recorded_at": change.recorded_at}
    if change.withheld:
        told["withheld"] = sorted(change.withheld)
    return f'{{"change":"upsert",{_members(told)},"document":{without(data, change.withheld)}}}\n'


def _members(values: dict[str, object]) -> str:
    return to_json(values).decode()[1:-1]
