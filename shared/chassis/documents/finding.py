"""Finding one document: to show it, or to change it."""

from typing import Any

from sqlalchemy import true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C, DocumentRow, not_found
from shared.chassis.documents.members import withholding
from shared.chassis.documents.reach import require_reach
from shared.chassis.scoping import permit_of, visible


async def find(session: AsyncSession, aggregate: Aggregate[C], identifier: str) -> DocumentRow:
    """Return the row of an aggregate that the session's permit lets see; without a permit, any.

    Raises:
        NotFound: no aggregate that may be seen has that identifier.

    """
    row, _ = await find_shown(session, aggregate, identifier)
    return row


async def find_shown(
    session: AsyncSession, aggregate: Aggregate[C], identifier: str
) -> tuple[DocumentRow, tuple[str, ...]]:
    """Return the row of an aggregate as ``find`` does, and the members of its document that the permit does not show.

    Raises:
        NotFound: no aggregate that may be seen has that identifier.

    """
    model = aggregate.model
    permit = permit_of(session, aggregate.noun)
    withheld = withholding(aggregate, permit)
    seen = () if permit is None or permit.is_everywhere else (visible(model, permit, aggregate.projects),)
    columns: Any = (model, true(), *withheld.shown)
    statement = select(*columns).where(col(model.id) == aggregate.id_of(identifier), *seen)
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found(aggregate, identifier)
    row, _, *flags = found
    return row, withheld.of(flags)


async def locked(
    session: AsyncSession, aggregate: Aggregate[C], identifier: str, actor: Actor
) -> DocumentRow:
    """Return the row of an aggregate that an actor may change, locked until the transaction ends.

    Raises:
        NotFound: no aggregate that the actor may see has that identifier.
        Forbidden: the actor may not change it.

    """
    row = await locked_row(session, aggregate, identifier)
    await require_reach(session, aggregate, identifier, actor)
    if row is None:
        raise not_found(aggregate, identifier)
    return row


async def locked_row(session: AsyncSession, aggregate: Aggregate[C], identifier: str) -> DocumentRow | None:
    """Return the row of an aggregate, locked until the transaction ends; None if there is none."""
    return await session.get(aggregate.model, aggregate.id_of(identifier), with_for_update=True)
