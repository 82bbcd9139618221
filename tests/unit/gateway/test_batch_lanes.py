"""Lanes: order within one, none between them, results in the order of the jobs, and an end when asked."""

import asyncio

import pytest

from gateway.batch import lanes as module
from gateway.batch.lanes import Lanes, Turns


class Run:
    """Lanes with jobs that wait for a signal each."""

    def __init__(self, group: asyncio.TaskGroup, turns: Turns | None = None) -> None:
        turns = turns or Turns()
        self.lanes: Lanes[str] = Lanes(group, lambda lane: turns.of("me", lane), len)
        self.begun: list[str] = []
        self.signals: dict[str, asyncio.Event] = {}

    def add(self, lane: str, name: str, size: int = 0) -> None:
        self.signals[name] = asyncio.Event()

        async def job() -> str:
            self.begun.append(name)
            await self.signals[name].wait()
            return name

        self.lanes.add(lane, job, size=size)

    async def collect(self) -> list[str]:
        return [result async for result in self.lanes.results()]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_lanes_run_side_by_side_and_results_come_in_order():
    async with asyncio.TaskGroup() as group:
        run = Run(group)
        for lane, name in (("a", "1"), ("a", "2"), ("b", "3")):
            run.add(lane, name)
        run.lanes.tell("4")
        run.lanes.close()
        results = group.create_task(run.collect())
        await settle()
        assert run.begun == ["1", "3"]
        run.signals["3"].set()
        await settle()
        assert not results.done()
        run.signals["1"].set()
        await settle()
        assert run.begun == ["1", "3", "2"]
        run.signals["2"].set()
        assert await results == ["1", "2", "3", "4"]


async def test_a_stop_lets_what_runs_end_and_begins_nothing():
    async with asyncio.TaskGroup() as group:
        run = Run(group)
        for name in ("1", "2", "3"):
            run.add("a", name)
        results = group.create_task(run.collect())
        await settle()
        run.lanes.stop()
        run.lanes.close()
        run.signals["1"].set()
        assert await results == ["1"]
    assert run.begun == ["1"]


async def test_all_requests_of_one_caller_take_turns_in_a_lane():
    turns = Turns()
    async with asyncio.TaskGroup() as group:
        first, second = Run(group, turns), Run(group, turns)
        first.add("a", "1")
        second.add("a", "2")
        second.add("b", "3")
        await settle()
        assert (first.begun, second.begun) == (["1"], ["3"])
        first.signals["1"].set()
        await settle()
        assert second.begun == ["3", "2"]
        for run in (first, second):
            run.lanes.close()
            for signal in run.signals.values():
                signal.set()


async def test_reading_waits_for_jobs_and_jobs_for_results_to_be_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    monkeypatch.setattr(module, "MOST_UNREAD", 1)
    async with asyncio.TaskGroup() as group:
        run = Run(group)
        run.add("a", "11", size=6)
        run.add("a", "22", size=6)
        room = group.create_task(run.lanes.room())
        await settle()
        assert not room.done()
        run.signals["11"].set()
        await room
        await settle()
        assert run.begun == ["11"]  # nobody took its result
        run.signals["22"].set()
        run.lanes.close()
        assert await run.collect() == ["11", "22"]
