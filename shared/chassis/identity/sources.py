"""Documents of an issuer that are fetched again and again; what was fetched last goes on holding meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from shared.chassis.db import AWAY
from shared.chassis.errors import Unavailable
from shared.chassis.http import NotFetched
from shared.chassis.identity.store import KeyStore

T = TypeVar("T")

RETRY_SECONDS = 10.0
"""Pause after a fetch that failed, and between two that strangers can cause."""
UNKNOWN_SECONDS = 1.0
"""The same, while there is nothing to go by."""
MOST_REASON = 200


_log = structlog.get_logger()


class Source(Generic[T]):
    """A document, by where it is fetched from and how it is read; one fetch at a time.

    ``version`` grows with every change of what it says. Where there is a store, what was fetched outlives the process.
    """

    def __init__(  # noqa: PLR0913  (how it is had, how it is read, how often)
        self,
        name: str,
        fetch: Callable[[], Awaitable[bytes]],
        read: Callable[[str], T],
        store: KeyStore | None,
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._fetch, self._read, self._store = name, fetch, read, store
        self._seconds, self._clock = seconds, clock
        self._fetching = asyncio.Lock()
        self._next = self._asked_at = float("-inf")
        self._value: T | None = None
        self._text: str | None = None
        self.version = 0
        self.is_failing = False

    @property
    def is_known(self) -> bool:
        """Whether there is anything to go by."""
        return self._value is not None

    @property
    def rest(self) -> float:
        """Seconds until it is to be fetched again."""
        return max(0.0, self._next - self._clock())

    async def get(self) -> T:
        """Return what was fetched last; without waiting, but for the very first time.

        Raises:
            Unavailable: it was never fetched, and cannot be fetched now.

        """
        if self._value is None:
            await self.fetch_early()
        if self._value is None:
            raise Unavailable("The issuer of the token cannot be asked just now.", code="issuer-unavailable")
        return self._value

    async def restore(self) -> None:
        """Take up what was kept of an earlier run, unless there is something newer."""
        async with self._fetching:
            await self._restore_now()

    async def fetch_early(self) -> None:
        """Fetch it out of turn, unless that was done a moment ago: whoever can cause this may be a stranger."""
        async with self._fetching:
            if self._clock() - self._asked_at < self._least_pause:
                return
            if await self._restore_now():
                return
            try:
                await self._fetch_now()
            finally:
                self._asked_at = self._clock()

    async def fetch(self) -> None:
        """Fetch it; if that fails, what was fetched before holds."""
        async with self._fetching:
            await self._fetch_now()

    @property
    def _least_pause(self) -> float:
        return UNKNOWN_SECONDS if self._value is None else RETRY_SECONDS

    async def _restore_now(self) -> bool:
        """Tell whether there is something to go by now, and was not before."""
        if self._store is None or self._value is not None:
            return False
        try:
            text = await self._store.load(self._name)
            if text is not None:
                self._take(text)
        except (*AWAY, ValueError) as error:
            _log.warning("identity.not_restored", source=self._name, reason=type(error).__name__)
        return self._value is not None

    async def _fetch_now(self) -> None:
        try:
            text = (await self._fetch()).decode()
            self._take(text)
        except (NotFetched, OSError, ValueError) as error:
            self.is_failing = True
            self._next = self._clock() + min(self._seconds, self._least_pause)
            reason = f"{type(error).__name__}: {str(error)[:MOST_REASON]}"
            _log.warning("identity.not_fetched", source=self._name, reason=reason)
            return
        self.is_failing = False
        self._next = self._clock() + self._seconds
        await self._keep(text)

    def _take(self, text: str) -> None:
        """Let a document hold from now on.

        Raises:
            ValueError: it is not what it should be, so that the last one holds.

        """
        if text != self._text:
            self._value = self._read(text)
            self._text = text
            self.version += 1

    async def _keep(self, text: str) -> None:
        if self._store is None:
            return
        try:
            await self._store.save(self._name, text)
        except AWAY as error:
            _log.warning("identity.not_kept", source=self._name, reason=type(error).__name__)
