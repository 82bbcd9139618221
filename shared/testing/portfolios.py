"""Random portfolios: activities that are linked to one another, with money in many currencies and of many days."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from shared.contracts.base import Contract
from shared.contracts.catalog import (
    CONTRIBUTIONS,
    COUNTRY_PROGRAMME,
    FIELD_OFFICE,
    FRAGILITY_LIST,
    PROGRAMME_BUDGET,
    AggregateFacts,
)
from shared.contracts.funding.v1 import (
    ActivityFinance,
    Earmarking,
    PeriodBudget,
    PlannedDisbursement,
    Transaction,
)
from shared.contracts.iati import (
    Money,
    Narrative,
    ReportingOrganisation,
    Share,
    TransactionOrganisation,
    VocabularyCode,
)
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import (
    Activity,
    CountryProgramme,
    FieldOffice,
    FragilityList,
    ParticipatingOrganisation,
    ProgrammeBudget,
    RelatedActivity,
)
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
Told = tuple[AggregateFacts, Contract]
"""A document, and the facts that tell it."""

_TITLE = [{"text": "Decent work"}]
_EARMARKINGS = st.sampled_from(
    [
        None,
        Earmarking(category="4", modality="I", basis="modality"),
        Earmarking(category="1", basis="aid-type"),
    ]
)
_PERCENTAGES = st.sampled_from([None, "50", "33.33", "100"])
_BIENNIUMS = st.sampled_from(["2022-23", "2024-25"])


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
def programmes(draw: DrawFn) -> list[Told]:
    """Draw what portfolios are programmed for: two budgets, a country programme, offices and lists of fragile contexts."""
    objectives = st.sampled_from([None, "RIGHTS", "JOBS"])
    budgets: list[Told] = [
        (
            PROGRAMME_BUDGET,
            ProgrammeBudget.model_validate(
                {
                    "biennium": biennium,
                    "titles": _TITLE,
                    "objectives": [{"code": code, "titles": _TITLE} for code in ("RIGHTS", "JOBS")],
                    "outcomes": [
                        {"code": code, "titles": _TITLE, "objective": draw(objectives)} for code in "12"
                    ],
                }
            ),
        )
        for biennium in ("2022-23", "2024-25")
    ]
    kinds = st.sampled_from(["country-office", "decent-work-team", "headquarters"])
    served = st.lists(st.sampled_from(["KE", "UG"]), unique=True)
    offices: list[Told] = [
        (
            FIELD_OFFICE,
            FieldOffice.model_validate(
                {"code": code, "names": _TITLE, "kind": draw(kinds), "countries": draw(served)}
            ),
        )
        for code in ("OFFICE-1", "OFFICE-2")
    ]
    lists: list[Told] = [
        (
            FRAGILITY_LIST,
            FragilityList.model_validate(
                {
                    "edition": f"OECD-{published[:4]}",
                    "titles": _TITLE,
                    "published": published,
                    "publisher": "OECD",
                    "contexts": [{"country": country, "level": "extreme"} for country in draw(served)],
                }
            ),
        )
        for published in ("2023-02-01", "2024-01-01")
    ]
    return [*budgets, (COUNTRY_PROGRAMME, draw(country_programmes())), *offices, *lists]


@st.composite
def country_programmes(draw: DrawFn) -> CountryProgramme:
    """Draw a country programme of two outcomes, with links on to outcomes of both bienniums and to SDG targets."""
    outcomes = st.fixed_dictionaries(
        {"biennium": _BIENNIUMS, "code": st.sampled_from("12"), "percentage": _PERCENTAGES}
    )
    targets = st.fixed_dictionaries(
        {
            "agenda": st.sampled_from(["SDG", "MDG"]),
            "code": st.sampled_from(["8.5", "8.8"]),
            "percentage": _PERCENTAGES,
        }
    )
    return CountryProgramme.model_validate(
        {
            "code": "KE/2022",
            "country": "KE",
            "titles": _TITLE,
            "period_start": "2022-01-01",
            "period_end": "2025-12-31",
            "status": "active",
            "outcomes": [
                {
                    "code": code,
                    "titles": _TITLE,
                    "programme_outcomes": draw(st.lists(outcomes, max_size=3)),
                    "agenda_targets": draw(st.lists(targets, max_size=2)),
                }
                for code in ("KEN 101", "KEN 102")
            ],
        }
    )


@st.composite
def contributions(draw: DrawFn, portfolio: Sequence[Part]) -> list[Told]:
    """Draw what some activities of a portfolio contribute to."""
    to_country = st.sampled_from(["KEN 101", "KEN 102"]).map(
        lambda code: {"country_outcome": {"programme": "KE/2022", "code": code}}
    )
    to_outcome = st.tuples(_BIENNIUMS, st.sampled_from("12")).map(
        lambda named: {"programme_outcome": {"biennium": named[0], "code": named[1]}}
    )
    links = st.tuples(to_country | to_outcome, _PERCENTAGES).map(
        lambda told: {**told[0], "percentage": told[1]}
    )
    return [
        (
            CONTRIBUTIONS,
            Contributions.model_validate(
                {
                    "iati_identifier": activity.iati_identifier,
                    "links": draw(st.lists(links, max_size=3)),
                }
            ),
        )
        for activity, _ in portfolio
        if draw(st.booleans())
    ]


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
        earmarking=_EARMARKINGS,
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
        earmarking=draw(_EARMARKINGS),
        transactions=tuple(draw(st.lists(transactions, max_size=6))),
        budgets=tuple(draw(st.lists(budgets, max_size=3))),
        planned_disbursements=tuple(draw(st.lists(plans, max_size=1))),
    )
