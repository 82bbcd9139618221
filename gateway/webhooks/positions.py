"""Positions in the feed as they are kept with subscriptions and by the router."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position, newest_position
from shared.chassis.db import execute
from shared.contracts.catalog import OWNERS

Kept = list[int]
"""A position as JSON."""

_FIRST_SINCE = text("SELECT owner, min(sequence) FROM fact WHERE recorded_at >= :moment GROUP BY owner")


async def position_at(session: AsyncSession, moment: datetime) -> Position:
    """Return the position just before the first event that was recorded since a moment, and not further than is known."""
    position = await newest_position(session)
    rows = (await execute(session, _FIRST_SINCE, moment=moment)).all()
    first = {row[0]: row[1] for row in rows}
    before = {
        owner: min(first.get(owner, sequence + 1) - 1, sequence)
        for owner, sequence in position.sequences.items()
    }
    return replace(position, sequences=before)


def least(one: Position, other: Position | None) -> Position:
    """Return the position from which on nothing of either is missed."""
    if other is None:
        return one
    return Position(
        {owner: min(one.sequence(owner), other.sequence(owner)) for owner in OWNERS},
        {owner: one.streams.get(owner) for owner in OWNERS},
    )


def is_reached(position: Position, other: Position) -> bool:
    """Tell whether a position is at or behind another in every stream."""
    return all(position.sequence(owner) <= other.sequence(owner) for owner in OWNERS)


def begun_anew(position: Position, streams: Mapping[str, datetime | None]) -> Position:
    """Return a position that holds for the streams there are: at the beginning of those that were made anew."""
    same = {owner: position.streams.get(owner) in (None, streams.get(owner)) for owner in OWNERS}
    return Position(
        {owner: position.sequence(owner) if same[owner] else 0 for owner in OWNERS},
        {owner: streams.get(owner) for owner in OWNERS},
    )


def kept(position: Position) -> Kept:
    """Return a position as it is kept."""
    return position.as_values()


def unkept(values: Kept | None) -> Position | None:
    """Return a position that was kept."""
    return None if values is None else Position.of_values(values)
