from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.shares import currency_places, share_faults, split

AMOUNTS = st.decimals(min_value=-(10**16), max_value=10**16, places=4)
PERCENTAGES = st.none() | st.decimals(min_value=0, max_value=100, places=3)
SHARES = st.lists(st.tuples(st.sampled_from(["KE", "UG", "TZ", "RW", "ET"]), PERCENTAGES), max_size=6)


def of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("amount", "shares", "places", "parts", "flags"),
    [
        ("100", [], 2, {None: "100"}, ()),
        ("100", [("KE", None)], 2, {"KE": "100"}, ()),
        ("100", [("KE", "100")], 2, {"KE": "100"}, ()),
        ("100", [("KE", "60"), ("UG", "40")], 2, {"KE": "60", "UG": "40"}, ()),
        ("100", [("A", "33.33"), ("B", "33.33"), ("C", "33.34")], 0, {"A": "33", "B": "33", "C": "34"}, ()),
        ("0.05", [("A", "50"), ("B", "50")], 2, {"A": "0.03", "B": "0.02"}, ()),
        ("-0.05", [("A", "50"), ("B", "50")], 2, {"A": "-0.03", "B": "-0.02"}, ()),
        ("0", [("A", "50"), ("B", "50")], 2, {"A": "0", "B": "0"}, ()),
        ("100", [("KE", "30"), ("UG", "45")], 2, {"KE": "30", "UG": "45", None: "25"}, ("unspecified",)),
        ("100", [("KE", "30"), ("UG", None)], 2, {"KE": "30", None: "70"}, ("unspecified",)),
        ("100", [("998", "100"), ("KE", None)], 2, {"998": "100"}, ()),
        ("100", [("KE", None), ("UG", None)], 2, {None: "100"}, ("undivided",)),
        ("100", [("KE", "0"), ("UG", "0")], 2, {None: "100"}, ("undivided",)),
        ("100", [("KE", "100"), ("UG", "100")], 2, {None: "100"}, ("over-100",)),
        ("100", [("KE", "-10"), ("UG", "110")], 2, {None: "100"}, ("negative",)),
        (
            "99.99",
            [("A", "33.33"), ("B", "33.33"), ("C", "33.33")],
            2,
            dict.fromkeys("ABC", "33.33"),
            ("rounded",),
        ),
        ("100", [("A", "50.02"), ("B", "50.01")], 2, {"A": "50.00", "B": "50.00"}, ("rounded",)),
        ("100", [("KE", "20"), ("UG", "50"), ("KE", "30")], 2, {"KE": "50", "UG": "50"}, ()),
        ("1.000001", [("A", "50"), ("B", "50")], 2, {"A": "0.500001", "B": "0.500000"}, ()),
        ("1E+2", [("A", "50"), ("B", "50")], 0, {"A": "50", "B": "50"}, ()),
    ],
)
def test_an_amount_in_parts(amount: str, shares: list, places: int, parts: dict, flags: tuple):
    made = split(Decimal(amount), [(key, of(percentage)) for key, percentage in shares], places=places)
    assert dict(made.parts) == {key: Decimal(part) for key, part in parts.items()}
    assert made.flags == flags


@given(AMOUNTS, SHARES, st.integers(min_value=0, max_value=4))
def test_parts_add_up_to_the_whole_to_the_last_unit(amount: Decimal, shares: list, places: int):
    made = split(amount, shares, places=places)
    assert sum(int(part.scaleb(6)) for _, part in made.parts) == int(amount.scaleb(6))
    assert all(part * amount >= 0 for _, part in made.parts)


@given(AMOUNTS, SHARES, st.randoms())
def test_order_of_shares_changes_no_part(amount: Decimal, shares: list, random: Random):
    shuffled = list(shares)
    random.shuffle(shuffled)
    assert split(amount, shuffled, places=2) == split(amount, shares, places=2)


@given(AMOUNTS, SHARES)
def test_a_reduction_undoes_what_it_reduces(amount: Decimal, shares: list):
    parts = dict(split(amount, shares, places=2).parts)
    assert {key: -part for key, part in split(-amount, shares, places=2).parts} == parts


@given(AMOUNTS, SHARES, st.integers(min_value=0, max_value=4))
def test_no_part_is_a_unit_away_from_its_percentage(amount: Decimal, shares: list, places: int):
    made = split(amount, shares, places=places)
    if made.flags:
        return
    stated: dict[str, Decimal] = {}
    for key, percentage in shares:
        stated[key] = stated.get(key, Decimal(0)) + (percentage if percentage is not None else 0)
    for key, part in made.parts:
        if key is not None and sum(stated.values()) == 100:
            assert abs(part - amount * stated[key] / 100) < Decimal(1).scaleb(-places)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("USD", 2), ("JPY", 0), ("XOF", 0), ("KWD", 3), ("CLF", 4), ("XXX", 2), (None, 2)],
)
def test_minor_units(currency: str | None, places: int):
    assert currency_places(currency) == places


@pytest.mark.parametrize(
    ("percentages", "faults"),
    [
        ([], []),
        ([None, None], []),
        (["60", "40"], []),
        (["0", "100"], []),
        (["30", None], []),
        (["50.05", "50.05"], []),
        (["50.05", "50.06"], [("/0/percentage", "shares-over-100")]),
        ([None, "60", "60"], [("/1/percentage", "shares-over-100")]),
        (["-1", "50"], [("/0/percentage", "share-out-of-range")]),
        (["50", "100.01"], [("/1/percentage", "share-out-of-range")]),
        (["-1", "101"], [("/0/percentage", "share-out-of-range"), ("/1/percentage", "share-out-of-range")]),
    ],
)
def test_shares_that_are_no_parts_of_one_whole(percentages: list, faults: list):
    found = share_faults((f"/{place}", of(percentage)) for place, percentage in enumerate(percentages))
    assert [(pointer, code) for pointer, code, _ in found] == faults
