"""Letters of messages that could not be taken in, and how they forget what was told again without a person's names."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import execute, is_of_the_data

_OF_A_DATABASE = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


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
    return not isinstance(error, _OF_A_DATABASE) or is_of_the_data(error)


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
