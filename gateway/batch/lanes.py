"""Jobs in lanes: those of one lane run one after the other, lanes run side by side, results come in the order of jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")

MOST_WAITING = 8 * 1024**2
"""Size of the jobs that wait in all lanes, beyond which ``room`` waits for some to be done."""
MOST_UNREAD = 64 * 1024**2
"""Size of the results that nobody took, beyond which no further job begins."""

Job = Callable[[], Awaitable[T]]


class Turns:
    """Lets one job at a time run of all that have the same key, whichever request they are of."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, who: str, lane: str) -> asyncio.Lock:
        """Return what is held while a job of somebody runs in a lane."""
        return self._locks.setdefault((who, lane), asyncio.Lock())


@dataclass(slots=True)
class _Waiting(Generic[T]):
    job: Job[T]
    slot: asyncio.Future[T]
    size: int


class Lanes(Generic[T]):
    """The lanes of one request; ``size_of`` tells the size of a result.

    What is added never waits for results to be taken, so that a caller who sends all before it reads is served.
    """

    def __init__(
        self, group: asyncio.TaskGroup, turn: Callable[[str], asyncio.Lock], size_of: Callable[[T], int]
    ) -> None:
        self._group, self._turn, self._size_of = group, turn, size_of
        self._order: asyncio.Queue[asyncio.Future[T] | None] = asyncio.Queue()
        self._lanes: dict[str, asyncio.Queue[_Waiting[T] | None]] = {}
        self._waiting = self._unread = 0
        self._room, self._taken = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._taken.set()
        self.is_stopped = False

    def add(self, lane: str, job: Job[T], *, size: int = 0) -> None:
        """Let a job run behind those of its lane; a job does not raise."""
        slot: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._order.put_nowait(slot)
        if lane not in self._lanes:
            self._lanes[lane] = asyncio.Queue()
            self._group.create_task(self._run(lane, self._lanes[lane]))
        self._waiting += size
        if self._waiting > MOST_WAITING:
            self._room.clear()
        self._lanes[lane].put_nowait(_Waiting(job, slot, size))

    def tell(self, result: T) -> None:
        """Add a result that is known already."""
        slot: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._note(slot, result)
        self._order.put_nowait(slot)

    async def room(self) -> None:
        """Wait until few enough jobs wait."""
        await self._room.wait()

    def close(self) -> None:
        """Add nothing further."""
        self._order.put_nowait(None)
        for lane in self._lanes.values():
            lane.put_nowait(None)

    def stop(self) -> None:
        """Begin no further job; those that run end, and results end before the first that did not begin."""
        self.is_stopped = True
        self._room.set()
        self._taken.set()
        self._order.put_nowait(None)

    async def results(self) -> AsyncIterator[T]:
        """Yield each result as soon as it and all before it are there."""
        while (slot := await self._order.get()) is not None:
            await asyncio.wait([slot])
            if slot.cancelled():
                return
            result = slot.result()
            self._unread -= self._size_of(result)
            if self._unread <= MOST_UNREAD:
                self._taken.set()
            yield result

    async def _run(self, lane: str, queue: "asyncio.Queue[_Waiting[T] | None]") -> None:
        while (waiting := await queue.get()) is not None:
            await self._taken.wait()
            async with self._turn(lane):
                if self.is_stopped:
                    waiting.slot.cancel()
                else:
                    self._note(waiting.slot, await waiting.job())
            self._waiting -= waiting.size
            if self._waiting <= MOST_WAITING:
                self._room.set()

    def _note(self, slot: "asyncio.Future[T]", result: T) -> None:
        self._unread += self._size_of(result)
        if self._unread > MOST_UNREAD and not self.is_stopped:
            self._taken.clear()
        slot.set_result(result)
