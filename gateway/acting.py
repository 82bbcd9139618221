"""Tokens by which the gateway acts for a caller: the caller is their subject, and the gateway the actor (RFC 8693, ``act``).

So each owner decides by the grants of the caller, and its audit notes both. A token is made anew before it expires, so
that what is done in the name of a caller may take as long as it takes.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from gateway.issuer.models import Client
from gateway.issuer.tokens import Issuer
from shared.chassis.db import Database
from shared.policy.grants import Grant
from shared.policy.principals import Principal

GATEWAY = "gateway"
"""Whom the tokens name as acting."""

SPENT = 0.5
"""Share of the life of a token after which the next one is made."""


class CallerRefused(Exception):
    """Nobody may act for a caller, now or later."""


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom the gateway acts, with which grants, and since when; ``delegate`` is who acts."""

    issuer: str
    subject: str
    client: str
    name: str
    grants: Sequence[Grant]
    since: datetime
    delegate: str = GATEWAY

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Return a principal as a caller with all of its grants, from now on; who acts for it already goes on to."""
        return cls(
            principal.issuer,
            principal.subject,
            principal.client,
            principal.name,
            principal.grants,
            datetime.now(UTC),
            principal.delegate or GATEWAY,
        )


class ActingToken:
    """The token of what is done for one caller."""

    def __init__(
        self,
        database: Database,
        issuer: Issuer,
        caller: Caller,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._issuer, self._caller, self._clock = database, issuer, caller, clock
        self._one = asyncio.Lock()
        self._token, self._until = "", 0.0

    async def bearer(self) -> str:
        """Return the token as it stands in a header.

        Raises:
            CallerRefused: the client that the caller asked by was revoked since.

        """
        async with self._one:
            if not self._token or self._clock() >= self._until:
                self._token = await self._mint()
                self._until = self._clock() + self._issuer.token_seconds * SPENT
            return f"Bearer {self._token}"

    def renew(self) -> None:
        """Have the next token made anew: an owner did not take this one."""
        self._token = ""

    async def _mint(self) -> str:
        caller = self._caller
        async with self._database.session() as session, session.begin():
            client = await session.get(Client, caller.client) if caller.issuer == self._issuer.url else None
            if client and client.revoked_at and client.revoked_at >= caller.since:
                raise CallerRefused("The client that asked for this was revoked.")
            return await self._issuer.mint(
                session,
                subject=caller.subject,
                client=caller.client,
                name=caller.name,
                grants=caller.grants,
                delegate=caller.delegate,
                issued_at=_issued_at(client),
            )


def _issued_at(client: Client | None) -> datetime:
    """Return the time, or that from which tokens of a client hold."""
    now = datetime.now(UTC)
    return now if client is None else max(now, client.tokens_void_before or now)
