"""The link to the server: requests with a token, and what may become of them on a bad line."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from devcoop_client.credentials import Credentials
from devcoop_client.errors import ServerRefused
from devcoop_client.tokens import Tokens

ENCODINGS = "zstd, gzip" if find_spec("zstandard") else "gzip"
TIMEOUT = httpx.Timeout(60.0, connect=15.0)
LONGEST_WAIT_ASKED = 600.0
"""Seconds; a server that asks for more is asked again after these."""

_BUSY = (
    *(HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS),
    *(HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE),
    HTTPStatus.GATEWAY_TIMEOUT,
)


class Cut(Exception):
    """The link was cut, or the server is away for now; ``wait`` is how long it asks to be left alone, in seconds."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


class Refused(ServerRefused):
    """The server refuses a request; ``code`` is that of its problem."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"The server refuses it ({status} {code}): {detail}")
        self.status, self.code = status, code


class Link:
    """A link to one server, as one client of it."""

    def __init__(
        self, credentials: Credentials, home: Path, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Prepare a link; nothing is sent yet.

        Args:
            credentials: whose link it is.
            home: folder in which the token is kept.
            transport: of the HTTP client, for tests of it.

        """
        self._http = httpx.Client(base_url=credentials.address, timeout=TIMEOUT, transport=transport)
        self._tokens = Tokens(home, credentials)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def log_in(self) -> None:
        """Get a token, to see whether the client is known.

        Raises:
            LoginRefused: it is not.
            Cut: the server cannot be asked.

        """
        self._tokens.forget()
        with _cut_when_broken():
            self._tokens.current(self._http)

    @contextmanager
    def lines(
        self, method: str, path: str, *, content: bytes | None = None, **parts: Mapping[str, Any]
    ) -> Iterator[Iterator[list[dict[str, Any]]]]:
        """Ask for something that is answered in lines, and yield the lines as they come: those that came together in a list.

        Args:
            method: of HTTP.
            path: below the address of the server.
            content: the body, which is the same each time that it is sent.
            parts: ``params`` and ``headers`` of the request.

        Raises:
            LoginRefused: the client is not known any more.
            Refused: the server refuses the request.
            Cut: the link broke, or the server is away for now; lines that came before were yielded.

        """
        with _cut_when_broken(), self._answer(method, path, content, **parts) as answer:
            yield _objects(answer)

    def read(self, path: str) -> dict[str, Any]:
        """Return what is at an address, a JSON object.

        Raises:
            LoginRefused: the client is not known any more.
            Refused: the server refuses the request, or there is no such thing.
            Cut: the link broke, or the server is away for now.

        """
        with _cut_when_broken(), self._answer("GET", path, None) as answer:
            return _object(answer.read())

    @contextmanager
    def _answer(
        self, method: str, path: str, content: bytes | None, **parts: Mapping[str, Any]
    ) -> Iterator[httpx.Response]:
        """Yield an answer of 2xx; a token that is refused is renewed once."""
        for is_last in (False, True):
            headers = {
                **parts.get("headers", {}),
                "Accept-Encoding": ENCODINGS,
                "Authorization": f"Bearer {self._tokens.current(self._http)}",
            }
            params = parts.get("params", {})
            with self._http.stream(method, path, content=content, headers=headers, params=params) as answer:
                if answer.status_code == HTTPStatus.UNAUTHORIZED and not is_last:
                    self._tokens.forget()
                    continue
                if not answer.is_success:
                    answer.read()
                    raise _refusal(answer)
                yield answer
                return


@contextmanager
def _cut_when_broken() -> Iterator[None]:
    """Tell of a broken link in one way.

    Raises:
        Cut: it broke.

    """
    try:
        yield
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise Cut(f"the link was cut ({type(error).__name__})") from error
    except httpx.HTTPStatusError as error:
        raise _refusal(error.response) from error


def _objects(answer: httpx.Response) -> Iterator[list[dict[str, Any]]]:
    """Yield the lines of an answer, each a JSON object; only what ends with a line feed is a line."""
    rest: list[bytes] = []
    for part in answer.iter_bytes():
        first, *others = part.split(b"\n")
        rest.append(first)
        if others:
            whole = [b"".join(rest), *others[:-1]]
            rest = [others[-1]]
            yield [_object(line) for line in whole if line]


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise Cut("a line came damaged") from error
    if not isinstance(told, dict):
        raise Cut("a line came damaged")
    return told


def _refusal(answer: httpx.Response) -> Exception:
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "unknown", f"answer {answer.status_code} of something that is not DevCoop"
    if answer.status_code in _BUSY:
        return Cut(f"the server is busy ({answer.status_code} {code})", _wait_of(answer))
    return Refused(answer.status_code, code, detail)


def _wait_of(answer: httpx.Response) -> float:
    """Return the seconds of ``Retry-After``, a number or a date; 0 where there are none."""
    told = answer.headers.get("retry-after", "")
    try:
        seconds = int(told) if told.isdigit() else parsedate_to_datetime(told).timestamp() - time.time()
    except ValueError:
        return 0.0
    return min(max(float(seconds), 0.0), LONGEST_WAIT_ASKED)
