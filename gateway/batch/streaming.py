"""A body that is read while its answer is written.

The answer begins at once. Reading never waits for the caller to read; writing waits for as long as the caller takes,
within bounds. A body that breaks off ends the answer behind what had begun, and so does the end of the process.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import structlog
from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.batch.lanes import Lanes, Turns
from gateway.feed.encodings import chosen, packer

T = TypeVar("T")

NDJSON = "application/x-ndjson"

_log = structlog.get_logger()


class BrokenOff(Exception):
    """The body will not come to its end."""


class Body:
    """The body of a request; once it is read, waits for the caller to go away."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body piece by piece.

        Raises:
            BrokenOff: the caller went away, or was too slow.

        """
        while not self._complete:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BrokenOff
            self._complete = not message.get("more_body", False)
            yield message.get("body", b"")

    async def gone(self) -> None:
        """Wait until the caller is gone."""
        message = await self._receive()
        while message["type"] == "http.request":
            message = await self._receive()


class LineStream(Response, Generic[T]):
    """Answers one line for each result of lanes.

    ``fill`` adds to the lanes what the body asks for; ``write`` makes the line of a result, and ``end`` the last one, by
    whether the lanes were stopped.
    """

    media_type = NDJSON

    def __init__(  # noqa: PLR0913
        self,
        request: Request,
        *,
        fill: Callable[[Body, Lanes[T]], Awaitable[None]],
        write: Callable[[T], bytes],
        end: Callable[[bool], bytes],
        size_of: Callable[[T], int],
        turns: Turns,
        stall_seconds: float,
    ) -> None:
        coding = chosen(request.headers.get("accept-encoding"))
        super().__init__(headers={"Content-Encoding": coding} if coding != "identity" else None)
        del self.headers["content-length"]
        self._packing = packer(coding)
        self._fill, self._write, self._end, self._size_of = fill, write, end, size_of
        self._turns, self._stall_seconds = turns, stall_seconds
        self._who = request.scope["state"]["principal"].id
        self._closing: asyncio.Event = request.app.closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Read and answer."""
        body = Body(receive)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as group:
            lanes: Lanes[T] = Lanes(group, lambda lane: self._turns.of(self._who, lane), self._size_of)
            watching = [
                group.create_task(self._read(body, lanes)),
                group.create_task(self._stop(lanes)),
            ]
            try:
                async for result in lanes.results():
                    line = self._packing.feed(self._write(result))
                    await self._send(send, line + self._packing.flush())
                line = self._packing.feed(self._end(lanes.is_stopped))
                await self._send(send, line + self._packing.end(), last=True)
            except TimeoutError:
                _log.info("lines.stalled")
            finally:
                lanes.stop()
                for each in watching:
                    each.cancel()

    async def _read(self, body: Body, lanes: Lanes[T]) -> None:
        """Fill the lanes, and stop them as soon as the caller is gone."""
        try:
            await self._fill(body, lanes)
        except BrokenOff:
            lanes.stop()
        finally:
            lanes.close()
        await body.gone()
        lanes.stop()

    async def _stop(self, lanes: Lanes[T]) -> None:
        await self._closing.wait()
        lanes.stop()

    async def _send(self, send: Send, text: bytes, *, last: bool = False) -> None:
        async with asyncio.timeout(self._stall_seconds):
            await send({"type": "http.response.body", "body": text, "more_body": not last})
