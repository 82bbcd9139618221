"""The unified results: what all owners together know of projects, from the gateway's own read model."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json

from gateway.results.asked import CurrentReads, asked
from gateway.results.filters import ProjectsQuery, SummaryQuery, TermsQuery
from gateway.results.projects import project_page, project_whole
from gateway.results.revisions import Revisions, RevisionsQuery, revisions_of
from gateway.results.schemas import Project, ProjectPage, Summary
from gateway.results.scope import seen_of
from gateway.results.summary import explain_address, explain_rows, summarise
from shared.chassis.errors import NotFound
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursors
from shared.contracts.ids import activity_id

router = APIRouter(prefix="/v1/results", tags=["results"], route_class=GuardedRoute)


@router.get("/projects", response_model=ProjectPage, summary="Projects that match, in order of identifier")
async def read_projects(
    reads: CurrentReads, cursors: Cursors, query: Annotated[ProjectsQuery, Query()]
) -> Response:
    """Return one page of projects in brief, with their money by stage and their indicator counts."""
    after = cursors.decode(query.cursor, str)[0] if query.cursor else None
    async with reads.on(query) as (session, terms):
        rows = await project_page(session, query, terms, after)
        following = (
            to_json(cursors.encode([rows[query.limit - 1][0]])).decode()
            if len(rows) > query.limit
            else "null"
        )
        items = ",".join(listing for _, listing in rows[: query.limit])
        return _json(f'{{{await asked(session)},"items":[{items}],"next":{following}}}')


@router.get(
    "/projects/{iati_identifier:path}/revisions",
    response_model=Revisions,
    summary="What was changed in a project's budgets, baselines, targets and actuals",
)
async def read_revisions(
    reads: CurrentReads, iati_identifier: str, query: Annotated[RevisionsQuery, Query()]
) -> Response:
    """Return the former value of each change beside the new one, who made it when, and why; newest first."""
    async with reads.at(query.as_of) as session:
        if not await seen_of(session, [iati_identifier]):
            raise _unknown(iati_identifier)
        found = await revisions_of(session, activity_id(iati_identifier), query.versions)
        if found is None:
            raise _unknown(iati_identifier)
        items = ",".join(change.model_dump_json() for change in found[0])
        name, is_all = to_json(iati_identifier).decode(), to_json(found[1]).decode()
        return _json(
            f'{{"iati_identifier":{name},{await asked(session)},"items":[{items}],"is_all":{is_all}}}'
        )


@router.get("/projects/{iati_identifier:path}", response_model=Project, summary="One project whole")
async def read_project(
    reads: CurrentReads, iati_identifier: str, query: Annotated[TermsQuery, Query()]
) -> Response:
    """Return what each owner tells of a project, with its money by stage and the progress of its indicators."""
    async with reads.on(query) as (session, terms):
        parts = await project_whole(session, iati_identifier, query, terms)
        if parts is None:
            raise _unknown(iati_identifier)
        members = ",".join(f'"{name}":{part or "null"}' for name, part in parts.items())
        name = to_json(iati_identifier).decode()
        return _json(f'{{"iati_identifier":{name},{await asked(session)},{members}}}')


@router.get("/summary", response_model=Summary, summary="Money by stage and indicator counts, by group")
async def read_summary(
    reads: CurrentReads, request: Request, query: Annotated[SummaryQuery, Query()]
) -> Response:
    """Return a row per group and one of the whole; with ``year``, money of those years only."""
    async with reads.on(query) as (session, terms):
        groups, whole = await summarise(session, query, terms)
        if query.explain:
            await explain_rows(session, query, terms, groups, whole)
        for row in groups:
            row.explain = explain_address(request.url.path, request.query_params, row.code or "")
        whole.explain = explain_address(request.url.path, request.query_params, None)
        rows = ",".join(group.model_dump_json() for group in groups)
        head = f'"group_by":"{query.group_by}",{await asked(session)}'
        return _json(f'{{{head},"groups":[{rows}],"whole":{whole.model_dump_json()}}}')


def _unknown(iati_identifier: str) -> NotFound:
    return NotFound(f"No project has the identifier {iati_identifier!r}.")


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
