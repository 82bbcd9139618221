"""Orphans: projects that contribute to nothing, links to nothing, and outcomes that lead nowhere or have no project."""

from collections.abc import Iterable, Sequence

from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import COUNTRY_PROGRAMMES, PROGRAMME_BUDGETS
from gateway.results.documents import every
from gateway.results.programming.reach import Way, counts
from gateway.results.programming.sight_schemas import (
    OrphanCountryOutcome,
    OrphanCountryOutcomes,
    OrphanOutcome,
    OrphanOutcomes,
    OrphanProject,
    UnknownOutcome,
    UnknownOutcomes,
)
from gateway.results.scope import Condition, documents_seen, permit_in, projects_seen
from shared.chassis.db import execute
from shared.contracts.projects.v1 import CountryOutcome, CountryProgramme, ProgrammeBudget
from shared.figures.outcomes import country_outcome_code, outcome_code
from shared.policy.placing import placing_of

MOST = 200
"""Entries of a list that has no pages."""

_WITHOUT = (
    " FROM project_activity a WHERE {seen} AND NOT EXISTS (SELECT FROM document_key k JOIN document_key o"
    " ON o.aggregate = k.aggregate AND o.id = k.id AND o.relation IN ('outcome', 'country-outcome')"
    " WHERE k.aggregate = 'contributions' AND k.relation = 'activity' AND k.key = a.iati_identifier)"
)
_COUNT = "SELECT count(*)" + _WITHOUT
_PAGE = (
    "SELECT a.iati_identifier, CAST(a.listing AS text), a.status"
    + _WITHOUT
    + " AND (CAST(:after AS text) IS NULL OR a.iati_identifier > :after)"
    " ORDER BY a.iati_identifier LIMIT :limit"
)
_NAMED = (
    "SELECT k.relation, k.key, k.aggregate, count(*) FROM document_key k{documents}"
    " WHERE k.relation IN ('outcome', 'country-outcome') GROUP BY k.relation, k.key, k.aggregate ORDER BY 1, 2, 3"
)
_OF_SEEN = " JOIN document d ON d.aggregate = k.aggregate AND d.id = k.id AND {seen}"


async def projects_without(
    session: AsyncSession, after: str | None, limit: int
) -> tuple[int, list[OrphanProject]]:
    """Return how many projects that are seen contribute to nothing, and a page of them in order of identifier."""
    seen = projects_seen(session)
    count_all, page = (text(statement.format(seen=seen.sql)) for statement in (_COUNT, _PAGE))
    count = (await execute(session, count_all, **seen.parameters)).scalar_one()
    rows = await execute(session, page, after=after, limit=limit, **seen.parameters)
    return count, [
        OrphanProject(iati_identifier=identifier, titles=from_json(listing)["titles"], status=status)
        for identifier, listing, status in rows
    ]


async def broken_links(session: AsyncSession) -> dict[str, object]:
    """Return the members of the page of orphans beside the projects.

    They are of the documents that the permit of the session covers: outcomes of the office as a whole are told to who
    may see all projects, since who sees some of them cannot say that no project contributes.
    """
    permit = permit_in(session)
    seen = documents_seen(permit)
    programmes = await every(session, COUNTRY_PROGRAMMES)
    budgets = await every(session, PROGRAMME_BUDGETS)
    covered = [
        each
        for each in programmes
        if permit.is_everywhere or permit.covers(placing_of(COUNTRY_PROGRAMMES.aggregate).place(each))
    ]
    outcomes = [(programme, each) for programme in covered for each in programme.outcomes]
    return {
        "unknown_outcomes": await _unknown(session, programmes, budgets, seen),
        "country_outcomes_without_outcome": _leading_nowhere(
            pair for pair in outcomes if not pair[1].programme_outcomes
        ),
        "country_outcomes_without_target": _leading_nowhere(
            pair for pair in outcomes if not pair[1].agenda_targets
        ),
        "outcomes_without_project": await _without_project(session, budgets if seen.is_always else ()),
    }


async def _unknown(
    session: AsyncSession,
    programmes: Sequence[CountryProgramme],
    budgets: Sequence[ProgrammeBudget],
    seen: Condition,
) -> UnknownOutcomes:
    known = {("outcome", outcome_code(b.biennium, each.code)) for b in budgets for each in b.outcomes}
    known |= {
        ("country-outcome", country_outcome_code(p.code, each.code))
        for p in programmes
        for each in p.outcomes
    }
    found: dict[tuple[str, str], dict[str, int]] = {}
    of_documents = "" if seen.is_always else _OF_SEEN.format(seen=seen.sql)
    rows = await execute(session, text(_NAMED.format(documents=of_documents)), **seen.parameters)
    for relation, key, aggregate, documents in rows:
        if (relation, key) not in known:
            found.setdefault((relation, key), {})[aggregate] = documents
    items = [
        UnknownOutcome(kind=kind, code=code, documents=found[kind, code]) for kind, code in sorted(found)
    ]
    return UnknownOutcomes(count=len(items), items=items[:MOST])


def _leading_nowhere(pairs: Iterable[tuple[CountryProgramme, CountryOutcome]]) -> OrphanCountryOutcomes:
    items = [
        OrphanCountryOutcome(programme=programme.code, code=each.code, titles=each.titles)
        for programme, each in pairs
    ]
    return OrphanCountryOutcomes(count=len(items), items=items[:MOST])


async def _without_project(session: AsyncSession, budgets: Sequence[ProgrammeBudget]) -> OrphanOutcomes:
    codes = {(b.biennium, each.code): each for b in budgets for each in b.outcomes}
    ways = [Way(code, "outcome", code) for code in (outcome_code(*key) for key in codes)]
    reached = await counts(session, ways)
    items = [
        OrphanOutcome(biennium=biennium, code=code, titles=each.titles)
        for (biennium, code), each in codes.items()
        if outcome_code(biennium, code) not in reached
    ]
    return OrphanOutcomes(count=len(items), items=items[:MOST])
