"""Which outcomes money goes to: by links with percentages, and on by country programmes, biennium by biennium."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.funding.v1 import ActivityFinance, Transaction
from shared.contracts.iati import Money, Narrative, ReportingOrganisation
from shared.contracts.monitoring.v1 import ContributionLink
from shared.contracts.projects.v1 import Activity, CountryOutcome, CountryProgramme
from shared.figures.attribution import attribute, attribute_to
from shared.figures.money import ledger
from shared.figures.outcomes import (
    OUTCOME_DIMENSIONS,
    Contributed,
    OutcomeDimension,
    country_outcome_code,
    programme_of,
)

TITLE = (Narrative(text="Decent work"),)
ACTIVITY = Activity(
    iati_identifier="X-1",
    reporting_organisation=ReportingOrganisation(ref="XM-DAC-41302"),
    titles=TITLE,
    status="2",
)


def programme(code: str = "CN-2024", **outcomes: dict[str, Any]) -> CountryProgramme:
    """Return a country programme; outcomes are links of each by its code."""
    return CountryProgramme(
        code=code,
        country="CN",
        titles=TITLE,
        period_start=date(2024, 1, 1),
        period_end=date(2027, 12, 31),
        status="active",
        outcomes=tuple(CountryOutcome(code=each, titles=TITLE, **links) for each, links in outcomes.items()),
    )


def outcome(biennium: str, code: str, percentage: str | None = None) -> dict[str, Any]:
    return {"biennium": biennium, "code": code, "percentage": percentage}


def target(code: str, percentage: str | None = None, agenda: str = "SDG") -> dict[str, Any]:
    return {"agenda": agenda, "code": code, "percentage": percentage}


def to_country(code: str, percentage: str | None = None, programme: str = "CN-2024") -> ContributionLink:
    named = {"programme": programme, "code": code}
    return ContributionLink.model_validate({"country_outcome": named, "percentage": percentage})


def to_outcome(biennium: str, code: str, percentage: str | None = None) -> ContributionLink:
    named = {"biennium": biennium, "code": code}
    return ContributionLink.model_validate({"programme_outcome": named, "percentage": percentage})


def contributed(*links: ContributionLink, **outcomes: dict[str, Any]) -> Contributed:
    return Contributed(links, {"CN-2024": programme(**outcomes)} if outcomes else {})


def spent(*amounts: tuple[int, str], currency: str = "USD") -> ActivityFinance:
    return ActivityFinance(
        iati_identifier="X-1",
        transactions=tuple(
            Transaction(
                type="4", date=date(year, 5, 1), value=Money(amount=Decimal(amount), currency=currency)
            )
            for year, amount in amounts
        ),
    )


def by_code(
    dimension: OutcomeDimension, told: Contributed, finance: ActivityFinance
) -> dict[tuple[int, str | None], Decimal]:
    """Return what belongs to each code by year, where it is anything."""
    sums: dict[tuple[int, str | None], Decimal] = defaultdict(Decimal)
    for part in attribute_to(dimension, ACTIVITY, finance, told):
        sums[part.flow.year, part.code] += part.amount
    return {key: amount for key, amount in sums.items() if amount}


def test_a_country_outcome_leads_to_the_outcomes_of_the_biennium_of_the_amounts_year():
    links = {"programme_outcomes": [outcome("2024-25", "2"), outcome("2026-27", "7")]}
    told = contributed(to_country("A"), A=links)
    money = spent((2023, "1"), (2024, "2"), (2025, "4"), (2026, "8"))
    assert by_code("outcome", told, money) == {
        (2023, None): 1,
        (2024, "2024-25/2"): 2,
        (2025, "2024-25/2"): 4,
        (2026, "2026-27/7"): 8,
    }
    assert by_code("country_outcome", told, spent((2023, "1"))) == {(2023, "CN-2024/A"): 1}


def test_a_direct_link_counts_for_the_years_of_its_biennium_only():
    told = contributed(to_outcome("2024-25", "3"))
    money = spent((2024, "5"), (2026, "7"))
    assert by_code("outcome", told, money) == {(2024, "2024-25/3"): 5, (2026, None): 7}
    assert by_code("country_outcome", told, money) == {(2024, None): 5, (2026, None): 7}


def test_links_of_two_bienniums_are_a_whole_each():
    told = contributed(to_outcome("2024-25", "3"), to_outcome("2026-27", "4"))
    money = spent((2025, "5"), (2026, "7"))
    assert by_code("outcome", told, money) == {(2025, "2024-25/3"): 5, (2026, "2026-27/4"): 7}


def test_shares_are_multiplied_and_the_same_outcome_by_two_ways_is_added_up():
    told = contributed(
        to_country("A", "50"),
        to_country("B", "30"),
        to_outcome("2024-25", "9", "20"),
        A={"programme_outcomes": [outcome("2024-25", "1", "60"), outcome("2024-25", "2", "40")]},
        B={"programme_outcomes": [outcome("2024-25", "2")]},
    )
    assert by_code("outcome", told, spent((2024, "100"))) == {
        (2024, "2024-25/1"): 30,
        (2024, "2024-25/2"): 50,
        (2024, "2024-25/9"): 20,
    }


@pytest.mark.parametrize(
    "links",
    [
        [outcome("2024-25", "1"), outcome("2024-25", "2")],
        [outcome("2024-25", "1", "70"), outcome("2024-25", "2", "70")],
        [],
    ],
    ids=["no percentages", "more than 100", "no outcome of the biennium"],
)
def test_what_a_country_outcome_does_not_divide_has_no_code(links: list[dict[str, Any]]):
    told = contributed(
        to_country("A", "60"),
        to_country("B", "40"),
        A={"programme_outcomes": links},
        B={"programme_outcomes": [outcome("2024-25", "5")]},
    )
    assert by_code("outcome", told, spent((2024, "10"))) == {(2024, None): 6, (2024, "2024-25/5"): 4}


def test_several_links_without_percentages_divide_nothing_and_one_is_the_whole():
    two = contributed(to_country("A"), to_country("B"))
    assert by_code("country_outcome", two, spent((2024, "10"))) == {(2024, None): 10}
    assert by_code("country_outcome", contributed(to_country("A")), spent((2024, "10"))) == {
        (2024, "CN-2024/A"): 10
    }


def test_what_is_missing_to_100_percent_has_no_code():
    told = contributed(to_country("A", "75"))
    assert by_code("country_outcome", told, spent((2024, "4"))) == {(2024, "CN-2024/A"): 3, (2024, None): 1}


def test_a_country_programme_that_is_not_known_leads_nowhere():
    told = contributed(to_country("A"))
    assert by_code("outcome", told, spent((2024, "4"))) == {(2024, None): 4}
    assert by_code("sdg_target", told, spent((2024, "4"))) == {(2024, None): 4}


def test_targets_are_those_of_the_sdgs():
    targets = [target("8.5", "60"), target("8.8", "40"), target("1.B", "100", "MDG")]
    told = contributed(to_country("A", "50"), to_outcome("2024-25", "1", "50"), A={"agenda_targets": targets})
    assert by_code("sdg_target", told, spent((2024, "10"))) == {
        (2024, "SDG/8.5"): 3,
        (2024, "SDG/8.8"): 2,
        (2024, None): 5,
    }


def test_codes_are_those_of_the_bienniums_in_which_there_is_something():
    links = {"programme_outcomes": [outcome("2024-25", "2"), outcome("2026-27", "7")]}
    told = contributed(to_country("A"), to_outcome("2022-23", "1"), A=links)
    assert told.codes("outcome", {2025}) == {"2024-25/2", "2022-23/1"}
    assert told.codes("outcome", ()) == {"2024-25/2", "2026-27/7", "2022-23/1"}
    assert told.codes("country_outcome", {1990}) == {"CN-2024/A"}
    assert told.programme_codes() == {"CN-2024"}


@given(st.text(min_size=1, max_size=20), st.text(max_size=5))
def test_a_code_tells_its_country_programme(name: str, code: str):
    assert programme_of(country_outcome_code(name, code)) == name


PERCENTAGES = st.none() | st.sampled_from(["0", "10", "33.33", "50", "100"])
BIENNIUMS = st.sampled_from(["2022-23", "2024-25", "2026-27"])
LINKS = st.builds(to_country, st.sampled_from("ABC"), PERCENTAGES) | st.builds(
    to_outcome, BIENNIUMS, st.sampled_from("12"), PERCENTAGES
)
OUTCOMES = st.fixed_dictionaries(
    {
        "programme_outcomes": st.lists(
            st.builds(outcome, BIENNIUMS, st.sampled_from("123"), PERCENTAGES), max_size=4
        ),
        "agenda_targets": st.lists(
            st.builds(target, st.sampled_from(["8.5", "8.8"]), PERCENTAGES), max_size=2
        ),
    }
)
AMOUNTS = st.lists(
    st.tuples(st.integers(2022, 2028), st.decimals(-(10**6), 10**6, places=2).map(str)), max_size=6
)


@settings(max_examples=100)
@given(
    st.lists(LINKS, max_size=4),
    st.fixed_dictionaries({"A": OUTCOMES, "B": OUTCOMES}),
    AMOUNTS,
    st.sampled_from(["USD", "JPY"]),
)
def test_every_dimension_adds_up_to_the_ledger(links, outcomes, amounts, currency):
    told, finance = contributed(*links, **outcomes), spent(*amounts, currency=currency)
    whole = {(e.stage, e.currency, e.year): e.amount for e in ledger(finance)}
    made = list(attribute(ACTIVITY, finance, told))
    for dimension in OUTCOME_DIMENSIONS:
        alone = list(attribute_to(dimension, ACTIVITY, finance, told))
        assert [part for part in made if part.dimension == dimension] == (alone if links else [])
        sums: dict[tuple[str, str | None, int], Decimal] = defaultdict(Decimal)
        for part in alone:
            sums[part.flow.stage, part.flow.currency, part.flow.year] += part.amount
        assert sums == whole
