"""Rules of work plans, rules of priority and scenarios, beside no database."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.funding.partnerships.places import Places
from services.funding.workplans import domain
from services.funding.workplans.aggregates import targets_of
from services.funding.workplans.domain import LIFECYCLE, ScenarioStep
from services.funding.workplans.mobilisation import fit, partners_of
from services.funding.workplans.planning import Gaps
from services.funding.workplans.proposing import faults_of_gaps
from services.funding.workplans.schemas import ScenarioComparison
from shared.contracts.funding.v1 import (
    EarmarkingScope,
    PartnerProfile,
    Pledge,
    PriorityRule,
    Scenario,
    Workplan,
)
from shared.contracts.projects.v1 import CountryProgramme
from shared.figures.inflows import Known, Terms
from shared.figures.lifecycle import IllegalStep
from shared.figures.priorities import Candidate, Priority, candidates_of
from shared.figures.rates import RateTable
from shared.figures.resources import plan_resources
from shared.figures.scenarios import OpenGap, Place, Source, fillings, open_gaps

TITLES = [{"text": "Title"}]
KEN = {"programme": "KEN-2024", "code": "KEN 101"}
PROGRAMME = CountryProgramme.model_validate(
    {
        "code": "KEN-2024",
        "country": "KE",
        "titles": TITLES,
        "period_start": "2024-01-01",
        "period_end": "2027-12-31",
        "status": "active",
        "outcomes": [
            {
                "code": "KEN 101",
                "titles": TITLES,
                "programme_outcomes": [{"biennium": "2026-27", "code": "3"}],
            }
        ],
    }
)
PLACES = Places({"2026-27": frozenset({"3", "4"})}, {"KEN-2024": PROGRAMME}, {"KE": frozenset({"AFR"})})
NOTHING_KNOWN = Places({}, {}, {})
COUNTRY = {"code": "KEN", "kind": "country-outcome", "titles": TITLES, "country_outcome": KEN, "cost": "100"}
PRODUCT = {"code": "GP1", "kind": "global-product", "titles": TITLES, "cost": "50"}
TERMS = Terms(RateTable([]), date(2026, 6, 30))


def plan(*items, **fields):
    whole = {"biennium": "2026-27", "outcome": "3", "currency": "USD", "items": items, **fields}
    return Workplan.model_validate(whole)


def faults(found):
    return [(pointer, code) for pointer, code, _ in found]


def test_a_sound_plan_has_no_faults():
    sound = plan(COUNTRY, PRODUCT)
    assert list(domain.faults_of_workplan(sound)) == []
    assert list(domain.faults_of_links(sound, PLACES)) == []


@pytest.mark.parametrize(
    ("items", "place"),
    [
        ([PRODUCT, PRODUCT], ("items",)),
        ([COUNTRY, {**COUNTRY, "code": "other"}], ("items",)),
        (
            [{**PRODUCT, "resources": [{"source": "RB", "amount": "1"}, {"source": "RB"}]}],
            ("items", 0, "resources"),
        ),
    ],
)
def test_codes_country_outcomes_and_sources_stand_once(items, place):
    with pytest.raises(ValidationError) as caught:
        plan(*items)
    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [(place, "duplicate_code")]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (plan(PRODUCT, currency="ABC"), [("/currency", "unknown-currency")]),
        (plan(outcome="resources"), [("/outcome", "reserved-identifier")]),
        (
            plan({**COUNTRY, "country_outcome": None}),
            [("/items/0/country_outcome", "country-outcome-missing")],
        ),
        (plan(COUNTRY, {**PRODUCT, "country": "KE"}), [("/items/1/country", "product-of-a-country")]),
        (
            plan({**PRODUCT, "country_outcome": KEN}),
            [("/items/0/country_outcome", "product-of-a-country")],
        ),
    ],
)
def test_a_plan_is_refused_by_itself(changed, found):
    assert faults(domain.faults_of_workplan(changed)) == found


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (plan(outcome="9"), [("/outcome", "unknown-programme-outcome")]),
        (
            plan({**COUNTRY, "country_outcome": {**KEN, "code": "KEN 999"}}),
            [("/items/0/country_outcome/code", "unknown-country-outcome")],
        ),
        (plan(COUNTRY, outcome="4"), [("/items/0/country_outcome", "unknown-country-outcome")]),
        (plan(COUNTRY, biennium="2028-29"), [("/items/0/country_outcome", "outcome-of-another-biennium")]),
        (plan({**COUNTRY, "country": "UG"}), [("/items/0/country", "country-differs")]),
    ],
)
def test_a_plan_is_refused_beside_what_is_known_and_only_then(changed, found):
    assert faults(domain.faults_of_links(changed, PLACES)) == found
    assert list(domain.faults_of_links(changed, NOTHING_KNOWN)) == []


def rule(*weights):
    whole = {"code": "office-wide", "version": 1, "titles": TITLES, "valid_from": "2026-01-01"}
    return PriorityRule.model_validate({**whole, "weights": weights})


def test_outcomes_are_weighed_by_their_criterion_alone():
    outcomes = [{"programme_outcome": "3", "value": "1"}]
    wrong = rule(
        {"criterion": "programme-outcome", "weight": "1", "outcomes": outcomes},
        {"criterion": "gap-share", "weight": "1", "outcomes": outcomes},
    )
    assert faults(domain.faults_of_rule(wrong)) == [("/weights/1/outcomes", "outcomes-not-weighed")]


@pytest.mark.parametrize(
    "weights",
    [
        [{"criterion": "gap-share", "weight": "1"}, {"criterion": "gap-share", "weight": "2"}],
        [
            {
                "criterion": "programme-outcome",
                "weight": "1",
                "outcomes": [{"programme_outcome": "3", "value": "1"}] * 2,
            }
        ],
        [{"criterion": "gap-share", "weight": "0"}],
        [],
    ],
)
def test_a_criterion_stands_once_and_weighs_something(weights):
    with pytest.raises(ValidationError):
        rule(*weights)


def scenario(*allocations, gaps=(), **fields):
    whole = {
        "identifier": "S-1",
        "titles": TITLES,
        "biennium": "2026-27",
        "currency": "USD",
        "rule": {"code": "office-wide", "version": 1},
        "made_at": "2026-06-30T12:00:00Z",
        "gaps": gaps,
        "allocations": [
            {
                "amount_in_plan": amount,
                "amount": amount,
                "source": {"kind": "agreement", "identifier": "A"},
                **at,
            }
            for amount, at in allocations
        ],
    }
    return Scenario.model_validate({**whole, **fields})


OUTCOME = {"biennium": "2026-27", "code": "3"}
IN_KENYA = {"programme_outcome": OUTCOME, "country_outcome": KEN}
AS_PRODUCT = {"programme_outcome": OUTCOME, "item": "GP1"}


@pytest.mark.parametrize("action", LIFECYCLE.actions)
def test_a_step_is_kept_and_the_last(action):
    at = datetime(2026, 7, 1, tzinfo=UTC)
    form = ScenarioStep(action=action, by="board", reasons="Decided")
    after = domain.acted(scenario(), form, at=at)
    (step,) = after.history
    assert (step.action, step.from_state, step.to_state, step.at) == (action, "draft", after.state, at)
    for again in LIFECYCLE.actions:
        with pytest.raises(IllegalStep) as caught:
            domain.acted(after, ScenarioStep(action=again, by="board"), at=at)
        assert caught.value.allowed == ()


def test_to_discard_takes_reasons():
    assert faults(domain.faults_of_step(ScenarioStep(action="discard", by="b"))) == [
        ("/reasons", "reasons-missing")
    ]
    assert faults(domain.faults_of_step(ScenarioStep(action="adopt", by="b"))) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"currency": "ABC"}, [("/currency", "unknown-currency")]),
        ({"identifier": "S/comparison"}, [("/identifier", "reserved-identifier")]),
    ],
)
def test_a_scenario_is_refused_by_itself(changes, found):
    assert faults(domain.faults_of_scenario(scenario(**changes))) == found


def gaps(of, unplaced="0"):
    made = plan_resources(of, Known(), TERMS)
    candidates, _ = candidates_of([made], "USD", TERMS)
    targets = {each.key: target for each, target in zip(candidates, targets_of(of), strict=True)}
    return Gaps((made,), tuple(candidates), {"3": Decimal(unplaced)}, targets, PLACES)


@pytest.mark.parametrize(
    ("allocations", "now", "unplaced", "found"),
    [
        ([("60", IN_KENYA), ("40", IN_KENYA), ("50", AS_PRODUCT)], plan(COUNTRY, PRODUCT), "0", []),
        (
            [("60", IN_KENYA), ("41", IN_KENYA)],
            plan(COUNTRY, PRODUCT),
            "0",
            [("/allocations/1/amount", "allocation-over-gap")],
        ),
        (
            [("60", IN_KENYA), ("50", AS_PRODUCT)],
            plan(COUNTRY, PRODUCT),
            "41",  # of 150 that is lacking 109 are left
            [("/allocations/1/amount", "allocation-over-gap")],
        ),
        ([("60", IN_KENYA)], plan(PRODUCT), "0", [("/allocations/0", "gap-unknown")]),
        ([("60", IN_KENYA)], plan({**COUNTRY, "cost": None}), "0", [("/allocations/0", "gap-unknown")]),
    ],
)
def test_a_scenario_is_outdated_once_a_gap_is_smaller(allocations, now, unplaced, found):
    assert faults(faults_of_gaps(scenario(*allocations), gaps(now, unplaced))) == found


amounts = st.integers(0, 1000).map(Decimal)
bounds = st.sampled_from([("", ""), ("3", ""), ("", "KE"), ("4", "")])


@given(amounts, amounts, amounts, st.lists(st.tuples(amounts, bounds), max_size=4))
def test_a_scenario_fits_what_it_was_made_of(in_kenya, for_product, unplaced, money):
    of = plan({**COUNTRY, "cost": in_kenya}, {**PRODUCT, "cost": for_product})
    found = gaps(of, unplaced)
    ordered = [Priority(each, Decimal(1), ()) for each in found.candidates]
    places = {each.key: found.place_of(each.key) for each in found.candidates}
    sources = [
        Source(
            "agreement",
            f"A{number}",
            "USD",
            left,
            scope(*bound),
            3,
            TERMS.table.at("USD", "USD", TERMS.today),
        )
        for number, (left, bound) in enumerate(money)
    ]
    made = fillings(open_gaps(ordered, places, found.unplaced), sources, "USD")
    allocations = [(each.value, json.loads(found.targets[each.gap].to_json())) for each in made]
    assert faults_of_gaps(scenario(*allocations), found) == []


def scope(outcomes="", countries="", regions=""):
    return EarmarkingScope(
        programme_outcomes=tuple(outcomes.split()),
        countries=tuple(countries.split()),
        regions=tuple(regions.split()),
    )


@pytest.mark.parametrize(
    ("interests", "because"),
    [
        (scope(), []),
        (scope("3"), ["programme-outcome"]),
        (scope("4"), []),
        (scope(countries="KE"), ["country"]),
        (scope("3", "KE", "AFR"), ["programme-outcome", "country", "region"]),
        (scope("3", regions="ASI"), []),
        (scope("4", countries="KE"), []),
    ],
)
def test_a_partner_fits_by_what_it_stated(interests, because):
    assert fit(interests, "3", Place("KE", frozenset({"AFR"}))) == because


def test_partners_come_with_the_pledges_that_could_go_there():
    candidate = Candidate("2026-27", "3", plan(COUNTRY).items[0], Decimal(9), Decimal(9))
    gap = OpenGap(Priority(candidate, Decimal(1), ()), Place("KE"), Decimal(9), Decimal(9))
    profiles = [
        PartnerProfile(organisation_identifier="A", names=TITLES, interests=scope("3")),
        PartnerProfile(organisation_identifier="B", names=TITLES, interests=scope("3", "KE")),
        PartnerProfile(organisation_identifier="C", names=TITLES, interests=scope("4")),
    ]
    first = Pledge.model_validate(
        {
            "identifier": "P-1",
            "partner": {"ref": "A"},
            "amount": {"amount": "5", "currency": "USD"},
            "pledged_on": "2026-01-01",
            "biennium": "2026-27",
        }
    )
    others = [
        first.model_copy(update={"identifier": name, **change})
        for name, change in (
            ("earlier", {"biennium": "2024-25"}),
            ("elsewhere", {"scope": scope("4")}),
            ("over", {"state": "withdrawn"}),
            ("open", {"biennium": None}),
        )
    ]
    made = partners_of(gap, profiles, Known(pledges=[first, *others]), "2026-27")
    assert [each.organisation_identifier for each in made] == ["B", "A"]
    assert [[pledge.identifier for pledge in each.pledges] for each in made] == [[], ["P-1", "open"]]


def test_two_scenarios_are_compared_gap_by_gap():
    def told(before, after, target):
        return {**target, "priority": "1", "before": before, "after": after}

    one = scenario(gaps=[told("100", "40", IN_KENYA), told("50", "0", AS_PRODUCT)])
    two = scenario(gaps=[told("100", "10", IN_KENYA)], identifier="S-2")
    made = ScenarioComparison.of(one, two)
    assert [(each.item, each.after, each.other_after, each.difference) for each in made.gaps] == [
        ("GP1", 0, None, None),
        (None, 40, 10, -30),
    ]
    assert (made.totals.before, made.totals.after, made.totals.closed, made.totals.gaps_closed) == (
        150,
        40,
        110,
        1,
    )
    assert (made.other_totals.closed, made.difference) == (90, -20)


def test_gaps_in_a_currency_without_a_rate_are_not_known():
    made = plan_resources(replace_currency(plan(PRODUCT)), Known(), TERMS)
    candidates, unplaced = candidates_of([made], "USD", TERMS)
    assert [(each.cost, each.gap) for each in candidates] == [(None, None)]
    assert unplaced == {"3": 0}


def replace_currency(of):
    return of.model_copy(update={"currency": "NOK"})
