"""How deep JSON may be nested, told without parsing it."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.bodies import MOST_LEVELS, is_too_deep

texts = st.text(st.sampled_from('[]{}"\\ /a,:\n') | st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    texts | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def depth_of(value):
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 0


def nested(value, levels):
    for level in range(levels):
        value = [value, "]"] if level % 2 else {"}": value, '"': "{"}
    return value


@given(
    value=values, levels=st.integers(0, 70), ascii_only=st.booleans(), indent=st.none() | st.integers(0, 2)
)
def test_it_is_told_exactly_for_what_is_json(value, levels, ascii_only, indent):
    whole = nested(value, levels)
    text = json.dumps(whole, ensure_ascii=ascii_only, indent=indent).encode()
    assert is_too_deep(text) is (depth_of(whole) > MOST_LEVELS)


@pytest.mark.parametrize("text", [b"[" * 65, b"[" * 10**6, b'{"a":' * 65, b"[{" * 33, b"[]," + b"[" * 65])
def test_what_never_closes_is_too_deep(text):
    assert is_too_deep(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"[" * 64, b"]" * 1000, b'"' + b"[" * 1000 + b'"', b'"\\"' + b"[" * 100 + b'"', b"[]" * 1000],
)
def test_what_is_flat_is_not(text):
    assert not is_too_deep(text)


@pytest.mark.parametrize(
    "text",
    [
        b'"\\\\"' + b"[" * 65,
        b'"\\\\\\\\"' + b"[" * 65,
        b'"a""b"' + b"[" * 65,
        '"é"'.encode() + b"[" * 65,
        b'"\\u005b"' + b"[" * 65,
        b'["\\\\",' + b"[" * 65 + b'"["',
    ],
)
def test_no_text_before_it_hides_it(text):
    assert is_too_deep(text)


@pytest.mark.parametrize(
    "unit", [b"[" * 63 + b"]" * 63 + b",", b"[" * 10, b'"[",', b'"\\"",', b'"', b"[}", b"\\"]
)
def test_it_is_told_in_time_for_any_text(unit):
    text = unit * (8_000_000 // len(unit))
    began = time.perf_counter()
    is_too_deep(text)
    assert time.perf_counter() - began < 3
