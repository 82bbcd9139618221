"""Keyset pages over the rows of a document aggregate."""

from collections.abc import Sequence
from typing import Any

from fastapi import Response
from sqlalchemy import ColumnElement, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.documents.aggregates import Aggregate, C
from shared.chassis.documents.members import withholding
from shared.chassis.documents.schemas import Item
from shared.chassis.pagination import Cursors
from shared.chassis.scoping import required_permit, visible


async def list_page(  # noqa: PLR0913
    session: AsyncSession,
    aggregate: Aggregate[C],
    conditions: Sequence[ColumnElement[bool]],
    *,
    cursors: Cursors,
    cursor: str | None,
    limit: int,
) -> Response:
    """Return a page of what the session's permit lets see, in order of identifier, as the JSON of an ``ItemPage``."""
    model = aggregate.model
    permit = required_permit(session, aggregate.noun)
    scope = () if permit.is_everywhere else (visible(model, permit, aggregate.projects),)
    withheld = withholding(aggregate, permit)
    columns: Any = (model, true(), *withheld.shown)
    statement = select(*columns).where(*scope, *conditions).order_by(col(model.identifier)).limit(limit + 1)
    if cursor is not None:
        (after,) = cursors.decode(cursor, str)
        statement = statement.where(col(model.identifier) > after)
    rows = (await session.exec(statement)).all()
    following = f'"{cursors.encode([rows[limit - 1][0].identifier])}"' if len(rows) > limit else "null"
    items = ",".join(Item.text_of(row, withheld.of(flags)) for row, _, *flags in rows[:limit])
    return Response(f'{{"items":[{items}],"next":{following}}}', media_type="application/json")
