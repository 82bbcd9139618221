"""Which projects contribute to outcomes: counted once each, in pages, and what documents tell of them.

A project is reached by the codes that its contributions lead to, which the projection keeps (``shared/figures/outcomes``):
so pages count the projects that summaries count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import CONTRIBUTIONS, Kind, country_outcome_key, outcome_key
from gateway.projection.facts import bounded
from gateway.results.documents import about
from gateway.results.programming.schemas import ContributingProject, ContributionShown, ReachedCounts
from gateway.results.scope import projects_seen
from shared.chassis.db import execute
from shared.contracts.base import Contract
from shared.contracts.monitoring.v1 import ContributionLink, Contributions
from shared.contracts.projects.v1 import CountryOutcome, CountryProgramme, WeightedOutcomeLink
from shared.figures.outcomes import country_outcome_code

C = TypeVar("C", bound=Contract)

WHOLE = ""
"""The name under which all projects are counted, each once."""

MOST_DUE = 50
"""Documents that are due which a page tells."""

_REACHED = (  # of the projects that are seen
    "WITH reached AS (SELECT DISTINCT t.name, a.id, a.iati_identifier, a.listing, a.status"
    " FROM unnest(CAST(:names AS text[]), CAST(:dimensions AS text[]), CAST(:codes AS text[]))"
    " AS t(name, dimension, code)"
    " JOIN project_membership m ON m.dimension = t.dimension AND m.code = t.code"
    " JOIN project_activity a ON a.id = m.project_id WHERE {seen})"
)
_COUNTS = (
    _REACHED + " SELECT x.name, count(*) AS projects, coalesce(sum(r.results), 0) AS results,"  # noqa: S608
    " coalesce(sum(r.indicators), 0) AS indicators, coalesce(sum(r.indicators_reported), 0) AS reported,"
    " coalesce(sum(r.indicators_with_progress), 0) AS with_progress,"
    " coalesce(sum(r.indicators_on_track), 0) AS on_track"
    " FROM reached x LEFT JOIN project_results r ON r.id = x.id GROUP BY x.name"
)
_PAGE = (
    _REACHED + " SELECT x.iati_identifier, x.listing, x.status, r.listing"  # noqa: S608  (text of our own)
    " FROM reached x LEFT JOIN project_results r ON r.id = x.id"
    " WHERE CAST(:after AS text) IS NULL OR x.iati_identifier > :after ORDER BY x.iati_identifier LIMIT :limit"
)
_DOCUMENTS = (
    _REACHED + " SELECT f.data, count(*) OVER (),"  # noqa: S608  (text of our own)
    " count(*) FILTER (WHERE CAST(f.data AS json) ->> 'due_on' < :on) OVER () FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate AND d.id IN (SELECT k.id FROM reached x JOIN document_key k"
    " ON k.aggregate = :aggregate AND k.relation = 'activity' AND k.key = x.iati_identifier)"
    " AND (cardinality(CAST(:states AS text[])) = 0 OR EXISTS (SELECT FROM document_key s"
    " WHERE s.aggregate = d.aggregate AND s.id = d.id AND s.relation = 'state' AND s.key = ANY(:states)))"
    " ORDER BY CAST(f.data AS json) ->> 'due_on', d.identifier LIMIT :most"
)


class Way(NamedTuple):
    """A code by which projects are counted under a name."""

    name: str
    dimension: str
    code: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A country outcome that is linked to an outcome of a programme and budget."""

    programme: CountryProgramme
    outcome: CountryOutcome
    link: WeightedOutcomeLink

    @property
    def code(self) -> str:
        """The code of the country outcome among all."""
        return country_outcome_code(self.programme.code, self.outcome.code)


@dataclass(frozen=True, slots=True)
class Due(Generic[C]):
    """The first documents by the day they are due, of how many there are, and how many of these are late."""

    documents: list[C]
    count: int
    late: int


def linked_to(programmes: Iterable[CountryProgramme], outcome: str) -> list[Linked]:
    """Return the country outcomes that are linked to an outcome, told as ``2024-25/3``."""
    return [
        Linked(programme, each, link)
        for programme in programmes
        for each in programme.outcomes
        for link in each.programme_outcomes
        if outcome_key(link) == outcome
    ]


async def counts(session: AsyncSession, ways: Sequence[Way]) -> dict[str, ReachedCounts]:
    """Return how many projects are reached and seen under each name, each once, with their indicators."""
    rows = await _reached(session, _COUNTS, ways)
    made = {}
    for name, *numbers in rows:
        members = zip(ReachedCounts.model_fields, map(int, numbers), strict=True)
        made[name] = ReachedCounts.model_validate(dict(members))
    return made


async def contributing(
    session: AsyncSession, ways: Sequence[Way], keys: Iterable[str], limit: int, after: str | None = None
) -> list[ContributingProject]:
    """Return a page of the projects that are reached, in order of identifier, with those of their links that lead there.

    Args:
        session: of the read model.
        ways: the codes, under whatever name.
        keys: of the outcomes and country outcomes whose links are told, as documents call them.
        limit: most projects.
        after: the last identifier of the page before.

    """
    found = await _reached(
        session, _PAGE, [way._replace(name=WHOLE) for way in ways], after=after, limit=limit
    )
    rows = [tuple(row) for row in found]
    told = await about(session, CONTRIBUTIONS, "activity", [row[0] for row in rows])
    contributions = {each.iati_identifier: each for each in told}
    wanted = set(keys)
    return [
        ContributingProject(
            iati_identifier=identifier,
            titles=from_json(listing)["titles"],
            status=status,
            links=_links(contributions.get(identifier), wanted),
            results=None if results is None else from_json(results),
        )
        for identifier, listing, status, results in rows
    ]


async def due_of(
    session: AsyncSession, ways: Sequence[Way], kind: Kind[C], on: date, states: Sequence[str] = ()
) -> Due[C]:
    """Return documents about the projects that are reached, by the day they are due.

    Args:
        session: of the read model.
        ways: the codes, under whatever name.
        kind: of documents that tell when they are due.
        on: the day that those due before it are late.
        states: of the documents; any where none is named.

    """
    asked = {"aggregate": kind.aggregate, "states": list(states), "on": on.isoformat(), "most": MOST_DUE}
    rows = list(await _reached(session, _DOCUMENTS, [way._replace(name=WHOLE) for way in ways], **asked))
    documents = [kind.contract.from_event(row[0]) for row in rows]
    return Due(documents, rows[0][1], rows[0][2]) if rows else Due([], 0, 0)


def shown(link: ContributionLink) -> ContributionShown:
    """Return a link as pages tell it."""
    return ContributionShown(
        type=link.type,
        outcome=outcome_key(link.programme_outcome) if link.programme_outcome else None,
        country_outcome=country_outcome_key(link.country_outcome) if link.country_outcome else None,
        percentage=link.percentage,
    )


def _links(contributions: Contributions | None, wanted: set[str]) -> list[ContributionShown]:
    told = [shown(link) for link in (contributions.links if contributions else ())]
    return [each for each in told if each.outcome in wanted or each.country_outcome in wanted]


async def _reached(
    session: AsyncSession,
    statement: str,
    ways: Sequence[Way],
    **parameters: Any,  # noqa: ANN401
) -> Iterable[Any]:
    seen = projects_seen(session)
    return await execute(
        session,
        text(statement.format(seen=seen.sql)),
        names=[way.name for way in ways],
        dimensions=[way.dimension for way in ways],
        codes=[bounded(way.code) for way in ways],
        **seen.parameters,
        **parameters,
    )
