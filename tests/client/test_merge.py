"""Both sides of a conflict stand where they did not meet."""

import copy
import random
from typing import Any

import pytest
from devcoop_client.merge import conflicts_of, merged
from pydantic_core import to_json

from shared.chassis.documents.differences import difference

STORED = {"text": "theirs", "list": [{"n": "1"}, {"n": "2"}], "deep": {"a/b": "x"}}


def mine(pointer: str, value: Any, base: Any = None) -> dict[str, Any]:
    """Return a difference that only this side made."""
    return {"pointer": pointer, "base": base, "yours": value, "theirs": base, "conflict": False}


def theirs(pointer: str, value: Any) -> dict[str, Any]:
    return {"pointer": pointer, "base": None, "yours": None, "theirs": value, "conflict": False}


def both(pointer: str) -> dict[str, Any]:
    return {"pointer": pointer, "base": "a", "yours": "b", "theirs": "c", "conflict": True}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (mine("/rating", "red"), {**STORED, "rating": "red"}),
        (mine("/list/1/n", "3", "2"), {**STORED, "list": [{"n": "1"}, {"n": "3"}]}),
        (mine("/list/-", {"n": "4"}), {**STORED, "list": [{"n": "1"}, {"n": "2"}, {"n": "4"}]}),
        (mine("/list/0", None, {"n": "1"}), {**STORED, "list": [{"n": "2"}]}),
        (mine("/deep", None, {"a/b": "x"}), {"text": "theirs", "list": STORED["list"]}),
        (mine("/deep/a~1b", "y", "x"), {**STORED, "deep": {"a/b": "y"}}),
        (mine("/new/at/all", "y"), {**STORED, "new": {"at": {"all": "y"}}}),
        (theirs("/text", "theirs"), STORED),
        (both("/text"), STORED),
    ],
)
def test_what_only_this_side_changed_is_done_to_what_is_stored(
    told: dict[str, Any], expected: dict[str, Any]
):
    before = copy.deepcopy(STORED)
    assert merged(STORED, [told]) == expected
    assert before == STORED


def test_several_that_were_removed_from_a_list_go_from_the_end():
    stored = {"list": ["a", "b", "c", "d"]}
    gone = [mine(f"/list/{place}", None, stored["list"][place]) for place in (0, 2, 3)]
    assert merged(stored, gone) == {"list": ["b"]}


@pytest.mark.parametrize("pointer", ["", "/list/9/n", "/text/part"])
def test_a_place_that_the_document_does_not_have_is_told(pointer: str):
    with pytest.raises(ValueError, match=r"nothing is at|as a whole"):
        merged(STORED, [mine(pointer, "y", "x")])


def test_conflicts_are_told():
    assert conflicts_of([mine("/a", "b"), both("/c")]) == [both("/c")]


def changed(document: dict[str, Any], draw: random.Random, mark: str) -> dict[str, Any]:
    """Return a document with a member, an item by its key, or a new item changed."""
    after = copy.deepcopy(document)
    for _ in range(draw.randint(1, 3)):
        kind = draw.randrange(4)
        if kind == 0:
            after[draw.choice("abc")] = mark
        elif kind == 1 and after["items"]:
            draw.choice(after["items"])["value"] = mark
        elif kind == 2 and after["items"]:
            after["items"].pop(draw.randrange(len(after["items"])))
        else:
            after["items"].append({"code": f"{mark}{draw.randrange(9)}", "value": mark})
            after["items"] = list({each["code"]: each for each in after["items"]}.values())
    return after


def by_code(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "items": {each["code"]: each for each in document["items"]}}


@pytest.mark.parametrize("seed", range(60))
def test_what_the_server_tells_brings_both_sides_together(seed: int):
    draw = random.Random(seed)  # noqa: S311
    base = {"a": "0", "b": "0", "items": [{"code": str(place), "value": "0"} for place in range(4)]}
    ours, stored = changed(base, draw, "mine"), changed(base, draw, "theirs")
    told = [_json(each) for each in difference(base, ours, stored)]
    result = by_code(merged(stored, told))
    left, right, start = by_code(ours), by_code(stored), by_code(base)
    for name in ("a", "b", "c"):
        side = right if left.get(name) == start.get(name) or right.get(name) != start.get(name) else left
        assert result.get(name) == side.get(name)
    for code in {*left["items"], *right["items"]}:
        was, here, there = (each["items"].get(code) for each in (start, left, right))
        if here != was and there == was:
            assert result["items"].get(code) == here
        elif here == was:
            assert result["items"].get(code) == there


def _json(told: Any) -> dict[str, Any]:
    """Return a difference as it is sent."""
    return told.model_dump(mode="json", include=told.model_fields_set) if to_json(told) else {}
