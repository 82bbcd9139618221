"""The supervisor: starts again what fails, and stops in bounded time."""

import asyncio
import time

import pytest

from shared.chassis.workers import Supervisor, pause


class Worker:
    """A worker that fails as often as it is told, and then works until it is stopped."""

    def __init__(self, *, failures=0, deaf=False):
        self.name = "tested"
        self.failures, self.deaf = failures, deaf
        self.runs = 0
        self.working = asyncio.Event()
        self.finished = False

    async def run(self, stop):
        self.runs += 1
        if self.runs <= self.failures:
            raise RuntimeError(f"failure {self.runs}")
        self.working.set()
        await (asyncio.Event() if self.deaf else stop).wait()
        self.finished = True


@pytest.fixture
async def supervisor():
    supervisor = Supervisor()
    yield supervisor
    await supervisor.stop()


async def test_a_worker_that_fails_is_started_again_and_its_failures_are_told(supervisor):
    worker = Worker(failures=2)
    supervisor.start(worker)
    await asyncio.wait_for(worker.working.wait(), 20)
    (supervised,) = supervisor.workers
    assert (supervised.running, supervised.failures, worker.runs) == (True, 2, 3)
    assert supervised.last_error == "RuntimeError"


async def test_a_worker_that_fails_costs_no_other(supervisor):
    bad, good = Worker(failures=1000), Worker()
    supervisor.start(bad)
    supervisor.start(good)
    await asyncio.wait_for(good.working.wait(), 20)
    await asyncio.sleep(0.15)
    assert [each.running for each in supervisor.workers] == [False, True]


async def test_a_worker_that_fails_at_once_does_not_spin(supervisor):
    worker = Worker(failures=1_000_000)
    supervisor.start(worker)
    await asyncio.sleep(0.5)
    assert worker.runs <= 4


async def test_workers_finish_what_is_under_way(supervisor):
    worker = Worker()
    supervisor.start(worker)
    await worker.working.wait()
    await supervisor.stop()
    assert worker.finished
    assert not supervisor.workers[0].running


async def test_a_worker_that_does_not_listen_is_ended():
    supervisor = Supervisor(stop_seconds=0.2)
    worker = Worker(deaf=True)
    supervisor.start(worker)
    await worker.working.wait()
    started = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - started < 5
    assert not worker.finished


async def test_a_worker_between_two_tries_is_stopped_at_once(supervisor, monkeypatch):
    monkeypatch.setattr("shared.chassis.workers.PAUSES", (60.0,))
    worker = Worker(failures=1000)
    supervisor.start(worker)
    await asyncio.sleep(0.1)
    assert worker.runs == 1
    started = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - started < 5


async def test_a_supervisor_without_workers_stops():
    await Supervisor().stop()


async def test_a_pause_ends_when_the_work_does():
    stop = asyncio.Event()
    started = time.monotonic()
    await pause(stop, 0.05)
    assert time.monotonic() - started >= 0.04
    stop.set()
    await pause(stop, 60)
    assert time.monotonic() - started < 10
