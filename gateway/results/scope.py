"""What of the read model the principal of a request may see, as conditions of SQL.

A session of the read model carries the permit that its request was let through with (``shared/chassis/scoping``); without
one nothing can be read of projects. A past state is seen by what belonged where, and was published, at its moment.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import KINDS, Kind
from gateway.projection.tables import PARTS
from gateway.projection.visibility import Write
from shared.chassis.db import execute
from shared.chassis.scoping import PERMIT
from shared.contracts.base import Contract
from shared.contracts.ids import activity_id
from shared.policy.grants import covered
from shared.policy.permits import Permit, reading
from shared.policy.places import Place
from shared.policy.placing import may_see

ABOUT_PROJECTS = ("results", "delivery", "orphan", "revision")
"""Resources whose rule tells which projects are seen; on pages of all others that of ``results`` does."""

ALWAYS, NEVER = "true", "false"

_DimensionOf: TypeAlias = Callable[[str, str], str]
"""The condition that a row has a value of a dimension, by the dimension and the name of the values."""

_OWN = "{alias}.place_{dimension} && CAST(:{name} AS text[])"
_OWN_PROJECT = "{alias}.id = ANY(CAST(:{name} AS uuid[]))"
_PROJECTS = "{alias}.place_projects && CAST(:{name} AS uuid[])"
_OF_PROJECTS = "EXISTS (SELECT FROM project_activity of_project WHERE of_project.id = ANY({alias}.place_projects) AND {holds})"
_SEEN_OF = "SELECT a.id FROM project_activity a WHERE a.id = ANY(:ids) AND {seen}"
_SEEN_DOCUMENT = (
    "SELECT EXISTS (SELECT FROM document d WHERE d.aggregate = :aggregate AND d.id = :id AND {seen})"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of SQL on the rows of one table, and what it binds."""

    sql: str = ALWAYS
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_always(self) -> bool:
        """Whether every row meets it."""
        return self.sql == ALWAYS

    def __and__(self, other: "Condition") -> "Condition":
        """Return the condition that both are met."""
        if self.is_always or other.is_always:
            return other if self.is_always else self
        return Condition(f"{self.sql} AND {other.sql}", {**self.parameters, **other.parameters})


EVERYTHING = Condition()


def permit_in(session: AsyncSession) -> Permit:
    """Return the permit that the request of a session was let through with.

    Raises:
        LookupError: the session has none, so nothing may be told by it.

    """
    found: Permit | None = session.info.get(PERMIT)
    if found is None:
        raise LookupError("a session of the read model carries the permit of its request")
    return found


def permit_to_read(session: AsyncSession, resource: str) -> Permit:
    """Return what the principal of a session may read of a resource, which may be nothing."""
    asked = permit_in(session)
    return (
        asked if (asked.resource, asked.action) == (resource, "read") else reading(asked.principal, resource)
    )


def projects_seen(session: AsyncSession) -> Condition:
    """Return the condition on ``project_activity a`` that a project is seen."""
    return _of_projects(_permit_of_projects(session))


def documents_seen(permit: Permit) -> Condition:
    """Return the condition on ``document d`` that one is seen by a permit; its projects lend it their places."""
    published = f"d.is_public AND (d.place_projects = '{{}}' OR {_of_its_projects('of_project.is_public')})"
    return _seen(permit, "d", _document_dimension, published)


def kind_seen(session: AsyncSession, kind: Kind[Any]) -> Condition:
    """Return the condition on ``document d`` that one of a kind is seen by the principal of a session."""
    return documents_seen(permit_to_read(session, kind.aggregate))


def sees(session: AsyncSession, kind: Kind[Any], document: Contract) -> bool:
    """Tell whether a document that belongs to no project is seen."""
    return may_see(permit_to_read(session, kind.aggregate), document)


async def seen_of(session: AsyncSession, identifiers: Collection[str]) -> set[str]:
    """Return those of some projects that are seen; one whose activity is not known belongs nowhere but to itself."""
    by_id = {activity_id(each): each for each in identifiers}
    return {by_id[id_] for id_ in await _seen_projects(session, by_id)}


async def write_is_seen(session: AsyncSession, write: Write) -> bool:
    """Tell whether what was written is seen: who may not see it is not told that it is there either."""
    if write.noun in PARTS:
        return bool(await _seen_projects(session, [write.id]))
    if write.noun not in KINDS:
        return True
    seen = documents_seen(permit_to_read(session, write.noun))
    statement = text(_SEEN_DOCUMENT.format(seen=seen.sql))
    found = await execute(session, statement, aggregate=write.noun, id=write.id, **seen.parameters)
    return bool(found.scalar_one())


def withheld(session: AsyncSession, resource: str, place: Place) -> tuple[str, ...]:
    """Return the members of a document that the principal of a session may not see, where the document belongs."""
    members = permit_to_read(session, resource).withheld()
    return tuple(member for member, grants in members if not covered(grants, place))


async def _seen_projects(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    permit = _permit_of_projects(session)
    condition = _of_projects(permit)
    if condition.is_always:
        return set(ids)
    statement = text(_SEEN_OF.format(seen=condition.sql))
    rows = await execute(session, statement, ids=list(ids), **condition.parameters)
    named = [grant.projects or () for grant in permit.grants if set(grant.restrictions) == {"projects"}]
    own = {activity_id(project) for projects in named for project in projects}
    return {row[0] for row in rows} | (own & set(ids))


def _permit_of_projects(session: AsyncSession) -> Permit:
    asked = permit_in(session)
    return asked if asked.resource in ABOUT_PROJECTS else permit_to_read(session, "results")


def _of_projects(permit: Permit) -> Condition:
    return _seen(permit, "a", _project_dimension, "a.is_public")


def _project_dimension(dimension: str, name: str) -> str:
    if dimension == "projects":
        return _OWN_PROJECT.format(alias="a", name=name)
    return _OWN.format(alias="a", dimension=dimension, name=name)


def _document_dimension(dimension: str, name: str) -> str:
    if dimension == "projects":
        return _PROJECTS.format(alias="d", name=name)
    own, theirs = (_OWN.format(alias=alias, dimension=dimension, name=name) for alias in ("d", "of_project"))
    return f"({own} OR {_of_its_projects(theirs)})"


def _of_its_projects(holds: str) -> str:
    return _OF_PROJECTS.format(alias="d", holds=holds)


def _seen(permit: Permit, alias: str, dimension_of: _DimensionOf, published: str) -> Condition:
    if permit.is_everywhere:
        return EVERYTHING
    conditions = [published] if permit.published else []
    parameters: dict[str, Any] = {}
    for number, grant in enumerate(dict.fromkeys(permit.grants)):
        parts = []
        for dimension, values in grant.restrictions.items():
            name = f"{alias}_seen_{number}_{dimension}"
            parts.append(dimension_of(dimension, name))
            parameters[name] = _values(dimension, values)
        conditions.append(" AND ".join(parts))
    sql = " OR ".join(f"({each})" for each in conditions) or NEVER
    return Condition(f"({sql})", parameters)


def _values(dimension: str, values: Iterable[str]) -> list[Any]:
    return sorted(map(activity_id, values)) if dimension == "projects" else sorted(values)
