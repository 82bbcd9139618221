"""The pages about programming: outcomes, country programmes, line of sight, orphans and resource gaps."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from pydantic_core import from_json
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import COUNTRY_PROGRAMMES
from gateway.results.asked import CurrentReads, Reads, asked
from gateway.results.documents import about
from gateway.results.programming.countries import (
    country_programme_page,
    require_programme,
    ways_to,
)
from gateway.results.programming.gap_list import gap_page
from gateway.results.programming.gap_schemas import GapList
from gateway.results.programming.gaps import Lens
from gateway.results.programming.orphans import broken_links, projects_without
from gateway.results.programming.outcomes import outcome_list, outcome_page, require_outcome
from gateway.results.programming.queries import (
    ContributingQuery,
    GapsQuery,
    OrphansQuery,
    OutcomesQuery,
    PageQuery,
    SightQuery,
)
from gateway.results.programming.reach import WHOLE, Way, contributing, linked_to
from gateway.results.programming.schemas import (
    ContributingPage,
    CountryProgrammePage,
    OutcomeList,
    OutcomePage,
)
from gateway.results.programming.sight_page import sight_page
from gateway.results.programming.sight_schemas import LineOfSight, OrphanProjects, Orphans
from gateway.results.schemas import Asked
from gateway.results.terms import RateTables
from gateway.settings import Settings
from shared.chassis.app import CurrentRuntime, Runtime
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import CursorCodec, Cursors
from shared.figures.outcomes import outcome_code

A = TypeVar("A", bound=Asked)

router = APIRouter(prefix="/v1/results", tags=["results"], route_class=GuardedRoute)


class PageReads:
    """The read model as one request for a page sees it, with what work plans are looked at by."""

    def __init__(self, reads: Reads, runtime: Runtime) -> None:
        self._reads, self._runtime = reads, runtime

    @asynccontextmanager
    async def on(self, query: PageQuery) -> AsyncIterator[tuple[AsyncSession, Lens]]:
        """Open a session on the state that a query is about, and return how money is looked at.

        Raises:
            Invalid: ``as_of`` is still to come, or there are no such currency or rates.
            Unavailable: the write that the caller names has not arrived within five seconds.

        """
        rate_tables: RateTables = self._runtime.parts["rate_tables"]
        probabilities = self._runtime.settings_as(Settings).pipeline_probabilities
        async with self._reads.on(query) as (session, terms):
            rates = await rate_tables.rates(session, query.rate_source)
            yield session, Lens(terms, rates.table, probabilities)


async def _page_reads(runtime: CurrentRuntime, reads: CurrentReads) -> PageReads:
    return PageReads(reads, runtime)


CurrentPages = Annotated[PageReads, Depends(_page_reads)]


@router.get("/outcomes", response_model=OutcomeList, summary="Outcomes of a programme and budget in brief")
async def read_outcomes(pages: CurrentPages, query: Annotated[OutcomesQuery, Query()]) -> Response:
    """Return each outcome of a biennium with its gap, its money by stage, its projects and their indicators."""
    async with pages.on(query) as (session, lens):
        return await _answer(session, OutcomeList, await outcome_list(session, query.biennium, lens))


@router.get(
    "/outcomes/{biennium}/{code:path}/projects",
    response_model=ContributingPage,
    summary="Projects that contribute to an outcome",
)
async def read_outcome_projects(
    reads: CurrentReads,
    cursors: Cursors,
    biennium: str,
    code: str,
    query: Annotated[ContributingQuery, Query()],
) -> Response:
    """Return a page of the projects that contribute to an outcome, with their links, in order of identifier."""
    async with reads.at(query.as_of) as session:
        await require_outcome(session, biennium, code)
        key = outcome_code(biennium, code)
        linked = linked_to(await about(session, COUNTRY_PROGRAMMES, "outcome", [key]), key)
        keys = [key, *(each.code for each in linked)]
        return await _page(session, cursors, query, [Way(WHOLE, "outcome", key)], keys)


@router.get("/outcomes/{biennium}/{code:path}", response_model=OutcomePage, summary="One outcome whole")
async def read_outcome(
    pages: CurrentPages, biennium: str, code: str, query: Annotated[PageQuery, Query()]
) -> Response:
    """Return an outcome: indicators, gap, country outcomes, targets, projects, money, and what was learned."""
    async with pages.on(query) as (session, lens):
        return await _answer(session, OutcomePage, await outcome_page(session, biennium, code, lens))


@router.get(
    "/country-programmes/{code:path}/projects",
    response_model=ContributingPage,
    summary="Projects that contribute to a country programme",
)
async def read_country_programme_projects(
    reads: CurrentReads, cursors: Cursors, code: str, query: Annotated[ContributingQuery, Query()]
) -> Response:
    """Return a page of the projects that contribute to a country programme, in order of identifier."""
    async with reads.at(query.as_of) as session:
        programme = await require_programme(session, code)
        ways = ways_to(programme)
        return await _page(session, cursors, query, ways, [way.code for way in ways])


@router.get(
    "/country-programmes/{code:path}",
    response_model=CountryProgrammePage,
    summary="One country programme whole",
)
async def read_country_programme_results(
    pages: CurrentPages, code: str, query: Annotated[PageQuery, Query()]
) -> Response:
    """Return a country programme: outcomes with what they lead to, projects, money, gaps, and what is due."""
    async with pages.on(query) as (session, lens):
        return await _answer(session, CountryProgrammePage, await country_programme_page(session, code, lens))


@router.get("/line-of-sight", response_model=LineOfSight, summary="What leads to what, up and down")
async def read_line_of_sight(reads: CurrentReads, query: Annotated[SightQuery, Query()]) -> Response:
    """Return nodes and edges from a project, country outcome, outcome or target, each edge with who tells it."""
    async with reads.at(query.as_of) as session:
        up, down = query.direction != "down", query.direction != "up"
        return await _answer(session, LineOfSight, await sight_page(session, query.start, up=up, down=down))


@router.get("/orphans", response_model=Orphans, summary="Where the line of sight breaks")
async def read_orphans(
    reads: CurrentReads, cursors: Cursors, query: Annotated[OrphansQuery, Query()]
) -> Response:
    """Return projects that contribute to nothing, links to nothing, and outcomes that lead nowhere."""
    async with reads.at(query.as_of) as session:
        count, items = await projects_without(session, _after(cursors, query), query.limit + 1)
        names = [each.iati_identifier for each in items]
        projects = OrphanProjects(count=count, items=items[: query.limit], next=_next(cursors, query, names))
        return await _answer(session, Orphans, {"projects": projects, **await broken_links(session)})


@router.get("/gaps", response_model=GapList, summary="What outcomes lack, in order of priority")
async def read_gaps(pages: CurrentPages, query: Annotated[GapsQuery, Query()]) -> Response:
    """Return cost, firm resources, gap and pipeline of each outcome and item, and of the office whole."""
    async with pages.on(query) as (session, lens):
        return await _answer(session, GapList, await gap_page(session, query.biennium, query.rule, lens))


async def _page(
    session: AsyncSession,
    cursors: CursorCodec,
    query: ContributingQuery,
    ways: Sequence[Way],
    keys: Sequence[str],
) -> Response:
    items = await contributing(session, ways, keys, query.limit + 1, _after(cursors, query))
    following = _next(cursors, query, [each.iati_identifier for each in items])
    return await _answer(session, ContributingPage, {"items": items[: query.limit], "next": following})


def _after(cursors: CursorCodec, query: ContributingQuery) -> str | None:
    after: str | None = cursors.decode(query.cursor, str)[0] if query.cursor else None
    return after


def _next(cursors: CursorCodec, query: ContributingQuery, names: Sequence[str]) -> str | None:
    return cursors.encode([names[query.limit - 1]]) if len(names) > query.limit else None


async def _answer(session: AsyncSession, model: type[A], members: dict[str, Any]) -> Response:
    """Return a page with up to where it knows the events."""
    told = from_json(f"{{{await asked(session)}}}")
    page = model.model_validate({**told, **members})
    return Response(page.model_dump_json(), media_type="application/json")
