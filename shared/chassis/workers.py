"""Long-lived work of a process: supervised, named, visible in ``/readyz``, and stopped in order."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Protocol

import structlog

STOP_SECONDS = 10
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
GOOD_SECONDS = 30
"""A worker that ran this long before it failed begins again with the shortest pause."""

_log = structlog.get_logger()


class Worker(Protocol):
    """Work that goes on until it is told to stop."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is under way."""


@dataclass(slots=True)
class Supervised:
    """A worker with its task and how it fares."""

    worker: Worker
    failures: int = 0
    last_error: str | None = None
    running: bool = field(default=False)


class Supervisor:
    """Runs workers, starts again what fails, and stops all of them at the end."""

    def __init__(self, *, stop_seconds: float = STOP_SECONDS) -> None:
        self._stop_seconds = stop_seconds
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.workers: list[Supervised] = []

    def start(self, worker: Worker) -> None:
        """Begin a worker's work."""
        supervised = Supervised(worker)
        self.workers.append(supervised)
        self._tasks.append(asyncio.create_task(self._supervise(supervised), name=worker.name))

    async def stop(self) -> None:
        """Tell every worker to stop, and end those that take too long."""
        self._stop.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._stop_seconds)
        for task in late:
            _log.error("worker.cancelled", worker=task.get_name())
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _supervise(self, supervised: Supervised) -> None:
        attempt = 0
        while not self._stop.is_set():
            started = asyncio.get_running_loop().time()
            supervised.running = True
            try:
                await supervised.worker.run(self._stop)
            except Exception as error:  # noqa: BLE001  (whatever it is, the work has to go on)
                supervised.failures += 1
                supervised.last_error = type(error).__name__
                _log.error("worker.failed", worker=supervised.worker.name, exc_info=error)
            finally:
                supervised.running = False
            if asyncio.get_running_loop().time() - started > GOOD_SECONDS:
                attempt = 0
            await pause(self._stop, PAUSES[min(attempt, len(PAUSES) - 1)])
            attempt += 1


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the moment that ``stop`` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
