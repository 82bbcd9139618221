"""HTTP interface of the webhooks: subscriptions, their keys, and what was delivered.

A client manages its own subscriptions, an administrator all.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position, newest_position
from gateway.issuer.refusals import NOT_STORED
from gateway.issuer.sealing import Sealer
from gateway.projection.generations import CurrentReadModel, ReadModel
from gateway.settings import Settings
from gateway.webhooks import handlers
from gateway.webhooks.catalogue import event_types, matches
from gateway.webhooks.models import Webhook
from gateway.webhooks.pings import Pings
from gateway.webhooks.positions import position_at
from gateway.webhooks.schemas import (
    AttemptView,
    DeliveryDetail,
    DeliveryPage,
    DeliveryState,
    DeliveryView,
    Enabling,
    EventTypeList,
    EventTypeView,
    IssuedWebhook,
    NewWebhook,
    NewWebhookSecret,
    PingOutcome,
    Recovered,
    Since,
    WebhookChange,
    WebhookPage,
    WebhookView,
)
from gateway.webhooks.store import (
    attempts_of,
    find_delivery,
    find_webhook,
    keys_of,
    list_of_deliveries,
    list_of_webhooks,
)
from shared.chassis.app import CurrentRuntime
from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.conditions import ANY_VERSION
from shared.chassis.documents.routes import CurrentActor, ExpectedVersion
from shared.chassis.egress import Egress, NoAnswer, NotAllowed
from shared.chassis.errors import Conflict, Fault, Invalid, PreconditionFailed
from shared.chassis.guard import CurrentPermit
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment

MOST_ATTEMPTS = 100

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=JsonRoute)


async def current_sealer(runtime: CurrentRuntime) -> Sealer:
    """Return what seals the secrets of webhooks.

    Raises:
        Conflict: the gateway has no key to seal anything with.

    """
    sealer: Sealer | None = runtime.parts["webhook_sealer"]
    if sealer is None:
        raise Conflict(
            "The gateway has no key to seal secrets with (DEVCOOP_ISSUER_KEY).", code="webhooks-without-key"
        )
    return sealer


async def current_egress(request: Request) -> Egress:
    """Return what sends to other systems."""
    egress: Egress = request.state.runtime.parts["egress"]
    return egress


CurrentSealer = Annotated[Sealer, Depends(current_sealer)]
CurrentEgress = Annotated[Egress, Depends(current_egress)]
TypePattern = Annotated[FilterText | None, Query(max_length=100, description="Only types of this name")]


@router.get("/event-types", summary="Types of events, with schemas and examples of their payloads")
async def read_webhook_event_types(
    type: Annotated[  # noqa: A002  (the name of the parameter)
        FilterText | None, Query(max_length=100, description="A type, or a prefix of types as `funding.*`")
    ] = None,
) -> EventTypeList:
    """Return the catalogue; each type with the JSON Schema of its payload and an example."""
    wanted = [type] if type else []
    items = [
        EventTypeView.model_validate(
            {"name": each.name, "summary": each.summary, "schema": each.schema, "example": each.example}
        )
        for each in event_types()
        if matches(wanted, each.name)
    ]
    return EventTypeList(items=items)


@router.get("", summary="List webhooks, the newest first")
async def list_webhooks(
    session: ReadSession, permit: CurrentPermit, cursors: Cursors, cursor: Cursor = None, limit: Limit = 50
) -> WebhookPage:
    """Return one page of the subscriptions that the principal manages."""
    after = None
    if cursor:
        created, id_ = cursors.decode(cursor, str, str)
        after = (datetime.fromisoformat(created), UUID(id_))
    rows = await list_of_webhooks(session, permit, after, limit + 1)
    keys = await keys_of(session, [row.id for row in rows[:limit]], datetime.now(UTC))
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = cursors.encode([last.created_at.isoformat(), str(last.id)])
    return WebhookPage(items=[WebhookView.of(row, keys[row.id]) for row in rows[:limit]], next=following)


@router.post("", summary="Create one webhook", status_code=status.HTTP_201_CREATED)
async def create_webhook(
    session: Uow,
    runtime: CurrentRuntime,
    read_model: CurrentReadModel,
    sealer: CurrentSealer,
    egress: CurrentEgress,
    permit: CurrentPermit,
    actor: CurrentActor,
    command: NewWebhook,
    response: Response,
) -> IssuedWebhook:
    """Make a subscription to what happens from now on; its secret is told in this answer and never again."""
    await _require_allowed(egress, command.url)
    position = await _position(read_model)
    most = runtime.settings_as(Settings).webhooks_most
    webhook = await handlers.create_webhook(session, permit, command, position=position, most=most)
    key, secret = await handlers.add_key(
        session, sealer, webhook, kind=command.signature, by=permit.principal.name
    )
    await _note(session, actor, webhook)
    response.headers.update({**NOT_STORED, **_tag(webhook), "Location": f"/v1/webhooks/{webhook.id}"})
    return IssuedWebhook(webhook=WebhookView.of(webhook, [key]), secret=secret)


@router.get("/{webhook_id}", summary="One webhook")
async def read_webhook(
    session: ReadSession, permit: CurrentPermit, webhook_id: UUID, response: Response
) -> WebhookView:
    """Return a subscription, with what is known of its keys."""
    return await _view(session, await find_webhook(session, permit, webhook_id), response)


@router.patch("/{webhook_id}", summary="Change one webhook")
async def patch_webhook(
    session: Uow,
    egress: CurrentEgress,
    permit: CurrentPermit,
    actor: CurrentActor,
    version: ExpectedVersion,
    webhook_id: UUID,
    command: WebhookChange,
    response: Response,
) -> WebhookView:
    """Change what is told; by its own client it acts with the grants of the present token from now on."""
    if command.url is not None:
        await _require_allowed(egress, command.url)
    webhook = await _changing(session, permit, webhook_id, version)
    await handlers.change_webhook(session, permit, webhook, command)
    await _note(session, actor, webhook)
    return await _view(session, webhook, response)


@router.delete("/{webhook_id}", summary="Delete one webhook", status_code=status.HTTP_204_NO_CONTENT)
async def delete_webhook(
    session: Uow, permit: CurrentPermit, actor: CurrentActor, version: ExpectedVersion, webhook_id: UUID
) -> None:
    """Delete a subscription; nothing is sent to it any more."""
    webhook = await _changing(session, permit, webhook_id, version)
    await handlers.delete_webhook(session, permit, webhook)
    await _note(session, actor, webhook)


@router.post("/{webhook_id}/secrets", summary="Make another key", status_code=status.HTTP_201_CREATED)
async def rotate_webhook_secret(
    session: Uow,
    sealer: CurrentSealer,
    permit: CurrentPermit,
    actor: CurrentActor,
    version: ExpectedVersion,
    webhook_id: UUID,
    command: NewWebhookSecret,
    response: Response,
) -> IssuedWebhook:
    """Make a key, told in this answer and never again; older ones sign beside it for ``overlap_seconds``."""
    webhook = await _changing(session, permit, webhook_id, version)
    secret = await handlers.rotate_key(session, sealer, permit, webhook, command)
    await _note(session, actor, webhook)
    response.headers.update(NOT_STORED)
    return IssuedWebhook(webhook=await _view(session, webhook, response), secret=secret)


@router.post("/{webhook_id}/enable", summary="Enable one webhook")
async def enable_webhook(
    session: Uow,
    read_model: CurrentReadModel,
    permit: CurrentPermit,
    actor: CurrentActor,
    version: ExpectedVersion,
    webhook_id: UUID,
    command: Enabling,
    response: Response,
) -> WebhookView:
    """Let a subscription go on, with what happened meanwhile unless ``catch_up`` is false."""
    position = None if command.catch_up else await _position(read_model)
    webhook = await _changing(session, permit, webhook_id, version)
    await handlers.enable_webhook(session, permit, webhook, now_at=position)
    await _note(session, actor, webhook)
    return await _view(session, webhook, response)


@router.post("/{webhook_id}/disable", summary="Disable one webhook")
async def disable_webhook(
    session: Uow,
    permit: CurrentPermit,
    actor: CurrentActor,
    version: ExpectedVersion,
    webhook_id: UUID,
    response: Response,
) -> WebhookView:
    """Let a subscription be told nothing until it is enabled again."""
    webhook = await _changing(session, permit, webhook_id, version)
    await handlers.disable_webhook(session, permit, webhook)
    await _note(session, actor, webhook)
    return await _view(session, webhook, response)


@router.post("/{webhook_id}/ping", summary="Send a test event, and tell how it went")
async def ping_webhook(
    runtime: CurrentRuntime,
    sealer: CurrentSealer,
    egress: CurrentEgress,
    permit: CurrentPermit,
    actor: CurrentActor,
    webhook_id: UUID,
) -> PingOutcome:
    """Send a test event at once, also to a subscription that is disabled; the attempt is kept with the others."""
    return await Pings(runtime.database, sealer, egress).send(permit, actor, webhook_id)


@router.get("/{webhook_id}/deliveries", summary="List deliveries, the newest first")
async def list_webhook_deliveries(
    session: ReadSession,
    permit: CurrentPermit,
    cursors: Cursors,
    webhook_id: UUID,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state")] = None,
    type: TypePattern = None,  # noqa: A002
    since: Annotated[Moment | None, Query(description="Only those that were made since")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """Return one page of what a subscription was told, is being told and could not be told."""
    await find_webhook(session, permit, webhook_id)
    after = cursors.decode(cursor, int)[0] if cursor else None
    rows = await list_of_deliveries(
        session, webhook_id, state=state, type_=type, since=since, after=after, limit=limit + 1
    )
    following = cursors.encode([rows[limit - 1].position]) if len(rows) > limit else None
    return DeliveryPage(items=[DeliveryView.of(row) for row in rows[:limit]], next=following)


@router.get("/{webhook_id}/deliveries/{event_id}", summary="One delivery with its attempts")
async def read_webhook_delivery(
    session: ReadSession, permit: CurrentPermit, webhook_id: UUID, event_id: UUID
) -> DeliveryDetail:
    """Return a delivery by its ``webhook-id``."""
    await find_webhook(session, permit, webhook_id)
    delivery = await find_delivery(session, webhook_id, event_id)
    attempts = await attempts_of(session, webhook_id, event_id, MOST_ATTEMPTS)
    return DeliveryDetail(
        delivery=DeliveryView.of(delivery), attempts=[AttemptView.of(each) for each in attempts]
    )


@router.post(
    "/{webhook_id}/deliveries/{event_id}/redeliver",
    summary="Tell one event again",
    status_code=status.HTTP_202_ACCEPTED,
)
async def redeliver_webhook(
    session: Uow, permit: CurrentPermit, actor: CurrentActor, webhook_id: UUID, event_id: UUID
) -> DeliveryView:
    """Tell an event again, with the same ``webhook-id``."""
    webhook = await find_webhook(session, permit, webhook_id)
    delivery = await find_delivery(session, webhook_id, event_id)
    await handlers.redeliver(session, delivery)
    await _note(session, actor, webhook)
    return DeliveryView.of(delivery)


@router.post(
    "/{webhook_id}/replay",
    summary="Tell everything again from a moment on",
    status_code=status.HTTP_202_ACCEPTED,
)
async def replay_webhook(
    session: Uow,
    read_model: CurrentReadModel,
    permit: CurrentPermit,
    actor: CurrentActor,
    webhook_id: UUID,
    command: Since,
    response: Response,
) -> WebhookView:
    """Tell all that matches and was recorded since a moment again, in order and with the same ids."""
    async with read_model.session() as reading:
        position = await position_at(reading, command.since.astimezone(UTC))
    webhook = await find_webhook(session, permit, webhook_id, locked=True)
    await handlers.replay(session, permit, webhook, position)
    await _note(session, actor, webhook)
    return await _view(session, webhook, response)


@router.post(
    "/{webhook_id}/recover", summary="Try what had failed again", status_code=status.HTTP_202_ACCEPTED
)
async def recover_webhook(
    session: Uow, permit: CurrentPermit, actor: CurrentActor, webhook_id: UUID, command: Since
) -> Recovered:
    """Try all deliveries again that were made since a moment and had failed."""
    webhook = await find_webhook(session, permit, webhook_id)
    count = await handlers.recover(session, webhook_id, command.since.astimezone(UTC))
    await _note(session, actor, webhook)
    return Recovered(recovered=count)


async def _require_allowed(egress: Egress, url: str) -> None:
    """Check where events are to go.

    Raises:
        Invalid: nothing is sent there.

    """
    try:
        await egress.check(url)
    except (NotAllowed, NoAnswer) as error:
        fault = Fault(pointer="/url", code="url-not-allowed", detail=str(error))
        raise Invalid("Nothing is sent to that address.", code="url-not-allowed", errors=[fault]) from error


async def _position(read_model: ReadModel) -> Position:
    async with read_model.session() as session:
        return await newest_position(session)


async def _changing(
    session: AsyncSession, permit: CurrentPermit, webhook_id: UUID, version: int | None
) -> Webhook:
    """Return a subscription that is about to be changed.

    Raises:
        NotFound: the principal manages none of that id.
        PreconditionFailed: the change is based on another version.

    """
    webhook = await find_webhook(session, permit, webhook_id, locked=True)
    if version not in (None, ANY_VERSION, webhook.version):
        raise PreconditionFailed(f"The webhook is at version {webhook.version} now.", code="stale-version")
    return webhook


async def _view(session: AsyncSession, webhook: Webhook, response: Response) -> WebhookView:
    response.headers.update(_tag(webhook))
    keys = await keys_of(session, [webhook.id], datetime.now(UTC))
    return WebhookView.of(webhook, keys[webhook.id])


def _tag(webhook: Webhook) -> dict[str, str]:
    return {"ETag": f'"{webhook.version}"'}


async def _note(session: AsyncSession, actor: Actor, webhook: Webhook) -> None:
    """Write what was done with a subscription into the audit."""
    affected = [Affected(aggregate="webhook", identifier=str(webhook.id))]
    await note_changes(session, actor.attempt, affected)
