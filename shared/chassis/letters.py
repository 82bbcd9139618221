"""Letters of messages that could not be taken in, and how they forget what was told again without a person's names."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import execute


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
