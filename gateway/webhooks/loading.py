"""What lanes are given from the database: few statements for all of them together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.webhooks.lanes import MOST_AT_ONCE, Due, Lane, Rest
from shared.chassis.db import Database, execute

_NAMES = ", ".join(f"d.{each.name}" for each in fields(Due))
_PENDING = text(f"""
    SELECT {_NAMES} FROM unnest(CAST(:ids AS uuid[]), CAST(:after AS bigint[]), CAST(:most AS int[])) AS l(id, after, most)
    CROSS JOIN LATERAL (
        SELECT * FROM webhook_delivery d
        WHERE d.webhook_id = l.id AND d.state = 'pending' AND d.position > l.after ORDER BY d.position LIMIT l.most
    ) AS d
    ORDER BY d.webhook_id, d.position
""")  # noqa: S608  (columns of our own)
_RESTS = text(f"""
    SELECT {_NAMES} FROM unnest(
        CAST(:ids AS uuid[]), CAST(:aggregates AS text[]), CAST(:aggregate_ids AS uuid[]), CAST(:after AS bigint[]),
        CAST(:until AS bigint[])
    ) AS r(id, aggregate, aggregate_id, after, until)
    CROSS JOIN LATERAL (
        SELECT * FROM webhook_delivery d
        WHERE d.webhook_id = r.id AND d.aggregate_id = r.aggregate_id AND d.aggregate = r.aggregate
            AND d.state = 'pending' AND d.position > r.after AND d.position <= r.until
        ORDER BY d.position LIMIT {MOST_AT_ONCE}
    ) AS d
    ORDER BY d.webhook_id, d.position
""")  # noqa: S608


async def load(database: Database, lanes: Sequence[Lane], *, now: float, wall: datetime) -> bool:
    """Give lanes what is behind what they know, and the rests that they ask for; True if that is anything.

    Rests come first: what lies behind what a lane knows is none of a rest.
    """
    async with database.session() as session:
        rested = await _load_rests(session, lanes)
        hungry = [lane for lane in lanes if lane.wants_more]
        if not hungry:
            return rested
        rooms = {lane.webhook_id: lane.room for lane in hungry}
        rows = await _rows(
            session,
            _PENDING,
            ids=list(rooms),
            after=[lane.loaded for lane in hungry],
            most=list(rooms.values()),
        )
    found: dict[UUID, list[Due]] = defaultdict(list)
    for row in rows:
        found[row.webhook_id].append(row)
    for lane in hungry:
        asked = rooms[lane.webhook_id]
        lane.take(found[lane.webhook_id], asked=asked, now=now, wall=wall.timestamp())
    return rested or bool(rows)


async def _load_rests(session: AsyncSession, lanes: Sequence[Lane]) -> bool:
    asked: list[tuple[Lane, Rest]] = [(lane, rest) for lane in lanes for rest in lane.rests.values()]
    if not asked:
        return False
    rows = await _rows(
        session,
        _RESTS,
        ids=[lane.webhook_id for lane, _ in asked],
        aggregates=[rest.thing[0] for _, rest in asked],
        aggregate_ids=[rest.thing[1] for _, rest in asked],
        after=[rest.after for _, rest in asked],
        until=[lane.loaded for lane, _ in asked],
    )
    found: dict[tuple[UUID, str, UUID], list[Due]] = defaultdict(list)
    for row in rows:
        found[row.webhook_id, row.aggregate, row.aggregate_id].append(row)
    for lane, rest in asked:
        lane.take_rest(rest, found[lane.webhook_id, *rest.thing])
    return True


async def _rows(session: AsyncSession, statement: Any, **asked: Any) -> list[Due]:  # noqa: ANN401
    rows = await execute(session, statement, **asked)
    return [Due(*row) for row in rows]
