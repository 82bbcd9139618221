"""Letters of messages that could not be taken in, and how they forget what was told again without a person's names."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import AWAY, execute, is_of_the_data

M = TypeVar("M", bound=Hashable)


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """How far into an owner's stream was read, and when that stream was made."""

    sequence: int
    stream_created: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that could not be taken in, and why."""

    owner: str
    sequence: int
    reason: str
    payload: bytes = field(repr=False)
    noted_at: datetime


def is_of_a_message(error: Exception) -> bool:
    """Whether a message is at fault, and not a database that is away or busy."""
    return not isinstance(error, AWAY) or is_of_the_data(error)


async def at_fault(
    messages: Sequence[M], take: Callable[[Sequence[M]], Awaitable[Mapping[M, Exception]]]
) -> dict[M, Exception]:
    """Take messages in together, or each alone if one of them is at fault; return those that cannot be taken, with the reason.

    Args:
        messages: of one owner.
        take: takes messages in within one transaction, and returns those that it leaves out.

    """
    try:
        return dict(await take(messages))
    except Exception as error:
        if not is_of_a_message(error):
            raise
        if len(messages) == 1:
            return {messages[0]: error}
    failed: dict[M, Exception] = {}
    for message in messages:
        failed |= await at_fault([message], take)
    return failed


async def forget_letters(  # noqa: PLR0913
    session: AsyncSession, model: type[SQLModel], owner: str, sequence: int, aggregate_id: UUID, version: int
) -> None:
    """Drop the letters of what was told of a version before.

    Args:
        session: the caller's transaction.
        model: the table of the letters.
        owner: of the stream.
        sequence: of the message that tells the version again.
        aggregate_id: of the version.
        version: that was told again.

    """
    statement = text(
        f"DELETE FROM {model.__tablename__} WHERE owner = :owner AND sequence < :sequence"  # noqa: S608
        " AND position(CAST(:told AS bytea) IN payload) > 0"
    )
    told = f'"aggregate_id":"{aggregate_id}","aggregate_version":{version},'.encode()
    await execute(session, statement, owner=owner, sequence=sequence, told=told)
