"""Tokens that an import is sent with: whoever started it is their subject, and the gateway acts (RFC 8693, ``act``).

So each owner decides by the grants of who started the import, and notes both. A token is made anew before it expires, so
that an import may take as long as it takes.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gateway.imports.models import Import
from gateway.issuer.models import Client
from gateway.issuer.tokens import Issuer
from shared.chassis.db import Database
from shared.policy.grants import Grant
from shared.policy.permits import Permit

GATEWAY = "gateway"
"""Whom the tokens name as acting."""

SPENT = 0.5
"""Share of the life of a token after which the next one is made."""


class StarterRefused(Exception):
    """Nobody may act for who started an import, now or later."""


def started_by(permit: Permit) -> dict[str, Any]:
    """Return the columns of an import that tell who starts it, with those grants that let it be started."""
    who = permit.principal
    named = {"issuer": who.issuer, "subject": who.subject, "client": who.client, "name": who.name}
    return {"started_by": named, "grants": [grant.as_claim() for grant in permit.grants]}


class ActingToken:
    """The token of one import."""

    def __init__(
        self,
        database: Database,
        issuer: Issuer,
        row: Import,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._issuer, self._row, self._clock = database, issuer, row, clock
        self._one = asyncio.Lock()
        self._token, self._until = "", 0.0

    async def bearer(self) -> str:
        """Return the token as it stands in a header.

        Raises:
            StarterRefused: it is not known who started the import, or that client was revoked since.

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
        who, grants = self._row.started_by, self._row.grants
        if who is None or grants is None:
            raise StarterRefused("It is not known who started this import; send the file again.")
        async with self._database.session() as session, session.begin():
            client = await session.get(Client, who["client"]) if who["issuer"] == self._issuer.url else None
            if client and client.revoked_at and client.revoked_at >= self._row.created_at:
                raise StarterRefused("The client that started this import was revoked.")
            return await self._issuer.mint(
                session,
                subject=who["subject"],
                client=who["client"],
                name=who["name"],
                grants=[Grant.model_validate(grant) for grant in grants],
                delegate=GATEWAY,
                issued_at=_issued_at(client),
            )


def _issued_at(client: Client | None) -> datetime:
    """Return the time, or that from which tokens of a client hold."""
    now = datetime.now(UTC)
    return now if client is None else max(now, client.tokens_void_before or now)
