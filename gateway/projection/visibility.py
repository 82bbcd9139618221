"""Reads that have seen a certain write: waiting until the read model has taken it in.

A write names itself as ``<aggregate>.<id>.<version>`` (see ``shared/chassis/documents``).
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.generations import ReadModel
from shared.chassis.db import execute
from shared.chassis.errors import BadRequest, Unavailable
from shared.contracts.catalog import CATALOG

RECHECK_SECONDS = 0.25
"""How often to look even if nothing was heard."""

_NOUNS = sorted({event.aggregate for event in CATALOG.values()})
_WRITE = re.compile(rf"({'|'.join(_NOUNS)})\.([0-9a-f-]{{36}})\.(\d{{1,9}})")

_NEWEST = text("SELECT max(version) FROM fact WHERE aggregate = :noun AND id = :id")
"""The newest version that was taken in; what follows from a fact is written in the same transaction."""


@dataclass(frozen=True, slots=True)
class Write:
    """One version of one aggregate."""

    noun: str
    id: UUID
    version: int


def parse_write(told: str) -> Write:
    """Return the write that a caller names.

    Raises:
        BadRequest: it is not what a write answered.

    """
    match = _WRITE.fullmatch(told)
    if match is None:
        raise BadRequest("DevCoop-After takes the DevCoop-Write of a write.", code="invalid-devcoop-after")
    return Write(match[1], UUID(match[2]), int(match[3]))


Seen: TypeAlias = Callable[[AsyncSession, Write], Awaitable[bool]]


async def await_writes(
    read_model: ReadModel, writes: Iterable[Write], *, seconds: float, seen: Seen | None = None
) -> bool:
    """Wait until all of the writes are in the read model; False if ``seconds`` were not enough.

    A write that is not ``seen`` is waited for as if it were not there.
    """
    deadline = time.monotonic() + seconds
    for write in writes:
        moved = read_model.next_move()
        while not await _is_visible(read_model, write, seen):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), min(RECHECK_SECONDS, left))
            moved = read_model.next_move()
    return True


async def _is_visible(read_model: ReadModel, write: Write, seen: Seen | None) -> bool:
    try:
        async with read_model.session(at_primary=True) as session:
            version = (await execute(session, _NEWEST, noun=write.noun, id=write.id)).scalar()
            is_there = version is not None and version >= write.version
            return is_there and (seen is None or await seen(session, write))
    except Unavailable:
        return False
