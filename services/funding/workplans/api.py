"""HTTP interface of work plans, rules of priority, scenarios, and the mobilisation list.

There is no batch of scenarios, and none is written by hand: a scenario is made of what is known at a time. A version of a
rule can not be changed.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlmodel import col

from services.funding.models import PriorityRuleRow, ScenarioRow, WorkplanRow
from services.funding.settings import Settings
from services.funding.workplans import handlers
from services.funding.workplans.aggregates import PRIORITY_RULES, SCENARIOS, WORKPLANS
from services.funding.workplans.domain import ScenarioStep
from services.funding.workplans.mobilisation import MobilisationList, mobilisation_list
from services.funding.workplans.planning import Basis, known_money, terms_of
from services.funding.workplans.schemas import ScenarioComparison, WorkplanResources
from shared.chassis.app import CurrentRuntime
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents import document_router, find
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import CurrentActor, ExpectedVersion, add_reads, receipt
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.documents.versions import add_version_writes
from shared.chassis.errors import Conflict
from shared.chassis.guard import GuardedRoute
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.chassis.scoping import required_permit
from shared.contracts.funding.v1 import (
    CurrencyCode,
    Scenario,
    ScenarioForm,
    ScenarioState,
    Workplan,
)
from shared.contracts.projects.v1 import BienniumLabel
from shared.contracts.workflow import VersionReference
from shared.figures.resources import plan_resources

TAG = "work plans"

UpdatedSince = Annotated[Moment | None, Query(description="Changed at or after this time")]
Biennium = Annotated[BienniumLabel | None, Query(description="Two years, as 2024-25")]


async def _basis(runtime: CurrentRuntime) -> Basis:
    settings = runtime.settings_as(Settings)
    return Basis(settings.rate_source, settings.pipeline_probabilities)


AppliedBasis = Annotated[Basis, Depends(_basis)]

workplans = APIRouter(prefix="/v1/workplans", tags=[TAG], route_class=GuardedRoute)
rules = APIRouter(prefix="/v1/priority-rules", tags=[TAG], route_class=JsonRoute)
scenarios = APIRouter(prefix="/v1/scenarios", tags=[TAG], route_class=JsonRoute)
mobilisation = APIRouter(prefix="/v1/mobilisation-lists", tags=[TAG], route_class=GuardedRoute)


@workplans.get("", response_model=ItemPage, summary="List work plans in order of biennium and outcome")
async def list_workplans(
    session: ReadSession,
    cursors: Cursors,
    biennium: Biennium = None,
    outcome: Annotated[FilterText | None, Query(description="Code of the outcome")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of work plans as they are stored here."""
    filters = {WorkplanRow.biennium: biennium, WorkplanRow.outcome: outcome}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if updated_since is not None:
        conditions.append(col(WorkplanRow.updated_at) >= updated_since)
    return await list_page(session, WORKPLANS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@workplans.get(
    "/{identifier:path}/resources", summary="Cost, firm resources, pipeline and gap of a work plan"
)
async def read_workplan_resources(
    session: ReadSession, basis: AppliedBasis, identifier: str, response: Response
) -> WorkplanResources:
    """Return the figures of each item and of the outcome as of today, with everything that they are made of."""
    row = await find(session, WORKPLANS, identifier)
    terms = await terms_of(session, basis)
    known = await known_money(session, required_permit(session, WORKPLANS.noun).principal)
    made = plan_resources(Workplan.from_json(row.document), known, terms)
    response.headers["ETag"] = f'"{row.version}"'
    return WorkplanResources.of(made, version=row.version, as_of=terms.today, rate_source=basis.rate_source)


@rules.get("", response_model=ItemPage, summary="List rules of priority in order of code and version")
async def list_priority_rules(
    session: ReadSession,
    cursors: Cursors,
    code: Annotated[FilterText | None, Query(description="Code of the rule, as in `office-wide`")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of versions as they are stored here."""
    conditions = []
    if code is not None:
        conditions.append(col(PriorityRuleRow.code) == code)
    if updated_since is not None:
        conditions.append(col(PriorityRuleRow.updated_at) >= updated_since)
    return await list_page(session, PRIORITY_RULES, conditions, cursors=cursors, cursor=cursor, limit=limit)


@scenarios.get("", response_model=ItemPage, summary="List scenarios in order of identifier")
async def list_scenarios(
    session: ReadSession,
    cursors: Cursors,
    biennium: Biennium = None,
    state: Annotated[ScenarioState | None, Query(description="Where the scenario stands")] = None,
    updated_since: UpdatedSince = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of scenarios as they are stored here."""
    filters = {ScenarioRow.biennium: biennium, ScenarioRow.state: state}
    conditions = [col(column) == value for column, value in filters.items() if value is not None]
    if updated_since is not None:
        conditions.append(col(ScenarioRow.updated_at) >= updated_since)
    return await list_page(session, SCENARIOS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@scenarios.post("", status_code=201, summary="Make one scenario of the gaps and the money that is left")
async def make_scenario(
    session: Uow, actor: CurrentActor, basis: AppliedBasis, form: ScenarioForm, response: Response
) -> Receipt:
    """Propose how gaps could be filled, in order of priority and within the earmarking, and keep it as a draft."""
    return receipt(response, await handlers.make_scenario(session, actor, form, basis))


@scenarios.post("/{identifier:path}/actions", status_code=201, summary="Adopt or discard one scenario")
async def act_on_scenario(
    session: Uow,
    actor: CurrentActor,
    basis: AppliedBasis,
    version: ExpectedVersion,
    identifier: str,
    step: ScenarioStep,
    response: Response,
) -> Receipt:
    """Take a step; to adopt a scenario makes all of its allocations in one transaction, or none."""
    return receipt(response, await handlers.act(session, actor, identifier, step, basis, version))


@scenarios.get("/{identifier:path}/comparison", summary="Two scenarios of a biennium side by side")
async def compare_scenarios(
    session: ReadSession,
    identifier: str,
    other: Annotated[FilterText, Query(alias="with", description="Identifier of the other scenario")],
) -> ScenarioComparison:
    """Return the gaps that each of them would leave, and what each would close.

    Raises:
        NotFound: there is no such scenario.
        Conflict: they are of two bienniums or currencies.

    """
    one, two = [
        Scenario.from_json((await find(session, SCENARIOS, each)).document) for each in (identifier, other)
    ]
    if (one.biennium, one.currency) != (two.biennium, two.currency):
        detail = "Scenarios are compared within a biennium and a currency."
        raise Conflict(detail, code="not-comparable")
    return ScenarioComparison.of(one, two)


@mobilisation.get("/{biennium}", summary="Open gaps in order of priority, with partners who are interested")
async def read_mobilisation_list(
    session: ReadSession,
    basis: AppliedBasis,
    biennium: BienniumLabel,
    rule: Annotated[
        str,
        Query(
            description="Code and version of the rule of priority, as `office-wide/1`",
            pattern=r"^[^\x00\s][^\x00]{0,99}/[1-9][0-9]{0,6}$",
        ),
    ],
    currency: Annotated[CurrencyCode, Query(description="Currency that amounts are told in")],
) -> MobilisationList:
    """Return what is to be mobilised as of today, whom to ask, and what earmarked money no gap could use."""
    code, _, version = rule.rpartition("/")
    reference = VersionReference(code=code, version=int(version))
    return await mobilisation_list(session, biennium, currency, reference, basis)


add_version_writes(rules, PRIORITY_RULES)
add_reads(rules, PRIORITY_RULES)
add_reads(scenarios, SCENARIOS)
routers = [
    workplans,
    document_router(WORKPLANS, path="/v1/workplans", tag=TAG),
    rules,
    scenarios,
    mobilisation,
]
