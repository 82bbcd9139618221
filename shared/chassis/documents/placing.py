"""Rows get their places: those that were stored before there were places, and all whenever a rule of places changes."""

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import Database
from shared.chassis.documents.aggregates import Aggregate, C

BATCH = 500


async def place_anew(database: Database, aggregate: Aggregate[C]) -> int:
    """Place the rows that an older rule placed, batch by batch, and return how many there were."""
    placed = 0
    while True:
        async with database.session() as session, session.begin():
            batch = await _place_some(session, aggregate)
        placed += batch
        if batch < BATCH:
            return placed


async def _place_some(session: AsyncSession, aggregate: Aggregate[C]) -> int:
    model = aggregate.model
    outdated = (
        select(model.id, model.document)
        .where(col(model.placed_by) < aggregate.placing.version)
        .order_by(col(model.id))
        .limit(BATCH)
        .with_for_update()
    )
    rows = (await session.exec(outdated)).all()
    for id_, document in rows:
        columns = aggregate.placed(aggregate.contract.from_event(document))
        await session.exec(update(model).where(col(model.id) == id_).values(**columns))
    return len(rows)
