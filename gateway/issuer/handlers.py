"""What administrators do with clients, and clients with their tokens; each is one use case in the caller's transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.client_secrets import Secret, SecretHashes, new_secret
from gateway.issuer.models import Client, ClientSecret, RevokedToken
from gateway.issuer.schemas import ClientChange, NewClient, NewClientSecret
from gateway.issuer.store import find_client, find_secret, next_second
from shared.chassis.errors import NotFound
from shared.chassis.ids import uuid7
from shared.policy.grants import Grant


async def create_client(
    session: AsyncSession, principal_name: str, command: NewClient, hashes: SecretHashes
) -> tuple[Client, ClientSecret, Secret]:
    """Make a client with its first secret."""
    client = Client(
        id=f"dcc_{uuid7().hex}",
        name=command.name,
        grants=[grant.as_claim() for grant in command.grants],
        dpop_bound=command.dpop_bound,
        created_at=datetime.now(UTC),
        created_by=principal_name,
    )
    session.add(client)
    await session.flush()
    row, secret = await _add_secret(session, client, principal_name, command.valid_days, hashes)
    return client, row, secret


async def change_client(
    session: AsyncSession, principal_name: str, client_id: str, command: ClientChange
) -> Client:
    """Change the name or the grants of a client; where a grant is taken away, tokens that state it are void.

    Raises:
        NotFound: there is no such client.

    """
    client = await find_client(session, client_id, locked=True)
    client.name = command.name or client.name
    client.changed_at, client.changed_by = datetime.now(UTC), principal_name
    if command.grants is not None:
        if not {*grants_of(client)} <= {*command.grants}:
            client.tokens_void_before = next_second(client.changed_at)
        client.grants = [grant.as_claim() for grant in command.grants]
    await session.flush()
    return client


async def create_client_secret(
    session: AsyncSession,
    principal_name: str,
    client_id: str,
    command: NewClientSecret,
    hashes: SecretHashes,
) -> tuple[ClientSecret, Secret]:
    """Make another secret of a client; those that are there go on for a while.

    Raises:
        NotFound: there is no such client.

    """
    client = await find_client(session, client_id, locked=True)
    until = datetime.now(UTC) + timedelta(seconds=command.overlap_seconds)
    sooner = func.least(col(ClientSecret.expires_at), until)  # which passes over null
    await session.exec(
        update(ClientSecret).where(col(ClientSecret.client_id) == client.id).values(expires_at=sooner)
    )
    return await _add_secret(session, client, principal_name, command.valid_days, hashes)


async def delete_client_secret(
    session: AsyncSession, principal_name: str, client_id: str, secret_id: str
) -> None:
    """Revoke one secret; tokens that were got with it live on until they expire.

    Raises:
        NotFound: there is no such secret.

    """
    await find_client(session, client_id, locked=True)
    secret = await find_secret(session, client_id, secret_id)
    if secret is None:
        raise NotFound("The client has no such secret.")
    if secret.revoked_at is None:
        secret.revoked_at, secret.revoked_by = datetime.now(UTC), principal_name
    await session.flush()


async def revoke_client(session: AsyncSession, principal_name: str, client_id: str) -> Client:
    """Revoke all secrets and tokens of a client.

    Raises:
        NotFound: there is no such client.

    """
    client = await find_client(session, client_id, locked=True)
    now = datetime.now(UTC)  # who gets a token holds the row of the client: it has got it by now
    of_client = col(ClientSecret.client_id) == client.id
    in_force = col(ClientSecret.revoked_at).is_(None)
    await session.exec(
        update(ClientSecret).where(of_client, in_force).values(revoked_at=now, revoked_by=principal_name)
    )
    client.revoked_at, client.revoked_by = now, principal_name
    client.tokens_void_before = next_second(now)
    await session.flush()
    return client


async def use_secret(session: AsyncSession, client_id: str, secret_id: str) -> Client | None:
    """Note that a token is got with a secret, and return its client, None if the secret is no longer in force.

    The client stays as it is until the caller's transaction ends, so that no revocation comes between.
    """
    client = await session.get(Client, client_id, with_for_update={"read": True})
    secret = await session.get(ClientSecret, secret_id, with_for_update=True)
    now = datetime.now(UTC)
    if client is None or secret is None or not secret.is_in_force(now):
        return None
    secret.last_used_at = now
    return client


async def revoke_token(session: AsyncSession, client_id: str, token_id: str, expires_at: datetime) -> None:
    """Revoke a token; those that have expired are forgotten on the way."""
    now = datetime.now(UTC)
    await session.exec(delete(RevokedToken).where(col(RevokedToken.expires_at) < now))
    row = {"id": token_id, "client_id": client_id, "revoked_at": now, "expires_at": expires_at}
    await session.exec(insert(RevokedToken).values(row).on_conflict_do_nothing())


def grants_of(client: Client) -> Sequence[Grant]:
    """Return the grants of a client."""
    return [Grant.model_validate(grant) for grant in client.grants]


async def _add_secret(
    session: AsyncSession, client: Client, principal_name: str, valid_days: int | None, hashes: SecretHashes
) -> tuple[ClientSecret, Secret]:
    secret, now = new_secret(), datetime.now(UTC)
    row = ClientSecret(
        id=secret.id,
        client_id=client.id,
        hash=await hashes.of(secret.value),
        created_at=now,
        created_by=principal_name,
        expires_at=now + timedelta(days=valid_days) if valid_days else None,
    )
    session.add(row)
    await session.flush()
    return row, secret
