"""What becomes of a stream's facts when it is made anew: they keep their order, before everything that its successor tells."""

from datetime import datetime

from sqlalchemy import text

from shared.chassis.db import Database, execute

MOST_FACTS = 20_000

_LOWER = text("UPDATE fact SET sequence = sequence - (1::bigint << 40) WHERE owner = :owner AND sequence < 0")
_LAST = text("SELECT max(sequence) FROM fact WHERE owner = :owner")
_BELOW_ZERO = text(
    "UPDATE fact SET sequence = sequence - :last - 1 WHERE owner = :owner AND sequence >= 0 AND sequence <="
    " (SELECT max(sequence) FROM (SELECT sequence FROM fact WHERE owner = :owner AND sequence >= 0"
    " ORDER BY sequence LIMIT :most) AS first)"
)
_BEGIN = text("UPDATE position SET sequence = 0, stream_created = :created WHERE owner = :owner")


async def leave_stream(database: Database, owner: str, created: datetime | None) -> None:
    """Move the facts of an owner's former stream below zero, some at a time, and begin with the new one.

    It may be broken off and begun again: the first go first, so that the last sequence stays what it is to the end. What a
    stream before that one told goes further down.
    """
    async with database.session() as session, session.begin():
        await execute(session, _LOWER, owner=owner)
    moved = True
    while moved:
        async with database.session() as session, session.begin():
            last = (await execute(session, _LAST, owner=owner)).scalar_one()
            moved = last is not None and last >= 0
            if moved:
                await execute(session, _BELOW_ZERO, owner=owner, last=last, most=MOST_FACTS)
            else:
                await execute(session, _BEGIN, owner=owner, created=created)
