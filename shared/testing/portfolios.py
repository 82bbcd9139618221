"""Random portfolios: activities that are linked to one another, with money in many currencies and of many days."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget, PlannedDisbursement, Transaction
from shared.contracts.iati import (
    Money,
    Narrative,
    ReportingOrganisation,
    Share,
    TransactionOrganisation,
    VocabularyCode,
)
from shared.contracts.projects.v1 import Activity, ParticipatingOrganisation, RelatedActivity
from shared.figures.double_counting import Node, entries_of
from shared.figures.rates import Rate, RateTable

IDS = tuple(f"XM-DAC-41302-{n}" for n in range(1, 6))
CURRENCIES = ("USD", "EUR", "JPY", "NGN", None)
"""NGN has no rate in ``RATES``."""
DAYS = st.sampled_from(
    [date(2023, 12, 30), date(2024, 1, 2), date(2024, 6, 1), date(2024, 6, 3), date(2030, 1, 1)]
)
STARTS = st.sampled_from([date(2024, 1, 1), date(2025, 1, 1)])
AMOUNTS = st.decimals(-(10**7), 10**7, places=2)

RATES = RateTable(
    Rate("ECB", "ecb-daily", "EUR", currency, day, Decimal(units))
    for currency, day, units in (
        ("USD", date(2023, 12, 29), "1.1050"),
        ("USD", date(2024, 5, 31), "1.0852"),
        ("USD", date(2024, 6, 3), "1.0842"),
        ("JPY", date(2023, 12, 29), "156.33"),
        ("JPY", date(2024, 6, 3), "170.04"),
    )
)
TODAY = date(2024, 6, 4)

Part = tuple[Activity, ActivityFinance]


def node_of(activity: Activity, finance: ActivityFinance) -> Node:
    """Return an activity as the rule of double counting sees it."""
    related = {kind: frozenset(r.ref for r in activity.related_activities if r.type == kind) for kind in "12"}
    return Node(
        activity.iati_identifier,
        entries_of(finance),
        related["1"],
        related["2"],
        secondary=bool(activity.reporting_organisation.secondary_reporter),
        organisation=activity.reporting_organisation.ref,
    )


@st.composite
def portfolios(draw: DrawFn) -> list[Part]:
    """Draw up to five activities with their money."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=5, unique=True))
    return [(draw(_activities(id_, ids)), draw(_finances(id_, ids))) for id_ in ids]


@st.composite
def _activities(draw: DrawFn, id_: str, ids: Sequence[str]) -> Activity:
    related = st.builds(RelatedActivity, ref=st.sampled_from(ids), type=st.sampled_from(["1", "2", "3"]))
    return Activity(
        iati_identifier=id_,
        reporting_organisation=ReportingOrganisation(
            ref="XM-DAC-41302", secondary_reporter=draw(st.sampled_from([None, False, False, True]))
        ),
        titles=(Narrative(text="Decent work"),),
        status=draw(st.sampled_from(["2", "4"])),
        recipient_countries=tuple(draw(st.lists(_shares("KE", "UG", "TZ"), max_size=3))),
        recipient_regions=tuple(draw(st.lists(_shares("289"), max_size=1))),
        sectors=tuple(draw(st.lists(_shares("16020", "16070"), max_size=2))),
        participating_organisations=tuple(
            draw(
                st.lists(
                    st.builds(ParticipatingOrganisation, role=st.just("1"), ref=st.just("SE-0")), max_size=1
                )
            )
        ),
        related_activities=tuple(draw(st.lists(related, max_size=2))),
    )


def _shares(*codes: str) -> SearchStrategy[Share]:
    percentages = st.sampled_from([None, Decimal(50), Decimal("33.33"), Decimal(100)])
    return st.builds(Share, code=st.sampled_from(codes), percentage=percentages)


@st.composite
def _finances(draw: DrawFn, id_: str, ids: Sequence[str]) -> ActivityFinance:
    sides = st.none() | st.builds(
        TransactionOrganisation, ref=st.just("SE-0"), activity_id=st.sampled_from([None, *ids])
    )
    values = st.builds(
        Money, amount=AMOUNTS, currency=st.sampled_from(CURRENCIES), value_date=st.none() | DAYS
    )
    transactions = st.builds(
        Transaction,
        type=st.sampled_from(["1", "2", "3", "4", "11", "12", "13", "5"]),
        date=DAYS,
        value=values,
        provider=sides,
        receiver=sides,
        recipient_country=st.none() | st.builds(VocabularyCode, code=st.sampled_from(["KE", "UG"])),
    )
    budgets = st.builds(
        PeriodBudget,
        type=st.sampled_from(["1", "2"]),
        period_start=STARTS,
        period_end=st.just(date(2025, 12, 31)),
        value=values,
    )
    plans = st.builds(PlannedDisbursement, period_start=STARTS, value=values)
    return ActivityFinance(
        iati_identifier=id_,
        default_currency=draw(st.sampled_from([None, "USD"])),
        transactions=tuple(draw(st.lists(transactions, max_size=6))),
        budgets=tuple(draw(st.lists(budgets, max_size=3))),
        planned_disbursements=tuple(draw(st.lists(plans, max_size=1))),
    )
