"""The forms that entries and links are hashed in: as they were in every version, and different for whatever differs."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from asyncpg.pgproto import pgproto
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.audit.digests import (
    AFFECTED_MEMBERS,
    ATTEMPT_MEMBERS,
    entry_digest,
    erased_digest,
    genesis,
    link_hash,
    sealed,
)

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
MOMENT = datetime(2026, 11, 27, 22, 28, 51, 123456, tzinfo=UTC)
ROW = {
    "action": "put_activity",
    "at": MOMENT,
    "code": None,
    "correlation_id": "desk:1",
    "count": 1,
    "identity_digest": b"\x01\x02",
    "outcome": "done",
    "reason_digest": None,
    "status": None,
    "aggregate": "activity",
    "aggregate_id": ID,
    "event_digest": b"\x03",
    "event_id": ID,
    "identifier": "XM-Ō",
    "place_countries": ["KE", "UG"],
    "place_organisations": [],
    "place_projects": [ID],
    "version_after": 2,
    "version_before": 1,
}
FORM = (
    '{"action":"put_activity","at":1795818531123456,"correlation_id":"desk:1","count":1,"identity_digest":"0102",'
    '"outcome":"done"}'
    f'{{"aggregate":"activity","aggregate_id":"{ID.hex}","event_digest":"03","event_id":"{ID.hex}",'
    '"identifier":"XM-\\u014c","place_countries":["KE","UG"],"place_organisations":[],'
    f'"place_projects":["{ID.hex}"],"version_after":2,"version_before":1}}'
)


def test_the_form_of_an_entry():
    assert entry_digest(ROW) == hashlib.sha256(FORM.encode()).digest()


def test_the_row_has_every_member_in_order():
    assert set(ROW) == {*ATTEMPT_MEMBERS, *AFFECTED_MEMBERS}
    assert list(ATTEMPT_MEMBERS) == sorted(ATTEMPT_MEMBERS)
    assert list(AFFECTED_MEMBERS) == sorted(AFFECTED_MEMBERS)


def test_what_the_driver_gives_has_the_same_form():
    id_ = pgproto.UUID(ID.bytes)
    east = timezone(timedelta(hours=3))
    row = {
        **ROW,
        "aggregate_id": id_,
        "event_id": id_,
        "place_projects": [id_],
        "at": MOMENT.astimezone(east),
    }
    assert entry_digest(row) == entry_digest(ROW)


OTHERS = {
    str: "other",
    int: 7,
    bytes: b"\xff",
    UUID: UUID(int=7),
    datetime: MOMENT + timedelta(microseconds=1),
    list: ["other"],
    type(None): "other",
}


@pytest.mark.parametrize("name", sorted(ROW))
def test_each_member_counts(name):
    digests = {
        entry_digest(ROW),
        entry_digest({**ROW, name: OTHERS[type(ROW[name])]}),
        entry_digest({**ROW, name: None}),
    }
    assert len(digests) == (2 if ROW[name] is None else 3)


def test_the_form_of_a_link():
    previous, digest = genesis("projects"), b"\x07" * 32
    form = (
        hashlib.sha256(b"devcoop audit\nprojects").digest()
        + (5).to_bytes(8)
        + (9).to_bytes(8)
        + (1795818531123456).to_bytes(8)
        + digest
    )
    assert link_hash(previous, 5, 9, MOMENT, digest) == hashlib.sha256(form).digest()


def test_the_form_of_what_is_sealed_and_erased():
    salt = b"\x01" * 16
    assert sealed(salt, ["a", None]) == hashlib.sha256(salt + b'["a", null]').digest()
    told = b"3 identity\n3 reason\n14 identity\n"
    assert erased_digest([(3, "identity"), (3, "reason"), (14, "identity")]) == hashlib.sha256(told).digest()


TEXTS = st.lists(st.none() | st.text(max_size=5), max_size=4)


@given(TEXTS, TEXTS)
def test_other_values_are_sealed_otherwise(one, other):
    salt = b"\x02" * 16
    assert (sealed(salt, one) == sealed(salt, other)) == (one == other)


@given(st.text(), st.text())
def test_text_does_not_pass_for_other_members(identifier, aggregate):
    row = {**ROW, "identifier": identifier, "aggregate": aggregate}
    swapped = {**ROW, "identifier": aggregate, "aggregate": identifier}
    assert (entry_digest(row) == entry_digest(swapped)) == (identifier == aggregate)
