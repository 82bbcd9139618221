"""Events as server-sent events (WHATWG HTML, section 9.2), each a CloudEvent 1.0 that tells of no person.

The id of an event is the cursor after it, so that a browser that comes back asks for what it has not seen. A block of an id
alone moves that on where nothing was seen for a while.
"""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import structlog
from pydantic_core import to_json

from gateway.feed.cursors import FeedCursors
from gateway.feed.positions import Position
from gateway.feed.reading import MOST, Entry, without
from gateway.feed.schemas import takes
from gateway.feed.source import RECHECK_SECONDS, TROUBLE, Source, by_size
from gateway.feed.streaming import Ending
from shared.contracts.catalog import CATALOG

RETRY_MILLISECONDS = 2000
"""How long a client waits before it comes back."""

_log = structlog.get_logger()


@dataclass(slots=True)
class EventStream:
    """Tells one reader what happens after a position, for as long as it may be told.

    ``types`` are the event types that are wanted, empty for all; a comment keeps a silent stream alive.
    """

    source: Source
    cursors: FeedCursors
    ending: Ending
    position: Position
    types: tuple[str, ...]
    keepalive_seconds: float
    _sent_at: float = field(default_factory=time.monotonic, init=False)
    _marked: Position | None = field(default=None, init=False)

    async def write(self) -> AsyncGenerator[bytes, None]:
        """Yield blocks until the stream is to end."""
        yield f"retry: {RETRY_MILLISECONDS}\n{self._id(self.position)}\n".encode()
        try:
            while not await self.ending.is_due():
                moved, began = self.source.read_model.next_move(), time.monotonic()
                entries, position = await self.source.entries(self.position)
                async for block in self._blocks(entries, position):
                    yield block
                self.position = position
                if len(entries) < MOST:
                    await self.ending.wait(moved, min(RECHECK_SECONDS, self._silence_left()))
                    await self.ending.rest(began)
                if not self._silence_left():
                    self._sent_at = time.monotonic()
                    yield b":\n\n" if self._marked == position else f":\n{self._id(position)}\n".encode()
        except TROUBLE as error:
            _log.warning("feed.interrupted", error=type(error).__name__)

    def _silence_left(self) -> float:
        """Return the seconds until the stream has been silent for too long."""
        return max(0.0, self._sent_at + self.keepalive_seconds - time.monotonic())

    async def _blocks(self, entries: list[Entry], position: Position) -> AsyncGenerator[bytes, None]:
        for some in by_size(entry for entry in entries if self._wants(entry)):
            data = await self.source.data(some)
            for entry in some:
                self._sent_at = time.monotonic()
                yield self._block(entry, data[entry.key], position)
                self.position = self._after(entry, position)

    def _wants(self, entry: Entry) -> bool:
        view = self.source.view
        if entry.aggregate not in view.nouns or not self._takes(entry.type):
            return False
        return view.shows(entry.aggregate, entry.place, is_public=entry.is_public)

    def _takes(self, name: str) -> bool:
        return not self.types or any(takes(wanted, name) for wanted in self.types)

    def _after(self, entry: Entry, position: Position) -> Position:
        return self.position.moved(entry.owner, entry.sequence, position.streams[entry.owner])

    def _block(self, entry: Entry, data: str, position: Position) -> bytes:
        withheld = self.source.view.withheld(entry.aggregate, entry.place)
        event = cloud_event(entry, without(data, withheld), withheld)
        return f"{self._id(self._after(entry, position))}event: {entry.type}\ndata: {event}\n\n".encode()

    def _id(self, position: Position) -> str:
        self._marked = position
        return f"id: {self.cursors.encode(position)}\n"


def cloud_event(entry: Entry, data: str, withheld: tuple[str, ...] = ()) -> str:
    """Return an event as a CloudEvents 1.0 structured-mode JSON object on one line, without who did it and why."""
    version = CATALOG[entry.type].version if entry.type in CATALOG else 1
    told: dict[str, object] = {
        "specversion": "1.0",
        "id": entry.event_id,
        "source": f"/services/{entry.owner}",
        "type": f"org.devcoop.{entry.type}.v{version}",
        "subject": entry.id,
        "time": entry.occurred_at,
        "datacontenttype": "application/json",
        "aggregate": entry.aggregate,
        "aggregateversion": entry.version,
        "identifier": entry.identifier,
    }
    if entry.erased:
        told["erased"] = True
    if withheld:
        told["withheld"] = ",".join(sorted(withheld))
    return f'{to_json(told).decode()[:-1]},"data":{data}}}'
