"""Up to where an answer knows the events, and reads that wait for a certain write."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header
from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.generations import CurrentReadModel
from gateway.projection.visibility import await_writes, parse_write
from shared.chassis.db import execute
from shared.chassis.errors import Unavailable

WAIT_SECONDS = 5.0

_POSITION = text(
    "SELECT (SELECT max(recorded_at) FROM position), (SELECT json_object_agg(owner, sequence ORDER BY owner) FROM position)"
)


async def read_session(
    read_model: CurrentReadModel,
    devcoop_after: Annotated[
        str | None, Header(description="`DevCoop-Write` of a write that the answer must have seen")
    ] = None,
) -> AsyncIterator[AsyncSession]:
    """Open a session on the read model, once it has taken in the write that the caller names.

    Raises:
        Unavailable: the write has not arrived within five seconds.

    """
    if devcoop_after is not None:
        write = parse_write(devcoop_after)
        if not await await_writes(read_model, [write], seconds=WAIT_SECONDS):
            raise Unavailable("The read model has not taken in that write yet.", code="not-yet-visible")
    async with read_model.session() as session:
        yield session


ReadSession = Annotated[AsyncSession, Depends(read_session, scope="function")]


async def asked(session: AsyncSession) -> str:
    """Return the members ``as_of`` and ``position`` of an answer, as JSON text without braces."""
    as_of, position = (await execute(session, _POSITION)).one()
    return to_json({"as_of": as_of, "position": position or {}}).decode()[1:-1]
