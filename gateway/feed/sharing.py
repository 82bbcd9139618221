"""Reads that many streams make at the same moment, made once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from gateway.projection.generations import ReadModel

MOST_KEPT = 64

T = TypeVar("T")


class Once:
    """Makes a read once until the read model moves, however many ask for it; whoever comes meanwhile waits for it too."""

    def __init__(self, read_model: ReadModel) -> None:
        self._read_model = read_model
        self._epoch = read_model.next_move()
        self._reads: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return what a read gives; ``key`` tells what is read."""
        epoch = self._read_model.next_move()
        if epoch is not self._epoch or len(self._reads) >= MOST_KEPT:
            self._epoch, self._reads = epoch, {}
        task = self._reads.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._reads[key] = asyncio.ensure_future(_awaited(read))
        result: T = await asyncio.shield(task)
        return result


async def _awaited(read: Callable[[], Awaitable[T]]) -> T:
    return await read()
