"""Projects in the read model: the page of those that match, and one whole."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.explain import explain_projects
from gateway.results.filters import ProjectsQuery, TermsQuery
from gateway.results.presented import money_of_finance
from gateway.results.scope import Condition, permit_to_read, projects_seen, withheld
from gateway.results.sums import money_of_projects
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.ids import activity_id
from shared.policy.places import Place

_PAGE = (
    "SELECT a.id, a.iati_identifier, a.listing, f.listing, r.listing FROM project_activity a"
    " LEFT JOIN project_finance f ON f.id = a.id LEFT JOIN project_results r ON r.id = a.id"
    " WHERE {where} AND (CAST(:after AS text) IS NULL OR a.iati_identifier > :after)"
    " ORDER BY a.iati_identifier LIMIT :limit"
)
_WHOLE = text(
    "SELECT a.place_countries, a.place_organisations, coalesce(a.is_public, false), a.version, a.recorded_at, da.data, NULL,"
    " f.version, f.recorded_at, df.data, f.figures, r.version, r.recorded_at, dr.data, r.figures"
    " FROM (SELECT CAST(:id AS uuid) AS id) p LEFT JOIN project_activity a ON a.id = p.id"
    " LEFT JOIN project_finance f ON f.id = p.id LEFT JOIN project_results r ON r.id = p.id"
    " LEFT JOIN fact da ON da.aggregate = 'activity' AND da.id = a.id AND da.version = a.version"
    " LEFT JOIN fact df ON df.aggregate = 'finance' AND df.id = f.id AND df.version = f.version"
    " LEFT JOIN fact dr ON dr.aggregate = 'framework' AND dr.id = r.id AND dr.version = r.version"
)
_PARTS = {"activity": "activity", "finance": "finance", "results": "framework"}
"""What an answer calls each part of a project, and the resource that it is by the policy."""
FINANCE = 6
"""The column of a whole project that is the data of its finance, behind its place."""


async def project_page(
    session: AsyncSession, query: ProjectsQuery, terms: Terms, after: str | None
) -> list[tuple[str, str]]:
    """Return a page of matching projects and one more as (identifier, JSON text of a ``ProjectListing``)."""
    wanted = Condition(*query.conditions()) & projects_seen(session)
    statement = text(_PAGE.format(where=wanted.sql))
    rows = [
        tuple(row)
        for row in await execute(session, statement, **wanted.parameters, after=after, limit=query.limit + 1)
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
    session: AsyncSession, iati_identifier: str, query: TermsQuery, terms: Terms
) -> dict[str, str | None] | None:
    """Return the parts of a project as JSON text by name, or None if no owner has told of it, or it is not seen.

    Members of its documents that the principal may not see are left out. ``money`` is the project's money in the terms that are asked for, where they are others than it is kept in. With
    ``explain``, ``explanation`` tells how its figures came about.
    """
    project_id = activity_id(iati_identifier)
    countries, organisations, is_public, *row = (await execute(session, _WHOLE, id=project_id)).one()
    place = Place(frozenset(countries or ()), frozenset(organisations or ()), frozenset([iati_identifier]))
    if not permit_to_read(session, "results").sees(place, is_public=is_public):
        return None
    parts = {
        name: _part(row[4 * number : 4 * number + 4], withheld(session, resource, place))
        for number, (name, resource) in enumerate(_PARTS.items())
    }
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


def _part(columns: Sequence[Any], withheld: Sequence[str]) -> str | None:
    """Return a part from its version, moment, data and figures."""
    version, recorded_at, data, figures = columns
    if version is None:
        return None
    moment, more = to_json(recorded_at).decode(), ""
    if withheld:
        told = {name: value for name, value in from_json(data).items() if name not in withheld}
        data, more = to_json(told).decode(), f',"withheld":{to_json(sorted(withheld)).decode()}'
    figures = figures or "null"
    return f'{{"version":{version},"recorded_at":{moment},"data":{data},"figures":{figures}{more}}}'
