"""How far an actor reaches: nobody changes, or finds by trying to, what their grants do not hold for.

What they may not see is not found; what they see and may not change is forbidden.
"""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate, C, not_found
from shared.chassis.errors import Forbidden
from shared.chassis.scoping import project_ids, project_places, visible, within
from shared.policy.permits import reading
from shared.policy.places import Place, together


async def require_reach(
    session: AsyncSession, aggregate: Aggregate[C], identifier: str, actor: Actor
) -> None:
    """Check that an actor may change a stored document; one that is not stored is nobody's yet.

    Raises:
        NotFound: the actor may not see it.
        Forbidden: the actor may not change it.

    """
    permit = actor.permit
    if permit is None or permit.is_everywhere:
        return
    model, id_ = aggregate.model, aggregate.id_of(identifier)
    if await _holds(session, aggregate, id_, within(model, permit.grants, aggregate.projects)) is not False:
        return
    seen = visible(model, permit.for_reading(), aggregate.projects)
    if not await _holds(session, aggregate, id_, seen):
        raise not_found(aggregate, identifier)
    raise Forbidden(f"The grants do not hold for this {aggregate.noun}.", code="outside-scope")


async def is_seen(session: AsyncSession, aggregate: Aggregate[C], identifier: str, actor: Actor) -> bool:
    """Tell whether a document of any resource is stored that an actor may read."""
    model, id_ = aggregate.model, aggregate.id_of(identifier)
    if actor.reader is None:
        return await session.get(model, id_) is not None
    scope = visible(model, reading(actor.reader, aggregate.noun), aggregate.projects)
    return bool(await _holds(session, aggregate, id_, scope))


async def require_place(session: AsyncSession, aggregate: Aggregate[C], document: C, actor: Actor) -> None:
    """Check that an actor may store a document where it belongs.

    Raises:
        Forbidden: it may not. A project that is not known here yet is nowhere.

    """
    permit = actor.permit
    if permit is None or permit.is_everywhere:
        return
    if not permit.covers(await full_place(session, aggregate, document)):
        detail = f"The grants do not hold where this {aggregate.noun} belongs, or what it belongs to is not known here yet."
        raise Forbidden(detail, code="outside-scope")


async def full_place(session: AsyncSession, aggregate: Aggregate[C], document: C) -> Place:
    """Return where a document belongs, with the places of its projects."""
    place = aggregate.placing.place(document)
    if aggregate.projects is None or not place.projects:
        return place
    theirs = await project_places(session, aggregate.projects, project_ids(place))
    return together([place, *theirs.values()])


async def _holds(session: AsyncSession, aggregate: Aggregate[C], id_: UUID, condition: object) -> bool | None:
    """Return whether a condition holds for a stored row, None if there is none."""
    statement = select(condition).where(col(aggregate.model.id) == id_)  # type: ignore[call-overload]
    held: bool | None = (await session.exec(statement)).first()
    return held
