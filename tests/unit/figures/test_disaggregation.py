from decimal import Decimal

import pytest

from shared.contracts.monitoring.v1 import Dimension, Measurement
from shared.figures.disaggregation import DimensionCheck, check_dimensions
from shared.figures.readings import read_number


def told(raw: str | None, *locations: str, **dimensions: str) -> Measurement:
    return Measurement(
        value=None if raw is None else read_number(raw),
        dimensions=tuple(Dimension(name=name, value=value) for name, value in dimensions.items()),
        locations=locations,
    )


def fraction(numerator: str, denominator: str, **dimensions: str) -> Measurement:
    sides = tuple(Dimension(name=name, value=value) for name, value in dimensions.items())
    return Measurement(numerator=Decimal(numerator), denominator=Decimal(denominator), dimensions=sides)


def agreements(*measurements: Measurement, measure: str = "1") -> dict[str, tuple[str, Decimal | None]]:
    checks = check_dimensions(measurements, measure)
    return {check.dimension: (check.agreement, check.sum) for check in checks}


def test_each_dimension_is_checked_on_its_own():
    made = check_dimensions(
        [told("50"), told("30", sex="female"), told("20", sex="male"), told("45", age="young")], "1"
    )
    assert made == (
        DimensionCheck("age", "incomplete", Decimal(45), (("young", Decimal(45)),)),
        DimensionCheck("sex", "complete", Decimal(50), (("female", Decimal(30)), ("male", Decimal(20)))),
    )


@pytest.mark.parametrize(
    ("total", "agreement"), [("50", "complete"), ("51", "incomplete"), ("49", "overlapping")]
)
def test_parts_agree_with_the_total_or_not(total: str, agreement: str):
    made = agreements(told(total), told("30", sex="female"), told("20.0", sex="male"))
    assert made == {"sex": (agreement, 50)}


def test_without_a_total_or_with_an_unreadable_part_nothing_is_known():
    assert agreements(told("30", sex="female")) == {"sex": ("unknown", 30)}
    assert agreements(told("a lot"), told("30", sex="female")) == {"sex": ("unknown", 30)}
    assert agreements(told("50"), told("some", sex="female"), told("9", sex="male")) == {
        "sex": ("unknown", None)
    }
    assert agreements(told("50"), told("60"), told("50", sex="female")) == {"sex": ("unknown", 50)}
    assert agreements(told("50"), told("1", sex="female"), told("2", sex="female")) == {
        "sex": ("unknown", None)
    }


def test_blank_values_are_no_parts_and_values_told_twice_are_one():
    made = agreements(told("50"), told(" ", sex="male"), told(None, sex="x"), *[told("50", sex="female")] * 2)
    assert made == {"sex": ("complete", 50)}
    assert agreements(told("50")) == {}


def test_a_cross_tabulation_has_subtotals_in_both_dimensions():
    crossed = [
        told("10", sex="female", age="young"),
        told("20", sex="female", age="old"),
        told("5", sex="male", age="young"),
        told("15", sex="male", age="old"),
    ]
    made = check_dimensions([told("50"), *crossed], "1")
    assert made == (
        DimensionCheck(
            "age", "complete", Decimal(50), (("old", Decimal(35)), ("young", Decimal(15))), ("sex",)
        ),
        DimensionCheck(
            "sex", "complete", Decimal(50), (("female", Decimal(30)), ("male", Decimal(20))), ("age",)
        ),
    )


def test_plain_parts_go_before_a_cross_tabulation_and_are_never_added_to_it():
    made = agreements(told("50"), told("50", sex="female"), told("40", sex="female", age="old"))
    assert made == {"age": ("incomplete", 40), "sex": ("complete", 50)}


def test_locations_are_a_dimension():
    assert agreements(told("50"), told("30", "KAN"), told("30", "HER")) == {"location": ("overlapping", 60)}
    assert agreements(told("50"), told("50", "KAN", sex="female")) == {
        "location": ("complete", 50),
        "sex": ("complete", 50),
    }


def test_one_measurement_of_two_values_is_one_part():
    both = Measurement(
        value=read_number("50"),
        dimensions=(Dimension(name="sex", value="male"), Dimension(name="sex", value="female")),
    )
    made = check_dimensions([told("50"), both], "1")
    assert made == (DimensionCheck("sex", "complete", Decimal(50), (("female, male", Decimal(50)),)),)


def test_percentages_are_checked_by_numerators_and_denominators():
    parts = [fraction("15", "100", sex="female"), fraction("15", "50", sex="male")]
    made = check_dimensions([fraction("30", "150"), *parts], "2")
    assert made == (
        DimensionCheck("sex", "complete", Decimal(20), (("female", Decimal(15)), ("male", Decimal(30)))),
    )
    assert agreements(fraction("30", "160"), *parts, measure="2") == {"sex": ("incomplete", 20)}
    assert agreements(fraction("29", "160"), *parts, measure="2") == {"sex": ("overlapping", 20)}


def test_percentages_alone_are_not_added_up():
    made = agreements(told("20"), told("15", sex="female"), told("30", sex="male"), measure="2")
    assert made == {"sex": ("unknown", None)}


@pytest.mark.parametrize("measure", ["3", "4", "5"])
def test_scores_have_no_sum(measure: str):
    assert agreements(told("5"), told("2", sex="female"), measure=measure) == {}
