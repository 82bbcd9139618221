"""A partner's endpoint on a port of this machine: keeps what it is sent, and answers as it is told to."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

REASONS = b"HTTP/1.1 %d OK\r\ncontent-length: %d\r\n%b\r\n%b"


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """How to answer: after a while, or not at all where the status is 0; the body comes as late as told."""

    status: int = 204
    seconds: float = 0
    headers: str = ""
    body: bytes = b""
    late: float = 0


Behaviour = Callable[[Received], Answer]


class Receiver:
    """Listens until it is stopped; started again it has the same address."""

    def __init__(self, behave: Behaviour | None = None) -> None:
        self.behave: Behaviour = behave or (lambda _: Answer())
        self.received: list[Received] = []
        self.taken: list[Received] = []
        """Those that were answered with success, in the order of the answers."""
        self.at_once = self.most_at_once = 0
        self._server: asyncio.Server | None = None
        self.connections: set[asyncio.Transport] = set()
        self.port = 0
        self.news = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for transport in list(self.connections):
                transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def until(self, holds: Callable[[], bool], *, seconds: float = 15) -> None:
        """Wait until a condition holds of what came."""
        async with asyncio.timeout(seconds):
            while not holds():
                self.news.clear()
                try:
                    await asyncio.wait_for(self.news.wait(), 0.1)
                except TimeoutError:
                    continue

    async def takes(self, count: int, *, seconds: float = 15) -> list[Received]:
        """Wait until so many were taken, and return them."""
        await self.until(lambda: len(self.taken) >= count, seconds=seconds)
        return self.taken

    def by_thing(self) -> dict[str, list[tuple[int, str]]]:
        """Return versions and ids of what was taken, by thing, each id once."""
        told: dict[str, list[tuple[int, str]]] = defaultdict(list)
        seen: set[str] = set()
        for each in self.taken:
            if each.id not in seen:
                seen.add(each.id)
                data = each.payload["data"]
                told[f"{data['aggregate']}/{data['id']}"].append((data["version"], each.id))
        return told


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._receiver.connections.add(transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._receiver.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        lines = head.decode("latin-1").split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(rest) < int(headers.get("content-length", 0)):
            return
        self._buffer = b""
        receiver = self._receiver
        request = Received(headers, rest)
        receiver.received.append(request)
        receiver.at_once += 1
        receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
        answer = receiver.behave(request)
        if answer.seconds:
            asyncio.get_running_loop().call_later(answer.seconds, self._answer, request, answer)
        else:
            self._answer(request, answer)

    def _answer(self, request: Received, answer: Answer) -> None:
        receiver = self._receiver
        receiver.at_once -= 1
        if answer.status == 0 or self._transport.is_closing():
            self._transport.abort()
            return
        if 200 <= answer.status < 300:
            receiver.taken.append(request)
        head = answer.headers.encode() + (b"\r\n" if answer.headers else b"")
        now, later = (b"", answer.body) if answer.late else (answer.body, b"")
        self._transport.write(REASONS % (answer.status, len(answer.body), head, now))
        if later:
            asyncio.get_running_loop().call_later(answer.late, self._transport.write, later)
        receiver.news.set()
