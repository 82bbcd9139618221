"""From the answer of a write to its sight in the gateway, while others write at half of what the system takes."""

import asyncio
import time
from dataclasses import dataclass

import uvloop
from rich.console import Console

from benchmarks.figures import at_most, table
from benchmarks.load import MOST_REQUESTS, SERIAL, Connection, Load, connect, get, with_serial
from benchmarks.stand import Stand
from benchmarks.writes import measured_rate, write_request

SECONDS = 6.0
WATCHED_PER_SECOND = 40
WRITERS, WATCHERS = 16, 32
P50_BAR, P99_BAR = 25.0, 100.0


@dataclass(frozen=True, slots=True)
class Paced:
    """Writes at a steady rate, of which some are watched for."""

    projects: str
    gateway: str
    request: bytes
    authorization: str
    identifier: str
    first_serial: int
    rate: float


@dataclass(slots=True)
class _Run:
    paced: Paced
    writers: "asyncio.Queue[Connection]"
    watchers: "asyncio.Queue[Connection]"
    seen: list[float]
    failures: int = 0


def run(paced: Paced) -> Load:
    """Write and watch, in this process; the latencies are those of the watched writes."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(paced))


async def _run(paced: Paced) -> Load:
    state = _Run(paced, asyncio.Queue(), asyncio.Queue(), [])
    for queue, count, address in (
        (state.writers, WRITERS, paced.projects),
        (state.watchers, WATCHERS, paced.gateway),
    ):
        for _ in range(count):
            queue.put_nowait(await connect(address))
    every = max(1, round(paced.rate / WATCHED_PER_SECOND))
    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(paced.rate * SECONDS)):
            await asyncio.sleep(max(0.0, started + number / paced.rate - time.perf_counter()))
            writer = await state.writers.get()
            tasks.create_task(_write(state, writer, paced.first_serial + number, watched=number % every == 0))
    return Load(time.perf_counter() - started, state.failures, sorted(state.seen))


async def _write(state: _Run, writer: Connection, serial: int, *, watched: bool) -> None:
    answer = await writer.ask(with_serial(state.paced.request, serial))
    answered = time.perf_counter()
    state.writers.put_nowait(writer)
    if answer.status != 201:  # noqa: PLR2004
        state.failures += 1
    elif watched:
        target = f"/v1/results/projects/{state.paced.identifier.replace(SERIAL.decode(), f'{serial:010d}')}"
        watcher = await state.watchers.get()
        headers = {
            "authorization": state.paced.authorization,
            "devcoop_after": answer.header("devcoop-write"),
        }
        seen = await watcher.ask(get(target, **headers))
        if seen.status == 200:  # noqa: PLR2004
            state.seen.append(time.perf_counter() - answered)
        else:
            state.failures += 1
        state.watchers.put_nowait(watcher)


def measure(stand: Stand, console: Console) -> None:
    """Measure and print the table."""
    request = write_request(stand)
    rate = measured_rate(stand, request) / 2
    at = request.index(b'"iati_identifier": "') + len(b'"iati_identifier": "')
    identifier = request[at : request.index(b'"', at)].decode()
    serial = stand.serials(MOST_REQUESTS)
    paced = Paced(stand.projects, stand.gateway, request, stand.authorization, identifier, serial, rate)
    load = stand.in_child(run, paced)
    stand.settle()
    p50, p99 = load.milliseconds(0.5), load.milliseconds(0.99)
    shown = table(
        "From the answer of a write until a read sees it, at half of the write rate",
        [],
        ["Writes/s", "watched", "p50 ms", f"≤ {P50_BAR:g}", "p99 ms", f"≤ {P99_BAR:g}", "worst ms", "failed"],
    )
    shown.add_row(
        f"{int(rate * SECONDS) / load.seconds:,.0f}",
        str(len(load.latencies)),
        f"{p50:.1f}",
        at_most(p50, P50_BAR),
        f"{p99:.1f}",
        at_most(p99, P99_BAR),
        f"{load.latencies[-1] * 1000:.1f}",
        str(load.failures),
    )
    console.print(shown)
