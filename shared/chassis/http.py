"""The HTTP client of the services, and the only module that knows which library it is.

Calls have the library's own timeouts and are never cancelled from outside, since a cancelled call can cost the
pool a connection for good (docs/adr/0007).
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

Response = httpx.Response
TransportError = httpx.TransportError
"""No answer: refused, broken off or too late."""
NoConnection = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""No answer because the request was never sent."""


class Client:
    """A pool of connections to one service."""

    def __init__(self, base_url: str, *, read_seconds: float = 30) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(connect=1, read=read_seconds, write=read_seconds, pool=2),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
            follow_redirects=False,
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
        return await self._client.request(method, target, content=content, headers=raw)
