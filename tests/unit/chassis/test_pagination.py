import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.errors import BadRequest
from shared.chassis.pagination import CursorCodec

CODEC = CursorCodec(b"a key of the tests, thirty-two bytes")
VALUES = st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63))


@given(VALUES)
def test_a_cursor_gives_its_values_back(values):
    assert CODEC.decode(CODEC.encode(values), *map(type, values)) == values


@given(VALUES)
def test_a_cursor_needs_no_escape_in_an_address(values):
    assert set(CODEC.encode(values)) <= set(base64.urlsafe_b64encode(bytes(range(256)) * 3).decode())


def decoding_fails(cursor, *types, codec=CODEC):
    with pytest.raises(BadRequest) as caught:
        codec.decode(cursor, *types)
    return caught.value.code == "invalid-cursor"


@given(st.text(max_size=200))
def test_what_was_not_made_here_is_refused(text):
    assert decoding_fails(text, str)


@given(st.integers(0, 30), st.integers(1, 255))
def test_a_cursor_with_a_changed_byte_is_refused(place, change):
    raw = bytearray(base64.urlsafe_b64decode(CODEC.encode(["XM-TEST-1234"]) + "=="))
    raw[place % len(raw)] ^= change
    assert decoding_fails(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="), str)


def test_a_cursor_of_another_key_is_refused():
    assert decoding_fails(CODEC.encode(["a"]), str, codec=CursorCodec(b"another key"))


def test_a_cursor_of_the_former_key_is_taken_as_long_as_that_is_known():
    cursor = CODEC.encode(["a"])
    rotated = CursorCodec(b"another key", b"a key of the tests, thirty-two bytes")
    assert rotated.decode(cursor, str) == ["a"]
    assert decoding_fails(rotated.encode(["a"]), str)


@pytest.mark.parametrize("types", [(), (int,), (str, str)])
def test_a_cursor_of_another_list_is_refused(types):
    assert decoding_fails(CODEC.encode(["a"]), *types)


def test_true_is_no_number():
    assert decoding_fails(CODEC.encode([True]), int)
