"""A link that drops: a TCP proxy on loopback that cuts every connection after some seconds, some in the middle of a byte stream."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PART_BYTES = 4096
START_SECONDS = 30


@dataclass
class FaultProxy:
    """Passes bytes on to a server until the connection is cut.

    A cut is a reset, as of a line that is gone: what was on its way is lost, in both directions. ``dropping`` is the
    chance that a part of at most 4 KiB is passed on in part only, and the connection reset there; ``bytes_per_second``
    is the speed of each connection and direction, None for as fast as it goes.
    """

    target: str
    seconds: float = 2.0
    dropping: float = 0.0
    bytes_per_second: int | None = None
    seed: int = 0
    connections: int = 0
    cuts: int = 0
    port: int = 0
    _draw: random.Random = field(default_factory=random.Random)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection until it ends or is cut."""
        self.connections += 1
        parts = urlsplit(self.target)
        try:
            server_reader, server_writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            writer.transport.abort()
            return
        pumps = [
            asyncio.create_task(self.pump(reader, server_writer)),
            asyncio.create_task(self.pump(server_reader, writer)),
        ]
        try:
            done, _ = await asyncio.wait(pumps, timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED)
            if not done or not all(each.result() for each in done):
                self.cuts += 1
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.transport.abort()
            server_writer.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Pass bytes on one way, and return whether the other end closed in good order."""
        with suppress(ConnectionError):
            while part := await reader.read(PART_BYTES):
                dropped = self._draw.random() < self.dropping
                writer.write(part[: self._draw.randrange(len(part))] if dropped else part)
                await writer.drain()
                if dropped:
                    return False
                if self.bytes_per_second is not None:
                    await asyncio.sleep(len(part) / self.bytes_per_second)
            return True
        return False

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        self._draw = random.Random(self.seed)  # noqa: S311  (faults that can be had again)
        taken: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self.take(reader, writer))
            taken.add(task)
            task.add_done_callback(taken.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        server.close()
        for task in taken:
            task.cancel()
        await asyncio.gather(*taken, return_exceptions=True)


@contextmanager
def faulty_link(target: str, **faults: float) -> Iterator[FaultProxy]:
    """Yield a proxy in front of a server, on a free port."""
    proxy, started, ended = FaultProxy(target, **faults), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(proxy.serve(started, ended),))
    thread.start()
    try:
        assert started.wait(START_SECONDS), "the proxy does not start"
        yield proxy
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(START_SECONDS)
        loop.close()
