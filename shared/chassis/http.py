"""The HTTP client of the services, and the only module that knows which library it is.

Calls have the library's own timeouts and are never cancelled from outside, since a cancelled call can cost the
pool a connection for good (docs/adr/0007).
"""

import ssl
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx
from opentelemetry.trace import SpanKind

from shared.chassis.tracing import HEADER, span, traceparent

Response = httpx.Response
TransportError = httpx.TransportError
"""No answer: refused, broken off or too late."""
NoConnection = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""No answer because the request was never sent."""


class NotFetched(Exception):
    """What is at an address cannot be had: no answer, another than 200, or one that is packed, too large or too slow."""


@cache
def certificates() -> ssl.SSLContext:
    """Return whom TLS trusts; to read all their certificates takes as long as dozens of requests, so a process does it once."""
    return httpx.create_ssl_context(trust_env=False)


class Client:
    """A pool of connections to one service."""

    def __init__(self, base_url: str, *, read_seconds: float = 30) -> None:
        url = httpx.URL(base_url)
        self._server = {"server.address": url.host, **({"server.port": url.port} if url.port else {})}
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(connect=1, read=read_seconds, write=read_seconds, pool=2),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
            follow_redirects=False,
            verify=certificates(),
            trust_env=False,  # the services stand beside each other: no proxy, and nobody's credentials
        )

    async def __aenter__(self) -> Self:
        """Open the pool."""
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""
        await self._client.__aexit__(kind, error, trace)

    async def request(
        self, method: str, target: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request; ``target`` is path and query, already encoded.

        Raises:
            TransportError: there is no answer.

        """
        raw = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
        told = {"http.request.method": method, **self._server}
        with span(method, SpanKind.CLIENT, attributes=told) as made:
            if place := traceparent(made):
                raw.append((HEADER.encode(), place.encode()))
            answer = await self._client.request(method, target, content=content, headers=raw)
            made.set_attribute("http.response.status_code", answer.status_code)
        return answer

    async def fetch(self, address: str, *, most_bytes: int, seconds: float = 10) -> bytes:
        """Return what is at an address, which may be anywhere; no redirect is followed.

        Raises:
            NotFetched: it cannot be had, or only by taking in more than ``most_bytes``, or in more than ``seconds``.

        """
        headers = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": "identity"}
        end = time.monotonic() + seconds
        timeout = httpx.Timeout(seconds / 2)
        try:
            async with self._client.stream("GET", address, headers=headers, timeout=timeout) as response:
                return await _read(response, most_bytes, end)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotFetched(type(error).__name__) from error


async def _read(response: Response, most_bytes: int, end: float) -> bytes:
    """Read a body no further than it is wanted; as it was sent, since a small body may be packed of a huge one."""
    if response.status_code != HTTPStatus.OK:
        raise NotFetched(f"it answers {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NotFetched("it is packed")
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > most_bytes:
            raise NotFetched(f"it is larger than {most_bytes} bytes")
        if time.monotonic() > end:
            raise NotFetched("it takes too long")
    return bytes(body)
