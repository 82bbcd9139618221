"""Scenarios as they are made, recorded and looked at again: pure, of gaps and fillings that were found."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from services.funding.workplans.domain import Found, ScenarioStep
from services.funding.workplans.planning import Gaps, Key, Ranked
from shared.contracts.funding.v1 import (
    Allocation,
    AllocationTarget,
    Scenario,
    ScenarioAllocation,
    ScenarioForm,
    ScenarioGap,
    ScenarioSource,
)
from shared.contracts.ids import scenario_id
from shared.figures.exact import EXACT
from shared.figures.scenarios import Filling, OpenGap


def scenario_of(form: ScenarioForm, ranked: Ranked, made: Sequence[Filling], *, at: datetime) -> Scenario:
    """Return the scenario of what is asked for and found, as a draft."""
    targets = ranked.gaps.targets
    return Scenario(
        **dict(form),
        made_at=at,
        allocations=tuple(_proposed(each, targets[each.gap]) for each in made),
        gaps=tuple(_gap(each, targets[each.key], made) for each in ranked.open),
    )


def _proposed(filling: Filling, target: AllocationTarget) -> ScenarioAllocation:
    kind, identifier = filling.source
    source = ScenarioSource.model_validate({"kind": kind, "identifier": identifier})
    return ScenarioAllocation(
        **dict(target), source=source, amount=filling.amount, amount_in_plan=filling.value
    )


def _gap(gap: OpenGap, target: AllocationTarget, made: Iterable[Filling]) -> ScenarioGap:
    after = gap.gap
    for each in made:
        if each.gap == gap.key:
            after = EXACT.subtract(after, each.value)
    score = gap.priority.score or Decimal(0)
    return ScenarioGap(**dict(target), priority=score, before=gap.gap, after=after)


def allocation_of(scenario: Scenario, place: int, form: ScenarioStep, *, on: date) -> Allocation:
    """Return an allocation as it is recorded; its code is that of the scenario and its place in it."""
    proposed = scenario.allocations[place]
    target = {name: getattr(proposed, name) for name in AllocationTarget.model_fields}
    return Allocation(
        **target,
        code=f"scenario-{scenario_id(scenario.identifier)}-{place + 1}",
        amount=proposed.amount,
        decided_on=on,
        by=form.by,
        reasons=form.reasons or f"Adopted with the scenario {scenario.identifier}.",
        scenario=scenario.identifier,
    )


def faults_of_gaps(scenario: Scenario, found: Gaps) -> list[Found]:
    """Return which allocations of a scenario are more than the gaps that they are for, as these are now.

    What is firm for an outcome and none of its items takes of the gaps of all of them.
    """
    faults: list[Found] = []
    now = {target.to_json(): key for key, target in found.targets.items()}
    left: dict[Key, Decimal | None] = {each.key: each.gap for each in found.candidates}
    room = _rooms(found)
    for place, each in enumerate(scenario.allocations):
        target = AllocationTarget.model_validate({n: getattr(each, n) for n in AllocationTarget.model_fields})
        key = now.get(target.to_json())
        gap = left.get(key) if key is not None else None
        if key is None or gap is None:
            detail = "The item is not there any more, or its gap is not known."
            faults.append((f"/allocations/{place}", "gap-unknown", detail))
            continue
        left[key] = EXACT.subtract(gap, each.amount_in_plan)
        room[key[1]] = EXACT.subtract(room[key[1]], each.amount_in_plan)
        if min(EXACT.subtract(gap, each.amount_in_plan), room[key[1]]) < 0:
            detail = f"The gap is {gap:f} by now."
            faults.append((f"/allocations/{place}/amount", "allocation-over-gap", detail))
    return faults


def _rooms(found: Gaps) -> dict[str, Decimal]:
    """Return by outcome what its gaps lack beyond what is firm for the outcome alone."""
    rooms: dict[str, Decimal] = {}
    for each in found.candidates:
        gap = max(each.gap or Decimal(0), Decimal(0))
        rooms[each.outcome] = EXACT.add(rooms.get(each.outcome, Decimal(0)), gap)
    return {
        outcome: EXACT.subtract(room, found.unplaced.get(outcome, Decimal(0)))
        for outcome, room in rooms.items()
    }
