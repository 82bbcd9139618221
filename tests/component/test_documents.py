"""Each aggregate over HTTP: created, read, replaced and patched, under the caller's condition."""

from datetime import datetime

import pytest

ODD_IDENTIFIERS = (
    "XM DAC 7/OP 12",
    "a/b/c",
    "/leading/and/trailing/",
    "100%25 of 50%",
    "?q=1&x=#y",
    "Ünïcödé-活动-🌍",
    "e\u0301 decomposed",
    "a/../b",
    "+plus+",
    "upserts",
    "quote\"and'backslash\\",
)


async def test_what_is_created_is_answered_with_its_version(client, kind, identifier):
    answer = await client.post(kind.path, json=kind.document(identifier))
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["devcoop-write"] == f"{kind.noun}.{kind.aggregate_id(identifier)}.1"
    receipt = answer.json()
    assert datetime.fromisoformat(receipt.pop("updated_at")).tzinfo is not None
    assert receipt == {
        "identifier": identifier,
        "outcome": "created",
        "version": 1,
        "write": answer.headers["devcoop-write"],
    }


async def test_what_was_created_is_read_back_whole(client, kind, identifier):
    await client.post(kind.path, json=kind.changed(identifier))
    answer = await client.get(kind.address(identifier))
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    item = answer.json()
    assert item["document"] == kind.changed(identifier)
    assert (item["id"], item["identifier"], item["version"]) == (
        str(kind.aggregate_id(identifier)),
        identifier,
        1,
    )


async def test_nothing_is_created_twice(client, kind, identifier):
    await client.post(kind.path, json=kind.document(identifier))
    answer = await client.post(kind.path, json=kind.changed(identifier))
    assert (answer.status_code, answer.json()["code"]) == (409, "already-exists")
    assert (await client.get(kind.address(identifier))).json()["document"] == kind.document(identifier)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_what_is_not_there_is_not_found(client, kind, identifier, method):
    body = None if method == "GET" else {}
    answer = await client.request(method, kind.address(identifier), json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_put_creates_and_then_replaces(client, kind, identifier):
    created = await client.put(kind.address(identifier), json=kind.document(identifier))
    seen = {"If-Match": created.headers["etag"]}
    replaced = await client.put(kind.address(identifier), json=kind.changed(identifier), headers=seen)
    assert (created.status_code, created.json()["outcome"]) == (201, "created")
    assert (replaced.status_code, replaced.json()["outcome"]) == (200, "changed")
    assert (created.headers["etag"], replaced.headers["etag"]) == ('"1"', '"2"')
    assert (await client.get(kind.address(identifier))).json()["document"] == kind.changed(identifier)


async def test_what_changes_nothing_keeps_its_version(client, kind, identifier):
    created = await client.put(kind.address(identifier), json=kind.document(identifier))
    again = await client.put(kind.address(identifier), json=kind.document(identifier))
    patched = await client.patch(kind.address(identifier), json={})
    for answer in (again, patched):
        assert answer.status_code == 200
        assert answer.json() == {**created.json(), "outcome": "unchanged"}


async def test_a_patch_changes_and_takes_away_members(client, kind, identifier):
    await client.post(kind.path, json=kind.document(identifier))
    added = await client.patch(kind.address(identifier), json=kind.change)
    assert (added.status_code, added.json()["version"]) == (200, 2)
    assert (await client.get(kind.address(identifier))).json()["document"] == kind.changed(identifier)
    taken = await client.patch(
        kind.address(identifier),
        json={member: kind.required.get(member) for member in kind.change},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert (taken.status_code, taken.json()["version"]) == (200, 3)
    assert (await client.get(kind.address(identifier))).json()["document"] == kind.document(identifier)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_document_keeps_the_identifier_of_its_address(client, kind, identifier, method):
    await client.post(kind.path, json=kind.document(identifier))
    body = kind.document(f"{identifier}-other") if method == "PUT" else {kind.member: f"{identifier}-other"}
    answer = await client.request(method, kind.address(identifier), json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "identifier-mismatch")
    assert (await client.get(kind.address(f"{identifier}-other"))).status_code == 404


@pytest.mark.parametrize("condition", ['"1"', ' "1" ', 'W/"1"', "*"])
async def test_a_change_based_on_the_stored_version_is_made(client, kind, identifier, condition):
    await client.post(kind.path, json=kind.document(identifier))
    answer = await client.put(
        kind.address(identifier), json=kind.changed(identifier), headers={"If-Match": condition}
    )
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_based_on_another_version_is_refused(client, kind, identifier, method):
    await client.post(kind.path, json=kind.document(identifier))
    answer = await client.request(
        method, kind.address(identifier), json=kind.changed(identifier), headers={"If-Match": '"2"'}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")
    assert (await client.get(kind.address(identifier))).json()["version"] == 1


@pytest.mark.parametrize("condition", ['"1"', "*"])
async def test_a_condition_on_what_is_absent_fails(client, kind, identifier, condition):
    answer = await client.put(
        kind.address(identifier), json=kind.document(identifier), headers={"If-Match": condition}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")
    assert (await client.get(kind.address(identifier))).status_code == 404


@pytest.mark.parametrize("condition", ["1", '"one"', '"1", "2"', '"-1"', '"9999999999"', '""', ""])
async def test_a_malformed_condition_is_refused(client, kind, identifier, condition):
    answer = await client.put(
        kind.address(identifier), json=kind.document(identifier), headers={"If-Match": condition}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-if-match")


@pytest.mark.parametrize("odd", ODD_IDENTIFIERS)
async def test_identifiers_of_any_spelling_have_an_address(client, kind, odd):
    created = await client.put(kind.address(odd), json=kind.document(odd))
    assert created.status_code == 201, created.text
    assert (await client.get(kind.address(odd))).json()["identifier"] == odd
    assert (await client.patch(kind.address(odd), json=kind.change)).json()["version"] == 2


async def test_outer_blanks_are_no_part_of_an_identifier(client, kind, identifier):
    answer = await client.post(kind.path, json=kind.document(f"  {identifier}\t"))
    assert answer.json()["identifier"] == identifier
