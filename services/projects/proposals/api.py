"""HTTP interface of proposals, their appraisal, and the criteria of it.

There is no batch of proposals: it would be a way around the appraisal. A version of criteria can not be changed.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import col

from services.projects.models import CriteriaSetRow, ProposalRow
from services.projects.proposals import handlers
from services.projects.proposals.aggregates import CRITERIA_SETS, PROPOSALS
from services.projects.proposals.domain import LIFECYCLE, ProposalStepForm, begun, revised, signed
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.authored import Authored, add_authored_writes
from shared.chassis.documents.faults import told
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import (
    CurrentActor,
    ExpectedVersion,
    add_reads,
    receipt,
)
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.documents.versions import add_version_writes
from shared.chassis.errors import Fault
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.projects.v1 import (
    AppraisalForm,
    CriteriaReference,
    ProposalState,
)

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]

proposals = APIRouter(prefix="/v1/proposals", tags=["proposals"], route_class=JsonRoute)
criteria_sets = APIRouter(prefix="/v1/criteria-sets", tags=["proposals"], route_class=JsonRoute)


class ProposalChecks(BaseModel):
    """What the machine checks say of a proposal as it stands; ``faults`` point at its members."""

    identifier: str
    version: int
    state: ProposalState
    criteria: CriteriaReference | None = Field(description="What was checked by, where that is known")
    holds: bool
    faults: list[Fault]
    allowed: list[str] = Field(description="Actions that the state allows")


@proposals.get("", response_model=ItemPage, summary="List proposals in order of identifier")
async def list_proposals(
    session: ReadSession,
    cursors: Cursors,
    state: Annotated[ProposalState | None, Query(description="Where the proposal stands")] = None,
    country: Annotated[FilterText | None, Query(description="Code of a country")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of proposals as they are stored here."""
    conditions = []
    if state is not None:
        conditions.append(col(ProposalRow.state) == state)
    if country is not None:
        conditions.append(col(ProposalRow.countries).contains([country]))
    if updated_since is not None:
        conditions.append(col(ProposalRow.updated_at) >= updated_since)
    return await list_page(session, PROPOSALS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@proposals.post("/{identifier:path}/actions", status_code=201, summary="Take a step with one proposal")
async def act_on_proposal(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: ProposalStepForm,
    response: Response,
) -> Receipt:
    """Take a step that the state of the proposal allows, and keep it in the history."""
    return receipt(response, await handlers.act(session, actor, identifier, step, version))


@proposals.post(
    "/{identifier:path}/appraisals", status_code=201, summary="Record one appraisal of a proposal"
)
async def appraise_proposal(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    appraisal: AppraisalForm,
    response: Response,
) -> Receipt:
    """Record what an appraiser who did not write the proposal makes of its revision."""
    return receipt(response, await handlers.appraise(session, actor, identifier, appraisal, version))


@proposals.get("/{identifier:path}/checks", summary="The machine checks of one proposal as they stand")
async def check_proposal(session: ReadSession, identifier: str) -> ProposalChecks:
    """Return what the proposal lacks for passing the appraisal, as far as it tells by itself."""
    row, proposal, criteria, faults = await handlers.look(session, identifier)
    return ProposalChecks(
        identifier=row.identifier,
        version=row.version,
        state=proposal.state,
        criteria=criteria.reference if criteria else None,
        holds=not faults,
        faults=told(faults),
        allowed=list(LIFECYCLE.allowed(proposal.state)),
    )


@criteria_sets.get(
    "", response_model=ItemPage, summary="List versions of criteria in order of code and version"
)
async def list_criteria_sets(
    session: ReadSession,
    cursors: Cursors,
    code: Annotated[FilterText | None, Query(description="Code of the set, as in `evaluability`")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of versions as they are stored here."""
    conditions = []
    if code is not None:
        conditions.append(col(CriteriaSetRow.code) == code)
    if updated_since is not None:
        conditions.append(col(CriteriaSetRow.updated_at) >= updated_since)
    return await list_page(session, CRITERIA_SETS, conditions, cursors=cursors, cursor=cursor, limit=limit)


add_authored_writes(proposals, Authored(PROPOSALS, begun, revised, signed))
add_reads(proposals, PROPOSALS)
add_version_writes(criteria_sets, CRITERIA_SETS)
add_reads(criteria_sets, CRITERIA_SETS)
routers = [proposals, criteria_sets]
