"""What became of a document on two sides: told so that the edits of both can stand."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.documents.differences import ABSENT, MOST, bounded, difference
from shared.chassis.errors import Difference

SIDES = ("base", "yours", "theirs")


def entries(base: Any, yours: Any, theirs: Any) -> list[Difference]:
    return list(difference(base, yours, theirs))


def told(base: Any, yours: Any, theirs: Any) -> dict[str, tuple[dict[str, Any], bool]]:
    """Return what is told of each pointer: the sides that have something there, and whether it is a conflict."""
    return {
        each.pointer: (
            {name: getattr(each, name) for name in SIDES if name in each.model_fields_set},
            each.conflict,
        )
        for each in entries(base, yours, theirs)
    }


def merged(theirs: Any, found: list[Difference]) -> Any:
    """Do to the stored document what the caller did, where that is no conflict, as a client would."""
    document = {"": copy.deepcopy(theirs)}
    gone: list[tuple[Any, Any]] = []
    for each in found:
        base, yours, stored = (
            getattr(each, name) if name in each.model_fields_set else ABSENT for name in SIDES
        )
        if each.conflict or yours in (base, stored):
            continue
        holder, step = _place(document, each.pointer)
        if yours is ABSENT:
            gone.append((holder, step))
        elif step == "-":
            holder.append(yours)
        else:
            holder[step] = yours
    for holder, step in sorted(gone, key=lambda pair: str(pair[1]).zfill(9), reverse=True):
        del holder[step]
    return document[""]


def _place(document: Any, pointer: str) -> tuple[Any, Any]:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]
    holder: Any = document
    for step in steps[:-1]:
        holder = holder[int(step) if isinstance(holder, list) else step]
    last = steps[-1]
    return holder, int(last) if isinstance(holder, list) and last != "-" else last


# by example


def test_nothing_is_told_of_what_nobody_changed():
    document = {"a": 1, "list": [{"b": [1, 2]}], "text": None}
    assert entries(document, copy.deepcopy(document), copy.deepcopy(document)) == []


def test_a_member_is_told_with_what_each_side_has():
    base = {"mine": "1", "yours": "1", "both": "1", "same": "1", "gone": "1", "left": "1"}
    yours = {"mine": "1", "yours": "2", "both": "2", "same": "2", "left": "1"}
    theirs = {"mine": "2", "yours": "1", "both": "3", "same": "2", "gone": "1", "more": "1"}
    assert told(base, yours, theirs) == {
        "/mine": ({"base": "1", "yours": "1", "theirs": "2"}, False),
        "/yours": ({"base": "1", "yours": "2", "theirs": "1"}, False),
        "/both": ({"base": "1", "yours": "2", "theirs": "3"}, True),
        "/same": ({"base": "1", "yours": "2", "theirs": "2"}, False),
        "/gone": ({"base": "1", "theirs": "1"}, False),
        "/left": ({"base": "1", "yours": "1"}, False),
        "/more": ({"theirs": "1"}, False),
    }


def test_what_one_side_takes_away_and_the_other_changes_is_a_conflict():
    assert told({"a": {"b": "1"}}, {}, {"a": {"b": "2"}}) == {
        "/a": ({"base": {"b": "1"}, "theirs": {"b": "2"}}, True)
    }


@pytest.mark.parametrize("key", ["identifier", "id", "reference", "code", "number"])
def test_items_with_a_natural_key_are_known_by_it_wherever_they_stand(key):
    base = [{key: "a", "x": "1"}, {key: "b", "x": "1"}]
    yours = [{key: "b", "x": "2"}, {key: "a", "x": "1"}, {key: "mine", "x": "1"}]
    theirs = [{key: "new", "x": "1"}, {key: "a", "x": "3"}, {key: "b", "x": "1"}]
    assert told(base, yours, theirs) == {
        "/0": ({"theirs": {key: "new", "x": "1"}}, False),
        "/1/x": ({"base": "1", "yours": "1", "theirs": "3"}, False),
        "/2/x": ({"base": "1", "yours": "2", "theirs": "1"}, False),
        "/-": ({"yours": {key: "mine", "x": "1"}}, False),
    }


def test_a_key_that_two_items_share_tells_none_apart():
    base = [{"code": "1", "vocabulary": "1", "x": "1"}, {"code": "1", "vocabulary": "2", "x": "1"}]
    theirs = [base[0], {**base[1], "x": "2"}]
    yours = [{**base[0], "x": "3"}, base[1]]
    assert {pointer: conflict for pointer, (_, conflict) in told(base, yours, theirs).items()} == {
        "/0/x": False,
        "/1/x": False,
    }


def test_the_same_period_that_two_offices_edit_is_compared_member_by_member():
    def framework(**members: Any) -> dict[str, Any]:
        period = {"start": "2025-01-01", "end": "2025-12-31", **members}
        return {"results": [{"type": "1", "indicators": [{"measure": "1", "periods": [period]}]}]}

    base, yours, theirs = framework(), framework(actuals=[{"v": "7"}]), framework(targets=[{"v": "9"}])
    found = entries(base, yours, theirs)
    at = "/results/0/indicators/0/periods/0"
    assert {each.pointer for each in found} == {f"{at}/actuals", f"{at}/targets"}
    assert not any(each.conflict for each in found)
    assert merged(theirs, found) == framework(targets=[{"v": "9"}], actuals=[{"v": "7"}])


def test_items_that_cannot_be_told_apart_are_told_whole_where_both_sides_inserted():
    base = [{"t": "a"}, {"t": "b"}, {"t": "z"}]
    yours = [{"t": "a"}, {"t": "mine"}, {"t": "b"}, {"t": "z"}]
    theirs = [{"t": "a"}, {"t": "B"}, {"t": "z"}]
    found = told(base, yours, theirs)
    assert all(conflict for _, conflict in found.values())
    assert found["/1"] == ({"base": {"t": "b"}, "yours": {"t": "mine"}, "theirs": {"t": "B"}}, True)
    assert "/0" not in found


def test_an_item_that_moved_is_not_merged_into_another():
    base = [{"t": "a", "x": "1"}, {"t": "b", "x": "1"}, {"t": "c", "x": "1"}]
    yours = [*base[1:], {"t": "d", "x": "1"}]
    theirs = [base[0], {"t": "b", "x": "2"}, base[2]]
    assert all(conflict for _, conflict in told(base, yours, theirs).values())


def test_a_list_of_plain_values_is_one_value():
    assert told({"c": ["KE", "UG"]}, {"c": ["KE"]}, {"c": ["KE", "UG", "TZ"]})["/c"][1] is True
    assert told({"c": ["KE"]}, {"c": ["KE"]}, {"c": ["KE", "TZ"]})["/c"][1] is False


def test_names_in_pointers_are_escaped():
    assert set(told({}, {}, {"a/b~c": 1})) == {"/a~1b~0c"}


def test_no_more_is_told_than_fits():
    theirs = {f"m{place}": "2" for place in range(MOST + 5)}
    found, is_all = bounded(difference({}, {}, theirs))
    assert (len(found), is_all) == (MOST, False)
    assert bounded(difference({}, {}, {"a": 1}))[1] is True
    large, is_all = bounded(difference({}, {}, {"a": "x" * 200_000, "b": "x" * 200_000}))
    assert ([each.pointer for each in large], is_all) == (["/a"], False)


# by property

SCALARS = st.sampled_from(["1", "2", "3"])
ITEMS = st.lists(st.dictionaries(st.sampled_from("xyz"), SCALARS, max_size=3), max_size=4)
KEYED = st.lists(
    st.fixed_dictionaries({"code": st.sampled_from("abcde")}, optional={"x": SCALARS, "y": SCALARS}),
    max_size=4,
    unique_by=lambda item: item["code"],
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "a": SCALARS,
        "b": st.dictionaries(st.sampled_from("pq"), SCALARS),
        "items": ITEMS,
        "keyed": KEYED,
        "plain": st.lists(SCALARS, max_size=3),
    },
)


def normal(document: Any) -> Any:
    """Return a document without the order of items that are known by their keys."""
    if isinstance(document, dict):
        return {name: normal(value) for name, value in document.items()}
    if (
        isinstance(document, list)
        and document
        and all(isinstance(each, dict) and "code" in each for each in document)
    ):
        return sorted((normal(each) for each in document), key=lambda each: each["code"])
    return document


@given(DOCUMENTS, DOCUMENTS)
def test_the_caller_s_edits_alone_can_be_made_again(base, yours):
    found = entries(base, yours, copy.deepcopy(base))
    assert not any(each.conflict for each in found)
    assert normal(merged(base, found)) == normal(yours)


@given(DOCUMENTS, DOCUMENTS)
def test_who_changed_nothing_has_no_conflict_and_gets_what_is_stored(base, theirs):
    found = entries(base, copy.deepcopy(base), theirs)
    assert not any(each.conflict for each in found)
    assert merged(theirs, found) == theirs
    assert (found == []) == (normal(base) == normal(theirs))


@given(DOCUMENTS, DOCUMENTS)
def test_the_same_edit_of_both_is_no_conflict(base, both):
    found = entries(base, both, copy.deepcopy(both))
    assert not any(each.conflict for each in found)
    assert merged(both, found) == both


def leaves(document: Any, at: str = "") -> dict[str, Any]:
    """Return the values of a document by their places, items with a key by that; an empty list has none."""
    if isinstance(document, list) and all(isinstance(each, dict) for each in document):
        document = {each["code"]: each for each in document}
    if not isinstance(document, dict):
        return {at: document}
    return {
        place: value
        for name, member in document.items()
        for place, value in leaves(member, f"{at}/{name}").items()
    }


TOLD_APART = st.fixed_dictionaries(
    {},
    optional={
        "a": SCALARS,
        "b": st.dictionaries(st.sampled_from("pqr"), SCALARS),
        "keyed": KEYED,
        "plain": st.lists(SCALARS, min_size=1, max_size=3),
    },
)


@given(TOLD_APART, TOLD_APART, TOLD_APART)
def test_the_edits_of_both_stand_in_what_is_merged(base, yours, theirs):
    found = entries(base, yours, theirs)
    if any(each.conflict for each in found):
        return
    began, mine, stored = leaves(base), leaves(yours), leaves(theirs)
    expected = {}
    for place in {*began, *mine, *stored}:
        before = began.get(place, ABSENT)
        value = mine.get(place, ABSENT)
        expected[place] = stored.get(place, ABSENT) if value == before else value
    assert leaves(merged(theirs, found)) == {
        place: value for place, value in expected.items() if value is not ABSENT
    }


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_whose_side_it_is_makes_no_difference_to_what_is_a_conflict(base, yours, theirs):
    one = any(each.conflict for each in entries(base, yours, theirs))
    other = any(each.conflict for each in entries(base, theirs, yours))
    assert one == other
