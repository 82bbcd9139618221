from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.funding.v1 import PriorityRule, Workplan, WorkplanItem
from shared.contracts.projects.v1 import CountryProgramme, FragilityList
from shared.figures.inflows import Known, Terms
from shared.figures.priorities import Candidate, Context, candidates_of, context_on, priorities
from shared.figures.rates import Rate, RateTable
from shared.figures.resources import PlanResources, plan_resources

ON = date(2026, 6, 30)
TITLES = [{"text": "Title"}]


def rule(*weights: tuple[str, str], **outcomes: str) -> PriorityRule:
    told = [{"programme_outcome": code[1:], "value": value} for code, value in outcomes.items()]
    return PriorityRule.model_validate(
        {
            "code": "office-wide",
            "version": 1,
            "titles": TITLES,
            "valid_from": "2026-01-01",
            "weights": [
                {
                    "criterion": criterion,
                    "weight": weight,
                    "outcomes": told if criterion == "programme-outcome" else [],
                }
                for criterion, weight in weights
            ],
        }
    )


def programme(code: str, country: str, status: str = "active", start: str = "2024-01-01") -> CountryProgramme:
    whole = {"code": code, "country": country, "titles": TITLES, "period_start": start, "status": status}
    return CountryProgramme.model_validate({**whole, "period_end": "2027-12-31"})


def listed(edition: str, published: str, *countries: str) -> FragilityList:
    whole = {"edition": edition, "titles": TITLES, "published": published, "publisher": "P"}
    return FragilityList.model_validate({**whole, "contexts": [{"country": each} for each in countries]})


def candidate(
    code: str = "1", cost: str | None = "1000", gap: str | None = "500", outcome: str = "3", **item: object
) -> Candidate:
    made = {"code": code, "kind": "country-outcome", "titles": TITLES, **item}
    amounts = (None if amount is None else Decimal(amount) for amount in (cost, gap))
    return Candidate("2026-27", outcome, WorkplanItem.model_validate(made), *amounts)


def linked(programme_code: str) -> dict[str, object]:
    return {"country_outcome": {"programme": programme_code, "code": "X 101"}}


CONTEXT = context_on(
    ON,
    [
        listed("2022", "2022-09-01", "ML"),
        listed("2025", "2025-02-01", "HT"),
        listed("2027", "2027-01-01", "KE"),
    ],
    [programme("ML-1", "ML"), programme("KE-1", "KE", "draft"), programme("HT-1", "HT", start="2026-07-01")],
)


def test_a_worked_example():
    made = priorities(
        [
            candidate("a", "1000", "400", country="HT"),
            candidate("b", "800", "800", outcome="4", **linked("ML-1")),
        ],
        rule(
            ("gap-share", "4"),
            ("gap-size", "2"),
            ("fragile-context", "2"),
            ("country-programme-active", "1"),
            ("programme-outcome", "1"),
            _3="0.5",
        ),
        CONTEXT,
    )
    assert [(each.candidate.item.code, each.score) for each in made] == [
        ("b", Decimal("0.7")),  # 4x1 + 2x1 + 2x0 + 1x1 + 1x0 of 10
        ("a", Decimal("0.51")),  # 4x0.4 + 2x0.5 + 2x1 + 1x0 + 1x0.5 of 10
    ]
    assert [part.value for part in made[1].parts] == [Decimal("0.4"), Decimal("0.5"), 1, 0, Decimal("0.5")]


def test_the_newest_list_that_is_published_by_the_day_is_read():
    assert (CONTEXT.edition, CONTEXT.fragile) == ("2025", {"HT"})
    assert context_on(date(2024, 1, 1), [listed("2022", "2022-09-01", "ML")], []).fragile == {"ML"}
    assert context_on(date(2021, 1, 1), [listed("2022", "2022-09-01", "ML")], []).fragile is None


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"country": "HT"}, 1),
        ({"country": "ML"}, 0),
        (linked("HT-1"), 1),
        (linked("UNKNOWN"), None),
        ({}, 0),
    ],
)
def test_a_fragile_context_is_a_country_of_the_list(item, value):
    (made,) = priorities([candidate(**item)], rule(("fragile-context", "1")), CONTEXT)
    assert (made.score, made.parts[0].value) == (value, value)


def test_without_a_list_nothing_can_be_told_of_a_country():
    made = priorities(
        [candidate("a", country="HT"), candidate("b")], rule(("fragile-context", "1")), Context(ON, {})
    )
    assert [(each.score, each.unknown) for each in made] == [(0, ()), (None, ("fragile-context",))]


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"country": "ML"}, 1),
        ({"country": "KE"}, 0),
        ({"country": "HT"}, 0),  # begins tomorrow
        ({"country": "UG"}, 0),
        (linked("ML-1"), 1),
        (linked("KE-1"), 0),
        (linked("UNKNOWN"), None),
        ({}, 0),
    ],
)
def test_a_country_programme_is_active_by_its_status_and_period(item, value):
    (made,) = priorities([candidate(**item)], rule(("country-programme-active", "1")), CONTEXT)
    assert made.score == value


@pytest.mark.parametrize(
    ("cost", "gap", "share"),
    [("1000", "250", "0.25"), ("1000", "-5", "0"), ("0", "0", "0"), ("3", "1", "0.333333"), ("5", "5", "1")],
)
def test_the_share_of_a_gap_is_of_its_cost(cost, gap, share):
    (made,) = priorities([candidate(cost=cost, gap=gap)], rule(("gap-share", "3")), CONTEXT)
    assert made.score == Decimal(share)


def test_no_gap_is_the_largest_where_there_are_only_surpluses():
    (made,) = priorities([candidate(gap="-5")], rule(("gap-size", "1")), CONTEXT)
    assert made.score == 0


def test_an_unknown_gap_has_no_priority_and_stands_last():
    made = priorities(
        [candidate("a", gap=None), candidate("b", gap="0"), candidate("c", gap="1")],
        rule(("gap-size", "1")),
        CONTEXT,
    )
    assert [(each.candidate.item.code, each.score) for each in made] == [("c", 1), ("b", 0), ("a", None)]


def test_an_unknown_gap_has_no_priority_whatever_the_rule_asks():
    (made,) = priorities([candidate(gap=None)], rule(("programme-outcome", "1"), _3="1"), CONTEXT)
    assert (made.score, made.unknown) == (None, ())


@given(st.permutations(["d", "b", "a", "c"]))
def test_ties_are_in_order_of_key_whatever_the_order_of_input(codes):
    made = priorities([candidate(code) for code in codes], rule(("gap-share", "1")), CONTEXT)
    assert [each.candidate.item.code for each in made] == ["a", "b", "c", "d"]


def test_plans_in_another_currency_are_compared_at_the_latest_rate():
    def plan(outcome: str, currency: str, cost: str | None) -> PlanResources:
        item = {"code": "GP1", "kind": "global-product", "titles": TITLES, "cost": cost}
        whole = {"biennium": "2026-27", "outcome": outcome, "currency": currency, "items": [item]}
        return plan_resources(Workplan.model_validate(whole), Known(), terms)

    rate = Rate("ECB", "ecb-daily", "EUR", "USD", date(2026, 1, 2), Decimal("1.25"))
    terms = Terms(RateTable([rate]), ON)
    plans = [
        plan("1", "USD", "10.005"),
        plan("2", "EUR", "100"),
        plan("3", "NOK", "5"),
        plan("4", "USD", None),
    ]
    made, unplaced = candidates_of(plans, "USD", terms)
    assert [(each.outcome, each.cost, each.gap) for each in made] == [
        ("1", Decimal("10.005"), Decimal("10.005")),
        ("2", 125, 125),
        ("3", None, None),
        ("4", None, None),
    ]
    assert unplaced == dict.fromkeys("1234", 0)


amounts = st.integers(0, 1000).map(Decimal)


@given(
    st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5), st.lists(amounts, min_size=2, max_size=2)
)
def test_a_score_is_from_0_to_1(pairs, weights):
    found = [candidate(str(place), str(cost), str(min(gap, cost))) for place, (cost, gap) in enumerate(pairs)]
    asked = rule(("gap-share", str(weights[0] + 1)), ("gap-size", str(weights[1] + 1)))
    for made in priorities(found, asked, CONTEXT):
        assert 0 <= made.score <= 1
