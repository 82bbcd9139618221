"""Queries that are born scoped: the rows that a permit lets see, as a condition on their places.

The place of a row is kept beside it. What belongs to projects belongs to their places too: those are looked up where the
service knows the projects, in its own activities or in copies of them.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, exists, false, literal, or_, true
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.ids import activity_id
from shared.policy.grants import Grant
from shared.policy.permits import Permit
from shared.policy.places import Place
from shared.policy.placing import C, Placing

PERMIT = "permit"
"""Where a session keeps the permit of the request that reads by it."""


class KnownPlace(SQLModel):
    """Columns that tell where a project belongs, and whether everybody may see it."""

    place_countries: list[str] = Field(sa_type=ARRAY(Text))
    place_organisations: list[str] = Field(sa_type=ARRAY(Text))
    is_public: bool


class PlacedRow(KnownPlace):
    """Columns that tell where a row belongs; ``placed_by`` is the version of the rule that told it."""

    place_projects: list[UUID] = Field(sa_type=ARRAY(Uuid))
    placed_by: int = Field(index=True)


def place_columns(place: Place, *, is_public: bool) -> dict[str, Any]:
    """Return the columns of a place, save for its projects."""
    return {
        "place_countries": sorted(place.countries),
        "place_organisations": sorted(place.organisations),
        "is_public": is_public,
    }


def placed(placing: Placing[C], document: C) -> dict[str, Any]:
    """Return the columns that tell where a document belongs."""
    place = placing.place(document)
    columns = place_columns(place, is_public=placing.is_public(document))
    return {**columns, "place_projects": project_ids(place)}


def project_ids(place: Place) -> list[UUID]:
    """Return the ids of a place's projects, in order."""
    return sorted(map(activity_id, place.projects))


def visible(model: type[PlacedRow], permit: Permit, projects: type[KnownPlace] | None) -> ColumnElement[bool]:
    """Return the condition on a row that a permit lets see it.

    ``projects`` is the table that tells the places of projects, with columns of a ``KnownPlace``; None where rows tell
    their own.
    """
    seen = within(model, permit.grants, projects)
    if not permit.published:
        return seen
    return or_(seen, published(model, projects))


def published(model: type[PlacedRow], projects: type[KnownPlace] | None) -> ColumnElement[bool]:
    """Return the condition that a row is published: itself, and a project of it if it has any."""
    is_public: ColumnElement[bool] = col(model.is_public).is_(True)
    if projects is None:
        return is_public
    ids = col(model.place_projects)
    return and_(
        is_public, or_(ids == literal([], ARRAY(Uuid)), _of_project(model, projects, projects.is_public))
    )


def within(
    model: type[PlacedRow], grants: Iterable[Grant], projects: type[KnownPlace] | None
) -> ColumnElement[bool]:
    """Return the condition that some of these grants holds where a row belongs."""
    held = tuple(dict.fromkeys(grants))
    # What is no table, as a subquery, is another one in every request.
    return _within(model, held, projects) if isinstance(model, type) else _made(model, held, projects)


@lru_cache(maxsize=1024)
def _within(
    model: type[PlacedRow], grants: tuple[Grant, ...], projects: type[KnownPlace] | None
) -> ColumnElement[bool]:
    """Return the condition, made once for all requests of the same grants: making it costs more than asking it."""
    return _made(model, grants, projects)


def _made(
    model: type[PlacedRow], grants: tuple[Grant, ...], projects: type[KnownPlace] | None
) -> ColumnElement[bool]:
    covered = [_covered(model, grant, projects) for grant in grants]
    return or_(*covered) if covered else false()


def _covered(model: type[PlacedRow], grant: Grant, projects: type[KnownPlace] | None) -> ColumnElement[bool]:
    if grant.is_everywhere:
        return true()
    conditions: list[ColumnElement[bool]] = []
    for name, values in grant.restrictions.items():
        if name == "projects":
            ids = literal([activity_id(value) for value in sorted(values)], ARRAY(Uuid))
            conditions.append(_overlap(model.place_projects, ids))
            continue
        wanted = literal(sorted(values), ARRAY(Text))
        own = _overlap(getattr(model, f"place_{name}"), wanted)
        if projects is None:
            conditions.append(own)
        else:
            theirs = _overlap(getattr(projects, f"place_{name}"), wanted)
            conditions.append(or_(own, _of_project(model, projects, theirs)))
    return and_(*conditions)


def _overlap(column: Any, values: ColumnElement[Any]) -> ColumnElement[bool]:  # noqa: ANN401
    """Return the condition that an array has one of some values."""
    condition: ColumnElement[bool] = col(column).bool_op("&&")(values)
    return condition


def _of_project(model: type[PlacedRow], projects: Any, holds: Any) -> ColumnElement[bool]:  # noqa: ANN401
    """Return the condition that something holds of a project of a row."""
    known = exists().where(projects.id == any_(col(model.place_projects)), holds)
    if hasattr(projects, "aggregate"):
        known = known.where(projects.aggregate == "activity")
    return known


async def project_places(
    session: AsyncSession, projects: type[KnownPlace], ids: Sequence[UUID]
) -> dict[UUID, Place]:
    """Return the places of those projects that are known, by id."""
    model: Any = projects
    statement = select(model.id, model.place_countries, model.place_organisations).where(
        model.id == any_(literal(list(ids), ARRAY(Uuid)))
    )
    if hasattr(model, "aggregate"):
        statement = statement.where(model.aggregate == "activity")
    return {
        id_: Place(frozenset(countries), frozenset(organisations))
        for id_, countries, organisations in await session.exec(statement)
    }


def required_permit(session: AsyncSession, resource: str) -> Permit:
    """Return the permit that a session reads a resource by.

    Raises:
        LookupError: it has none, so nothing may be told by it.

    """
    permit = permit_of(session, resource)
    if permit is None:
        raise LookupError(f"the session has no permit for {resource}")
    return permit


def permit_of(session: AsyncSession, resource: str) -> Permit | None:
    """Return the permit that a session reads a resource by; None where the service reads for itself."""
    permit: Permit | None = session.info.get(PERMIT)
    return permit if permit is not None and permit.resource == resource else None
