"""The aggregates of work plans: the plans, the versions of rules of priority, and scenarios."""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import PriorityRuleRow, ScenarioRow, WorkplanRow
from services.funding.partnerships.places import known_places
from services.funding.workplans.domain import (
    Found,
    faults_of_links,
    faults_of_rule,
    faults_of_scenario,
    faults_of_workplan,
    rule_columns,
    scenario_columns,
    workplan_columns,
)
from shared.chassis.documents import Aggregate
from shared.contracts.catalog import PRIORITY_RULE, SCENARIO, WORKPLAN
from shared.contracts.funding.v1 import AllocationTarget, PriorityRule, Scenario, Workplan
from shared.contracts.ids import priority_rule_id, scenario_id, workplan_id
from shared.contracts.projects.v1 import ProgrammeOutcomeLink


def targets_of(plan: Workplan) -> list[AllocationTarget]:
    """Return what money for the items of a plan is allocated to: a country outcome, or a global product by its code."""
    outcome = ProgrammeOutcomeLink(biennium=plan.biennium, code=plan.outcome)
    return [
        AllocationTarget(
            programme_outcome=outcome,
            country_outcome=item.country_outcome,
            item=item.code if item.country_outcome is None else None,
        )
        for item in plan.items
    ]


async def _faults_beside(session: AsyncSession, plan: Workplan) -> Iterable[Found]:
    own = AllocationTarget(programme_outcome=ProgrammeOutcomeLink(biennium=plan.biennium, code=plan.outcome))
    return list(faults_of_links(plan, await known_places(session, [own, *targets_of(plan)])))


WORKPLANS = Aggregate(
    noun="workplan",
    model=WorkplanRow,
    contract=Workplan,
    facts=WORKPLAN,
    identifier=lambda plan: plan.identifier,
    id_of=workplan_id,
    columns=workplan_columns,
    faults=faults_of_workplan,
    faults_beside=_faults_beside,
)

PRIORITY_RULES = Aggregate(
    noun="priority-rule",
    model=PriorityRuleRow,
    contract=PriorityRule,
    facts=PRIORITY_RULE,
    identifier=lambda rule: rule.identifier,
    id_of=priority_rule_id,
    columns=rule_columns,
    faults=faults_of_rule,
)

SCENARIOS = Aggregate(
    noun="scenario",
    model=ScenarioRow,
    contract=Scenario,
    facts=SCENARIO,
    identifier=lambda scenario: scenario.identifier,
    id_of=scenario_id,
    columns=scenario_columns,
    faults=faults_of_scenario,
)
