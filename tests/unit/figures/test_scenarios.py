"""Filling gaps: worked examples, and what holds of every set of gaps and sources."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.funding.v1 import Agreement, EarmarkingScope, Pool, WorkplanItem
from shared.figures.biennium import Biennium
from shared.figures.inflows import rounded
from shared.figures.priorities import Candidate, Priority
from shared.figures.rates import Rate, RateTable
from shared.figures.scenarios import (
    Filling,
    OpenGap,
    Place,
    Source,
    covers,
    fillings,
    left_over,
    open_gaps,
    source_of_agreement,
    source_of_pool,
)

ON = date(2026, 1, 2)
TABLE = RateTable(
    [
        Rate("ECB", "ecb-daily", "EUR", "USD", ON, Decimal("1.07")),
        Rate("ECB", "ecb-daily", "EUR", "JPY", ON, Decimal("163.3")),
    ]
)
SAME = TABLE.at("USD", "USD", ON)
TITLES = [{"text": "Title"}]
REGIONS = {"KE": frozenset({"AFR"}), "ML": frozenset({"AFR"}), "VN": frozenset({"ASI"}), None: frozenset()}


def scope(outcomes: str = "", countries: str = "", regions: str = "") -> EarmarkingScope:
    return EarmarkingScope(
        programme_outcomes=tuple(outcomes.split()),
        countries=tuple(countries.split()),
        regions=tuple(regions.split()),
    )


def source(
    identifier: str,
    left: str,
    bound: EarmarkingScope | None = None,
    tightness: int = 3,
    currency: str = "USD",
) -> Source:
    kind = "agreement" if tightness else "pool"
    rate = TABLE.at(currency, "USD", ON)
    return Source(kind, identifier, currency, Decimal(left), bound or scope(), tightness, rate)


def gap(
    code: str, amount: str, score: str = "0.5", outcome: str = "3", country: str | None = "KE"
) -> OpenGap:
    item = WorkplanItem(code=code, kind="country-outcome", titles=TITLES)
    candidate = Candidate("2026-27", outcome, item, Decimal(amount), Decimal(amount))
    priority = Priority(candidate, Decimal(score), ())
    return OpenGap(priority, Place(country, REGIONS[country]), Decimal(amount), Decimal(amount))


def told(made: list[Filling]) -> list[tuple[str, str, Decimal]]:
    return [(each.gap[2], each.source[1], each.amount) for each in made]


def test_a_worked_example():
    gaps = [
        gap("KEN", "500", "0.9"),
        gap("VNM", "400", "0.8", country="VN"),
        gap("GP1", "300", "0.7", country=None),
    ]
    sources = [
        source("RBSA", "600", tightness=0),
        source("AFRICA", "300", scope(regions="AFR"), 3),
        source("KENYA", "100", scope(countries="KE"), 4),
        source("OUTCOME-4", "900", scope("4"), 3),
    ]
    assert told(fillings(gaps, sources, "USD")) == [
        ("KEN", "KENYA", 100),
        ("KEN", "AFRICA", 300),
        ("KEN", "RBSA", 100),
        ("VNM", "RBSA", 400),
        ("GP1", "RBSA", 100),
    ]


@pytest.mark.parametrize(
    ("bound", "outcome", "place", "fits"),
    [
        (scope(), "3", Place(None), True),
        (scope("3 4"), "3", Place("KE"), True),
        (scope("4"), "3", Place("KE"), False),
        (scope(countries="KE"), "3", Place("KE"), True),
        (scope(countries="KE"), "3", Place("VN", frozenset({"ASI"})), False),
        (scope(countries="KE", regions="ASI"), "3", Place("VN", frozenset({"ASI"})), True),
        (scope(regions="AFR"), "3", Place(None), False),
        (scope("3", countries="KE"), "4", Place("KE"), False),
    ],
)
def test_money_covers_what_its_scope_reaches(bound, outcome, place, fits):
    assert covers(bound, outcome, place) is fits


def test_the_higher_priority_is_served_first_and_ties_by_key():
    gaps = [gap("b", "60"), gap("a", "60"), gap("c", "60", "0.6")]
    assert told(fillings(gaps, [source("A", "100")], "USD")) == [("c", "A", 60), ("a", "A", 40)]


def test_of_equally_tight_money_the_narrowest_goes_first():
    sources = [
        source("A", "10", scope(countries="KE ML")),
        source("B", "10", scope("3", countries="KE ML")),
        source("C", "10", scope(countries="KE")),
        source("0", "10", scope(regions="AFR")),
    ]
    assert [each[1] for each in told(fillings([gap("a", "40")], sources, "USD"))] == ["B", "C", "A", "0"]


def test_amounts_are_in_minor_units_of_each_currency_and_nothing_that_is_needed_is_left():
    yen = source("JAPAN", "100000", currency="JPY")
    (made,) = fillings([gap("a", "100.01")], [yen], "USD")
    assert made.value == Decimal("100.01")
    assert made.amount == 15263  # 15263.2, of which a yen has no parts
    (whole,) = fillings([gap("a", "100000")], [yen], "USD")
    assert (whole.amount, whole.value) == (100000, Decimal("655.24"))  # all that is left


def test_money_without_a_rate_is_not_used():
    unknown = replace(source("A", "10"), conversion=None)
    assert fillings([gap("a", "5")], [unknown], "USD") == []


def test_what_is_left_over_is_told_of_every_source():
    sources = [source("A", "100"), source("B", "7")]
    made = fillings([gap("a", "60"), gap("b", "40.5", "0.1")], sources, "USD")
    assert {each.identifier: each.left for each in left_over(sources, made)} == {"A": 0, "B": Decimal("6.5")}


def test_firm_money_of_the_outcome_alone_waits_for_its_first_gaps():
    ordered = [gap(code, "100", score).priority for code, score in (("a", "0.9"), ("b", "0.5"))]
    other = gap("c", "100", "0.4", outcome="4").priority
    unknown = replace(ordered[0], score=None)
    surplus = replace(ordered[0], candidate=replace(ordered[0].candidate, gap=Decimal(-5)))
    places = {each.candidate.key: Place("KE") for each in (*ordered, other)}
    made = open_gaps([*ordered, other, unknown, surplus], places, {"3": Decimal(130)})
    assert [(each.key[2], each.gap, each.fillable) for each in made] == [
        ("a", 100, 0),
        ("b", 100, 70),
        ("c", 100, 100),
    ]


def agreement(**fields: object) -> Agreement:
    whole = {
        "number": "A-1",
        "titles": TITLES,
        "kind": "bilateral",
        "partners": [{"organisation": {"ref": "XM-DAC-7"}, "role": "funding"}],
        "effective_from": "2025-01-01",
        "effective_to": "2026-06-30",
        "amount": {"amount": "500", "currency": "EUR"},
        "state": "active",
        "allocations": [
            {"code": "1", "amount": "120", "decided_on": "2025-02-01", "by": "b", "activity": "XM-1"}
        ],
        **fields,
    }
    return Agreement.model_validate(whole)


def test_of_an_agreement_is_left_what_is_not_allocated():
    made = source_of_agreement(agreement(scope={"countries": ["KE"]}), Biennium(2026))
    assert made == Source("agreement", "A-1", "EUR", Decimal(380), scope(countries="KE"), 3)
    assert source_of_agreement(agreement(), Biennium(2026)).tightness == 2
    tight = {"category": "4", "basis": "category"}
    assert source_of_agreement(agreement(earmarking=tight), Biennium(2026)).tightness == 4


@pytest.mark.parametrize(
    "change",
    [
        {"state": "draft"},
        {"state": "suspended"},
        {"state": "completed"},
        {"state": "terminated"},
        {"pool": "RBSA"},
        {"amount": None},
        {"amount": {"amount": "120", "currency": "EUR"}},
        {"effective_to": "2025-12-31"},
        {"effective_from": "2028-01-01", "effective_to": None},
    ],
)
def test_an_agreement_may_have_nothing_for_a_biennium(change):
    assert source_of_agreement(agreement(**change), Biennium(2026)) is None


def test_a_pool_is_for_its_eligible_countries():
    pool = Pool(code="RBSA", biennium="2026-27", titles=TITLES, currency="USD", countries=("KE",))
    made = source_of_pool(pool, Decimal(5))
    assert made == Source("pool", "RBSA/2026-27", "USD", Decimal(5), scope(countries="KE"), 0)
    assert source_of_pool(pool, Decimal(0)) is None


scopes = st.builds(
    scope,
    st.sampled_from(["", "3", "4", "3 4"]),
    st.sampled_from(["", "KE", "ML VN"]),
    st.sampled_from(["", "AFR", "ASI"]),
)
cents = st.integers(1, 100_000).map(lambda units: str(Decimal(units).scaleb(-2)))


@st.composite
def gap_lists(draw):
    count = draw(st.integers(1, 6))
    places, outcomes = st.sampled_from(["KE", "ML", "VN", None]), st.sampled_from(["3", "4"])
    scores = st.sampled_from(["0.1", "0.5", "0.9"])
    return [gap(f"i{n}", draw(cents), draw(scores), draw(outcomes), draw(places)) for n in range(count)]


@st.composite
def source_lists(draw, currencies=("USD",)):
    count = draw(st.integers(0, 6))
    kinds, of = st.integers(0, 4), st.sampled_from(currencies)
    return [
        source(f"s{n}", str(Decimal(draw(cents)) * 1), draw(scopes), draw(kinds), draw(of))
        for n in range(count)
    ]


def gaps_after(gaps, made):
    filled = {each.key: each.gap for each in gaps}
    for each in made:
        filled[each.gap] -= each.value
    return filled


@settings(max_examples=150, deadline=None)
@given(gap_lists(), source_lists(("USD", "EUR", "JPY")))
def test_scope_sources_and_gaps_are_respected(gaps, sources):
    made = fillings(gaps, sources, "USD")
    by_gap, by_source = {each.key: each for each in gaps}, {each.key: each for each in sources}
    for each in made:
        target = by_gap[each.gap]
        assert each.amount > 0
        assert 0 <= rounded(each.amount, by_source[each.source].conversion, "USD") <= each.value
        assert covers(by_source[each.source].scope, target.priority.candidate.outcome, target.place)
    assert all(left >= 0 for left in gaps_after(gaps, made).values())
    assert all(each.left >= 0 for each in left_over(sources, made))
    assert len({(each.gap, each.source) for each in made}) == len(made)


@settings(max_examples=150, deadline=None)
@given(gap_lists(), source_lists(), st.data())
def test_more_money_never_leaves_a_gap_larger(gaps, sources, data):
    before = gaps_after(gaps, fillings(gaps, sources, "USD"))
    richer = [replace(each, left=each.left + Decimal(data.draw(cents))) for each in sources]
    richer += [replace(each, identifier=f"more-{each.identifier}") for each in data.draw(source_lists())]
    after = gaps_after(gaps, fillings(gaps, richer, "USD"))
    assert all(after[key] <= before[key] for key in before)


@settings(max_examples=75, deadline=None)
@given(gap_lists(), source_lists(("USD", "EUR")), st.data())
def test_the_order_of_the_input_changes_nothing(gaps, sources, data):
    shuffled = fillings(data.draw(st.permutations(gaps)), data.draw(st.permutations(sources)), "USD")
    assert shuffled == fillings(gaps, sources, "USD")


@settings(max_examples=75, deadline=None)
@given(gap_lists(), source_lists())
def test_nothing_that_fits_is_left_while_a_gap_is_open(gaps, sources):
    made = fillings(gaps, sources, "USD")
    after = gaps_after(gaps, made)
    for each in left_over(sources, made):
        for target in gaps:
            if covers(each.scope, target.priority.candidate.outcome, target.place) and each.left > 0:
                assert after[target.key] == 0
