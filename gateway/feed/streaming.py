"""Answers that go on: sent piece by piece as fast as the caller reads, and ended at once when nobody needs them any more.

Nothing that works for an answer is broken off from here: it ends at the next piece. Between two pieces no session of the
database is open, so that a slow reader costs none.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping

import structlog
from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.chassis.errors import Unavailable
from shared.chassis.identity.refusals import InvalidToken
from shared.policy.principals import Principal

CHECK_SECONDS = 5.0
"""How often to look whether a token was revoked, at most."""

REST_SECONDS = 0.1
"""Least time between two looks for something new."""
SEND_BYTES = 64 * 1024
"""Bytes that are handed to the connection at once; what it has is kept for a caller who does not read."""

_log = structlog.get_logger()


class Ending:
    """What ends an answer early: the caller went away, its token holds no longer, or the process stops."""

    def __init__(self, request: Request) -> None:
        self.gone = asyncio.Event()
        self._closing: asyncio.Event = request.app.closing
        self._verifier = request.state.runtime.access.verifier
        self._principal: Principal = request.scope["state"]["principal"]
        self._token = request.headers.get("authorization", "").partition(" ")[2].strip()
        self._checked_at = time.monotonic()

    @property
    def has_come(self) -> bool:
        """Whether the caller is gone, or the process stops."""
        return self.gone.is_set() or self._closing.is_set()

    async def is_due(self) -> bool:
        """Tell whether to end now; who asks with a token is told nothing after that has expired or was revoked."""
        if self.has_come:
            return True
        if self._principal.is_anonymous:
            return False
        if 0 < self._principal.expires_at <= time.time():
            return True
        now = time.monotonic()
        if now - self._checked_at < CHECK_SECONDS:
            return False
        self._checked_at = now
        return not await self._token_holds()

    async def wait(self, moved: asyncio.Event, seconds: float) -> None:
        """Wait until something moved or the answer is to end, but no longer than so many seconds."""
        if not self._principal.is_anonymous and self._principal.expires_at:
            seconds = min(seconds, max(0.0, self._principal.expires_at - time.time()))
        waits = [asyncio.create_task(each.wait()) for each in (moved, self.gone, self._closing)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()

    async def rest(self, since: float) -> None:
        """Let some time pass since a moment of the clock, so that many moves of the read model are one for the caller."""
        await asyncio.sleep(max(0.0, since + REST_SECONDS - time.monotonic()))

    async def _token_holds(self) -> bool:
        try:
            await self._verifier.verify(self._token)
        except (InvalidToken, Unavailable):
            return False
        return True


class Stream(Response):
    """Sends pieces as they come; ``done`` is called when it is over, whatever ended it."""

    def __init__(  # noqa: PLR0913
        self,
        pieces: AsyncGenerator[bytes, None],
        ending: Ending,
        *,
        media_type: str,
        headers: Mapping[str, str],
        stall_seconds: float,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        del self.headers["content-length"]
        self._pieces, self._ending, self._stall_seconds, self._done = pieces, ending, stall_seconds, done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the answer."""
        watching = asyncio.create_task(self._watch(receive))
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            async for piece in self._pieces:
                for start in range(0, len(piece), SEND_BYTES):
                    if self._ending.gone.is_set() or not await self._sent(
                        send, piece[start : start + SEND_BYTES]
                    ):
                        return
            await self._sent(send, b"", last=True)
        finally:
            await self._pieces.aclose()
            watching.cancel()
            self._done()

    async def _sent(self, send: Send, piece: bytes, *, last: bool = False) -> bool:
        """Send a piece; False if the caller did not read for too long."""
        try:
            async with asyncio.timeout(self._stall_seconds):
                await send({"type": "http.response.body", "body": piece, "more_body": not last})
        except TimeoutError:
            _log.info("stream.stalled", seconds=self._stall_seconds)
            return False
        return True

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] == "http.request":
            continue
        self._ending.gone.set()
