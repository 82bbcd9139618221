"""Batches: one JSON line, one outcome each; a line stands or falls alone."""

import json
from uuid import uuid4

import pytest

from services.projects.main import SERVICE
from shared.testing.documents import ACTIVITY
from shared.testing.streams import await_published, published


async def upsert(client, kind, *lines, correlation=None, **parameters):
    """Send lines, each a document or raw text, and return the outcomes."""
    body = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    if correlation:
        headers["DevCoop-Correlation"] = correlation
    answer = await client.post(f"{kind.path}/upserts", content=body, params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def codes(outcome):
    return [fault["code"] for fault in outcome.get("errors", [])]


async def test_each_line_has_its_outcome(client, kind, identifier):
    new, same, other = (f"{identifier}-{end}" for end in ("new", "same", "other"))
    await upsert(client, kind, kind.document(same), kind.document(other))
    outcomes = await upsert(
        client,
        kind,
        kind.document(new),
        kind.document(same),
        kind.changed(other),
        kind.document(f"{identifier}-bad", colour="red"),
    )
    assert [outcome["outcome"] for outcome in outcomes] == ["created", "unchanged", "changed", "refused"]
    assert [outcome.get("version") for outcome in outcomes] == [1, 1, 2, None]
    assert [outcome.get("identifier") for outcome in outcomes[:3]] == [new, same, other]
    assert outcomes[0]["write"] == f"{kind.noun}.{kind.aggregate_id(new)}.1"


BAD = [
    (b"{", "json-invalid"),
    (b"", "json-invalid"),
    (b"\xff", "json-invalid"),
    (b"[" * 5000, "nested-too-deeply"),
    (b"[]", "model-type"),
    (b'{"\\ud800": 1}', "json-invalid"),
    (json.dumps(ACTIVITY.document("XM-NUL", status="\0")).encode(), "nul-character"),
    (json.dumps(ACTIVITY.document("XM-COLOUR", colour=1)).encode(), "extra-forbidden"),
    (json.dumps(ACTIVITY.document("")).encode(), "string-too-short"),
]


@pytest.mark.parametrize(("line", "code"), BAD)
async def test_a_bad_line_costs_no_other(clients, identifier, line, code):
    first, last = ACTIVITY.document(f"{identifier}-1"), ACTIVITY.document(f"{identifier}-2")
    outcomes = await upsert(clients["projects"], ACTIVITY, first, line, last)
    assert [outcome["outcome"] for outcome in outcomes] == ["created", "refused", "created"]
    assert code in codes(outcomes[1])


async def test_a_line_that_repeats_an_identifier_is_refused(client, kind, identifier):
    outcomes = await upsert(client, kind, kind.document(identifier), kind.changed(f" {identifier}"))
    assert [outcome["outcome"] for outcome in outcomes] == ["created", "refused"]
    assert codes(outcomes[1]) == ["duplicate-identifier"]
    assert (await client.get(kind.address(identifier))).json()["document"] == kind.document(identifier)


async def test_a_refused_line_takes_no_identifier(clients, identifier):
    bad, good = ACTIVITY.document(identifier, status="\0"), ACTIVITY.document(identifier)
    outcomes = await upsert(clients["projects"], ACTIVITY, bad, good)
    assert [outcome["outcome"] for outcome in outcomes] == ["refused", "created"]


async def test_a_dry_run_tells_what_it_would_do_and_does_nothing(client, kind, identifier, nats):
    await upsert(client, kind, kind.document(identifier))
    lines = [kind.changed(identifier), kind.document(f"{identifier}-new"), b"{"]
    outcomes = await upsert(client, kind, *lines, dry_run=True)
    assert [outcome["outcome"] for outcome in outcomes] == ["changed", "created", "refused"]
    assert (await client.get(kind.address(identifier))).json()["version"] == 1
    assert (await client.get(kind.address(f"{identifier}-new"))).status_code == 404
    await await_published(client)
    assert len(await published(nats, kind.owner, kind.aggregate_id(identifier))) == 1
    assert not await published(nats, kind.owner, kind.aggregate_id(f"{identifier}-new"))


async def test_a_repetition_reports_what_the_first_try_did(client, kind, identifier):
    old, new = f"{identifier}-old", f"{identifier}-new"
    await upsert(client, kind, kind.document(old))
    lines, correlation = [kind.changed(old), kind.document(new)], f"import:{uuid4()}"
    first = await upsert(client, kind, *lines, correlation=correlation)
    assert [outcome["outcome"] for outcome in first] == ["changed", "created"]
    assert await upsert(client, kind, *lines, correlation=correlation) == first
    another = await upsert(client, kind, *lines, correlation=f"import:{uuid4()}")
    assert [outcome["outcome"] for outcome in another] == ["unchanged", "unchanged"]


async def test_a_batch_of_nothing_has_no_outcomes(client, kind):
    assert await upsert(client, kind) == []


async def test_line_ends_of_any_system_part_lines(clients, identifier):
    client = clients["projects"]
    lines = [json.dumps(ACTIVITY.document(f"{identifier}-{n}")) for n in range(3)]
    answer = await client.post(f"{ACTIVITY.path}/upserts", content="\r\n".join(lines) + "\r\n")
    assert [json.loads(line)["outcome"] for line in answer.text.splitlines()] == ["created"] * 3


async def test_line_separators_within_text_part_no_lines(clients, identifier):
    document = ACTIVITY.document(identifier, titles=[{"text": "a\u2028b\u0085c\x0bd"}])
    raw = json.dumps(document, ensure_ascii=False).replace("\x0b", "\\u000b").encode()
    outcomes = await upsert(clients["projects"], ACTIVITY, raw)
    assert [outcome["outcome"] for outcome in outcomes] == ["created"]


async def test_a_large_batch_is_stored_and_published_whole(serve, nats, identifier):
    identifiers = [f"{identifier}-{place}" for place in range(1200)]
    async with serve(SERVICE) as client:
        outcomes = await upsert(client, ACTIVITY, *(ACTIVITY.document(each) for each in identifiers))
        assert {outcome["outcome"] for outcome in outcomes} == {"created"}
        assert [outcome["identifier"] for outcome in outcomes] == identifiers
        await await_published(client)
    events = await published(nats, "projects")
    ours = [event for event in events if event.data["iati_identifier"].startswith(identifier)]
    assert [event.data["iati_identifier"] for event in ours] == identifiers


@pytest.mark.parametrize("value", ["maybe", "2"])
async def test_a_dry_run_is_asked_for_in_words_that_are_known(clients, value):
    answer = await clients["projects"].post(f"{ACTIVITY.path}/upserts", params={"dry_run": value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")
