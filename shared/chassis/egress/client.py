"""Requests to addresses that somebody else chose: to the public internet alone, bounded in every way.

The name is looked up here, every address that it leads to is checked, and the connection goes to one of those addresses: it
is not looked up a second time, so an answer of the DNS that changes in between (rebinding) leads nowhere. Certificate, SNI
and ``Host`` are still by the name. Redirects are answers like any other, no proxy of the environment is asked, nothing is
unpacked. Each origin has connections of its own, so that a slow one keeps none from another.

httpx is not used: it looks names up by itself, its limits are for each phase and not for the whole, and its pool can lose
connections (docs/adr/0007, 0022).
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Self

from shared.chassis.egress.addresses import Rules, Target, read_address, require_allowed
from shared.chassis.egress.exchange import Answer, Connection, NoAnswer, Stale

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 15.0
KEEP_SECONDS = 20.0
MOST_PER_ORIGIN = 32
MOST_KEPT = 512
MOST_ADDRESSES = 4
"""Addresses of a name that are tried."""
MOST_LOOKUPS = 32
"""Names that are looked up at the same time, one after the other of each name."""

_OWN = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "user-agent"}
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e\x80-\xff]?(?:[\x20-\x7e\x80-\xff\t]*[\x21-\x7e\x80-\xff])?")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses that a name leads to; raises OSError where it leads nowhere."""


@dataclass(slots=True)
class _Origin:
    """The connections to one scheme, host and port: those that wait to be used again, and places for all."""

    places: asyncio.Semaphore
    kept: list[tuple[Connection, asyncio.TimerHandle]] = field(default_factory=list)
    users: int = 0


class Egress:
    """Sends requests out; one of a process for all that it sends."""

    def __init__(
        self,
        rules: Rules = Rules(),  # noqa: B008  (frozen)
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        whole_seconds: float = WHOLE_SECONDS,
        per_origin: int = MOST_PER_ORIGIN,
    ) -> None:
        self.rules = rules
        self._names = _Names()
        self._resolve = resolve or self._names.look_up
        self._tls = tls or _public_tls()
        self._whole_seconds, self._per_origin = whole_seconds, per_origin
        self._origins: dict[tuple[bool, str, int], _Origin] = {}
        self._kept = 0

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is kept."""
        self.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        for origin in self._origins.values():
            for connection, expiry in origin.kept:
                expiry.cancel()
                connection.close()
            origin.kept.clear()
        self._kept = 0
        self._names.close()

    async def check(self, url: str) -> None:
        """Check an address before it is stored; what it leads to is checked again whenever it is asked.

        Raises:
            NotAllowed: no request may go there.
            NoAnswer: the name cannot be looked up at this moment, or leads nowhere.

        """
        target = read_address(url, self.rules)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                require_allowed(await self._addresses(target), self.rules)
        except TimeoutError:
            raise NoAnswer("name-not-resolved", "The name could not be looked up in time.") from None

    async def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Post a body to an address, and return what is answered, whatever its status is.

        A request that meets a connection which the other side closed meanwhile is sent again, over a new one.

        Raises:
            NotAllowed: no request may go there.
            NoAnswer: there is none in time.
            ValueError: a header cannot be sent.

        """
        target = read_address(url, self.rules)
        request = _request(target, content, headers)
        until = asyncio.get_running_loop().time() + self._whole_seconds
        async with self._place(target, until) as origin:
            while (connection := self._kept_one(origin)) is not None:
                with contextlib.suppress(Stale):
                    return await self._ask(target, origin, connection, request, until)
            connection = await self._connect(target, until)
            return await self._ask(target, origin, connection, request, until)

    async def _ask(
        self, target: Target, origin: _Origin, connection: Connection, request: bytes, until: float
    ) -> Answer:
        answer = await connection.ask(request, until=until)
        if connection.is_open:
            self._keep(target, origin, connection)
        return answer

    @contextlib.asynccontextmanager
    async def _place(self, target: Target, until: float) -> AsyncIterator[_Origin]:
        """Yield what is kept of the origin, once a request more may be under way there."""
        key = (target.is_secure, target.host, target.port)
        origin = self._origins.setdefault(key, _Origin(asyncio.Semaphore(self._per_origin)))
        origin.users += 1
        try:
            await _acquire(origin.places, until)
            try:
                yield origin
            finally:
                origin.places.release()
        finally:
            origin.users -= 1
            self._forget(key, origin)

    def _kept_one(self, origin: _Origin) -> Connection | None:
        while origin.kept:
            connection, expiry = origin.kept.pop()
            self._kept -= 1
            expiry.cancel()
            if connection.is_open:
                return connection
        return None

    def _keep(self, target: Target, origin: _Origin, connection: Connection) -> None:
        if self._kept >= MOST_KEPT:
            connection.close()
            return

        def expire() -> None:
            connection.close()
            origin.kept = [each for each in origin.kept if each[0] is not connection]
            self._kept -= 1
            self._forget((target.is_secure, target.host, target.port), origin)

        origin.kept.append((connection, asyncio.get_running_loop().call_later(KEEP_SECONDS, expire)))
        self._kept += 1

    def _forget(self, key: tuple[bool, str, int], origin: _Origin) -> None:
        if not origin.users and not origin.kept:
            self._origins.pop(key, None)

    async def _connect(self, target: Target, until: float) -> Connection:
        """Return a connection to one of the addresses that the name leads to now, if all of them are allowed."""
        loop = asyncio.get_running_loop()
        until = min(until, loop.time() + CONNECT_SECONDS)
        try:
            async with asyncio.timeout_at(until):
                addresses = await self._addresses(target)
        except TimeoutError:
            raise NoAnswer("name-not-resolved", "The name could not be looked up in time.") from None
        require_allowed(addresses, self.rules)
        tried = addresses[:MOST_ADDRESSES]
        reason = NoAnswer("connect-failed", "No connection could be made.")
        for count, address in enumerate(tried):
            share = (until - loop.time()) / (len(tried) - count)
            try:
                async with asyncio.timeout(share):
                    return await self._open(target, address)
            except ssl.SSLError as error:
                told = getattr(error, "verify_message", "") or error.reason or "TLS failed"
                reason = NoAnswer("tls-failed", f"No secure connection could be made: {told}.")
            except TimeoutError:
                reason = NoAnswer("timed-out", "No connection could be made in time.")
            except OSError:
                reason = NoAnswer("connect-failed", "No connection could be made.")
        raise reason

    async def _open(self, target: Target, address: str) -> Connection:
        """Connect to an address, and require the certificate of the name."""
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection,
            address,
            target.port,
            ssl=self._tls if target.is_secure else None,
            server_hostname=target.host if target.is_secure else None,
        )
        return connection

    async def _addresses(self, target: Target) -> Sequence[str]:
        """Return the addresses that a host leads to, each once.

        Raises:
            NoAnswer: it leads nowhere.

        """
        try:
            return tuple(dict.fromkeys(await self._resolve(target.host, target.port)))
        except (OSError, UnicodeError):
            raise NoAnswer("name-not-resolved", "The name leads nowhere.") from None


class _Names:
    """The names of the system's resolver, whose calls block: in threads of their own, one for each name at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_LOOKUPS, thread_name_prefix="names")
        self._asked: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def look_up(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name; who asks for one that is being looked up waits for the same answer."""
        asked = self._asked.get(host)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = self._asked[host] = loop.run_in_executor(self._threads, _look_up, host, port)
            asked.add_done_callback(lambda _: self._asked.pop(host, None))
        return await asyncio.shield(asked)

    def close(self) -> None:
        """Wait for nothing that is still looked up."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@cache
def _public_tls() -> ssl.SSLContext:
    """Return what verifies certificates by the authorities of the system, which take a while to read."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _look_up(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def _acquire(places: asyncio.Semaphore, until: float) -> None:
    if not places.locked():
        await places.acquire()
        return
    try:
        async with asyncio.timeout_at(until):
            await places.acquire()
    except TimeoutError:
        raise NoAnswer("busy", "Too many requests to it were under way.") from None


def _request(target: Target, content: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a request as it is sent.

    Raises:
        ValueError: a header would be another request, or is one of ours.

    """
    lines = [
        f"POST {target.target} HTTP/1.1",
        f"host: {target.authority}",
        f"content-length: {len(content)}",
        "user-agent: DevCoop-Webhooks/1",
        "accept-encoding: identity",
    ]
    for name, value in headers.items():
        if name.lower() in _OWN or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} cannot be sent")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content
