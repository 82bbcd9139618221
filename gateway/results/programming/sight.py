"""Line of sight: from a project up to what it serves, and from an outcome or target down to who contributes.

Every edge is told by a document. An end that no document has is told as unknown, since what one document says of another
may come first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import (
    CONTRIBUTIONS,
    COUNTRY_PROGRAMMES,
    PROGRAMME_BUDGETS,
    country_outcome_key,
    outcome_key,
)
from gateway.results.programming.reading import Told, named, some
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import CountryProgramme, ProgrammeBudget

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
        told, sight.is_all = await some(session, CONTRIBUTIONS, "activity", [sight.start.code], MOST)
        sight.add(edge for each in told for edge in contribution_edges(each))
    codes = set(sight.uppers("country-outcome"))
    programmes = await named(session, COUNTRY_PROGRAMMES, {code.rpartition("/")[0] for code in codes})
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
        programmes, is_all = await some(session, COUNTRY_PROGRAMMES, relation, [start.code], MOST)
        sight.is_all = sight.is_all and is_all
        edges = [edge for each in programmes for edge in programme_edges(each) if edge.upper == start]
        sight.add(edges)
        keys = [("country-outcome", sorted({edge.lower.code for edge in edges}))]
    if start.kind == "outcome":
        keys.append(("outcome", [start.code]))
    for kind, codes in keys:
        told, is_all = await some(session, CONTRIBUTIONS, kind, codes, MOST)
        sight.is_all = sight.is_all and is_all
        wanted = set(codes)
        sight.add(
            edge
            for each in told
            for edge in contribution_edges(each)
            if edge.upper.kind == kind and edge.upper.code in wanted
        )


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
        lower = End("country-outcome", f"{told.document.code}/{outcome.code}")
        for link in outcome.programme_outcomes:
            yield Edge(lower, End("outcome", outcome_key(link)), "contributes", link.percentage, told)
        for target in outcome.agenda_targets:
            upper = End("sdg-target", f"{target.agenda}/{target.code}")
            yield Edge(lower, upper, "contributes", target.percentage, told)


def budget_edges(told: Told[ProgrammeBudget]) -> Iterator[Edge]:
    """Yield which objectives the outcomes of a programme and budget are under."""
    biennium = told.document.biennium
    for outcome in told.document.outcomes:
        if outcome.objective:
            lower = End("outcome", f"{biennium}/{outcome.code}")
            upper = End("objective", f"{biennium}/{outcome.objective}")
            yield Edge(lower, upper, "under", None, told)
