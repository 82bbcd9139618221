"""Rules of work plans, rules of priority and scenarios: what an author may not write, and how a scenario ends.

Whether an outcome or a country programme exists can be told only where a copy of the document that holds it is known.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

from services.funding.partnerships.places import Places
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import PriorityRule, Scenario, ScenarioAction, Workplan, WorkplanItem
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1 import CountryProgramme
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import TakenStep
from shared.figures.biennium import biennium_named
from shared.figures.currencies import exists
from shared.figures.lifecycle import Lifecycle, Step

Found: TypeAlias = tuple[str, str, str]
Faults: TypeAlias = Iterator[Found]

LIFECYCLE = Lifecycle(
    initial="draft",
    steps=(Step("adopt", ("draft",), "adopted"), Step("discard", ("draft",), "discarded")),
)
WITH_REASONS = ("discard",)

READ_OF_WORKPLAN, READ_OF_SCENARIO = "resources", "comparison"
"""What is read below a work plan and below a scenario: no identifier ends so."""


class ScenarioStep(Contract):
    """A step that somebody takes with a scenario."""

    action: ScenarioAction
    by: Identifier
    reasons: Sentence | None = None


def workplan_columns(plan: Workplan) -> dict[str, Any]:
    """Return the columns of a work plan that a list may filter by."""
    return {"biennium": plan.biennium, "outcome": plan.outcome}


def rule_columns(rule: PriorityRule) -> dict[str, Any]:
    """Return the columns of a rule of priority that it is found by."""
    return {"code": rule.code, "number": rule.version, "valid_from": rule.valid_from}


def scenario_columns(scenario: Scenario) -> dict[str, Any]:
    """Return the columns of a scenario that a list may filter by."""
    return {"biennium": scenario.biennium, "state": scenario.state}


def faults_of_workplan(plan: Workplan) -> Faults:
    """Yield what is wrong with a work plan by itself."""
    if not exists(plan.currency):
        yield "/currency", "unknown-currency", f"ISO 4217 has no currency {plan.currency!r}."
    if plan.outcome.rpartition("/")[2] == READ_OF_WORKPLAN:
        yield "/outcome", "reserved-identifier", f"No outcome ends in {READ_OF_WORKPLAN!r} here."
    for place, item in enumerate(plan.items):
        yield from _of_kind(f"/items/{place}", item)


def _of_kind(at: str, item: WorkplanItem) -> Faults:
    if item.kind == "country-outcome" and item.country_outcome is None:
        detail = "It is not told which outcome of which country programme it is."
        yield f"{at}/country_outcome", "country-outcome-missing", detail
    if item.kind == "global-product" and (item.country_outcome or item.country):
        member = "country_outcome" if item.country_outcome else "country"
        yield f"{at}/{member}", "product-of-a-country", "A global product is of no country."


def faults_of_links(plan: Workplan, places: Places) -> Faults:
    """Yield what a work plan names that does not exist or does not fit, where that is known."""
    if plan.outcome not in places.outcomes.get(plan.biennium, {plan.outcome}):
        detail = f"The programme and budget {plan.biennium} has no outcome {plan.outcome!r}."
        yield "/outcome", "unknown-programme-outcome", detail
    for place, item in enumerate(plan.items):
        programme = places.programmes.get(item.country_outcome.programme) if item.country_outcome else None
        if programme is not None:
            yield from _of_programme(f"/items/{place}", plan, item, programme)


def _of_programme(at: str, plan: Workplan, item: WorkplanItem, programme: CountryProgramme) -> Faults:
    code = item.country_outcome.code if item.country_outcome else ""
    biennium = biennium_named(plan.biennium)
    outcome = next((each for each in programme.outcomes if each.code == code), None)
    if item.country is not None and item.country != programme.country:
        detail = f"{programme.code!r} is a programme of {programme.country}."
        yield f"{at}/country", "country-differs", detail
    if programme.period_end < biennium.start or programme.period_start > biennium.end:
        detail = f"The programme {programme.code!r} does not run in {plan.biennium}."
        yield f"{at}/country_outcome", "outcome-of-another-biennium", detail
    elif outcome is None:
        detail = f"The country programme {programme.code!r} has no outcome {code!r}."
        yield f"{at}/country_outcome/code", "unknown-country-outcome", detail
    elif (plan.biennium, plan.outcome) not in {(e.biennium, e.code) for e in outcome.programme_outcomes}:
        detail = f"{code!r} is not linked to the outcome {plan.outcome!r} of {plan.biennium}."
        yield f"{at}/country_outcome", "unknown-country-outcome", detail


def faults_of_rule(rule: PriorityRule) -> Faults:
    """Yield what is wrong with a rule of priority."""
    for place, weight in enumerate(rule.weights):
        if weight.outcomes and weight.criterion != "programme-outcome":
            detail = "Outcomes are weighed by the criterion programme-outcome alone."
            yield f"/weights/{place}/outcomes", "outcomes-not-weighed", detail


def faults_of_scenario(scenario: Scenario) -> Faults:
    """Yield what is wrong with what a scenario is asked for."""
    if not exists(scenario.currency):
        yield "/currency", "unknown-currency", f"ISO 4217 has no currency {scenario.currency!r}."
    if scenario.identifier.rpartition("/")[2] == READ_OF_SCENARIO:
        yield "/identifier", "reserved-identifier", f"No identifier ends in {READ_OF_SCENARIO!r} here."


def faults_of_step(form: ScenarioStep) -> Faults:
    """Yield what is wrong with a step."""
    if form.action in WITH_REASONS and form.reasons is None:
        yield "/reasons", "reasons-missing", f"To {form.action} takes reasons."


def acted(scenario: Scenario, form: ScenarioStep, *, at: datetime) -> Scenario:
    """Return a scenario after a step.

    Raises:
        IllegalStep: its state does not allow it.

    """
    state = LIFECYCLE.after(scenario.state, form.action)
    step = TakenStep(
        action=form.action,
        from_state=scenario.state,
        to_state=state,
        at=max(at, scenario.made_at),
        by=form.by,
        reasons=form.reasons,
    )
    return scenario.model_copy(update={"state": state, "history": (*scenario.history, step)})
