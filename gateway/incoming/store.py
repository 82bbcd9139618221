"""Sources and messages of partners in the database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.incoming.models import APPLIED, QUARANTINED, IncomingMessage, IncomingSecret, IncomingSource
from shared.chassis.db import execute
from shared.chassis.errors import Conflict, NotFound

CHANNEL = "incoming"
"""Where the worker hears that there is something to apply."""

_HEADS = text("""
SELECT m.id FROM incoming_message AS m WHERE m.state = 'received' AND m.next_at <= :now AND NOT EXISTS (
    SELECT FROM incoming_message AS e WHERE e.source_id = m.source_id AND e.subject = m.subject
        AND e.state = 'received' AND e.seq < m.seq
) ORDER BY m.seq LIMIT :most
""")
_ERASE = text("""
UPDATE incoming_message SET sealed = NULL, corrected = NULL WHERE id = ANY(ARRAY(
    SELECT id FROM incoming_message WHERE sealed IS NOT NULL AND finished_at IS NOT NULL AND finished_at < :before LIMIT :most
))
""")
_WAKE = text(f"SELECT pg_notify('{CHANNEL}', '')")


async def find_source(session: AsyncSession, source_id: str, *, locked: bool = False) -> IncomingSource:
    """Return a source.

    Raises:
        NotFound: there is none of that id.

    """
    row = await session.get(IncomingSource, source_id, with_for_update=locked or None)
    if row is None:
        raise NotFound("There is no such source.")
    return row


async def list_sources(session: AsyncSession, after: str | None, limit: int) -> Sequence[IncomingSource]:
    """Return sources, the newest first; ids grow with time."""
    statement = select(IncomingSource).order_by(col(IncomingSource.id).desc()).limit(limit)
    if after is not None:
        statement = statement.where(col(IncomingSource.id) < after)
    return (await session.exec(statement)).all()


async def secrets_of(session: AsyncSession, source_ids: Iterable[str]) -> dict[str, list[IncomingSecret]]:
    """Return the secrets of sources, the newest first."""
    statement = (
        select(IncomingSecret)
        .where(col(IncomingSecret.source_id).in_(list(source_ids)))
        .order_by(col(IncomingSecret.created_at).desc(), col(IncomingSecret.id))
    )
    secrets: dict[str, list[IncomingSecret]] = defaultdict(list)
    for row in await session.exec(statement):
        secrets[row.source_id].append(row)
    return secrets


async def find_message(session: AsyncSession, message_id: UUID) -> IncomingMessage:
    """Return a message.

    Raises:
        NotFound: there is none of that id.

    """
    row = await session.get(IncomingMessage, message_id)
    if row is None:
        raise NotFound("There is no such message.")
    return row


async def held_message(session: AsyncSession, message_id: UUID) -> IncomingMessage:
    """Return a message that waits for a decision, and lock it.

    Raises:
        NotFound: there is none of that id.
        Conflict: nothing is to be decided about it.

    """
    row = await session.get(IncomingMessage, message_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such message.")
    if row.state != QUARANTINED:
        raise Conflict(f"The message is {row.state}.", code="message-not-held")
    return row


async def message_of(session: AsyncSession, source_id: str, webhook_id: str) -> IncomingMessage | None:
    """Return the message of a source that has a ``webhook-id``."""
    statement = select(IncomingMessage).where(
        col(IncomingMessage.source_id) == source_id, col(IncomingMessage.webhook_id) == webhook_id
    )
    return (await session.exec(statement)).one_or_none()


async def list_messages(
    session: AsyncSession, state: str | None, source_id: str | None, after: int | None, limit: int
) -> Sequence[IncomingMessage]:
    """Return messages, the newest first."""
    statement = select(IncomingMessage).order_by(col(IncomingMessage.seq).desc()).limit(limit)
    if state is not None:
        statement = statement.where(col(IncomingMessage.state) == state)
    if source_id is not None:
        statement = statement.where(col(IncomingMessage.source_id) == source_id)
    if after is not None:
        statement = statement.where(col(IncomingMessage.seq) < after)
    return (await session.exec(statement)).all()


async def is_overtaken(session: AsyncSession, row: IncomingMessage) -> bool:
    """Tell whether a later message of the same type about the same subject was applied."""
    statement = (
        select(IncomingMessage.id)
        .where(
            col(IncomingMessage.source_id) == row.source_id,
            col(IncomingMessage.subject) == row.subject,
            col(IncomingMessage.type) == row.type,
            col(IncomingMessage.state) == APPLIED,
            col(IncomingMessage.seq) > row.seq,
        )
        .limit(1)
    )
    return (await session.exec(statement)).first() is not None


async def heads(session: AsyncSession, now: datetime, most: int) -> Sequence[UUID]:
    """Return messages that may be applied now, of each source and subject the first; without a subject any."""
    return (await execute(session, _HEADS, now=now, most=most)).scalars().all()


async def settle(session: AsyncSession, message_id: UUID, seen: str, values: dict[str, object]) -> None:
    """Write what became of a message, if it still is in the state that was seen."""
    statement = update(IncomingMessage).where(
        col(IncomingMessage.id) == message_id, col(IncomingMessage.state) == seen
    )
    await session.exec(statement.values(values))


async def erase_bodies(session: AsyncSession, before: datetime, most: int) -> int:
    """Erase what messages said that were done with before a moment; return of how many."""
    return (await execute(session, _ERASE, before=before, most=most)).rowcount


async def wake(session: AsyncSession) -> None:
    """Tell the worker, once the caller's transaction is committed, that there is something to apply."""
    await execute(session, _WAKE)
