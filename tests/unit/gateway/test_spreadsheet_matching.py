"""Which recorded transaction is that of which row."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spreadsheets.matching import matched


@pytest.mark.parametrize(
    ("told", "sent", "recorded", "own"),
    [
        ({1: "a"}, {1: set()}, "a", {}),  # somebody else's
        ({1: "a"}, {1: {"a"}}, "a", {1: "a"}),
        ({1: "a"}, {1: {"a"}}, "", {}),
        ({1: "b"}, {1: {"a"}}, "a", {1: "a"}),
        ({1: None}, {1: {"a"}}, "a", {1: "a"}),
        ({1: "a", 2: "a"}, {1: {"a"}, 2: {"a"}}, "aa", {1: "a", 2: "a"}),
        ({1: "a", 2: "a"}, {1: {"a"}, 2: {"a"}}, "a", {1: "a"}),
        ({1: "a", 2: "a"}, {1: {"a", "b"}, 2: {"a"}}, "ab", {1: "b", 2: "a"}),
        ({1: "b", 2: "a"}, {1: {"a", "b"}, 2: {"a", "b"}}, "ab", {1: "b", 2: "a"}),
    ],
)
def test_a_row_has_what_it_sent(told, sent, recorded, own):
    assert matched(told, sent, Counter(recorded)) == own


CONTENTS = st.sampled_from("abcd")


@given(
    st.dictionaries(st.integers(1, 6), st.tuples(st.none() | CONTENTS, st.frozensets(CONTENTS))),
    st.lists(CONTENTS, max_size=6),
)
def test_nothing_is_had_twice_and_as_much_as_possible(rows, contents):
    recorded = Counter(contents)
    told = {row: now for row, (now, _) in rows.items()}
    sent = {row: before for row, (_, before) in rows.items()}
    own = matched(told, sent, recorded)
    assert all(digest in sent[row] for row, digest in own.items())
    assert Counter(own.values()) <= recorded
    assert len(own) == best(list(sent.values()), recorded)


def best(rows, recorded):
    """Return how many rows can have one, by trying everything."""
    if not rows:
        return 0
    found = best(rows[1:], recorded)
    for digest in rows[0]:
        if recorded[digest]:
            found = max(found, 1 + best(rows[1:], recorded - Counter(digest)))
    return found
