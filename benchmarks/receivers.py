"""Endpoints of partners that take whatever they are sent, all in one process: ``python -m benchmarks.receivers COUNT``.

It prints its ports, and then, for each line that it reads, how many requests it has answered so far.
"""

import asyncio
import json
import sys

import uvloop

ANSWER = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
_LENGTH = b"content-length: "


class Endpoint(asyncio.Protocol):
    """One connection, with one request under way at a time."""

    answered = 0

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request once it is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(_LENGTH)
        length = 0 if at < 0 else int(head[at + len(_LENGTH) :].partition(b"\r\n")[0])
        if len(self._buffer) - end - 4 >= length:
            self._buffer = b""
            Endpoint.answered += 1
            self._transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve(count: int) -> None:
    """Listen on as many ports, and tell how many requests were answered whenever it is asked."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Endpoint, "127.0.0.1", 0) for _ in range(count)]
    sys.stdout.write(json.dumps([each.sockets[0].getsockname()[1] for each in servers]) + "\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(f"{Endpoint.answered}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
