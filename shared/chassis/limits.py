"""How many requests a minute are taken: of each principal, and of each address that nobody is known behind.

The count is a sliding window: what was taken in this minute, and of the minute before as much as still overlaps the last
sixty seconds. Each process counts for itself, so that several processes behind one address take a multiple. The counts of
both minutes are dropped whole when a minute ends, which keeps the cost of a request the same however many ask.
"""

import ipaddress
import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.errors import TooManyRequests, problem_response
from shared.chassis.telemetry import PROBES
from shared.policy.principals import PUBLIC, Principal

WINDOW_SECONDS = 60
MOST_KEYS = 100_000
"""Keys that are counted apart in a minute; all further ones share one count."""
CLIENT_FACTOR = 10
"""Failures of one client, from all addresses, for each that one address may have: nobody alone can lock another out."""
NETWORK_BITS = 64
"""Bits of an IPv6 address that name its network; who has one address of it has all."""
LONGEST_ADDRESS = 64

_OTHERS = "\0others"

Clock = Callable[[], float]


class Quota(NamedTuple):
    """What is left: whether this one is within it, how many more are, and the seconds until there are more."""

    taken: bool
    remaining: int
    seconds: int


class SlidingWindow:
    """Counts what each key takes of ``limit`` in a minute."""

    def __init__(self, limit: int, clock: Clock = time.monotonic) -> None:
        self.limit, self._clock = limit, clock
        self._current: dict[str, int] = {}
        self._previous: dict[str, int] = {}
        self._began = clock()

    def take(self, key: str) -> Quota:
        """Count one more of a key, if that is within the limit."""
        key, elapsed, overlap, current = self._counts(key)
        left = self.limit - overlap - current
        if left < 1:
            return Quota(taken=False, remaining=0, seconds=self._wait(key, elapsed))
        self._current[key] = current + 1
        return Quota(taken=True, remaining=int(left) - 1, seconds=math.ceil(WINDOW_SECONDS - elapsed))

    def wait(self, key: str) -> int:
        """Return the seconds until one more of a key is within the limit, 0 if it is now."""
        key, elapsed, overlap, current = self._counts(key)
        return 0 if self.limit - overlap - current >= 1 else self._wait(key, elapsed)

    def _counts(self, key: str) -> tuple[str, float, float, int]:
        """Return the key that is counted, the seconds since the minute began, and what of both minutes counts."""
        elapsed = self._clock() - self._began
        if elapsed >= WINDOW_SECONDS:
            elapsed = self._turn(elapsed)
        current = self._current.get(key)
        if current is None:
            if len(self._current) >= MOST_KEYS:
                key = _OTHERS
            current = self._current.get(key, 0)
        overlap = self._previous.get(key, 0) * (1 - elapsed / WINDOW_SECONDS)
        return key, elapsed, overlap, current

    def _turn(self, elapsed: float) -> float:
        """Begin the minute that it is now, and return the seconds since."""
        windows = int(elapsed // WINDOW_SECONDS)
        self._previous = self._current if windows == 1 else {}
        self._current = {}
        self._began += windows * WINDOW_SECONDS
        return elapsed - windows * WINDOW_SECONDS

    def _wait(self, key: str, elapsed: float) -> int:
        current, previous = self._current.get(key, 0), self._previous.get(key, 0)
        free = self.limit - 1
        if current <= free:
            until = WINDOW_SECONDS * (1 - (free - current) / previous)
        else:
            until = WINDOW_SECONDS * (2 - free / current)
        return max(1, math.ceil(until - elapsed))


class RateLimitMiddleware:
    """Refuses what a principal asks beyond its limit, and tells of the limit in every answer; 0 is no limit.

    The principal is ``scope["state"]["principal"]``. Who acts for another, as an import does, is not limited: the request
    that it came of was.
    """

    def __init__(
        self, app: ASGIApp, *, authenticated: int, anonymous: int, clock: Clock = time.monotonic
    ) -> None:
        self._app = app
        self._authenticated = SlidingWindow(authenticated, clock)
        self._anonymous = SlidingWindow(anonymous, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        principal: Principal = scope.get("state", {}).get("principal", PUBLIC)
        anonymous = principal.is_anonymous
        window = self._anonymous if anonymous else self._authenticated
        if window.limit == 0 or principal.delegate is not None:
            await self._app(scope, receive, send)
            return
        quota = window.take(source_of(scope) if anonymous else principal.id)
        told = _told("anonymous" if anonymous else "default", window.limit, quota)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *told]}
            await send(message)

        if quota.taken:
            await self._app(scope, receive, answer)
        else:
            refusal = TooManyRequests(
                "There were too many requests within a minute.", retry_after=quota.seconds
            )
            await problem_response(refusal.problem(), refusal.headers)(scope, receive, answer)


class FailureLimit:
    """Bounds how often secrets are tried in vain: ``limit`` times a minute from an address; 0 is no bound."""

    def __init__(self, limit: int, clock: Clock = time.monotonic) -> None:
        self._addresses = SlidingWindow(limit, clock)
        self._clients = SlidingWindow(limit * CLIENT_FACTOR, clock)

    def require(self, address: str, client: str | None = None) -> None:
        """Check, before a secret is looked at, that another may be tried.

        Raises:
            TooManyRequests: too many failed within the last minute.

        """
        if self._addresses.limit == 0:
            return
        seconds = self._addresses.wait(address)
        if client is not None:
            seconds = max(seconds, self._clients.wait(client))
        if seconds:
            raise TooManyRequests("Too many credentials failed within a minute.", retry_after=seconds)

    def note(self, address: str, client: str | None = None) -> None:
        """Count a secret that did not hold."""
        if self._addresses.limit:
            self._addresses.take(address)
            if client is not None:
                self._clients.take(client)


def source_of(scope: Scope) -> str:
    """Return the address that a request comes from, of IPv6 its network."""
    client = scope.get("client")
    return _network(client[0]) if client else "unknown"


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    if ":" not in host:
        return host[:LONGEST_ADDRESS]
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host[:LONGEST_ADDRESS]
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, NETWORK_BITS), strict=False))


def _told(name: str, limit: int, quota: Quota) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Return the headers that tell of a limit and what is left of it (draft-ietf-httpapi-ratelimit-headers)."""
    policy = f'"{name}";q={limit};w={WINDOW_SECONDS}'
    left = f'"{name}";r={quota.remaining};t={quota.seconds}'
    return (b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())
