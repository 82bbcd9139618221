"""Explanations of random portfolios equal the figures of the read model, which were made another way."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.money import FIGURE_OF_STAGE, ConvertedMoney, MoneyByStage
from gateway.results.dimensions import GroupBy
from gateway.results.explain import explain_projects
from gateway.results.filters import SummaryQuery
from gateway.results.schemas import Explanation, SummaryRow
from gateway.results.summary import explain_rows, summarise
from gateway.results.sums import money_of_projects
from gateway.results.terms import RateTables, Terms
from shared.chassis.db import Database
from shared.chassis.errors import Invalid
from shared.contracts.catalog import ACTIVITY, FINANCE, RATES
from shared.contracts.funding.v1 import (
    ActivityFinance,
    ExchangeRate,
    PeriodBudget,
    RateSheet,
    Transaction,
)
from shared.contracts.iati import Money, Narrative, ReportingOrganisation
from shared.contracts.ids import activity_id
from shared.contracts.projects.v1 import Activity
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.figures.double_counting import exclusions
from shared.figures.money import flows
from shared.testing.portfolios import RATES as TABLE
from shared.testing.portfolios import (
    TODAY,
    Part,
    Told,
    contributions,
    node_of,
    portfolios,
    programmes,
)
from shared.testing.read_models import NewReadModel, event, reading, take

OWN = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB")
IN_USD = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB", "USD", TABLE)
ACTIVITY_OF_ALL = Activity(
    iati_identifier="XM-DAC-41302-7",
    reporting_organisation=ReportingOrganisation(ref="XM-DAC-41302"),
    titles=(Narrative(text="Labour inspection"),),
    status="2",
)
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
GROUPS: tuple[GroupBy, ...] = tuple(group for group in get_args(GroupBy) if group != "all")


def recomputed(
    explanation: Explanation | None, *, once: bool, currency: str | None
) -> dict[tuple[str | None, str], Decimal]:
    """Add the inputs of an explanation up, as anybody could."""
    totals: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for each in explanation.inputs if explanation else ():
        if each.value is not None:
            left_out = each.excluded_value or 0 if once else 0
            totals[currency or each.currency, each.figure] += each.value - left_out
    return {key: amount for key, amount in totals.items() if amount and key[1] in FIGURE_OF_STAGE.values()}


def figures(money: Iterable[MoneyByStage]) -> dict[tuple[str | None, str], Decimal]:
    return {
        (each.currency, figure): amount
        for each in money
        for figure in FIGURE_OF_STAGE.values()
        if (amount := getattr(each, figure))
    }


def assert_explained(row: SummaryRow, terms: Terms) -> None:
    explanation = row.explanation
    assert recomputed(explanation, once=False, currency=terms.currency) == figures(row.money)
    assert recomputed(explanation, once=True, currency=terms.currency) == figures(row.counted_once)
    members = [project for project in explanation.projects if project.counted] if explanation else []
    assert row.projects == len(members)
    assert row.finance.transactions == sum(project.counts["transactions"] or 0 for project in members)


@settings(max_examples=6, suppress_health_check=UNHURRIED)
@given(portfolio=portfolios(), programming=programmes(), draw=st.data())
async def test_every_row_of_a_summary_is_what_its_explanation_adds_up_to(
    new_read_model: NewReadModel, portfolio: list[Part], programming: list[Told], draw: st.DataObject
):
    database = await new_read_model()
    linked = draw.draw(contributions(portfolio))
    await take(database, [event(*each) for each in (*programming, *linked)])
    for activity, finance in portfolio:
        await take(database, [event(ACTIVITY, activity), event(FINANCE, finance)])
    async with reading(database) as session:
        for terms in (OWN, IN_USD):
            for group in GROUPS:
                query = SummaryQuery(group_by=group, explain=True)
                rows, whole = await summarise(session, query, terms)
                await explain_rows(session, query, terms, rows, whole)
                for row in (*rows, whole):
                    assert_explained(row, terms)
                if terms is OWN:
                    assert figures(whole.counted_once) == counted_once(portfolio)
            await assert_projects_explained(session, portfolio, terms)


def counted_once(portfolio: list[Part]) -> dict[tuple[str | None, str], Decimal]:
    """Return what the rule counts once of a portfolio, straight from the contracts."""
    left_out = {
        (each.node, each.pointer): each.amount
        for each in exclusions([node_of(activity, finance) for activity, finance in portfolio])
    }
    totals: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
    for activity, finance in portfolio:
        for flow in flows(finance):
            if flow.stage in FIGURE_OF_STAGE:
                key = flow.currency, FIGURE_OF_STAGE[flow.stage]
                totals[key] += flow.amount - left_out.get((activity.iati_identifier, flow.pointer), 0)
    return {key: amount for key, amount in totals.items() if amount}


async def assert_projects_explained(session, portfolio: list[Part], terms: Terms) -> None:
    ids = [activity_id(activity.iati_identifier) for activity, _ in portfolio]
    money = await money_of_projects(session, ids, terms)
    explained = await explain_projects(session, ids, terms)
    for id_ in ids:
        told = recomputed(explained[id_], once=False, currency=terms.currency)
        assert told == figures(money.get(id_, []))


@settings(max_examples=5, suppress_health_check=UNHURRIED)
@given(portfolio=portfolios(), programming=programmes(), draw=st.data())
async def test_groups_add_up_to_the_whole_in_any_currency(
    new_read_model: NewReadModel, portfolio: list[Part], programming: list[Told], draw: st.DataObject
):
    database = await new_read_model()
    told = [*programming, *draw.draw(contributions(portfolio))]
    told += [each for a, f in portfolio for each in ((ACTIVITY, a), (FINANCE, f))]
    await take(database, [event(*each) for each in told])
    async with reading(database) as session:
        for terms in (OWN, IN_USD):
            for group in GROUPS:
                rows, whole = await summarise(session, SummaryQuery(group_by=group), terms)
                summed: dict[tuple[str | None, str], Decimal] = defaultdict(Decimal)
                for row in rows:
                    for key, amount in figures(row.counted_once).items():
                        summed[key] += amount
                assert {key: amount for key, amount in summed.items() if amount} == figures(
                    whole.counted_once
                )


async def test_rates_are_those_of_the_source_that_is_asked_for(new_read_model: NewReadModel):
    database = await new_read_model()
    await take_rates(database)
    async with reading(database) as session:
        tables = RateTables("ECB")
        terms = await tables.terms(session, SummaryQuery(group_by="country", currency="USD"))
        assert terms.table is not None
        assert terms.table.at("EUR", "USD", date(2024, 6, 1)).rate == Decimal("1.0852")  # type: ignore[union-attr]
        with pytest.raises(Invalid) as refused:
            await tables.terms(session, SummaryQuery(group_by="country", currency="USD", rate_source="UN"))
        assert refused.value.errors[0].code == "unknown-rate-source"


async def test_money_without_a_rate_is_missing_and_said_to_be(new_read_model: NewReadModel):
    """1,000 naira have no rate, zero needs none, and a budget to come has the latest, provisionally."""
    spent = {"type": "4", "date": date(2024, 6, 3)}
    finance = ActivityFinance(
        iati_identifier=ACTIVITY_OF_ALL.iati_identifier,
        transactions=(
            Transaction(value=Money(amount=Decimal(1000), currency="NGN"), **spent),
            Transaction(value=Money(amount=Decimal(100), currency="EUR"), **spent),
            Transaction(value=Money(amount=Decimal(7)), **spent),
            Transaction(type="3", date=date(2024, 6, 3), value=Money(amount=Decimal(0), currency="NGN")),
        ),
        budgets=(
            PeriodBudget(
                period_start=date(2030, 1, 1),
                period_end=date(2030, 12, 31),
                value=Money(amount=Decimal(10), currency="EUR", value_date=date(2030, 1, 1)),
            ),
        ),
    )
    database = await new_read_model()
    await take(database, [event(ACTIVITY, ACTIVITY_OF_ALL), event(FINANCE, finance)])
    async with reading(database) as session:
        query = SummaryQuery(group_by="country", explain=True)
        rows, whole = await summarise(session, query, IN_USD)
        await explain_rows(session, query, IN_USD, rows, whole)
    (money,) = whole.money
    assert isinstance(money, ConvertedMoney)
    assert (money.expenditures, money.disbursements, money.spend) == (Decimal("108.42"), 0, Decimal("108.42"))
    assert (money.budget, money.provisional) == (Decimal("10.842"), ["budget"])
    assert [(m.figure, m.currency, m.amount, m.values) for m in money.missing] == [
        ("expenditures", None, 7, 1),
        ("expenditures", "NGN", 1000, 1),
    ]
    assert money.delivery_rate.ratio is None
    assert whole.explanation is not None
    assert [(rate.date, rate.provisional) for rate in whole.explanation.rates] == [
        (date(2024, 6, 3), True),
        (date(2024, 6, 3), False),
    ]
    assert [each.pointer for each in whole.explanation.inputs if each.value is None] == [
        "/transactions/0",
        "/transactions/2",
    ]


async def take_rates(database: Database) -> None:
    sheet = RateSheet(
        source="ECB",
        kind="ecb-daily",
        base="EUR",
        month="2024-05",
        rates=(ExchangeRate(currency="USD", date=date(2024, 5, 31), rate=Decimal("1.0852")),),
    )
    await take(database, [event(RATES, sheet)])
