"""Whatever is sent to whichever route, the answer is never a 500."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.snapshots import contracts
from shared.testing.documents import KINDS

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MEDIA = ("application/json", "application/x-ndjson", "text/plain")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ENDS = ("", "/upserts", "/transactions", "/actuals")
PARAMETERS = ("limit", "cursor", "status", "country", "type", "updated_since", "has_indicators", "dry_run")
MEMBERS = sorted({member for contract in contracts().values() for member in contract.model_fields})

odd_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["\0", "%00", "%", "\ud800", "9" * 400, "1e999", "-0", "2026-13-01", "null", "..", "/", "💥"]
    ),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    odd_texts,
    st.dates().map(str),
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | odd_texts, inner, max_size=4)
    ),
    max_leaves=10,
)


@st.composite
def documents(draw: st.DrawFn) -> Mapping[str, Any]:
    """Return a valid document in which some members are anything."""
    kind = draw(st.sampled_from(KINDS))
    members = draw(st.dictionaries(st.sampled_from(MEMBERS), values, max_size=3))
    return kind.document(draw(st.just("XM-GARBAGE") | odd_texts)) | members


bodies = st.one_of(
    documents().map(json.dumps).map(str.encode),
    values.map(json.dumps).map(str.encode),
    st.lists(documents().map(json.dumps), max_size=4).map("\n".join).map(str.encode),
    st.binary(max_size=60),
)


@st.composite
def targets(draw: st.DrawFn) -> str:
    """Return what follows a list's path: an odd path and query, percent signs and all."""
    rest, name, value = (draw(odd_texts) for _ in range(3))
    query = f"{encoded(draw(st.sampled_from(PARAMETERS) | st.just(name)))}={encoded(value)}"
    return f"{draw(st.sampled_from(['', '/']))}{encoded(rest)}{draw(st.sampled_from(ENDS))}?{query}"


def encoded(text: str) -> str:
    """Return text as it may stand in an address, its percent signs and slashes left as they are."""
    return quote(text, safe="%/", errors="replace")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
@BOUNDED
@given(method=st.sampled_from(METHODS), target=targets(), body=bodies, media=st.sampled_from(MEDIA))
async def test_garbage_is_never_an_error_of_ours(clients, kind, method, target, body, media):
    answer = await clients[kind.owner].request(
        method, f"{kind.path}{target}", content=body, headers={"Content-Type": media}
    )
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
@BOUNDED
@given(data=st.data())
async def test_garbage_in_a_document_is_stored_or_refused(clients, kind, data):
    own = sorted(contracts()[f"{kind.owner}.{kind.noun}.v1"].model_fields)
    members = data.draw(st.dictionaries(st.sampled_from(own), values, min_size=1, max_size=3))
    body = json.dumps(kind.document("XM-GARBAGE") | members).encode()
    client, address = clients[kind.owner], kind.address("XM-GARBAGE")
    put = await client.put(address, content=body, headers={"Content-Type": "application/json"})
    assert put.status_code in (200, 201, 400, 422, 428), put.text
    batch = await client.post(f"{kind.path}/upserts", content=body)
    assert batch.status_code == 200, batch.text
