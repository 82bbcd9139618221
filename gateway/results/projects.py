"""Projects in the read model: the page of those that match, and one whole."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.filters import ResultsFilter
from shared.chassis.db import execute

_PAGE = (
    "SELECT a.iati_identifier, a.listing, f.listing, r.listing FROM project_activity a"
    " LEFT JOIN project_finance f ON f.id = a.id LEFT JOIN project_results r ON r.id = a.id"
    " WHERE {where} AND (CAST(:after AS text) IS NULL OR a.iati_identifier > :after)"
    " ORDER BY a.iati_identifier LIMIT :limit"
)
_WHOLE = text(
    "SELECT p.id, a.version, a.recorded_at, a.data, NULL,"
    " f.version, f.recorded_at, f.data, f.figures, r.version, r.recorded_at, r.data, r.figures"
    " FROM (SELECT CAST(:id AS uuid) AS id) p LEFT JOIN project_activity a ON a.id = p.id"
    " LEFT JOIN project_finance f ON f.id = p.id LEFT JOIN project_results r ON r.id = p.id"
)
_PARTS = ("activity", "finance", "results")


async def project_page(
    session: AsyncSession, filters: ResultsFilter, after: str | None, limit: int
) -> Sequence[tuple[str, str]]:
    """Return up to ``limit`` matching projects as (identifier, JSON text of a ``ProjectListing``)."""
    where, parameters = filters.conditions()
    statement = text(_PAGE.format(where=where))
    rows = await execute(session, statement, **parameters, after=after, limit=limit)
    return [(row[0], _listing(*row)) for row in rows]


async def project_whole(session: AsyncSession, project_id: UUID) -> dict[str, str | None] | None:
    """Return the parts of a project as JSON text by name, or None if no owner has told of it."""
    row = (await execute(session, _WHOLE, id=project_id)).one()
    parts = {name: _part(*row[1 + 4 * place : 5 + 4 * place]) for place, name in enumerate(_PARTS)}
    return parts if any(parts.values()) else None


def _listing(identifier: str, activity: str, money: str | None, results: str | None) -> str:
    name = to_json(identifier).decode()
    return f'{{"iati_identifier":{name},"activity":{activity},"money":{money or "null"},"results":{results or "null"}}}'


def _part(
    version: int | None, recorded_at: datetime | None, data: str | None, figures: str | None
) -> str | None:
    if version is None or recorded_at is None:
        return None
    moment = to_json(recorded_at).decode()
    return f'{{"version":{version},"recorded_at":{moment},"data":{data},"figures":{figures or "null"}}}'
