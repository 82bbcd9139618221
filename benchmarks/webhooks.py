"""Deliveries to 50 healthy endpoints beside a bare httpx loop that posts the same bodies to the same endpoints.

Ours is everything: from the request that asks for a replay, over the router that writes the deliveries and the sender that
reads, renders, signs and sends them and writes down how each attempt went, to the last answer of an endpoint.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
import uvloop
from rich.console import Console

from benchmarks.figures import at_least, per_second, percent, ratio, table
from benchmarks.stand import STOP_SECONDS, Stand
from deploy.local.loopback import open_url

ENDPOINTS = 50
LEAST_EVENTS = 150
BARE_EVENTS = 60
"""Of which the bare loop posts the bodies: it is a rate that is measured."""
ROUNDS = 3
MOST_SECONDS = 120
BAR = 0.5
TYPE = "projects.activity.registered"

_SINCE = """
SELECT recorded_at, (SELECT count(*) FROM {schema}.fact WHERE type = $1 AND recorded_at >= f.recorded_at) AS count
FROM {schema}.fact f WHERE type = $1 ORDER BY recorded_at DESC OFFSET $2 LIMIT 1
"""
_BODIES = "SELECT id, identifier, version, occurred_at, data FROM {schema}.fact WHERE type = $1 AND recorded_at >= $2"


class Endpoints:
    """The process that takes deliveries."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.ports: list[int] = json.loads(self._line())

    @property
    def answered(self) -> int:
        """How many requests were answered so far."""
        assert self._process.stdin is not None  # noqa: S101  (told to the type checker)
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._line())

    def await_answered(self, count: int) -> None:
        """Wait until so many were answered.

        Raises:
            TimeoutError: that takes too long.

        """
        deadline = time.monotonic() + MOST_SECONDS
        while self.answered < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self.answered} of {count} deliveries came")
            time.sleep(0.01)

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101
        return self._process.stdout.readline()


@contextmanager
def endpoints() -> Iterator[Endpoints]:
    """Start the process of the endpoints, and stop it at the end."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "benchmarks.receivers", str(ENDPOINTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Endpoints(process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def measure(stand: Stand, console: Console) -> None:
    """Measure and print the table."""
    since, count, bodies = asyncio.run(_events(stand.dsn("gateway")))
    shown = table(
        f"Webhooks: {count} events to {ENDPOINTS} healthy endpoints, until the last answer",
        ["payload"],
        ["deliveries/s", "bare httpx/s", "ratio", f"≥ {percent(BAR)}"],
    )
    with endpoints() as listening:
        for form in ("thin", "full"):
            hooks = [_subscribe(stand, port, form) for port in listening.ports]
            posted = [each[form] for each in bodies]
            ours, bare = [], []
            for _ in range(ROUNDS):
                ours.append(count * ENDPOINTS / _replayed(stand, listening, hooks, since, count))
                bare.append(stand.in_child(run, listening.ports, posted[:BARE_EVENTS]))
            for hook in hooks:
                _ask(stand, "DELETE", f"/v1/webhooks/{hook}")
            share = ratio(ours, bare)
            shown.add_row(form, per_second(ours), per_second(bare), percent(share), at_least(share, BAR))
    console.print(shown)


def run(ports: Sequence[int], bodies: Sequence[bytes]) -> float:
    """Return how many bodies a second a bare loop posts to all endpoints, one after the other to each."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_post_all(ports, bodies))


async def _post_all(ports: Sequence[int], bodies: Sequence[bytes]) -> float:
    """Post with a client for each endpoint: one pool for all would look through all connections at each request."""
    headers = {"content-type": "application/json"}
    limits = httpx.Limits(max_connections=1)

    async def post(port: int) -> None:
        async with httpx.AsyncClient(limits=limits, trust_env=False, verify=False) as client:  # noqa: S501  (no TLS)
            for body in bodies:
                answer = await client.post(f"http://127.0.0.1:{port}/", content=body, headers=headers)
                answer.raise_for_status()

    started = time.perf_counter()
    await asyncio.gather(*(post(port) for port in ports))
    return len(ports) * len(bodies) / (time.perf_counter() - started)


def _replayed(stand: Stand, listening: Endpoints, hooks: Sequence[str], since: str, count: int) -> float:
    """Ask for a replay to all endpoints, and return the seconds until all was delivered."""
    before = listening.answered
    started = time.perf_counter()
    for hook in hooks:
        _ask(stand, "POST", f"/v1/webhooks/{hook}/replay", {"since": since})
    listening.await_answered(before + count * len(hooks))
    return time.perf_counter() - started


def _subscribe(stand: Stand, port: int, form: str) -> str:
    told = {"url": f"http://127.0.0.1:{port}/", "event_types": [TYPE], "payload": form}
    return str(_ask(stand, "POST", "/v1/webhooks", told)["webhook"]["id"])


def _ask(stand: Stand, method: str, target: str, told: Any = None) -> Any:  # noqa: ANN401
    request = urllib.request.Request(  # noqa: S310
        f"{stand.gateway}{target}",
        method=method,
        data=None if told is None else json.dumps(told).encode(),
        headers={"Authorization": stand.authorization, "Content-Type": "application/json"},
    )
    with open_url(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


async def _events(dsn: str) -> tuple[str, int, list[dict[str, bytes]]]:
    """Return a moment since which enough was registered, how much that is, and bodies that tell it."""
    connection = await asyncpg.connect(dsn)
    try:
        id_ = await connection.fetchval("SELECT max(id) FROM generation WHERE state = 'active'")
        schema = f"read_{id_}"
        row = await connection.fetchrow(_SINCE.format(schema=schema), TYPE, LEAST_EVENTS)
        rows = await connection.fetch(_BODIES.format(schema=schema), TYPE, row["recorded_at"])
    finally:
        await connection.close()
    bodies = [_bodies(each) for each in rows]
    return row["recorded_at"].isoformat(), row["count"], bodies


def _bodies(row: asyncpg.Record) -> dict[str, bytes]:
    data = {
        "aggregate": "activity",
        "id": str(row["id"]),
        "identifier": row["identifier"],
        "version": row["version"],
        "url": f"http://127.0.0.1:8100/v1/activities/{row['identifier']}",
    }
    told = {"type": TYPE, "timestamp": row["occurred_at"].isoformat(), "data": data}
    full = {**told, "data": {**data, "document": json.loads(row["data"])}}
    return {"thin": json.dumps(told).encode(), "full": json.dumps(full).encode()}
