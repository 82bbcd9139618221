"""Positions in the feed, cursors of them, and where things stood at them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.feed.cursors import FeedCursors, purpose_of
from gateway.feed.histories import Histories, Told, standing
from gateway.feed.positions import BEGINNING, ZERO, Position, PositionAhead, PositionLost, require_known
from gateway.feed.reading import Standing, without
from gateway.feed.refusals import CursorExpired
from gateway.feed.schemas import takes
from gateway.feed.views import View
from shared.chassis.errors import BadRequest
from shared.chassis.pagination import CursorCodec
from shared.contracts.catalog import OWNERS
from shared.policy.grants import Grant, Role
from shared.policy.places import Place
from shared.policy.principals import PUBLIC, Principal

MOMENT = datetime(2026, 1, 1, 12, 0, 0, 7, tzinfo=UTC)
CODEC = CursorCodec(b"a key for tests")


def position(stream: datetime | None = MOMENT, **sequences: int) -> Position:
    return Position(sequences, dict.fromkeys(sequences, stream))


positions = st.builds(
    Position,
    st.fixed_dictionaries({owner: st.integers(BEGINNING, 2**62) for owner in OWNERS}),
    st.fixed_dictionaries(
        {owner: st.none() | st.datetimes(datetime(1980, 1, 1), timezones=st.just(UTC)) for owner in OWNERS}  # noqa: DTZ001
    ),
)


@given(where=positions)
def test_a_cursor_is_its_position(where: Position):
    cursors = FeedCursors(CODEC, "some purpose")
    assert cursors.decode(cursors.encode(where)) == where


def test_a_cursor_is_good_for_its_purpose_or_for_any_position():
    cursor = FeedCursors(CODEC, "one").encode(position(projects=3))
    assert FeedCursors(CODEC).decode(cursor).sequence("projects") == 3
    with pytest.raises(CursorExpired):
        FeedCursors(CODEC, "other").decode(cursor)
    with pytest.raises(CursorExpired):
        FeedCursors(CODEC, "one").decode(FeedCursors(CODEC).encode(ZERO))
    with pytest.raises(BadRequest):
        FeedCursors(CursorCodec(b"another key")).decode(cursor)
    with pytest.raises(BadRequest):
        FeedCursors(CODEC).decode(CODEC.encode(["", 1, 2]))


def test_a_purpose_is_of_grants_and_filters():
    grants = Grant(role=Role.FIELD_OFFICER, countries={"KE"}), Grant(role=Role.PARTNER)
    one, same = (
        Principal("i", subject, subject, subject, some)
        for subject, some in (("a", grants), ("b", grants[::-1]))
    )
    less = replace(one, grants=grants[:1])
    assert purpose_of(View(one)) == purpose_of(View(same))
    told = {
        purpose_of(each)
        for each in (
            View(one),
            View(less),
            View(PUBLIC),
            View(one, frozenset({"report"})),
            View(one, None, frozenset({"KE"})),
        )
    }
    assert len(told) == 5


def test_a_position_is_known_where_the_streams_are_the_same_and_it_is_not_ahead():
    newest = position(projects=5, funding=2)
    for fine in (ZERO, newest, position(projects=5), position(stream=None, projects=BEGINNING)):
        require_known(fine, newest)
    with pytest.raises(PositionLost):
        require_known(position(MOMENT + timedelta(1), projects=1), newest)
    with pytest.raises(PositionLost):
        require_known(position(monitoring=1), newest)
    with pytest.raises(PositionAhead):
        require_known(position(funding=3), newest)


def version(
    number: int, sequence: int, *, erased: bool = False, is_public: bool = True, of: str | None = None
) -> Told:
    own = Standing(Place(projects=frozenset([of] if of else [])), is_public)
    owner = "monitoring" if of else "projects"
    return Told(owner, sequence, "X", number, MOMENT, erased, 0, own)


def test_what_stood_at_a_position_is_the_newest_and_what_may_have_been_newer():
    versions = [version(1, 3), version(2, 9, erased=True), version(3, 5), version(4, 8, erased=True)]
    told = {
        at: [each.version for each in standing(versions, position(projects=at))] for at in (2, 3, 5, 8, 9)
    }
    assert told == {2: [4, 2], 3: [1, 4, 2], 5: [3, 4], 8: [4], 9: [4]}


def test_a_thing_is_seen_while_it_and_its_activity_are_published():
    thing = ("report", None)
    histories = Histories(
        {thing: [version(1, 2, of="P"), version(2, 6, of="P", is_public=False)]},
        {"P": [version(1, 1, is_public=False), version(2, 4), version(3, 7)]},
    )

    def is_seen(projects: int, monitoring: int) -> bool:
        at = position(projects=projects, monitoring=monitoring)
        return histories.shown_at(thing, at, lambda _, standing: standing.is_public)

    assert [is_seen(*at) for at in ((0, 2), (1, 2), (4, 1), (4, 2), (7, 5), (4, 6))] == [
        *(False, False, False, True, True, False),
    ]
    settled = {
        at: histories.is_settled(thing, position(projects=at[0], monitoring=at[1]))
        for at in ((1, 6), (4, 6), (7, 5))
    }
    assert settled == {(1, 6): False, (4, 6): True, (7, 5): False}


def test_members_are_left_out_wherever_they_are():
    data = '{"a":1,"b":[{"c":1,"d":2},{"d":3}],"e":{"c":4}}'
    assert without(data, ()) is data
    assert without(data, ("a", "b.c", "e.x", "f.g")) == '{"b":[{"d":2},{"d":3}],"e":{"c":4}}'


@pytest.mark.parametrize(
    ("wanted", "name", "is_taken"),
    [
        ("funding.agreement.signed", "funding.agreement.signed", True),
        ("funding.agreement.*", "funding.agreement.signed", True),
        ("funding.*", "funding.agreement.signed", True),
        ("funding.agree.*", "funding.agreement.signed", False),
        ("funding.agreement", "funding.agreement.signed", False),
        ("monitoring.*", "funding.agreement.signed", False),
    ],
)
def test_event_types_are_named_or_begin_alike(wanted: str, name: str, is_taken: bool):
    assert takes(wanted, name) is is_taken
