from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.percentages import Pooled, percentage, pool, published_scale, rescaled


def pair(numerator: str | None, denominator: str | None) -> tuple[Decimal | None, Decimal | None]:
    return tuple(None if part is None else Decimal(part) for part in (numerator, denominator))


def test_numerators_and_denominators_are_added_up_and_then_divided():
    assert pool([pair("15", "100"), pair("15", "50")]) == Pooled(Decimal(30), Decimal(150), Decimal("0.2"))
    assert pool([pair("15", "50")]).share == Decimal("0.3")


@pytest.mark.parametrize(
    "pairs", [[], [pair("15", None)], [pair("15", "100"), pair("15", None)], [pair(None, "50")]]
)
def test_a_missing_part_leaves_nothing_known(pairs: list):
    assert pool(pairs) == Pooled(None, None, None)


def test_zero_is_not_missing():
    assert pool([pair("0", "0"), pair("15", "50")]).share == Decimal("0.3")
    assert pool([pair("0", "50")]).share == 0
    assert pool([pair("0", "0")]) == Pooled(Decimal(0), Decimal(0), None)


def test_a_percentage_on_either_scale():
    assert percentage(Decimal(15), Decimal(50)) == 30
    assert percentage(Decimal(15), Decimal(50), scale="share") == Decimal("0.3")
    assert percentage(Decimal(15), Decimal(0)) is None
    assert percentage(None, Decimal(50)) is None
    assert percentage(Decimal(15), None) is None


def test_values_are_compared_on_one_scale():
    assert rescaled(Decimal("0.3"), "share", "percent") == 30
    assert rescaled(Decimal(30), "percent", "share") == Decimal("0.3")
    assert rescaled(Decimal(30), "percent", "percent") == 30


@pytest.mark.parametrize(
    ("stated", "scale"),
    [
        ([], "percent"),
        ([("30", "15", "50")], "percent"),
        ([("0.3", "15", "50")], "share"),
        ([("0.33", "1", "3")], "share"),
        ([("33", "1", "3")], "percent"),
        ([("0.3", "15", "50"), ("30", "15", "50")], "percent"),
        ([("0.3", "15", "50"), ("1", "0", "50"), ("1", "1", "0")], "share"),
        ([("1", "0", "50")], "percent"),
    ],
)
def test_the_scale_is_told_by_values_beside_their_parts(stated: list, scale: str):
    assert published_scale([tuple(map(Decimal, each)) for each in stated]) == scale


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 99)), min_size=1, max_size=6))
def test_a_pool_lies_between_its_parts(pairs: list[tuple[int, int]]):
    shares = [Decimal(above) / below for above, below in pairs]
    assert min(shares) <= pool([(Decimal(a), Decimal(b)) for a, b in pairs]).share <= max(shares)
