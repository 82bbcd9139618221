from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.funding.v1 import Agreement, Pledge, Pool, Workplan
from shared.contracts.projects.v1 import Proposal
from shared.figures.converted import Missing
from shared.figures.inflows import PROBABILITIES, Known, Terms, firm_allocations
from shared.figures.rates import Rate, RateTable
from shared.figures.resources import Expected, plan_resources

TODAY = date(2024, 6, 30)
EUR = Rate("ECB", "ecb-daily", "EUR", "USD", date(2024, 3, 1), Decimal("1.10"))
TERMS = Terms(RateTable([EUR]), TODAY)
TITLES = [{"text": "Title"}]
OUTCOME = {"biennium": "2024-25", "code": "3"}
KEN = {"programme": "KEN-2024", "code": "KEN 101"}


def item(code: str, cost: str | None = "1000", **fields: object) -> dict[str, object]:
    return {"code": code, "kind": "global-product", "titles": TITLES, "cost": cost, **fields}


def workplan(*items: dict[str, object], **fields: object) -> Workplan:
    whole = {"biennium": "2024-25", "outcome": "3", "currency": "USD", "items": items, **fields}
    return Workplan.model_validate(whole)


def allocation(code: str, amount: str, decided_on: str = "2024-03-01", **target: object) -> dict[str, object]:
    whole = {"programme_outcome": OUTCOME, "decided_on": decided_on, "by": "board", **target}
    return {"code": code, "amount": amount, **whole}


def agreement(*allocations: dict[str, object], **fields: object) -> Agreement:
    whole = {
        "number": "A-1",
        "titles": TITLES,
        "kind": "bilateral",
        "partners": [{"organisation": {"ref": "XM-DAC-7"}, "role": "funding"}],
        "effective_from": "2024-01-01",
        "effective_to": "2025-12-31",
        "amount": {"amount": "5000", "currency": "USD"},
        "state": "signed",
        "allocations": allocations,
        **fields,
    }
    return Agreement.model_validate(whole)


def pool(*allocations: dict[str, object], **fields: object) -> Pool:
    whole = {"code": "RBSA", "biennium": "2024-25", "titles": TITLES, "currency": "USD", **fields}
    return Pool.model_validate({**whole, "allocations": allocations})


def proposal(state: str, **fields: object) -> Proposal:
    whole = {
        "identifier": "P-1",
        "titles": TITLES,
        "authors": [{"name": "a"}],
        "state": state,
        "period": {"start": "2025-01-01", "end": "2026-12-31"},
        "amount": {"amount": "730", "currency": "USD"},
        "programme_outcomes": [OUTCOME, {"biennium": "2026-27", "code": "3"}],
        **fields,
    }
    return Proposal.model_validate(whole)


def pledge(**fields: object) -> Pledge:
    whole = {
        "identifier": "PL-1",
        "partner": {"ref": "XM-DAC-7"},
        "amount": {"amount": "200", "currency": "USD"},
        "pledged_on": "2024-02-01",
        "biennium": "2024-25",
        "scope": {"programme_outcomes": ["3"]},
        **fields,
    }
    return Pledge.model_validate(whole)


def test_a_worked_example_of_all_four_sources():
    plan = workplan(
        item(
            "KEN",
            kind="country-outcome",
            country="KE",
            country_outcome=KEN,
            resources=[{"source": "RB", "amount": "100"}, {"source": "RBTC", "amount": "50"}],
        ),
        item("GP1", "400", resources=[{"source": "RB", "amount": "500"}]),
    )
    known = Known(
        [agreement(allocation("1", "300", country_outcome=KEN), allocation("2", "40"))],
        [pool(allocation("1", "150", country_outcome=KEN))],
    )
    made = plan_resources(plan, known, TERMS)
    ken, product = (each.resources for each in made.items)
    assert {each.source: each.amount for each in ken.by_source} == {
        "RB": 100,
        "RBTC": 50,
        "RBSA": 150,
        "XBTC": 300,
    }
    assert (ken.cost, ken.firm, ken.gap) == (1000, 600, 400)
    assert (product.firm, product.gap) == (500, -100)  # a surplus
    assert (made.whole.cost, made.whole.firm, made.whole.gap) == (1400, 1140, 260)
    assert made.unplaced == 40  # for the outcome alone
    inputs = [(each.source, each.identifier, each.allocation, each.item) for each in made.firm]
    assert inputs == [
        ("RB", "2024-25/3", None, "KEN"),
        ("RBTC", "2024-25/3", None, "KEN"),
        ("RB", "2024-25/3", None, "GP1"),
        ("RBSA", "RBSA/2024-25", "1", "KEN"),
        ("XBTC", "A-1", "1", "KEN"),
        ("XBTC", "A-1", "2", None),
    ]


def test_an_allocation_counts_for_the_item_it_names_and_once():
    plan = workplan(item("GP1", country_outcome=KEN), item("GP2"))
    known = Known([agreement(allocation("1", "10", item="GP2", country_outcome=KEN))])
    made = plan_resources(plan, known, TERMS)
    assert [each.resources.firm for each in made.items] == [0, 10]
    assert made.whole.firm == 10


@pytest.mark.parametrize(
    "target",
    [
        {"programme_outcome": {"biennium": "2026-27", "code": "3"}},
        {"programme_outcome": {"biennium": "2024-25", "code": "4"}},
        {"programme_outcome": None, "country_outcome": KEN},
        {"programme_outcome": None, "activity": "XM-DAC-41302-1"},
    ],
)
def test_what_is_allocated_elsewhere_is_not_counted(target):
    made = plan_resources(workplan(item("GP1")), Known([agreement(allocation("1", "10", **target))]), TERMS)
    assert (made.whole.firm, made.firm) == (0, ())


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_what_is_not_signed_is_not_firm(state):
    known = Known([agreement(allocation("1", "10"), state=state)])
    assert plan_resources(workplan(item("GP1")), known, TERMS).whole.firm == 0


@pytest.mark.parametrize("state", ["signed", "active", "suspended", "completed"])
def test_what_is_signed_is_firm(state):
    known = Known([agreement(allocation("1", "10"), state=state)])
    assert plan_resources(workplan(item("GP1")), known, TERMS).whole.firm == 10


@pytest.mark.parametrize(
    ("received", "firm"),
    [
        ((), []),
        (("60",), [("b", 60)]),
        (("60", "60"), [("b", 100), ("a", 20)]),
        (("500",), [("b", 100), ("a", 70)]),
    ],
)
def test_of_a_terminated_agreement_only_what_was_received_is_firm(received, firm):
    receipts = [
        {"reference": f"R{place}", "tranche": 1, "received_on": "2024-02-01", "amount": amount}
        for place, amount in enumerate(received)
    ]
    decided = [allocation("a", "70", "2024-03-02"), allocation("b", "100", "2024-03-01")]
    made = firm_allocations(agreement(*decided, state="terminated", receipts=receipts))
    assert [(each.code, each.amount) for each in made] == firm


def test_an_unknown_cost_leaves_no_gap_and_is_told():
    made = plan_resources(workplan(item("GP1"), item("GP2", None)), Known(), TERMS)
    assert (made.whole.cost, made.whole.firm, made.whole.gap) == (None, 0, None)
    assert made.whole.unknown == ("cost/GP2",)
    assert made.items[0].resources.gap == 1000


def test_an_outcome_without_items_has_no_known_cost():
    made = plan_resources(workplan(), Known([agreement(allocation("1", "10"))]), TERMS)
    assert (made.whole.cost, made.whole.firm, made.whole.gap) == (None, 10, None)
    assert made.whole.unknown == ("cost",)


def test_an_unknown_regular_resource_is_not_zero():
    plan = workplan(item("GP1", resources=[{"source": "RB"}, {"source": "RBTC", "amount": "5"}]))
    (only,) = plan_resources(plan, Known(), TERMS).items
    assert (only.resources.firm, only.resources.gap) == (None, None)
    assert only.resources.unknown == ("RB/GP1",)
    told = {each.source: (each.amount, each.known) for each in only.resources.by_source}
    assert told["RB"] == (None, 0)
    assert told["RBTC"] == (5, 5)


def test_money_is_told_at_the_rate_of_the_day_of_the_decision():
    euros = {"amount": {"amount": "500", "currency": "EUR"}}
    made = plan_resources(workplan(item("GP1")), Known([agreement(allocation("1", "10.05"), **euros)]), TERMS)
    (told,) = made.firm
    assert (told.money.amount, told.money.currency) == (Decimal("10.05"), "EUR")
    assert told.money.valued_on == date(2024, 3, 1)
    assert told.money.value == Decimal("11.06")  # 11.055, to the even cent
    assert made.whole.gap == Decimal("988.94")


def test_a_missing_rate_leaves_the_figure_incomplete_and_says_so():
    kroner = {"amount": {"amount": "500", "currency": "NOK"}}
    known = Known(
        [
            agreement(allocation("1", "10"), allocation("2", "20"), number="N-1", **kroner),
            agreement(allocation("1", "5")),
        ]
    )
    made = plan_resources(workplan(item("GP1")), known, TERMS).whole
    assert (made.firm, made.gap) == (None, None)
    assert made.missing == (Missing("NOK", Decimal(30), 2),)
    assert [(each.amount, each.known) for each in made.by_source if each.source == "XBTC"] == [(None, 5)]


@pytest.mark.parametrize(("state", "probability"), sorted(PROBABILITIES.items()))
def test_a_proposal_is_weighed_by_its_state(state, probability):
    if state == "agreement":
        return
    made = plan_resources(workplan(item("GP1")), Known(proposals=[proposal(state)]), TERMS)
    assert made.whole.pipeline.amount == 365  # of two years one falls in the biennium
    assert made.whole.pipeline.weighted == 365 * probability
    assert made.whole.pipeline.by_probability == (Expected(probability, Decimal(365)),)
    assert (made.whole.firm, made.whole.gap) == (0, 1000)


@pytest.mark.parametrize("state", ["rejected", "declined", "cancelled", "active", "financially-closed"])
def test_a_proposal_that_is_over_or_funded_is_in_no_pipeline(state):
    assert plan_resources(workplan(item("GP1")), Known(proposals=[proposal(state)]), TERMS).pipeline == ()


@pytest.mark.parametrize(
    ("state", "counted"),
    [("draft", 1), ("cancelled", 1), ("signed", 0), ("active", 0), ("completed", 0), ("terminated", 0)],
)
def test_a_proposal_that_an_agreement_funds_counts_no_more(state, counted):
    funding = agreement(state=state, proposals=["P-1"], scope={"programme_outcomes": ["3"]})
    made = plan_resources(workplan(item("GP1")), Known([funding], proposals=[proposal("approved")]), TERMS)
    assert [each.kind for each in made.pipeline] == ["proposal"] * counted


@pytest.mark.parametrize(
    "links",
    [
        [OUTCOME, {"biennium": "2024-25", "code": "4"}],
        [{"biennium": "2024-25", "code": "4"}],
        [{"biennium": "2026-27", "code": "3"}],
    ],
)
def test_a_proposal_for_several_or_other_outcomes_is_divided_by_no_guess(links):
    known = Known(proposals=[proposal("passed", programme_outcomes=links)])
    assert plan_resources(workplan(item("GP1")), known, TERMS).pipeline == ()


def test_a_proposal_counts_for_the_item_of_its_one_country_outcome():
    plan = workplan(item("KEN", country_outcome=KEN), item("GP1"))
    one, two = [KEN], [KEN, {"programme": "UGA-2024", "code": "UGA 101"}]
    for links, expected in ((one, "KEN"), (two, None)):
        known = Known(proposals=[proposal("passed", country_outcomes=links)])
        assert [each.item for each in plan_resources(plan, known, TERMS).pipeline] == [expected]


@pytest.mark.parametrize("gap", [{"amount": None}, {"period": None}])
def test_a_proposal_without_amount_or_period_is_listed_and_not_counted(gap):
    made = plan_resources(workplan(item("GP1")), Known(proposals=[proposal("passed", **gap)]), TERMS)
    assert (made.whole.pipeline.amount, made.whole.pipeline.weighted) == (0, 0)
    assert made.whole.pipeline.unknown == ("proposal/P-1",)


def test_a_proposal_outside_the_biennium_is_left_out():
    later = {"start": "2026-01-01", "end": "2026-12-31"}
    known = Known(proposals=[proposal("passed", period=later)])
    assert plan_resources(workplan(item("GP1")), known, TERMS).pipeline == ()


def test_a_draft_for_this_outcome_alone_is_in_the_pipeline_by_days():
    draft = agreement(
        state="draft",
        effective_to="2027-12-31",
        amount={"amount": "1461", "currency": "USD"},
        scope={"programme_outcomes": ["3"]},
    )
    made = plan_resources(workplan(item("GP1")), Known([draft]), TERMS).whole.pipeline
    assert (made.amount, made.weighted) == (731, Decimal("584.8"))


def test_pledges_stand_apart_and_weigh_by_their_probability():
    known = Known(
        pledges=[
            pledge(probability="25"),
            pledge(identifier="PL-2"),
            pledge(identifier="PL-3", probability="0"),
        ]
    )
    made = plan_resources(workplan(item("GP1")), known, TERMS).whole
    assert (made.pipeline.pledged, made.pipeline.pledged_weighted) == (600, 50)
    assert (made.pipeline.amount, made.pipeline.weighted, made.gap) == (0, 0, 1000)
    assert made.pipeline.by_probability == (
        Expected(Decimal("0.25"), Decimal(200)),
        Expected(Decimal(0), Decimal(200)),
        Expected(None, Decimal(200)),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"state": "converted"},
        {"state": "withdrawn"},
        {"biennium": "2026-27"},
        {"biennium": None},
        {"pool": "RBSA"},
        {"scope": {}},
        {"scope": {"programme_outcomes": ["3", "4"]}},
    ],
)
def test_a_pledge_that_is_not_for_this_outcome_alone_is_left_out(change):
    assert plan_resources(workplan(item("GP1")), Known(pledges=[pledge(**change)]), TERMS).pipeline == ()


def test_a_pledge_without_a_rate_is_told_as_missing():
    known = Known(pledges=[pledge(amount={"amount": "200", "currency": "NOK"}, probability="50")])
    made = plan_resources(workplan(item("GP1")), known, TERMS).whole.pipeline
    assert (made.pledged, made.pledged_weighted) == (0, 0)
    assert made.missing == (Missing("NOK", Decimal(200), 1),)
