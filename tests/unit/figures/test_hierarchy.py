from datetime import date
from decimal import Decimal

import pytest

from shared.figures.hierarchy import Input, Kind, roll_up

PEOPLE = Kind(unit="people")
PERCENT = Kind(measure="2")


def child(id_: str, value: str | None, kind: Kind = PEOPLE, **fields: object) -> Input:
    return Input(id_, kind, None if value is None else Decimal(value), **fields)


def fraction(id_: str, numerator: str | None, denominator: str | None, kind: Kind = PERCENT) -> Input:
    parts = [None if part is None else Decimal(part) for part in (numerator, denominator)]
    return Input(id_, kind, None, *parts)


@pytest.mark.parametrize(("operator", "value"), [("sum", 15), ("min", 5), ("max", 10)])
def test_operators_over_children(operator: str, value: int):
    made = roll_up([child("a", "10"), child("b", "5")], operator, PEOPLE)
    assert (made.value, made.counted, made.excluded, made.whole) == (value, ("a", "b"), (), True)


def test_the_latest_is_that_of_the_last_period():
    early, late = (
        child("a", "10", as_of=date(2024, 12, 31)),
        child("b", "5", as_of=date(2025, 6, 30)),
    )
    assert roll_up([late, early, child("c", "9")], "latest", PEOPLE).value == 5
    rival = child("d", "6", as_of=date(2025, 6, 30))
    assert roll_up([late, rival], "latest", PEOPLE).value is None


def test_ratio_and_mean_go_through_numerators_and_denominators():
    children = [fraction("a", "15", "100"), fraction("b", "15", "50")]
    ratio, mean = roll_up(children, "ratio", PERCENT), roll_up(children, "mean", PERCENT)
    assert (ratio.value, ratio.numerator, ratio.denominator) == (Decimal("0.2"), 30, 150)
    assert mean.value == 20
    wages = [fraction("a", "900", "3", PEOPLE), fraction("b", "100", "1", PEOPLE)]
    assert roll_up(wages, "mean", PEOPLE).value == 250


def test_a_child_without_denominator_leaves_a_ratio_unknown():
    made = roll_up([fraction("a", "15", "100"), fraction("b", "15", None)], "ratio", PERCENT)
    assert (made.value, made.excluded) == (None, (("b", "without-denominator"),))
    assert roll_up([fraction("a", "0", "0")], "ratio", PERCENT).value is None
    assert roll_up([], "ratio", PERCENT).value is None


def test_either_side_may_opt_out():
    children = [
        child("a", "10", aggregation_status=True),
        child("b", "5", aggregation_status=False),
        child("c", "3", linked=False),
        child("d", "1"),
    ]
    made = roll_up(children, "sum", PEOPLE)
    assert (made.value, made.counted) == (11, ("a", "d"))
    assert made.excluded == (("b", "child-opted-out"), ("c", "link-opted-out"))
    assert made.whole


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (child("b", "5", PERCENT), "measure-mismatch"),
        (child("b", "5", Kind(unit="people", ascending=False)), "direction-mismatch"),
        (child("b", "5", Kind(unit="USD")), "unit-mismatch"),
        (child("b", None, reported=False), "not-reported"),
        (child("b", None), "unreadable"),
    ],
)
def test_what_is_left_out_and_why(other: Input, reason: str):
    made = roll_up([child("a", "10"), other], "sum", PEOPLE)
    assert (made.value, made.counted, made.excluded) == (10, ("a",), (("b", reason),))
    assert not made.whole


def test_percentages_and_scores_are_not_added_up():
    made = roll_up([child("a", "15", PERCENT), child("b", "30", PERCENT)], "sum", PERCENT)
    assert (made.value, made.counted) == (None, ())
    assert [reason for _, reason in made.excluded] == ["not-addable", "not-addable"]
    ordinal = Kind(measure="4")
    scores = [child("a", "2", ordinal, as_of=date(2025, 1, 1)), child("b", "3", ordinal)]
    assert [roll_up(scores, operator, ordinal).value for operator in ("sum", "mean", "max", "latest")] == [
        None,
        None,
        None,
        2,
    ]


def test_no_children_are_not_zero():
    assert roll_up([], "sum", PEOPLE).value is None
    assert roll_up([child("a", None, reported=False)], "sum", PEOPLE).value is None
    assert roll_up([child("a", "0")], "sum", PEOPLE).value == 0
