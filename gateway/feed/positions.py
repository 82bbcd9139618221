"""Positions in the feed: how far into each owner's stream somebody has read.

A position belongs to the streams, not to the read model, so it means the same in every generation of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.tables import Position as Known
from shared.contracts.catalog import OWNERS

BEGINNING = -(2**62)
"""Before every sequence, those below zero included (see ``Fact``)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_STREAM = -1

Value: TypeAlias = int
VALUES = 2 * len(OWNERS)
"""How many numbers a position is."""


class PositionLost(Exception):
    """A stream was made anew: the position means nothing any more."""


class PositionAhead(Exception):
    """The read model has not come as far as the position yet."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far was read: the last sequence of each owner, and when its stream was made (None where nothing was read)."""

    sequences: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    streams: Mapping[str, datetime | None] = field(default_factory=lambda: MappingProxyType({}))

    def sequence(self, owner: str) -> int:
        """Return the last sequence that was read of an owner."""
        return self.sequences.get(owner, BEGINNING)

    def moved(self, owner: str, sequence: int, stream: datetime | None) -> "Position":
        """Return the position after a sequence of an owner's stream."""
        return Position({**self.sequences, owner: sequence}, {**self.streams, owner: stream})

    def as_values(self) -> list[Value]:
        """Return it as numbers, to be written down."""
        return [
            *(self.sequence(owner) for owner in OWNERS),
            *(_microseconds(self.streams.get(owner)) for owner in OWNERS),
        ]

    @classmethod
    def of_values(cls, values: Sequence[Value]) -> "Position":
        """Return the position that some numbers are."""
        count = len(OWNERS)
        sequences = dict(zip(OWNERS, values[:count], strict=True))
        streams = dict(zip(OWNERS, map(_moment, values[count:]), strict=True))
        return cls(sequences, streams)


ZERO = Position()
"""Before everything."""


async def newest_position(session: AsyncSession) -> Position:
    """Return how far a session's read model has come."""
    rows = (await session.exec(select(Known))).all()
    return Position(
        {row.owner: row.sequence for row in rows}, {row.owner: row.stream_created for row in rows}
    )


def require_known(position: Position, newest: Position) -> None:
    """Check that a position can be gone on from, where the read model has come so far.

    Raises:
        PositionLost: it is of other streams.
        PositionAhead: the read model is behind it.

    """
    for owner in OWNERS:
        stream = position.streams.get(owner)
        if stream is not None and stream != newest.streams.get(owner):
            raise PositionLost(owner)
    if any(position.sequence(owner) > newest.sequence(owner) for owner in OWNERS):
        raise PositionAhead


def _microseconds(moment: datetime | None) -> int:
    return _NO_STREAM if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime | None:
    return None if microseconds == _NO_STREAM else _EPOCH + microseconds * _MICROSECOND
