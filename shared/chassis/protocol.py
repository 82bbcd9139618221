"""HTTP as uvicorn speaks it, with bounds that it does not have: how long, and how large, the head of a request may be.

The bounds hold for all that is no body: request line, headers, what frames chunks, and trailers. What cannot be read as
HTTP is answered as a problem too.
"""

import asyncio
import sys
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.chassis.errors import MEDIA_TYPE, Problem

MOST_HEAD_BYTES = 64 * 1024
MOST_ADDRESS_BYTES = 32 * 1024
MOST_HEADERS = 100
_FRAMING = 9
"""Bytes of each byte of a body that go to no bound: itself, and what may frame it as a chunk of its own."""


def _problem(status: HTTPStatus, *, code: str, detail: str) -> Problem:
    return Problem(title=status.phrase, status=status, code=code, detail=detail)


_PROBLEMS = (
    _problem(HTTPStatus.BAD_REQUEST, code="malformed-request", detail="That is no HTTP request."),
    _problem(HTTPStatus.METHOD_NOT_ALLOWED, code="method-not-allowed", detail="There is no such method."),
    _problem(
        HTTPStatus.REQUEST_TIMEOUT,
        code="request-too-slow",
        detail="The head of the request did not arrive in time.",
    ),
    _problem(
        HTTPStatus.REQUEST_URI_TOO_LONG,
        code="address-too-long",
        detail=f"An address has at most {MOST_ADDRESS_BYTES} bytes.",
    ),
    _problem(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        code="headers-too-large",
        detail=f"There are at most {MOST_HEADERS} headers, and {MOST_HEAD_BYTES} bytes of them.",
    ),
)
_ANSWERS = {problem.status: problem for problem in _PROBLEMS}


class _TooLargeError(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class BoundedProtocol(HttpToolsProtocol):
    """One connection; ``bounded`` gives it its time."""

    head_seconds: float = 10

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401  (as uvicorn calls it)
        super().__init__(*given, **named)
        self._waiting: asyncio.TimerHandle | None = None
        self._in_head = False
        self._unread = self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; what of them belongs to no request yet has to become one in time."""
        if self.transport.is_closing():
            return
        self._unread += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread > MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._waiting is None and not self._answering():
            self._wait()

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._unread = self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Bound the address."""
        super().on_url(url)
        if len(self.url) > MOST_ADDRESS_BYTES:
            raise _TooLargeError(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Bound the headers, and trailers with them."""
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            raise _TooLargeError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Let the request be answered."""
        self._stop_waiting()
        self._in_head = False
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count nothing of a body; it has a bound elsewhere."""
        self._unread = max(0, self._unread - _FRAMING * len(body))
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's own words, for nobody)
        """Answer what the parser refused."""
        error = sys.exception()
        cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else error
        if isinstance(cause, _TooLargeError):
            self._refuse(cause.status)
        elif isinstance(cause, httptools.HttpParserInvalidMethodError):
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_seconds, self._late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _late(self) -> None:
        """End a connection that began no request, or did not end its head, in time."""
        self._waiting = None
        if self._in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif not self._answering():
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer, unless another answer is under way, and end the connection."""
        self._stop_waiting()
        if not self._answering():
            self.transport.write(_answer(status, self.server_state.default_headers))
        self.transport.close()


def bounded(head_seconds: float) -> type[BoundedProtocol]:
    """Return the protocol with the seconds that the head of a request may take."""
    return type("BoundedProtocol", (BoundedProtocol,), {"head_seconds": head_seconds})


def _answer(status: HTTPStatus, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    body = _ANSWERS[status].model_dump_json(exclude_none=True).encode()
    headers = [
        *default_headers,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    lines = [b"HTTP/1.1 %d %b" % (status, status.phrase.encode()), *(b"%b: %b" % each for each in headers)]
    return b"\r\n".join([*lines, b"", body])
