"""HTTP interface to the messages that came: what became of them, and what to do with those that are held."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.incoming import handlers
from gateway.incoming.api import CurrentSealer
from gateway.incoming.models import IncomingMessage
from gateway.incoming.schemas import (
    Discard,
    IncomingMessageDetail,
    IncomingMessagePage,
    IncomingMessageView,
    MessageState,
    Release,
)
from gateway.incoming.store import find_message, list_messages
from gateway.issuer.oauth import current_issuer
from shared.chassis.audit.entries import Affected, note_changes
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.routes import CurrentActor
from shared.chassis.guard import CurrentPermit
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText

router = APIRouter(
    prefix="/v1/incoming-messages",
    tags=["incoming webhooks"],
    route_class=JsonRoute,
    dependencies=[Depends(current_issuer)],
)


@router.get("", summary="List messages of partners, the newest first")
async def list_incoming_messages(  # noqa: PLR0913
    session: ReadSession,
    cursors: Cursors,
    state: Annotated[MessageState | None, Query(description="Only those in this state")] = None,
    source: Annotated[FilterText | None, Query(description="Only those of this source")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> IncomingMessagePage:
    """Return one page of messages, without what they say."""
    after = cursors.decode(cursor, int)[0] if cursor else None
    rows = await list_messages(session, state, source, after, limit + 1)
    following = cursors.encode([rows[limit - 1].seq]) if len(rows) > limit else None
    return IncomingMessagePage(items=[IncomingMessageView.of(row) for row in rows[:limit]], next=following)


@router.get("/{message_id}", summary="One message")
async def read_incoming_message(
    session: ReadSession, sealer: CurrentSealer, message_id: UUID
) -> IncomingMessageDetail:
    """Return a message with what it says, until that is erased."""
    return _detail(sealer, await find_message(session, message_id))


@router.post("/{message_id}/release", summary="Apply one message that is held")
async def release_incoming_message(  # noqa: PLR0913
    session: Uow,
    sealer: CurrentSealer,
    permit: CurrentPermit,
    actor: CurrentActor,
    message_id: UUID,
    decision: Release,
) -> IncomingMessageDetail:
    """Let a message go, as it is or corrected; what becomes of it is told when it is read again."""
    row = await handlers.release(session, sealer, permit.principal, message_id, decision)
    await _note(session, actor.because(decision.rationale), row)
    return _detail(sealer, row)


@router.post("/{message_id}/discard", summary="Let one message that is held be")
async def discard_incoming_message(  # noqa: PLR0913
    session: Uow,
    sealer: CurrentSealer,
    permit: CurrentPermit,
    actor: CurrentActor,
    message_id: UUID,
    decision: Discard,
) -> IncomingMessageDetail:
    """Decide that a message has no effect."""
    row = await handlers.discard(session, permit.principal, message_id, decision)
    await _note(session, actor.because(decision.rationale), row)
    return _detail(sealer, row)


def _detail(sealer: CurrentSealer, row: IncomingMessage) -> IncomingMessageDetail:
    sent, corrected = handlers.texts_of(sealer, row)
    view = IncomingMessageView.of(row).model_dump()
    return IncomingMessageDetail.model_validate({**view, "body": sent, "corrected": corrected})


async def _note(session: AsyncSession, actor: Actor, row: IncomingMessage) -> None:
    affected = Affected(aggregate="incoming-message", identifier=str(row.id))
    await note_changes(session, actor.attempt, [affected])
