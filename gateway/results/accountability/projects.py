"""Projects as pages about accountability tell them: in brief, how their indicators stand, and how they are flagged."""

from collections.abc import Collection
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.accountability.schemas import IndicatorStand, ProjectTold
from gateway.results.scope import projects_seen
from shared.chassis.db import execute
from shared.contracts.iati import Narratives
from shared.figures.classifications import title_of

TITLES = "CAST(CAST(a.listing AS json) -> 'titles' AS text)"
"""SQL of the titles of a ``project_activity a``, as ``title_in`` takes them."""

_NARRATIVES: TypeAdapter[Narratives] = TypeAdapter(Narratives)

_PROJECTS = (
    "SELECT p.id, a.iati_identifier, {titles}, a.status"
    " FROM unnest(CAST(:ids AS uuid[])) AS p(id) JOIN project_activity a ON a.id = p.id"
    " WHERE {seen} ORDER BY a.iati_identifier"
)
_STAND = (
    "SELECT count(*), coalesce(sum(indicators), 0), coalesce(sum(indicators_reported), 0),"
    " coalesce(sum(indicators_with_progress), 0), coalesce(sum(indicators_on_track), 0)"
    " FROM project_results r WHERE r.id = ANY(:ids)"
)
_OF_SEEN = " AND r.id IN (SELECT a.id FROM project_activity a WHERE {seen})"
_FLAGS = text("SELECT id, coalesce(humanitarian, false) FROM project_activity WHERE id = ANY(:ids)")


def title_in(titles: str) -> str | None:
    """Return the title in the JSON text of titles: the English one, or else the first."""
    return title_of(_NARRATIVES.validate_json(titles))


async def projects_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, ProjectTold]:
    """Return in brief those of some projects whose activity is known, and seen, in order of identifier."""
    seen = projects_seen(session)
    statement = text(_PROJECTS.format(titles=TITLES, seen=seen.sql))
    rows = await execute(session, statement, ids=list(ids), **seen.parameters)
    return {
        id_: ProjectTold(iati_identifier=identifier, title=title_in(titles), status=status)
        for id_, identifier, titles, status in rows
    }


async def indicator_stand(session: AsyncSession, ids: Collection[UUID]) -> IndicatorStand:
    """Return how the indicators of some projects stand, of those that are seen, each project counted once."""
    seen = projects_seen(session)
    statement = _STAND if seen.is_always else _STAND + _OF_SEEN.format(seen=seen.sql)
    projects, indicators, reported, with_progress, on_track = (
        await execute(session, text(statement), ids=list(ids), **seen.parameters)
    ).one()
    return IndicatorStand(
        projects=projects,
        indicators=indicators,
        reported=reported,
        with_progress=with_progress,
        on_track=on_track,
    )


async def humanitarian_flags(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, bool]:
    """Return whether projects are flagged as humanitarian, of those whose activity is known."""
    rows = await execute(session, _FLAGS, ids=list(ids))
    return {row[0]: row[1] for row in rows}
