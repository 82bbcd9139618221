"""HTTP interface to manage clients, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response, status
from pydantic_core import to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer import handlers
from gateway.issuer.models import Client
from gateway.issuer.oauth import CurrentIssuer, current_issuer
from gateway.issuer.refusals import NOT_STORED
from gateway.issuer.schemas import (
    ClientChange,
    ClientPage,
    ClientSecretView,
    ClientView,
    IssuedClient,
    IssuedSecret,
    NewClient,
    NewClientSecret,
)
from gateway.issuer.store import find_client, secrets_of
from gateway.issuer.store import list_clients as clients_after
from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.routes import CurrentActor
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText

router = APIRouter(
    prefix="/v1/clients",
    tags=["clients"],
    route_class=JsonRoute,
    dependencies=[Depends(current_issuer)],
)

ClientId = Annotated[FilterText, Path(max_length=100)]
SecretId = Annotated[FilterText, Path(max_length=100)]


@router.get("", summary="List clients, the newest first")
async def list_clients(
    session: ReadSession, cursors: Cursors, cursor: Cursor = None, limit: Limit = 50
) -> ClientPage:
    """Return one page of clients."""
    after = cursors.decode(cursor, str)[0] if cursor else None
    rows = await clients_after(session, after, limit + 1)
    secrets = await secrets_of(session, [row.id for row in rows[:limit]])
    following = cursors.encode([rows[limit - 1].id]) if len(rows) > limit else None
    return ClientPage(items=[ClientView.of(row, secrets[row.id]) for row in rows[:limit]], next=following)


@router.post("", summary="Create one client", status_code=status.HTTP_201_CREATED)
async def create_client(
    session: Uow, issuer: CurrentIssuer, actor: CurrentActor, command: NewClient, response: Response
) -> IssuedClient:
    """Make a client; its secret is told in this answer and never again."""
    client, row, secret = await handlers.create_client(session, actor.name, command, issuer.secrets)
    await _note(session, actor, client.id, after=told_grants(client))
    response.headers.update({**NOT_STORED, "Location": f"/v1/clients/{client.id}"})
    return IssuedClient(client=ClientView.of(client, [row]), client_secret=secret.value)


@router.get("/{client_id}", summary="One client")
async def read_client(session: ReadSession, client_id: ClientId) -> ClientView:
    """Return a client, with what is known of its secrets."""
    client = await find_client(session, client_id)
    return ClientView.of(client, (await secrets_of(session, [client_id]))[client_id])


@router.patch("/{client_id}", summary="Change the name or the grants of one client")
async def patch_client(
    session: Uow, actor: CurrentActor, client_id: ClientId, command: ClientChange
) -> ClientView:
    """Change what is told; tokens that state a grant that was taken away are void."""
    before = told_grants(await find_client(session, client_id))
    client = await handlers.change_client(session, actor.name, client_id, command)
    await _note(session, actor, client_id, before=before, after=told_grants(client))
    return ClientView.of(client, (await secrets_of(session, [client_id]))[client_id])


@router.post(
    "/{client_id}/secrets", summary="Make another secret of one client", status_code=status.HTTP_201_CREATED
)
async def create_client_secret(
    session: Uow,
    issuer: CurrentIssuer,
    actor: CurrentActor,
    client_id: ClientId,
    command: NewClientSecret,
    response: Response,
) -> IssuedSecret:
    """Make a secret, told in this answer and never again; older ones go on for ``overlap_seconds``."""
    row, secret = await handlers.create_client_secret(session, actor.name, client_id, command, issuer.secrets)
    await _note(session, actor, client_id)
    response.headers.update(NOT_STORED)
    return IssuedSecret(client_id=client_id, client_secret=secret.value, secret=ClientSecretView.of(row))


@router.delete(
    "/{client_id}/secrets/{secret_id}",
    summary="Revoke one secret of a client",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def delete_client_secret(
    session: Uow, actor: CurrentActor, client_id: ClientId, secret_id: SecretId
) -> None:
    """Revoke a secret; tokens that were got with it live on until they expire."""
    await handlers.delete_client_secret(session, actor.name, client_id, secret_id)
    await _note(session, actor, client_id)


@router.post("/{client_id}/revocations", summary="Revoke all secrets and tokens of one client")
async def revoke_client(session: Uow, actor: CurrentActor, client_id: ClientId) -> ClientView:
    """Revoke whatever the client can do anything with; another secret lets it in again."""
    client = await handlers.revoke_client(session, actor.name, client_id)
    await _note(session, actor, client_id)
    return ClientView.of(client, (await secrets_of(session, [client_id]))[client_id])


def told_grants(client: Client) -> str:
    """Return the grants of a client as the audit tells them."""
    return to_json([grant.as_claim() for grant in handlers.grants_of(client)]).decode()


async def _note(
    session: AsyncSession,
    actor: Actor,
    client_id: str,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Write what was done with a client into the audit, with the grants where they were changed."""
    changed = f"grants: {before or 'none'} became {after}" if after != before else None
    affected = [Affected(aggregate="client", identifier=client_id)]
    await note_changes(session, actor.because(changed).attempt, affected)
