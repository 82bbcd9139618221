"""What projects contribute to, as the read model knows it: their links, and the country programmes that these name."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.events import Event
from gateway.projection.facts import bounded
from gateway.projection.tables import ProjectContributions
from shared.chassis.db import bulk_upsert, execute
from shared.contracts.ids import activity_id, country_programme_id
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import CountryProgramme
from shared.figures.outcomes import Contributed

_LINKS = text(
    "SELECT p.id, p.version, f.data FROM project_contributions p"
    " JOIN fact f ON f.aggregate = 'contributions' AND f.id = p.document_id AND f.version = p.version"
    " WHERE p.id = ANY(:ids)"
)
_PROGRAMMES = text(
    "SELECT d.version, f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = 'country-programme' AND d.id = ANY(:ids)"
)
_CONTRIBUTORS = text(
    "SELECT DISTINCT project_id FROM project_membership"
    " WHERE dimension = 'country_programme' AND code = ANY(:codes)"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a project contributes to, and the versions of the facts that say so, by what they are."""

    contributed: Contributed
    versions: dict[str, int]


async def take_contributions(session: AsyncSession, events: Collection[Event]) -> set[UUID]:
    """Take in contributions that are newer than what was known, and return their projects.

    Raises:
        pydantic.ValidationError: an event's data breaks its contract.

    """
    projects = {
        event.id: activity_id(Contributions.from_event(event.data).iati_identifier) for event in events
    }
    rows = [
        {
            "id": projects[event.id],
            "document_id": event.id,
            "version": event.version,
            "recorded_at": event.recorded_at,
        }
        for event in events
    ]
    await bulk_upsert(session, ProjectContributions, rows, key=["id"])
    return set(projects.values())


async def contributors(session: AsyncSession, programmes: Iterable[Event]) -> set[UUID]:
    """Return the projects that contribute to country programmes."""
    codes = [bounded(CountryProgramme.from_event(event.data).code) for event in programmes]
    if not codes:
        return set()
    return {row[0] for row in await execute(session, _CONTRIBUTORS, codes=codes)}


async def contributed_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Known]:
    """Return what projects contribute to; without an entry, nothing is known of it."""
    links = {
        row[0]: (row[1], Contributions.from_event(row[2]))
        for row in await execute(session, _LINKS, ids=list(ids))
    }
    programmes: dict[str, CountryProgramme] = {}
    versions: dict[str, int] = {}
    named = {code for _, told in links.values() for code in Contributed(told.links, {}).programme_codes()}
    if named:
        ids = [country_programme_id(code) for code in named]
        for version, data in await execute(session, _PROGRAMMES, ids=ids):
            programme = CountryProgramme.from_event(data)
            programmes[programme.code], versions[programme.code] = programme, version
    known = {}
    for id_, (version, told) in links.items():
        contributed = Contributed(told.links, programmes)
        of_programmes = sorted(contributed.programme_codes() & versions.keys())
        of_facts = {f"country-programme {code}": versions[code] for code in of_programmes}
        known[id_] = Known(contributed, {"contributions": version, **of_facts})
    return known
