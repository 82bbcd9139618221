"""What a command line does with the issuer, in the caller's transaction; each returns what is to be told of it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.handlers import create_client, revoke_client
from gateway.issuer.keys import rotate
from gateway.issuer.schemas import NewClient
from gateway.issuer.tokens import Issuer
from shared.policy.grants import Grant

PRINCIPAL = "command line"
"""Who did it, as it is kept."""

Told = dict[str, Any]


async def create(
    session: AsyncSession, issuer: Issuer, name: str, grants: Iterable[Grant], *, dpop_bound: bool
) -> Told:
    """Make a client; its secret is told this once."""
    command = NewClient(name=name, grants=tuple(grants), dpop_bound=dpop_bound)
    client, _, secret = await create_client(session, PRINCIPAL, command, issuer.secrets)
    return {"client_id": client.id, "client_secret": secret.value}


async def rotate_key(session: AsyncSession, issuer: Issuer, *, at_once: bool) -> Told:
    """Let a new key sign, once every service knows it; or at once, and forget the others."""
    key = await rotate(session, issuer.sealer, datetime.now(UTC), at_once=at_once)
    return {"kid": key.kid, "signs_from": key.signs_from}


async def revoke(session: AsyncSession, client_id: str) -> Told:
    """Revoke all secrets and tokens of a client.

    Raises:
        NotFound: there is none of that id.

    """
    client = await revoke_client(session, PRINCIPAL, client_id)
    return {"client_id": client.id, "revoked_at": client.revoked_at}
