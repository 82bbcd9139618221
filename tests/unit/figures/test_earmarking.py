from decimal import Decimal

import pytest

from shared.contracts.funding.v1 import AidType, Earmarking
from shared.figures.earmarking import coordination_levy, earmarking_of


def dac(code: str, vocabulary: str | None = None) -> AidType:
    return AidType(code=code, vocabulary=vocabulary)


def category(code: str) -> AidType:
    return AidType(code=code, vocabulary="2")


def modality(code: str) -> AidType:
    return AidType(code=code, vocabulary="3")


@pytest.mark.parametrize(
    ("letters", "expected"), [("ABC", "1"), ("DEF", "2"), ("GH", "3"), ("IJKL", "4"), ("abc", "1")]
)
def test_modalities_fall_into_categories(letters: str, expected: str):
    for letter in letters:
        made = earmarking_of([dac("C01"), modality(letter)])
        assert made == Earmarking(category=expected, modality=letter.upper(), basis="modality")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("B02", "1"),
        ("B021", "1"),
        ("B022", "1"),
        ("B031", "2"),
        ("B032", "2"),
        ("B033", "3"),
        ("C01", "4"),
    ],
)
def test_aid_types_that_tell_it_themselves(code: str, expected: str):
    assert earmarking_of([dac(code)]) == Earmarking(category=expected, basis="aid-type")
    assert earmarking_of([dac(code, "1")]) == Earmarking(category=expected, basis="aid-type")


@pytest.mark.parametrize("code", ["A01", "B03", "B04", "D01", "D02", "E01", "G01", "H01", "NGO", ""])
def test_other_aid_types_tell_nothing(code: str):
    assert earmarking_of([dac(code)]) is None


def test_a_category_goes_before_all_else():
    made = earmarking_of([dac("C01"), modality("C"), category("3")])
    assert made == Earmarking(category="3", modality="C", basis="category")


def test_codes_of_other_vocabularies_or_no_list_are_passed_over():
    assert earmarking_of([AidType(code="1", vocabulary="4"), category("9"), modality("Z")]) is None
    assert earmarking_of([category("9"), modality("Z"), dac("B02")]).basis == "aid-type"


def test_contradicting_codes_say_nothing():
    assert earmarking_of([modality("A"), modality("I")]) is None
    assert earmarking_of([modality("G"), modality("H")]) == Earmarking(category="3", basis="modality")


def test_the_default_is_asked_where_the_own_types_do_not_say():
    assert earmarking_of([], [category("2")]).category == "2"
    assert earmarking_of([dac("D01")], [category("2")]).category == "2"
    assert earmarking_of([dac("B02")], [category("2")]).category == "1"
    assert earmarking_of([]) is None


@pytest.mark.parametrize(
    ("category", "third_party", "development", "levy"),
    [
        ("4", True, True, "10.00"),
        ("3", True, True, "0"),
        ("1", None, None, "0"),
        ("4", False, True, "0"),
        ("4", True, False, "0"),
        (None, False, None, "0"),
        (None, True, True, None),
        ("4", None, True, None),
        ("4", True, None, None),
    ],
)
def test_the_levy_is_one_percent_of_what_is_tightly_earmarked(
    category: str | None, *, third_party: bool | None, development: bool | None, levy: str | None
):
    made = coordination_levy(Decimal(1000), category, third_party=third_party, development=development)
    assert made == (None if levy is None else Decimal(levy))


def test_a_reduction_reduces_the_levy():
    assert coordination_levy(Decimal("-0.01"), "4") == Decimal("-0.0001")
