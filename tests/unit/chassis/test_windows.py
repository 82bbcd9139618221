from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.relay import windows


def rows(*aggregates):
    return [{"id": place, "aggregate_id": aggregate} for place, aggregate in enumerate(aggregates)]


def cut(*aggregates):
    return ["".join(row["aggregate_id"] for row in window) for window in windows(rows(*aggregates))]


def test_facts_of_different_aggregates_are_under_way_together():
    assert cut("a", "b", "c") == ["abc"]


def test_a_second_fact_of_an_aggregate_waits_for_the_first():
    assert cut("a", "b", "a", "c", "b", "a") == ["ab", "acb", "a"]


def test_nothing_to_publish_is_no_window():
    assert cut() == []


@given(st.lists(st.sampled_from("abcde")))
def test_windows_keep_every_fact_and_the_order(aggregates):
    made = list(windows(rows(*aggregates)))
    assert [row["id"] for window in made for row in window] == list(range(len(aggregates)))
    for window in made:
        assert window
        assert len({row["aggregate_id"] for row in window}) == len(window)
