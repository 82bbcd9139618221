"""Reads of the read model: those that wait for a certain write, those of a past moment, and what an answer knows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.generations import CurrentReadModel, ReadModel
from gateway.projection.visibility import Write, await_writes, parse_write
from gateway.results.filters import MoneyQuery
from gateway.results.scope import write_is_seen
from gateway.results.terms import RateTables, Terms
from shared.chassis.db import execute
from shared.chassis.errors import Unavailable
from shared.chassis.guard import CurrentPermit
from shared.chassis.scoping import PERMIT
from shared.policy.permits import Permit

WAIT_SECONDS = 5.0

_POSITION = text(
    "SELECT (SELECT max(recorded_at) FROM position), (SELECT json_object_agg(owner, sequence ORDER BY owner) FROM position)"
)


class Reads:
    """The read model as one request sees it."""

    def __init__(
        self, read_model: ReadModel, rate_tables: RateTables, permit: Permit, after: str | None
    ) -> None:
        self._read_model, self._rate_tables = read_model, rate_tables
        self._permit, self._after = permit, after

    @asynccontextmanager
    async def on(self, query: MoneyQuery) -> AsyncIterator[tuple[AsyncSession, Terms]]:
        """Open a session on the state that a query is about, and return the terms of its money.

        Raises:
            Invalid: ``as_of`` is still to come, or there are no such currency or rates.
            Unavailable: the write that the caller names has not arrived within five seconds.

        """
        async with self.at(query.as_of) as session:
            yield session, await self._rate_tables.terms(session, query)

    @asynccontextmanager
    async def at(self, as_of: datetime | None) -> AsyncIterator[AsyncSession]:
        """Open a session on what was known at a moment, None for now; it reads by the permit of the request.

        Raises:
            Invalid: the moment is still to come.
            Unavailable: the write that the caller names has not arrived within five seconds.

        """
        if self._after is not None:
            write = parse_write(self._after)
            waiting = await_writes(self._read_model, [write], seconds=WAIT_SECONDS, seen=self._sees)
            if not await waiting:
                raise Unavailable("The read model has not taken in that write yet.", code="not-yet-visible")
        async with self._read_model.session(as_of, at_primary=self._after is not None) as session:
            session.info[PERMIT] = self._permit
            yield session

    async def _sees(self, session: AsyncSession, write: Write) -> bool:
        session.info[PERMIT] = self._permit
        return await write_is_seen(session, write)


async def current_reads(
    request: Request,
    read_model: CurrentReadModel,
    permit: CurrentPermit,
    devcoop_after: Annotated[
        str | None, Header(description="`DevCoop-Write` of a write that the answer must have seen")
    ] = None,
) -> Reads:
    """Return how this request reads."""
    return Reads(read_model, request.state.runtime.parts["rate_tables"], permit, devcoop_after)


CurrentReads = Annotated[Reads, Depends(current_reads)]


async def asked(session: AsyncSession) -> str:
    """Return the members ``as_of`` and ``position`` of an answer, as JSON text without braces."""
    as_of, position = (await execute(session, _POSITION)).one()
    return to_json({"as_of": as_of, "position": position or {}}).decode()[1:-1]
