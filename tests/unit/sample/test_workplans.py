from datetime import date

from deploy.local.sample import frameworks as told
from deploy.local.sample import workplans as sample
from deploy.local.sample.programming import country_programmes
from services.funding.partnerships.places import Places
from services.funding.workplans.domain import faults_of_links, faults_of_rule, faults_of_workplan
from shared.contracts.funding.v1 import PriorityRule, ScenarioForm
from shared.figures.inflows import Known, Terms
from shared.figures.rates import RateTable
from shared.figures.resources import plan_resources

PLANS = tuple(sample.workplans())


def test_each_outcome_of_each_biennium_has_a_plan():
    expected = [f"{biennium}/{outcome.code}" for biennium in told.BIENNIUMS for outcome in told.OUTCOMES]
    assert [plan.identifier for plan in PLANS] == expected
    assert all(plan.sample for plan in PLANS)


def test_no_plan_breaks_a_rule():
    codes = frozenset(outcome.code for outcome in told.OUTCOMES)
    programmes = {each.code: each for each in country_programmes()}
    places = Places(dict.fromkeys(told.BIENNIUMS, codes), programmes, {})
    found = [[*faults_of_workplan(plan), *faults_of_links(plan, places)] for plan in PLANS]
    assert found == [[]] * len(PLANS)


def test_every_country_outcome_of_a_biennium_stands_in_a_plan_of_it():
    standing = {(plan.biennium, item.code) for plan in PLANS for item in plan.items if item.country_outcome}
    linked = {
        (link.biennium, outcome.code)
        for programme in country_programmes()
        for outcome in programme.outcomes
        for link in outcome.programme_outcomes
    }
    assert standing == linked


def test_there_are_gaps_surpluses_and_unknowns():
    terms = Terms(RateTable([]), date(2026, 6, 30))
    gaps = [item.resources.gap for plan in PLANS for item in plan_resources(plan, Known(), terms).items]
    known = [gap for gap in gaps if gap is not None]
    assert len(known) < len(gaps)
    assert min(known) < 0 < max(known)


def test_the_stories_are_what_the_contracts_ask_for_and_the_same_each_time():
    rule, scenario = sample.stories()
    adopted = PriorityRule.model_validate(rule.calls[0].body)
    assert list(faults_of_rule(adopted)) == []
    form = ScenarioForm.model_validate(scenario.calls[0].body)
    assert form.rule == adopted.reference
    assert scenario.address == f"/v1/scenarios/{form.identifier}"
    assert (list(sample.stories()), sample.documents()) == ([rule, scenario], sample.documents())
