"""What pages about programming make of figures, without a database."""

from datetime import date
from decimal import Decimal

import pytest

from gateway.results.documents import Told
from gateway.results.programming.countries import editions_of
from gateway.results.programming.gap_list import totals
from gateway.results.programming.gaps import Seen
from gateway.results.programming.queries import SightQuery
from gateway.results.programming.sight import Edge, End, Sight, contribution_edges
from shared.contracts.funding.v1 import RegularResource, Workplan, WorkplanItem
from shared.contracts.iati import Narrative
from shared.contracts.monitoring.v1 import ContributionLink, Contributions
from shared.contracts.projects.v1 import CountryOutcomeLink, FragileContext, FragilityList
from shared.figures.inflows import Known, Terms
from shared.figures.rates import Rate, RateTable
from shared.figures.resources import plan_resources

TITLE = (Narrative(text="Decent work"),)
TODAY = date(2025, 6, 1)
TABLE = RateTable([Rate("ECB", "ecb-daily", "EUR", "USD", TODAY, Decimal("1.25"))])


def seen(outcome: str, cost: int | None, currency: str, into: str | None = None) -> Seen:
    item = WorkplanItem(
        code="A",
        kind="global-product",
        titles=TITLE,
        cost=cost,
        resources=(RegularResource(source="RB", amount=100),),
    )
    plan = Workplan(biennium="2024-25", outcome=outcome, currency=currency, items=(item,))
    target = into or currency
    made = plan_resources(plan, Known(), Terms(TABLE, TODAY))
    return Seen(made, target, TABLE.planned(currency, target, None, TODAY))


def test_totals_are_by_currency_and_unknown_where_an_outcome_is():
    usd, eur = sorted(
        totals([seen("1", 400, "USD"), seen("2", None, "USD"), seen("3", 300, "EUR")]),
        key=lambda each: each.currency,
        reverse=True,
    )
    assert (usd.currency, usd.gap, usd.firm) == ("USD", None, 200)
    assert usd.known["gap"] == 300
    assert usd.without == {"cost": ["2"], "firm": [], "gap": ["2"]}
    assert (eur.currency, eur.gap) == ("EUR", 200)


def test_totals_in_one_currency_are_those_of_its_outcomes():
    (total,) = totals([seen("1", 400, "USD", "EUR"), seen("3", 300, "EUR", "EUR")])
    assert (total.currency, total.cost, total.firm, total.gap) == ("EUR", 620, 180, 440)


def test_a_plan_without_a_rate_has_no_figures_and_says_so():
    figures = (view := seen("1", 400, "KES", "EUR")).told(view.made.whole)
    assert (figures.cost, figures.firm, figures.gap, figures.by_source, figures.pipeline) == (
        None,
        None,
        None,
        [],
        None,
    )
    assert figures.unknown == ["rate/KES"]


def test_money_in_the_plans_own_currency_needs_no_rate():
    figures = (view := seen("1", 400, "KES")).told(view.made.whole)
    assert (figures.gap, figures.provisional) == (300, False)


def test_a_country_is_fragile_by_an_edition_only():
    lists = [
        FragilityList(
            edition=edition,
            titles=TITLE,
            published=published,
            publisher="OECD",
            contexts=(FragileContext(country="KE", level="extreme"),) if listed else (),
        )
        for edition, published, listed in (
            ("A", date(2020, 1, 1), True),
            ("B", date(2022, 1, 1), False),
        )
    ]
    assert [(each.edition, each.listed, each.level) for each in editions_of("KE", lists)] == [
        ("B", False, None),
        ("A", True, "extreme"),
    ]


def test_an_edge_is_seen_once():
    link = ContributionLink(country_outcome=CountryOutcomeLink(programme="KE-2024", code="KEN 101"))
    told = Told("contributions", "A", 3, Contributions(iati_identifier="A", links=(link,)))
    sight = Sight(End("project", "A"))
    sight.add(contribution_edges(told))
    sight.add(contribution_edges(told))
    country = End("country-outcome", "KE-2024/KEN 101")
    assert sight.edges == [Edge(sight.start, country, "direct", None, told)]
    assert sight.ends() == [country, sight.start]


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        ({"activity": "A"}, End("project", "A")),
        ({"country_outcome": "KE-2024/KEN 101"}, End("country-outcome", "KE-2024/KEN 101")),
        ({"outcome": "2024-25/3"}, End("outcome", "2024-25/3")),
        ({"sdg_target": "SDG/8.5"}, End("sdg-target", "SDG/8.5")),
    ],
)
def test_a_line_of_sight_has_one_start(asked: dict[str, str], start: End):
    assert SightQuery.model_validate(asked).start == start
