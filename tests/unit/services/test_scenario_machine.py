"""Whatever is planned, allocated, made, adopted and discarded in whatever order: money stays within what was agreed.

The machine adopts as the service does, all or nothing, and judges by sums of its own.
"""

from datetime import UTC, date, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.funding.partnerships.allocations import allocated
from services.funding.partnerships.places import Places
from services.funding.workplans import domain
from services.funding.workplans.aggregates import targets_of
from services.funding.workplans.planning import Gaps, Ranked
from services.funding.workplans.proposing import allocation_of, faults_of_gaps, scenario_of
from shared.contracts.funding.v1 import Agreement, Allocation, PriorityRule, ScenarioForm, Workplan
from shared.contracts.projects.v1 import CountryProgramme
from shared.figures.biennium import Biennium
from shared.figures.inflows import Known, Terms
from shared.figures.lifecycle import IllegalStep
from shared.figures.partnerships import unallocated
from shared.figures.priorities import candidates_of, context_on, priorities
from shared.figures.rates import RateTable
from shared.figures.resources import plan_resources
from shared.figures.scenarios import fillings, open_gaps, source_of_agreement
from shared.testing import workplans as sample

BIENNIUM = "2026-27"
AT = datetime(2026, 6, 30, tzinfo=UTC)
TERMS = Terms(RateTable([]), AT.date())
SAME = TERMS.table.at("USD", "USD", TERMS.today)
PROGRAMMES = [CountryProgramme.model_validate(sample.country_programme(each)) for each in sample.COUNTRIES]
PLACES = Places(
    {}, {each.code: each for each in PROGRAMMES}, {"KE": frozenset({"AFR"}), "ML": frozenset({"AFR"})}
)
RULE = PriorityRule.model_validate(
    sample.priority_rule(
        weights=[{"criterion": "gap-share", "weight": "1"}, {"criterion": "gap-size", "weight": "1"}]
    )
)
SCOPES = (
    {},
    {"countries": ["KE"]},
    {"regions": ["AFR"]},
    {"programme_outcomes": ["3"], "countries": ["VN"]},
    {"programme_outcomes": ["4"]},
)
ITEMS = ("KEN", "MLI", "VNM", "GP1")

costs = st.one_of(st.integers(0, 900).map(str), st.just(None))
money = st.integers(1, 600).map(str)


class Scenarios(RuleBasedStateMachine):
    """One work plan, agreements, and whoever decides about scenarios."""

    @initialize(told=st.lists(costs, min_size=len(ITEMS), max_size=len(ITEMS)))
    def plan(self, told):
        self.costs = dict(zip(ITEMS, told, strict=True))
        self.agreements, self.scenarios, self.adopted = {}, {}, {}

    @rule(item=st.sampled_from(ITEMS), cost=costs)
    def cost_otherwise(self, item, cost):
        self.costs[item] = cost

    @precondition(lambda self: len(self.agreements) < len(SCOPES))
    @rule(amount=money, scope=st.sampled_from(SCOPES))
    def sign(self, amount, scope):
        number = f"A-{len(self.agreements)}"
        body = sample.agreement(number, BIENNIUM, amount, scope=scope, state="signed")
        self.agreements[number] = Agreement.model_validate(body)

    @precondition(lambda self: self.agreements)
    @rule(data=st.data(), amount=money, country=st.sampled_from([*sample.COUNTRIES, None]))
    def allocate(self, data, amount, country):
        number = data.draw(st.sampled_from(sorted(self.agreements)))
        held = self.agreements[number]
        decided = Allocation.model_validate(
            {
                "code": f"by-hand-{len(held.allocations)}",
                "amount": amount,
                "decided_on": "2026-03-01",
                "by": "board",
                "programme_outcome": {"biennium": BIENNIUM, "code": "3"},
                "country_outcome": sample.link(country) if country else None,
            }
        )
        after, (found,) = allocated(held, [decided], PLACES, unallocated(held))
        if not found:
            self.agreements[number] = after

    @rule()
    def make(self):
        gaps = self.gaps()
        ordered = priorities(gaps.candidates, RULE, context_on(TERMS.today, [], PROGRAMMES))
        places = {each.key: gaps.place_of(each.key) for each in gaps.candidates}
        ranked = Ranked(gaps, tuple(ordered), tuple(open_gaps(ordered, places, gaps.unplaced)), None)
        name = f"S-{len(self.scenarios)}"
        form = ScenarioForm.model_validate(sample.scenario(name, BIENNIUM))
        made = fillings(ranked.open, self.sources(), "USD")
        scenario = scenario_of(form, ranked, made, at=AT)
        assert faults_of_gaps(scenario, gaps) == []
        self.scenarios[name] = scenario

    @precondition(lambda self: self.scenarios)
    @rule(data=st.data(), action=st.sampled_from(domain.LIFECYCLE.actions))
    def decide(self, data, action):
        name = data.draw(st.sampled_from(sorted(self.scenarios)))
        scenario = self.scenarios[name]
        form = domain.ScenarioStep(action=action, by="board", reasons="Decided")
        try:
            after = domain.acted(scenario, form, at=AT)
        except IllegalStep:
            assert scenario.state != "draft"
            return
        assert scenario.state == "draft"
        if action == "adopt":
            before = self.gaps()
            agreements = self.with_allocations(scenario, form)
            if faults_of_gaps(scenario, before) or agreements is None:
                return
            self.agreements = agreements
            self.adopted[name] = scenario
            self.no_gap_is_overfilled(before, scenario)
        self.scenarios[name] = after

    def with_allocations(self, scenario, form):
        """Return the agreements as adoption leaves them, None where one of them refuses."""
        agreements = dict(self.agreements)
        for number in sorted({each.source.identifier for each in scenario.allocations}):
            places = [n for n, each in enumerate(scenario.allocations) if each.source.identifier == number]
            decided = [allocation_of(scenario, place, form, on=date(2026, 6, 30)) for place in places]
            held = agreements[number]
            agreements[number], found = allocated(held, decided, PLACES, unallocated(held))
            if any(found):
                return None
        return agreements

    def no_gap_is_overfilled(self, before, scenario):
        had = {each.key: each.gap for each in before.candidates}
        for each in self.gaps().candidates:
            assert each.gap == had[each.key] or 0 <= each.gap < had[each.key]
        assert bool(scenario.allocations) == (self.gaps().candidates != before.candidates)

    def gaps(self):
        items = [
            sample.country_item(code, cost) if code in sample.COUNTRIES else sample.product(code, cost)
            for code, cost in self.costs.items()
        ]
        plan = Workplan.model_validate(sample.workplan(BIENNIUM, *items))
        made = plan_resources(plan, Known(agreements=list(self.agreements.values())), TERMS)
        candidates, unplaced = candidates_of([made], "USD", TERMS)
        targets = {each.key: target for each, target in zip(candidates, targets_of(plan), strict=True)}
        return Gaps((made,), tuple(candidates), unplaced, targets, PLACES)

    def sources(self):
        found = [source_of_agreement(each, Biennium(2026)) for each in self.agreements.values()]
        return [each for each in found if each is not None]

    @invariant()
    def no_agreement_gives_more_than_it_has(self):
        for agreement in getattr(self, "agreements", {}).values():
            assert sum(each.amount for each in agreement.allocations) <= agreement.amount.amount

    @invariant()
    def what_was_adopted_is_allocated_once_and_nothing_else_is(self):
        held = [
            (each.scenario, each.amount)
            for agreement in getattr(self, "agreements", {}).values()
            for each in agreement.allocations
            if each.scenario is not None
        ]
        told = [
            (name, each.amount)
            for name, scenario in getattr(self, "adopted", {}).items()
            for each in scenario.allocations
        ]
        assert sorted(held) == sorted(told)

    @invariant()
    def earmarked_money_fills_no_others_gap(self):
        for agreement in getattr(self, "agreements", {}).values():
            scope = agreement.scope
            for each in agreement.allocations:
                country = PLACES.country_of(each)
                fits = country in scope.countries or PLACES.regions.get(country, frozenset()) & set(
                    scope.regions
                )
                assert fits or not (scope.countries or scope.regions)
                assert not scope.programme_outcomes or each.programme_outcome.code in scope.programme_outcomes


Scenarios.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestScenarios = Scenarios.TestCase
