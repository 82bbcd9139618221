"""Allocating money: within the earmarking, to outcomes that exist, and never more than there is."""

from datetime import date
from decimal import Decimal

import pytest

from services.funding.partnerships.allocations import allocated, faults_of_allocation
from services.funding.partnerships.places import Places
from shared.chassis.errors import Conflict
from shared.contracts.funding.v1 import Agreement, Allocation, Pool
from shared.contracts.projects.v1 import CountryProgramme
from shared.figures.partnerships import unallocated
from shared.testing import partnerships as sample
from shared.testing import proposals as frameworks

PROGRAMME = CountryProgramme.model_validate(frameworks.country_programme())
PLACES = Places(
    {"2026-27": frozenset({"3", "4"})}, {PROGRAMME.code: PROGRAMME}, {"KE": frozenset({"AFRICA"})}
)
KENYA = {"country_outcome": {"programme": PROGRAMME.code, "code": "KEN 101"}}
ELSEWHERE = {"country_outcome": {"programme": "NOT-KNOWN", "code": "X"}}
OUTCOME_4 = {"programme_outcome": {"biennium": "2026-27", "code": "4"}}


def agreement(**members):
    return Agreement.model_validate(sample.agreement("A", **members))


def pool(**members):
    return Pool.model_validate(sample.pool("RBSA", **members))


def allocation(code="X", amount="400000", **members):
    return Allocation.model_validate(sample.allocation(code, amount, **members))


def codes(faults):
    return [(pointer, code) for pointer, code, _ in faults]


OUTSIDE = "allocation-outside-earmarking"


@pytest.mark.parametrize(
    ("scope", "members", "fault"),
    [
        ({}, {}, None),
        ({}, {"programme_outcome": None, "activity": "XM-DAC-41302-1"}, None),
        ({}, {"programme_outcome": None}, ("", "allocation-without-target")),
        ({}, ELSEWHERE, None),
        ({}, {"programme_outcome": {"biennium": "2026-27", "code": "9"}},
         ("/programme_outcome/code", "unknown-programme-outcome")),
        ({}, {"programme_outcome": {"biennium": "2024-25", "code": "9"}}, None),
        ({}, {"country_outcome": {"programme": PROGRAMME.code, "code": "KEN 999"}},
         ("/country_outcome/code", "unknown-country-outcome")),
        ({}, {**KENYA, "programme_outcome": {"biennium": "2028-29", "code": "3"}},
         ("/country_outcome", "outcome-of-another-biennium")),
        ({"programme_outcomes": ["3"]}, {}, None),
        ({"programme_outcomes": ["3"]}, OUTCOME_4, ("/programme_outcome", OUTSIDE)),
        ({"programme_outcomes": ["3"]}, {"programme_outcome": None, "activity": "A-1"},
         ("/programme_outcome", OUTSIDE)),
        ({"countries": ["KE"]}, KENYA, None),
        ({"countries": ["NP"]}, KENYA, ("/country_outcome", OUTSIDE)),
        ({"countries": ["KE"]}, {}, ("/country_outcome", OUTSIDE)),
        ({"countries": ["KE"]}, ELSEWHERE, ("/country_outcome", OUTSIDE)),
        ({"regions": ["AFRICA"]}, KENYA, None),
        ({"regions": ["AMERICAS"]}, KENYA, ("/country_outcome", OUTSIDE)),
        ({"countries": ["NP"], "regions": ["AFRICA"]}, KENYA, None),
    ],
)  # fmt: skip
def test_money_is_spent_within_its_earmarking(scope, members, fault):
    found = faults_of_allocation(agreement(scope=scope), allocation(**members), PLACES)
    assert codes(found) == ([fault] if fault else [])


def test_money_of_a_pool_is_allocated_from_there():
    source = agreement(pool="RBSA")
    assert codes(faults_of_allocation(source, allocation(), PLACES)) == [("", "money-in-pool")]
    assert unallocated(source) == 0


@pytest.mark.parametrize(
    ("members", "told", "fault"),
    [
        ({}, {}, None),
        ({"countries": ["KE"]}, KENYA, None),
        ({"countries": ["NP"]}, KENYA, ("/country_outcome", "country-not-eligible")),
        ({"countries": ["KE"]}, {}, ("/country_outcome", "country-not-eligible")),
        ({"countries": ["KE"]}, ELSEWHERE, ("/country_outcome", "country-not-eligible")),
        ({}, {"reasons": None}, ("/reasons", "reasons-missing")),
        (
            {"biennium": "2024-25"},
            {},
            ("/programme_outcome/biennium", "outcome-of-another-biennium"),
        ),
        (
            {"biennium": "2018-19"},
            {**KENYA, "programme_outcome": None},
            ("/country_outcome", "outcome-of-another-biennium"),
        ),
    ],
)
def test_money_of_a_pool_is_for_eligible_countries_and_for_reasons(members, told, fault):
    found = faults_of_allocation(pool(**members), allocation(**told), PLACES)
    assert codes(found) == ([fault] if fault else [])


def test_never_more_is_allocated_than_there_is():
    source = agreement()
    three = [allocation("X"), allocation("Y"), allocation("Z")]
    after, faults = allocated(source, three, PLACES, unallocated(source))
    assert [codes(each) for each in faults] == [[], [], [("/amount", "allocation-over-agreement")]]
    within, faults = allocated(source, three[:2], PLACES, unallocated(source))
    assert faults == [[], []]
    assert unallocated(within) == Decimal(200000)
    assert len(after.allocations) == 3
    _, faults = allocated(pool(), [allocation()], PLACES, Decimal(399999))
    assert codes(faults[0]) == [("/amount", "allocation-over-pool")]


def test_the_same_allocation_is_made_once_and_another_has_another_code():
    source, _ = allocated(agreement(), [allocation()], PLACES, Decimal(400000))
    again, faults = allocated(source, [allocation()], PLACES, Decimal(0))
    assert (again, faults) == (source, [[]])
    with pytest.raises(Conflict, match="Another allocation") as refused:
        allocated(source, [allocation(decided_on=date(2026, 5, 1))], PLACES, Decimal(0))
    assert refused.value.code == "allocation-exists"


def test_what_an_agreement_without_an_amount_has_to_allocate_is_nothing():
    assert unallocated(agreement(amount=None, tranches=[])) == 0
