"""A load generator that costs little: HTTP/1.1 with keep-alive over bare sockets, in a process of its own.

Each connection has one request under way at a time. A request is bytes, made before the clock starts; a place in
it may be filled with a serial number, so that no two writes are the same.
"""

import asyncio
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop

SERIAL = b"##########"
"""Where the serial number goes in a request; it is as long as the number."""

MOST_REQUESTS = 200_000
ANSWER_SECONDS = 30.0

HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask, from how many connections, for how long; the requests are gone through again and again."""

    address: str
    clients: int
    seconds: float
    requests: Sequence[bytes]
    first_serial: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What a job came to; ``latencies`` are in seconds, in ascending order."""

    seconds: float
    failures: int
    latencies: Sequence[float]

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, share: float) -> float:
        """Return the latency that a share of the requests stayed below."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))] * 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and head of an answer; the body is only counted."""

    status: int
    head: bytes

    def header(self, name: str) -> str:
        """Return a header.

        Raises:
            ValueError: the answer has no such header.

        """
        mark = f"\r\n{name.lower()}: ".encode()
        at = self.head.lower().index(mark) + len(mark)
        return self.head[at : self.head.index(b"\r\n", at)].decode()


class Connection(asyncio.Protocol):
    """One connection, with one request under way at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._head = b""
        self._missing = -1

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request; its answer is the result."""
        assert self._transport is not None  # noqa: S101  (told to the type checker)
        self._waiting = self._loop.create_future()
        self._head, self._missing = b"", -1
        self._transport.write(request)
        return self._waiting

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; its length is known from the head."""
        if self._missing < 0:
            self._head += data
            end = self._head.find(HEAD_END)
            if end < 0:
                return
            body = len(self._head) - end - len(HEAD_END)
            self._head = self._head[: end + 2]
            self._missing = _length(self._head) - body
        else:
            self._missing -= len(data)
        if self._missing <= 0 and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(int(self._head[9:12]), self._head))

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell who waits that there will be no answer."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server closed the connection"))


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return 0 if at < 0 else int(head[at + len(_LENGTH) : head.index(b"\r\n", at)])


async def connect(address: str) -> Connection:
    """Open a connection to a server of this machine."""
    place = urlsplit(address)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, place.hostname or "127.0.0.1", place.port or 80)
    return connection


def get(target: str, **headers: str) -> bytes:
    """Return a GET request."""
    return _request(f"GET {target} HTTP/1.1", headers) + b"\r\n"


def post(target: str, body: bytes, **headers: str) -> bytes:
    """Return a POST request with a JSON body."""
    told = {**headers, "content_type": "application/json", "content_length": str(len(body))}
    return _request(f"POST {target} HTTP/1.1", told) + b"\r\n" + body


def _request(line: str, headers: dict[str, str]) -> bytes:
    lines = [
        line,
        "host: 127.0.0.1",
        *(f"{name.replace('_', '-')}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, ""]).encode()


def with_serial(request: bytes, serial: int) -> bytes:
    """Return a request with a number in its place."""
    return request.replace(SERIAL, b"%010d" % serial)


def run(job: Job) -> Load:
    """Do a job, in this process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(job))


async def _run(job: Job) -> Load:
    connections = [await connect(job.address) for _ in range(job.clients)]
    requests = _requests(job)
    latencies = array("d")
    started = time.perf_counter()
    until = started + job.seconds
    async with asyncio.timeout(job.seconds + ANSWER_SECONDS):
        failures = await asyncio.gather(*(_client(each, requests, until, latencies) for each in connections))
    seconds = time.perf_counter() - started
    for each in connections:
        each.close()
    return Load(seconds, sum(failures), sorted(latencies))


def _requests(job: Job) -> Iterator[bytes]:
    for number in range(MOST_REQUESTS):
        request = job.requests[number % len(job.requests)]
        yield with_serial(request, job.first_serial + number) if SERIAL in request else request


async def _client(
    connection: Connection, requests: Iterator[bytes], until: float, latencies: "array[float]"
) -> int:
    """Ask one request after another until the time is over; return how many were not answered well."""
    failures = 0
    now = time.perf_counter()
    for request in requests:
        answer = await connection.ask(request)
        sent, now = now, time.perf_counter()
        latencies.append(now - sent)
        failures += not 200 <= answer.status < 300  # noqa: PLR2004
        if now >= until:
            break
    return failures
