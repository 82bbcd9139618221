import pytest

from deploy.local.sample.draw import Draw
from deploy.local.sample.markup import decimal, narratives


def test_the_same_seed_draws_the_same():
    assert [Draw(7).below(100) for _ in range(3)] == [Draw(7).below(100) for _ in range(3)]
    assert [Draw(1).below(10**6)] != [Draw(2).below(10**6)]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_percentages_add_up(count: int):
    draw = Draw(count)
    for _ in range(50):
        shares = draw.percentages(count)
        assert (len(shares), sum(shares), min(shares) > 0) == (count, 100, True)


def test_draws_keep_to_their_bounds():
    draw = Draw(3)
    assert {draw.between(2, 4) for _ in range(100)} == {2, 3, 4}
    assert {draw.below(2) for _ in range(100)} == {0, 1}
    assert sorted(draw.several("abc", 5)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (1234567, 2, "12345.67"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (0, 2, "0.00"),
        (-12, 0, "-12"),
        (1, 3, "0.001"),
    ],
)
def test_minor_units_as_decimals(units: int, places: int, text: str):
    assert decimal(units, places) == text


def test_the_default_language_comes_first_and_text_is_escaped():
    texts = {"en": "Work & pay", "fr": "Travail"}
    assert narratives(texts, "fr") == (
        '<narrative>Travail</narrative><narrative xml:lang="en">Work &amp; pay</narrative>'
    )
