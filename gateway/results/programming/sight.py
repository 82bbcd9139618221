"""Line of sight: from a project up to what it serves, and from an outcome or target down to who contributes.

Every edge is told by a document that is seen. An end that no document has is told as unknown, since what one document says of another
may come first.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import (
    CONTRIBUTIONS,
    COUNTRY_PROGRAMMES,
    PROGRAMME_BUDGETS,
    Kind,
    country_outcome_key,
    outcome_key,
)
from gateway.results.documents import Told, first, named
from gateway.results.scope import kind_seen
from shared.contracts.base import Contract
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import CountryProgramme, ProgrammeBudget
from shared.figures.outcomes import country_outcome_code, outcome_code, programme_of, target_code

C = TypeVar("C", bound=Contract)

MOST = 500
"""Documents of a kind that a line of sight is made of; beyond that it is not all."""

NodeKind = Literal["project", "country-outcome", "outcome", "objective", "sdg-target"]


class End(NamedTuple):
    """An end of an edge: what it is, and its code among all of its kind."""

    kind: NodeKind
    code: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A link from what contributes to what it contributes to, and the document that tells it."""

    lower: End
    upper: End
    type: str
    percentage: Decimal | None
    told: Told[Any]


@dataclass(slots=True)
class Sight:
    """What was seen so far; ``is_all`` is false where there is more than may be told."""

    start: End
    edges: list[Edge] = field(default_factory=list)
    is_all: bool = True

    def add(self, edges: Iterable[Edge]) -> None:
        """Take edges in, each once."""
        known = {(each.lower, each.upper, each.type) for each in self.edges}
        for each in edges:
            if (each.lower, each.upper, each.type) not in known:
                known.add((each.lower, each.upper, each.type))
                self.edges.append(each)

    def ends(self) -> list[End]:
        """Return all ends in order of kind and code, the start among them."""
        found = {self.start}
        for edge in self.edges:
            found |= {edge.lower, edge.upper}
        return sorted(found)

    def uppers(self, kind: NodeKind) -> list[str]:
        """Return the codes of a kind that something leads to, and of the start if it is one."""
        found = {edge.upper.code for edge in self.edges if edge.upper.kind == kind}
        return sorted(found | ({self.start.code} if self.start.kind == kind else set()))


async def look_up(session: AsyncSession, sight: Sight) -> None:
    """See what the start contributes to: country outcomes, outcomes, targets, objectives."""
    if sight.start.kind == "project":
        told = await _some(session, sight, CONTRIBUTIONS, "activity", [sight.start.code])
        sight.add(edge for each in told for edge in contribution_edges(each))
    codes = set(sight.uppers("country-outcome"))
    names = {programme_of(code) for code in codes}
    programmes = await named(session, COUNTRY_PROGRAMMES, names, kind_seen(session, COUNTRY_PROGRAMMES))
    sight.add(
        edge for each in programmes.values() for edge in programme_edges(each) if edge.lower.code in codes
    )
    outcomes = set(sight.uppers("outcome"))
    budgets = await named(session, PROGRAMME_BUDGETS, {code.partition("/")[0] for code in outcomes})
    sight.add(edge for each in budgets.values() for edge in budget_edges(each) if edge.lower.code in outcomes)


async def look_down(session: AsyncSession, sight: Sight) -> None:
    """See what contributes to the start: country outcomes, and projects."""
    start = sight.start
    relation = {"outcome": "outcome", "sdg-target": "agenda-target"}.get(start.kind)
    keys = [("country-outcome", [start.code])] if start.kind == "country-outcome" else []
    if relation:
        programmes = await _some(session, sight, COUNTRY_PROGRAMMES, relation, [start.code])
        edges = [edge for each in programmes for edge in programme_edges(each) if edge.upper == start]
        sight.add(edges)
        keys = [("country-outcome", sorted({edge.lower.code for edge in edges}))]
    if start.kind == "outcome":
        keys.append(("outcome", [start.code]))
    for kind, codes in keys:
        told = await _some(session, sight, CONTRIBUTIONS, kind, codes)
        wanted = set(codes)
        sight.add(
            edge
            for each in told
            for edge in contribution_edges(each)
            if edge.upper.kind == kind and edge.upper.code in wanted
        )


async def _some(
    session: AsyncSession, sight: Sight, kind: Kind[C], relation: str, keys: Collection[str]
) -> list[Told[C]]:
    """Return the first documents that have one of some keys and are seen; a sight tells if there are more."""
    told = await first(session, kind, [{relation: keys}], MOST + 1, seen=kind_seen(session, kind))
    sight.is_all = sight.is_all and len(told) <= MOST
    return told[:MOST]


def contribution_edges(told: Told[Contributions]) -> Iterator[Edge]:
    """Yield the links of a project."""
    project = End("project", told.document.iati_identifier)
    for link in told.document.links:
        if link.country_outcome:
            upper = End("country-outcome", country_outcome_key(link.country_outcome))
            yield Edge(project, upper, link.type, link.percentage, told)
        if link.programme_outcome:
            upper = End("outcome", outcome_key(link.programme_outcome))
            yield Edge(project, upper, link.type, link.percentage, told)


def programme_edges(told: Told[CountryProgramme]) -> Iterator[Edge]:
    """Yield what the outcomes of a country programme contribute to."""
    for outcome in told.document.outcomes:
        lower = End("country-outcome", country_outcome_code(told.document.code, outcome.code))
        for link in outcome.programme_outcomes:
            yield Edge(lower, End("outcome", outcome_key(link)), "contributes", link.percentage, told)
        for target in outcome.agenda_targets:
            upper = End("sdg-target", target_code(target.agenda, target.code))
            yield Edge(lower, upper, "contributes", target.percentage, told)


def budget_edges(told: Told[ProgrammeBudget]) -> Iterator[Edge]:
    """Yield which objectives the outcomes of a programme and budget are under."""
    biennium = told.document.biennium
    for outcome in told.document.outcomes:
        if outcome.objective:
            lower = End("outcome", outcome_code(biennium, outcome.code))
            upper = End("objective", f"{biennium}/{outcome.objective}")
            yield Edge(lower, upper, "under", None, told)
