"""Keyset pages over the rows of a document aggregate."""

from collections.abc import Sequence

from fastapi import Response
from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.documents.schemas import Item
from shared.chassis.documents.store import Aggregate, C
from shared.chassis.pagination import Cursors


async def list_page(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    conditions: Sequence[ColumnElement[bool]],
    *,
    cursors: Cursors,
    cursor: str | None,
    limit: int,
) -> Response:
    """Return a page in order of identifier, as the JSON of an ``ItemPage``."""
    model = aggregate.model
    statement = select(model).where(*conditions).order_by(col(model.identifier)).limit(limit + 1)
    if cursor is not None:
        (after,) = cursors.decode(cursor, str)
        statement = statement.where(col(model.identifier) > after)
    rows = (await session.exec(statement)).all()
    following = f'"{cursors.encode([rows[limit - 1].identifier])}"' if len(rows) > limit else "null"
    items = ",".join(Item.text_of(row) for row in rows[:limit])
    return Response(f'{{"items":[{items}],"next":{following}}}', media_type="application/json")
