"""Projects in the read model: the page of those that match, and one whole."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.explain import explain_projects
from gateway.results.filters import ProjectsQuery, TermsQuery
from gateway.results.presented import money_of_finance
from gateway.results.sums import money_of_projects
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.contracts.funding.v1 import ActivityFinance

_PAGE = (
    "SELECT a.id, a.iati_identifier, a.listing, f.listing, r.listing FROM project_activity a"
    " LEFT JOIN project_finance f ON f.id = a.id LEFT JOIN project_results r ON r.id = a.id"
    " WHERE {where} AND (CAST(:after AS text) IS NULL OR a.iati_identifier > :after)"
    " ORDER BY a.iati_identifier LIMIT :limit"
)
_WHOLE = text(
    "SELECT p.id, a.version, a.recorded_at, da.data, NULL,"
    " f.version, f.recorded_at, df.data, f.figures, r.version, r.recorded_at, dr.data, r.figures"
    " FROM (SELECT CAST(:id AS uuid) AS id) p LEFT JOIN project_activity a ON a.id = p.id"
    " LEFT JOIN project_finance f ON f.id = p.id LEFT JOIN project_results r ON r.id = p.id"
    " LEFT JOIN fact da ON da.aggregate = 'activity' AND da.id = a.id AND da.version = a.version"
    " LEFT JOIN fact df ON df.aggregate = 'finance' AND df.id = f.id AND df.version = f.version"
    " LEFT JOIN fact dr ON dr.aggregate = 'framework' AND dr.id = r.id AND dr.version = r.version"
)
_PARTS = ("activity", "finance", "results")
FINANCE = 7
"""The column of a whole project that is the data of its finance."""


async def project_page(
    session: AsyncSession, query: ProjectsQuery, terms: Terms, after: str | None
) -> list[tuple[str, str]]:
    """Return a page of matching projects and one more as (identifier, JSON text of a ``ProjectListing``)."""
    where, parameters = query.conditions()
    statement = text(_PAGE.format(where=where))
    rows = [
        tuple(row)
        for row in await execute(session, statement, **parameters, after=after, limit=query.limit + 1)
    ]
    ids = [row[0] for row in rows[: query.limit]]
    money = {} if terms.are_plain else await money_of_projects(session, ids, terms)
    explained = await explain_projects(session, ids, terms) if query.explain else {}
    listings = []
    for id_, identifier, activity, told, results in rows:
        if not terms.are_plain and told is not None:
            told = _models(money.get(id_, []))  # noqa: PLW2901
        explanation = explained[id_].model_dump_json() if id_ in explained else None
        listings.append((identifier, _listing(identifier, activity, told, results, explanation)))
    return listings


async def project_whole(
    session: AsyncSession, project_id: UUID, query: TermsQuery, terms: Terms
) -> dict[str, str | None] | None:
    """Return the parts of a project as JSON text by name, or None if no owner has told of it.

    ``money`` is the project's money in the terms that are asked for, where they are others than it is kept in. With
    ``explain``, ``explanation`` tells how its figures came about.
    """
    row = (await execute(session, _WHOLE, id=project_id)).one()
    parts = {name: _part(*row[1 + 4 * place : 5 + 4 * place]) for place, name in enumerate(_PARTS)}
    if not any(parts.values()):
        return None
    if not terms.are_plain and row[FINANCE] is not None:
        parts["money"] = _models(money_of_finance(ActivityFinance.from_event(row[FINANCE]), terms))
    if query.explain:
        explained = await explain_projects(session, [project_id], terms)
        parts["explanation"] = explained[project_id].model_dump_json()
    return parts


def _models(models: Sequence[BaseModel]) -> str:
    return f"[{','.join(model.model_dump_json() for model in models)}]"


def _listing(
    identifier: str, activity: str, money: str | None, results: str | None, explanation: str | None
) -> str:
    name = to_json(identifier).decode()
    more = f',"explanation":{explanation}' if explanation else ""
    return (
        f'{{"iati_identifier":{name},"activity":{activity},"money":{money or "null"},'
        f'"results":{results or "null"}{more}}}'
    )


def _part(
    version: int | None, recorded_at: datetime | None, data: str | None, figures: str | None
) -> str | None:
    if version is None or recorded_at is None:
        return None
    moment = to_json(recorded_at).decode()
    return f'{{"version":{version},"recorded_at":{moment},"data":{data},"figures":{figures or "null"}}}'
