from datetime import date
from decimal import Decimal

import pytest

from shared.figures.biennium import Biennium
from shared.figures.workplan import (
    Agreement,
    AllocationRefused,
    OutcomePlan,
    ResourceGap,
    allocated,
    resource_gap,
)

NOW = Biennium(2024)
START, END = date(2024, 1, 1), date(2025, 12, 31)


def plan(cost: str | None = "1000", **budgets: str | None) -> OutcomePlan:
    amounts = {source: None if amount is None else Decimal(amount) for source, amount in budgets.items()}
    return OutcomePlan("O1", NOW, None if cost is None else Decimal(cost), amounts)


def agreement(amount: str | None, standing: str = "signed", **fields: object) -> Agreement:
    made = {"start": START, "end": END, "allocations": {"O1": Decimal(100)}, "reference": "A1", **fields}
    return Agreement(standing=standing, amount=None if amount is None else Decimal(amount), **made)


def test_the_gap_is_the_cost_less_what_is_firm():
    made = resource_gap(plan(RB="300", RBTC="100", RBSA="50"), [agreement("200")])
    assert made == ResourceGap(
        cost=Decimal(1000),
        firm=Decimal(650),
        gap=Decimal(350),
        by_source={"RB": Decimal(300), "RBTC": Decimal(100), "RBSA": Decimal(50), "XBTC": Decimal(200)},
        pipeline=Decimal(0),
        pledged=Decimal(0),
        unknown=(),
    )


def test_pipeline_and_pledges_stand_apart():
    made = resource_gap(plan(), [agreement("200", "pipeline"), agreement("70", "pledged"), agreement("1")])
    assert (made.gap, made.firm, made.pipeline, made.pledged) == (999, 1, 200, 70)


def test_more_than_the_cost_is_a_surplus():
    assert resource_gap(plan("100"), [agreement("150")]).gap == -50


def test_an_agreement_counts_by_the_days_in_the_biennium_and_its_allocation():
    longer = agreement("1461", end=date(2027, 12, 31), allocations={"O1": Decimal(50), "O2": Decimal(30)})
    assert allocated(longer, "O1", NOW) == Decimal("365.5")
    assert allocated(longer, "O3", NOW) == 0
    assert allocated(longer, "O1", Biennium(2030)) == 0
    assert resource_gap(plan(), [longer]).gap == Decimal("634.5")


@pytest.mark.parametrize(
    "unsure",
    [
        agreement(None),
        agreement("9", start=None),
        agreement("9", end=None),
        agreement("9", start=END, end=START),
    ],
)
def test_a_firm_amount_that_is_not_known_leaves_the_gap_unknown(unsure: Agreement):
    made = resource_gap(plan(RB="300"), [unsure])
    assert (made.firm, made.gap, made.unknown) == (None, None, ("A1",))


def test_an_unknown_pipeline_leaves_the_gap_known():
    made = resource_gap(plan(RB="300"), [agreement(None, "pipeline")])
    assert (made.gap, made.unknown) == (700, ("A1",))


def test_an_unknown_budget_or_cost_leaves_the_gap_unknown():
    made = resource_gap(plan(RB="300", RBSA=None), [])
    assert (made.firm, made.gap, made.unknown) == (None, None, ("RBSA",))
    assert (resource_gap(plan(None, RB="300"), []).firm, resource_gap(plan(None), []).gap) == (300, None)


@pytest.mark.parametrize("percentages", [("60", "40.01"), ("110", "-10")])
def test_more_than_the_whole_is_refused(percentages: tuple[str, str]):
    allocations = dict(zip(("O1", "O2"), map(Decimal, percentages), strict=True))
    with pytest.raises(AllocationRefused, match="A1"):
        resource_gap(plan(), [agreement("9", allocations=allocations)])
