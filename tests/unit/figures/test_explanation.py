"""Explanations of random portfolios recompute to the figures that the rules give on another way."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings

from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget
from shared.contracts.iati import Money
from shared.figures.converted import Dated, converted_total
from shared.figures.double_counting import Node, exclusions
from shared.figures.explanation import in_currency, money_inputs, recomputed, superseded_budgets
from shared.figures.money import PLANNED, flows, ledger
from shared.testing.portfolios import RATES, TODAY, Part, node_of, portfolios

DIMENSIONS = ("all", "status", "year", "country", "region", "sector", "donor")


def nodes(portfolio: list[Part]) -> list[Node]:
    return [node_of(activity, finance) for activity, finance in portfolio]


@settings(max_examples=50)
@given(portfolios())
def test_the_inputs_of_every_grouping_add_up_to_the_ledger(portfolio: list[Part]):
    for activity, finance in portfolio:
        whole: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
        for entry in ledger(finance):
            whole[entry.currency, entry.stage] += entry.amount
        for dimension in DIMENSIONS:
            assert recomputed(money_inputs(activity, finance, dimension)) == whole, dimension


@settings(max_examples=50)
@given(portfolios())
def test_converted_inputs_add_up_to_the_converted_total(portfolio: list[Part]):
    for activity, finance in portfolio:
        told = defaultdict(list)
        for flow in flows(finance):
            told[flow.stage].append(Dated(flow.currency, flow.valued_on, flow.amount, flow.stage in PLANNED))
        inputs = [
            in_currency(each, "USD", RATES, today=TODAY)
            for each in money_inputs(activity, finance, "country")
        ]
        made = recomputed(inputs, "USD")
        for stage, amounts in told.items():
            total = converted_total(amounts, "USD", RATES, today=TODAY)
            zeros = all(not dated.amount for dated in amounts)
            assert (made.get(("USD", stage)) or 0) == (total.amount or 0) or zeros
            lost = sum(m.amount for m in total.missing)
            assert lost == sum(each.part for each in inputs if each.value is None and each.stage == stage)


@settings(max_examples=50)
@given(portfolios())
def test_neither_order_nor_repetition_changes_what_is_counted_once(portfolio: list[Part]):
    made = nodes(portfolio)
    told = set(exclusions(made))
    assert set(exclusions(made[::-1])) == told
    assert set(exclusions([*made, *made])) == told


@settings(max_examples=50)
@given(portfolios())
def test_what_is_counted_once_is_what_is_reported_less_what_is_excluded(portfolio: list[Part]):
    left_out = defaultdict(list)
    for exclusion in exclusions(nodes(portfolio)):
        left_out[exclusion.node].append(exclusion)
    for activity, finance in portfolio:
        inputs = list(money_inputs(activity, finance, "sector", left_out[activity.iati_identifier]))
        once, reported = recomputed(inputs, once=True), recomputed(inputs)
        excluded: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
        for each in left_out[activity.iati_identifier]:
            flow = next(f for f in flows(finance) if f.pointer == each.pointer)
            excluded[flow.currency, flow.stage] += each.amount
        assert {key: once[key] + excluded.get(key, 0) for key in once} == reported


def test_an_original_budget_is_told_as_superseded():
    period = {"period_start": "2024-01-01", "period_end": "2024-12-31"}
    original = PeriodBudget(type="1", value=Money(amount=100), **period)
    revised = PeriodBudget(type="2", value=Money(amount=80), **period)
    finance = ActivityFinance(iati_identifier="X", default_currency="USD", budgets=(original, revised))
    (told,) = superseded_budgets(finance)
    assert (told.pointer, told.currency, told.amount) == ("/budgets/0", "USD", 100)
