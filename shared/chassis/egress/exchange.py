"""One connection, and one request and answer at a time over it.

An answer is read no further than it is wanted: its status counts, and the start of its body is for people to look at. A body
that is longer, or that takes longer, costs the connection, and nothing else.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httptools

MOST_HEAD_BYTES = 16 * 1024
"""Most that status, headers and interim answers have together."""
MOST_START_BYTES = 1024
"""What is kept of a body."""
MOST_BODY_BYTES = 16 * 1024
"""What is read of a body at most, to keep the connection."""
BODY_SECONDS = 3.0
"""How long a body may take after its head."""


class NoAnswer(Exception):
    """Nothing was answered; ``code`` is a stable word for why, and the text is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Stale(Exception):
    """The other side had closed a connection that was kept, before it saw the request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: names of headers in lower case, the start of the body as it was sent, and how long it took."""

    status: int
    headers: Mapping[str, str]
    start: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """A connection that is open until something goes otherwise than it should."""

    def __init__(self) -> None:
        self.is_open = False
        self.uses = 0
        self._transport: asyncio.Transport | None = None
        self._exchange: _Exchange | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its ways alone
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; what nobody asked for ends the connection."""
        if self._exchange is None:
            self.close()
        else:
            self._exchange.feed(data)

    def eof_received(self) -> bool:
        """End, since an answer may end so."""
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell who waits for an answer."""
        self.is_open = False
        if self._exchange is not None:
            self._exchange.end()

    def close(self) -> None:
        """End the connection at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, request: bytes, *, until: float) -> Answer:
        """Send a request, and return what is answered before a moment of the loop's clock.

        Raises:
            NoAnswer: nothing is, or nothing that is HTTP.
            Stale: the connection was closed before the request reached anybody.

        """
        assert self._transport is not None  # noqa: S101  (told to the type checker)
        loop = asyncio.get_running_loop()
        exchange = self._exchange = _Exchange(loop, until)
        began = time.perf_counter()
        self._transport.write(request)
        try:
            await exchange.done
            return exchange.answer(time.perf_counter() - began)
        except Stale:
            if not self.uses:
                raise NoAnswer("broken", "The connection was closed before an answer.") from None
            raise
        finally:
            self._exchange = None
            self.uses += 1
            exchange.timer.cancel()
            if not exchange.may_keep:
                self.close()


class _Exchange:
    """An answer as it comes in, for the parser, which calls the methods that begin with ``on_``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        self._loop, self._until = loop, until
        self.done: asyncio.Future[None] = loop.create_future()
        self.timer = loop.call_at(until, self._late)
        self.may_keep = False
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._start = bytearray()
        self._status = 0
        self._head_bytes = self._body_bytes = 0

    def feed(self, data: bytes) -> None:
        """Read a part of what is answered."""
        if self.done.done():
            self.may_keep = False
            return
        if not self._status:
            self._head_bytes += len(data)  # with what of the body comes along, which is no harm
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(NoAnswer("broken", "What was answered is no HTTP."))
            return
        if not self._status and self._head_bytes >= MOST_HEAD_BYTES:
            self._fail(NoAnswer("broken", "The head of the answer is too large."))

    def end(self) -> None:
        """Take note that nothing more will come."""
        if self._status:
            self._finish(may_keep=False)
        elif self._head_bytes:
            self._fail(NoAnswer("broken", "The connection was closed within an answer."))
        else:
            self._fail(Stale())

    def answer(self, seconds: float) -> Answer:
        """Return what was answered."""
        return Answer(self._status, self._headers, bytes(self._start), seconds)

    def on_message_begin(self) -> None:
        """Refuse a second answer to one request."""
        if self.done.done():
            self.may_keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; of several of one name the last is kept."""
        if self.done.done():
            return
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take the status, and give the body its time; an interim answer is none."""
        status = self._parser.get_status_code()
        if self.done.done():
            return
        if status < HTTPStatus.OK:
            self._headers = {}
            return
        self._status = status
        self.timer.cancel()
        self.timer = self._loop.call_at(min(self._until, self._loop.time() + BODY_SECONDS), self._cut)

    def on_body(self, body: bytes) -> None:
        """Keep the start of a body."""
        if self.done.done():
            return
        self._body_bytes += len(body)
        self._start += body[: MOST_START_BYTES - len(self._start)]
        if self._body_bytes > MOST_BODY_BYTES:
            self._finish(may_keep=False)

    def on_message_complete(self) -> None:
        """End, unless it was an interim answer."""
        if self._status:
            self._finish(may_keep=self._parser.should_keep_alive())

    def _cut(self) -> None:
        self._finish(may_keep=False)

    def _late(self) -> None:
        self._fail(NoAnswer("timed-out", "There was no answer in time."))

    def _finish(self, *, may_keep: bool) -> None:
        if not self.done.done():
            self.may_keep = may_keep
            self.done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
