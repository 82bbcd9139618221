"""What the processes of the system spend: CPU seconds since a moment, and their peak of memory."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from rich.table import Table

from benchmarks.figures import percent, table
from benchmarks.stand import Stand

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds by process, and the time by the clock."""

    seconds: dict[str, float]
    wall: float

    def since(self, before: "Spent") -> "Spent":
        """Return what was spent after an earlier reading."""
        seconds = {name: value - before.seconds[name] for name, value in self.seconds.items()}
        return Spent(seconds, self.wall - before.wall)


class Watch:
    """Reads the processes of a system; PostgreSQL is one of them with all its backends."""

    def __init__(self, stand: Stand) -> None:
        services = stand.system.processes.items()
        self._processes = {name: psutil.Process(process.pid) for name, process in services}
        self._postgres = asyncio.run(_postmaster(stand.dsn("gateway")))
        for child in psutil.Process().children():
            if child.name().startswith("nats-server"):
                self._processes["NATS"] = child

    def read(self) -> Spent:
        """Return the CPU seconds so far."""
        seconds = {name: _cpu(process) for name, process in self._processes.items()}
        ended = self._postgres.cpu_times()
        backends = sum(_cpu(child) for child in self._postgres.children(recursive=True))
        seconds["PostgreSQL"] = _cpu(self._postgres) + ended.children_user + ended.children_system + backends
        return Spent(seconds, time.perf_counter())

    def peaks(self) -> dict[str, float]:
        """Return the peak of resident memory since the start in megabytes; of PostgreSQL that of its largest backend."""
        peaks = {name: _peak(process) for name, process in self._processes.items()}
        peaks["PostgreSQL"] = max(_peak(child) for child in self._postgres.children(recursive=True))
        return peaks


def spent_table(
    title: str, unit: str, count: int, spent: Sequence[Spent], peaks: Mapping[str, float] | None = None
) -> Table:
    """Return the CPU time of each process for one of ``count`` units of work, and its peak of memory so far."""
    totals = {name: sum(each.seconds[name] for each in spent) for name in spent[0].seconds}
    whole = sum(totals.values())
    busy = whole / sum(each.wall for each in spent)
    numbers = [f"CPU ms per {unit}", "share", *(["peak RSS MB"] if peaks else [])]
    shown = table(f"{title} by process ({busy:.1f} CPUs busy)", ["Process"], numbers)
    for name, seconds in sorted(totals.items(), key=lambda item: -item[1]):
        memory = [f"{peaks[name]:,.0f}"] if peaks else []
        shown.add_row(name, f"{seconds / count * 1000:.2f}", percent(seconds / whole), *memory)
    shown.add_row("all", f"{whole / count * 1000:.2f}", "100 %")
    return shown


async def _postmaster(dsn: str) -> psutil.Process:
    connection = await asyncpg.connect(dsn)
    try:
        backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
        parent = backend.parent()
    finally:
        await connection.close()
    if parent is None:
        raise RuntimeError("a backend of PostgreSQL has no parent")
    return parent


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _peak(process: psutil.Process) -> float:
    """Return the peak where the system tells it (Linux), else what the process holds now."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kilobytes) * 1024 / MEGABYTE
    except (OSError, StopIteration):
        return float(process.memory_info().rss / MEGABYTE) if process.is_running() else 0.0
