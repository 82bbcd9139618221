"""The page of a line of sight: what its nodes are called, and whether a document has them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import COUNTRY_PROGRAMMES, DEVELOPMENT_AGENDAS, PROGRAMME_BUDGETS
from gateway.results.documents import named
from gateway.results.programming.sight import End, NodeKind, Sight, look_down, look_up
from gateway.results.programming.sight_schemas import SightEdge, SightNode, ToldIn
from gateway.results.scope import kind_seen, projects_seen
from shared.chassis.db import execute
from shared.chassis.errors import NotFound
from shared.contracts.iati import Narratives
from shared.contracts.ids import activity_id
from shared.figures.outcomes import country_outcome_code, programme_of

_TITLES = (
    "SELECT a.iati_identifier, CAST(CAST(a.listing AS json) -> 'titles' AS text)"
    " FROM project_activity a WHERE a.id = ANY(CAST(:ids AS uuid[])) AND {seen}"
)
_NARRATIVES: TypeAdapter[Narratives] = TypeAdapter(Narratives)


async def sight_page(session: AsyncSession, start: End, *, up: bool, down: bool) -> dict[str, object]:
    """Return the members of a line of sight.

    Raises:
        NotFound: no document has the start, and none leads to it.

    """
    sight = Sight(start)
    if up:
        await look_up(session, sight)
    if down:
        await look_down(session, sight)
    ends = sight.ends()
    titles = await _titles(session, ends)
    if not sight.edges and start not in titles:
        raise NotFound(f"Nothing is known of the {start.kind} {start.code!r}.")
    return {
        "start": _id(start),
        "nodes": [_node(each, titles) for each in ends],
        "edges": [
            SightEdge(
                lower=_id(each.lower),
                upper=_id(each.upper),
                type=each.type,
                percentage=each.percentage,
                told_in=ToldIn(
                    aggregate=each.told.aggregate,
                    identifier=each.told.identifier,
                    version=each.told.version,
                ),
            )
            for each in sight.edges
        ],
        "is_all": sight.is_all,
    }


async def _titles(session: AsyncSession, ends: Sequence[End]) -> dict[End, Narratives]:
    """Return what those nodes are called that a document has which is seen."""
    codes: defaultdict[NodeKind, list[str]] = defaultdict(list)
    for end in ends:
        codes[end.kind].append(end.code)
    found = await _project_titles(session, codes["project"])
    names = {programme_of(code) for code in codes["country-outcome"]}
    seen = kind_seen(session, COUNTRY_PROGRAMMES)
    for programme in (await named(session, COUNTRY_PROGRAMMES, names, seen)).values():
        found |= {
            End("country-outcome", country_outcome_code(programme.identifier, each.code)): each.titles
            for each in programme.document.outcomes
        }
    bienniums = {code.partition("/")[0] for code in (*codes["outcome"], *codes["objective"])}
    for budget in (await named(session, PROGRAMME_BUDGETS, bienniums)).values():
        found |= _titled("outcome", budget.identifier, budget.document.outcomes)
        found |= _titled("objective", budget.identifier, budget.document.objectives)
    agendas = {code.rpartition("/")[0] for code in codes["sdg-target"]}
    for agenda in (await named(session, DEVELOPMENT_AGENDAS, agendas)).values():
        found |= _titled("sdg-target", agenda.identifier, agenda.document.targets)
    return found


async def _project_titles(session: AsyncSession, identifiers: Iterable[str]) -> dict[End, Narratives]:
    seen = projects_seen(session)
    ids = [activity_id(each) for each in identifiers]
    rows = await execute(session, text(_TITLES.format(seen=seen.sql)), ids=ids, **seen.parameters)
    return {End("project", identifier): _NARRATIVES.validate_json(titles) for identifier, titles in rows}


class _Item(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def titles(self) -> Narratives: ...


def _titled(kind: NodeKind, identifier: str, items: Iterable[_Item]) -> dict[End, Narratives]:
    return {End(kind, f"{identifier}/{each.code}"): each.titles for each in items}


def _node(end: End, titles: Mapping[End, Narratives]) -> SightNode:
    return SightNode(
        id=_id(end), kind=end.kind, code=end.code, known=end in titles, titles=titles.get(end, ())
    )


def _id(end: End) -> str:
    return f"{end.kind}:{end.code}"
