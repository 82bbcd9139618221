"""The issuer's clients and revocations in the database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.keys import PUBLISHED_AFTER
from gateway.issuer.models import Client, ClientSecret, RevokedToken
from shared.chassis.errors import NotFound


async def find_client(session: AsyncSession, client_id: str, *, locked: bool = False) -> Client:
    """Return a client.

    Raises:
        NotFound: there is none of that id.

    """
    row = await session.get(Client, client_id, with_for_update=locked or None)
    if row is None:
        raise NotFound("There is no such client.")
    return row


async def list_clients(session: AsyncSession, after: str | None, limit: int) -> Sequence[Client]:
    """Return clients, the newest first; ids grow with time."""
    statement = select(Client).order_by(col(Client.id).desc()).limit(limit)
    if after is not None:
        statement = statement.where(col(Client.id) < after)
    return (await session.exec(statement)).all()


async def secrets_of(session: AsyncSession, client_ids: Iterable[str]) -> dict[str, list[ClientSecret]]:
    """Return the secrets of clients, the newest first."""
    statement = (
        select(ClientSecret)
        .where(col(ClientSecret.client_id).in_(list(client_ids)))
        .order_by(col(ClientSecret.created_at).desc(), col(ClientSecret.id))
    )
    secrets: dict[str, list[ClientSecret]] = defaultdict(list)
    for row in await session.exec(statement):
        secrets[row.client_id].append(row)
    return secrets


async def find_secret(session: AsyncSession, client_id: str, secret_id: str) -> ClientSecret | None:
    """Return a secret of a client."""
    row = await session.get(ClientSecret, secret_id)
    return row if row is not None and row.client_id == client_id else None


async def revoked_tokens(session: AsyncSession, now: datetime) -> Sequence[str]:
    """Return the ids of revoked tokens that would not have expired yet."""
    statement = select(RevokedToken.id).where(col(RevokedToken.expires_at) > now).order_by(RevokedToken.id)
    return (await session.exec(statement)).all()


async def clients_with_void_tokens(session: AsyncSession, now: datetime) -> Sequence[Client]:
    """Return the clients of whom tokens are void that would not have expired yet."""
    void_before = col(Client.tokens_void_before)
    statement = select(Client).where(void_before > now - PUBLISHED_AFTER).order_by(col(Client.id))
    return (await session.exec(statement)).all()


def next_second(now: datetime) -> datetime:
    """Return the whole second after a moment: tokens tell no smaller time."""
    return now.replace(microsecond=0) + timedelta(seconds=1)
