import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts.events import Envelope, Header, decode, encode

HEADER = Header(
    id=UUID(int=1),
    type="projects.activity.registered",
    version=1,
    subject=f"projects.v1.activity.registered.{UUID(int=2)}",
    aggregate_id=UUID(int=2),
    aggregate_version=3,
    occurred_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    recorded_at=datetime(2026, 3, 1, 12, 0, 1, 5, tzinfo=UTC),
    actor="clerk",
    correlation_id="c-1",
)
HOSTILE = (
    '"',
    "\\",
    '\\"',
    "\n",
    "\u2028",
    "\x7f",
    "ü",
    "项目",
    "😀",
    '"}',
    '","data":{"a":1}',
    ',"data":',
    "{}",
)

texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=5).map("".join)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))
headers = st.builds(
    Header,
    id=st.uuids(),
    type=texts,
    version=st.integers(1, 9),
    subject=texts,
    aggregate_id=st.uuids(),
    aggregate_version=st.integers(1, 2**63 - 1),
    occurred_at=moments,
    recorded_at=moments,
    actor=texts,
    correlation_id=texts,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(texts | st.just("data"), values, max_size=4)


@given(headers, documents, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_encoded_is_decoded_to_the_byte(
    header: Header, data: dict, ascii_only: bool, indent: int | None
):
    document = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    assert decode(encode(header, document).encode()) == (header, document.encode())


@given(headers, documents)
def test_what_is_encoded_is_an_envelope(header: Header, data: dict):
    envelope = Envelope.from_json(encode(header, json.dumps(data)))
    assert envelope == Envelope(**header.model_dump(), data=data)


def test_the_document_is_the_last_member_and_verbatim():
    assert encode(HEADER, '{ "amount" : "1.50" }').endswith(',"data":{ "amount" : "1.50" }}')


def test_decoding_does_not_look_into_the_data():
    assert decode(encode(HEADER, "{not json}").encode()) == (HEADER, b"{not json}")


def test_an_envelope_written_whole_is_decoded_too():
    envelope = Envelope(**HEADER.model_dump(), data={"status": "2"})
    assert decode(envelope.to_json().encode()) == (HEADER, b'{"status":"2"}')


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"null",
        b"\xff\xfe",
        b'{"data":{}}',
        b'{"id":1,"data":{}}',
        HEADER.to_json().encode(),
        encode(HEADER, "{}").encode()[:-1] + b"]",
        encode(HEADER, "{}").encode().replace(b'"actor":"clerk",', b""),
        encode(HEADER, "{}").encode().replace(b"c-1", b"\xff"),
        b"x" + encode(HEADER, "{}").encode(),
    ],
)
def test_anything_else_is_a_value_error(payload: bytes):
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part of it is wrong
        decode(payload)


@pytest.mark.parametrize("field", ["occurred_at", "recorded_at"])
def test_a_moment_without_its_time_zone_is_refused(field: str):
    with pytest.raises(ValidationError):
        Header.model_validate({**HEADER.model_dump(), field: "2026-03-01T12:00:00"})


def test_a_header_does_not_change():
    with pytest.raises(ValidationError):
        HEADER.actor = "another"


def test_an_event_reads_as_a_cloudevent():
    event = Envelope(**HEADER.model_dump(), data={"status": "2"}).to_cloudevent("/services/projects")
    assert event == {
        "specversion": "1.0",
        "id": str(UUID(int=1)),
        "source": "/services/projects",
        "type": "org.devcoop.projects.activity.registered.v1",
        "subject": str(UUID(int=2)),
        "time": "2026-03-01T12:00:00Z",
        "datacontenttype": "application/json",
        "aggregateversion": 3,
        "correlationid": "c-1",
        "data": {"status": "2"},
    }
    assert json.loads(json.dumps(event)) == event


def test_the_names_of_a_cloudevent_are_lower_case_letters_and_digits():
    names = Envelope(**HEADER.model_dump(), data={}).to_cloudevent("/services/projects")
    assert all(name.isascii() and name.isalnum() and name.islower() for name in names)
