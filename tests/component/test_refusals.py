"""Bad input: a problem with a stable code and a pointer to each fault, never a 500."""

import json
from decimal import Decimal

import pytest

from services.projects.main import SERVICE
from shared.testing.documents import ACTIVITY, FINANCE, FRAMEWORK

JSON = {"Content-Type": "application/json"}


async def send(client, method, path, text):
    return await client.request(
        method, path, content=text.encode() if isinstance(text, str) else text, headers=JSON
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("text", ["{", "nonsense", '{"a": 1,}', "'single'", b"\xff\xfe\x00", "[" * 60])
async def test_what_is_not_json_is_malformed(client, kind, identifier, method, text):
    await client.post(kind.path, json=kind.document(identifier))
    path = kind.path if method == "POST" else kind.address(identifier)
    answer = await send(client, method, path, text)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("text", ["[]", "null", "1", '"text"', ""])
async def test_json_of_another_shape_is_invalid(client, kind, identifier, method, text):
    await client.post(kind.path, json=kind.document(identifier))
    path = kind.path if method == "POST" else kind.address(identifier)
    answer = await send(client, method, path, text)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_each_fault_has_a_pointer(clients, identifier):
    wrong = ACTIVITY.document(
        identifier,
        titles=[{"text": 5}, {"lang": "en"}],
        dates=[{"type": "1", "date": "2026-02-30"}],
        **{"a/b~c": 1},
    )
    answer = await clients["projects"].post(ACTIVITY.path, json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]} == {
        "/titles/0/text": "string-type",
        "/titles/1/text": "missing",
        "/dates/0/date": "date-from-datetime-parsing",
        "/a~1b~0c": "extra-forbidden",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_member_that_is_not_known_is_refused(client, kind, identifier, method):
    if method == "PATCH":
        await client.post(kind.path, json=kind.document(identifier))
    path = kind.path if method == "POST" else kind.address(identifier)
    answer = await client.request(method, path, json=kind.document(identifier, colour="red"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/colour"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_nul_character_is_refused(clients, identifier, method):
    client = clients["projects"]
    if method == "PATCH":
        await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    path = ACTIVITY.path if method == "POST" else ACTIVITY.address(identifier)
    answer = await client.request(method, path, json=ACTIVITY.document(identifier, status="a\0b"))
    assert (answer.status_code, answer.json()["code"]) == (422, "nul-character")


async def test_text_that_only_looks_like_a_nul_character_is_kept(clients, identifier):
    document = ACTIVITY.document(identifier, titles=[{"text": "\\u0000 \\\\u0000"}])
    assert (await clients["projects"].post(ACTIVITY.path, json=document)).status_code == 201
    read = await clients["projects"].get(ACTIVITY.address(identifier))
    assert read.json()["document"] == document


@pytest.mark.parametrize("member", ['"titles": [{"text": "\\ud800"}]', '"\\udfff": 1', '"status": "\\ud800"'])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_half_a_character_is_refused(clients, identifier, method, member):
    client = clients["projects"]
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    path = ACTIVITY.path if method == "POST" else ACTIVITY.address(identifier)
    answer = await send(client, method, path, f"{{{member}}}")
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("depth", "code"), [(64, "invalid"), (65, "nested-too-deeply"), (5000, "nested-too-deeply")]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_json_that_is_nested_deeply_is_refused(client, kind, identifier, method, depth, code):
    await client.post(kind.path, json=kind.document(identifier))
    path = kind.path if method == "POST" else kind.address(identifier)
    answer = await send(client, method, path, '{"a":' * depth + "1" + "}" * depth)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_what_never_closes_is_refused_for_its_depth(client, kind):
    answer = await send(client, "POST", kind.path, "[" * 100_000)
    assert (answer.status_code, answer.json()["code"]) == (422, "nested-too-deeply")


async def test_a_line_that_is_nested_deeply_costs_no_other(client, kind, identifier):
    deep = '{"a":' * 65 + "1" + "}" * 65
    lines = "\n".join([deep, json.dumps(kind.document(identifier)), "[" * 100_000])
    answer = await client.post(f"{kind.path}/upserts", content=lines)
    outcomes = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["outcome"] for each in outcomes] == ["refused", "created", "refused"]
    assert [each["errors"][0]["code"] for each in outcomes[::2]] == ["nested-too-deeply"] * 2


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "nonsense"])
async def test_a_body_that_is_encoded_is_not_taken(client, kind, identifier, encoding):
    for path in (kind.path, f"{kind.path}/upserts"):
        answer = await client.post(
            path, json=kind.document(identifier), headers={"Content-Encoding": encoding}
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_a_body_in_another_alphabet_is_not_json(client, kind, identifier):
    text = json.dumps(kind.document(identifier)).encode("utf-16-le")
    answer = await send(client, "POST", kind.path, text)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


@pytest.mark.parametrize("number", ["1e400", "NaN", "-Infinity", "1" * 39, "1" * 5000, "1e-19"])
@pytest.mark.parametrize("quote", ["", '"'])
async def test_an_amount_that_nobody_means_is_refused(clients, identifier, number, quote):
    body = f'{{"iati_identifier": "{identifier}", "capital_spend": {quote}{number}{quote}}}'
    answer = await send(clients["funding"], "POST", FINANCE.path, body)
    assert answer.status_code in (400, 422), answer.text


async def test_an_amount_written_as_a_number_keeps_its_digits(clients, identifier):
    client = clients["funding"]
    body = f'{{"iati_identifier": "{identifier}", "capital_spend": 12345678901234567890.10}}'
    assert (await send(client, "POST", FINANCE.path, body)).status_code == 201
    read = await client.get(FINANCE.address(identifier))
    assert Decimal(read.json()["document"]["capital_spend"]) == Decimal("12345678901234567890.10")


async def test_a_patch_keeps_the_digits_of_a_number(clients, identifier):
    client = clients["funding"]
    await client.post(FINANCE.path, json=FINANCE.document(identifier))
    patch = '{"capital_spend": 12345678901234567890.10}'
    assert (await send(client, "PATCH", FINANCE.address(identifier), patch)).status_code == 200
    read = await client.get(FINANCE.address(identifier))
    assert read.json()["document"]["capital_spend"] == "12345678901234567890.10"


async def test_a_body_that_is_too_large_is_refused(serve, identifier):
    async with serve(SERVICE, max_body_bytes=1000) as client:
        document = ACTIVITY.document(identifier, titles=[{"text": "x" * 1000}])
        answer = await client.post(ACTIVITY.path, json=document)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert answer.headers["content-type"] == "application/problem+json"
        streamed = await client.post(ACTIVITY.path, content=pieces(), headers=JSON)
        assert (streamed.status_code, streamed.json()["code"]) == (413, "body-too-large")
        assert (await client.get(ACTIVITY.address(identifier))).status_code == 404


async def pieces():
    for _ in range(20):
        yield b" " * 100


async def test_a_document_that_is_too_large_for_an_event_is_refused(clients, identifier):
    narratives = [{"text": "x" * (33 * 1024 * 1024)}]
    answer = await clients["projects"].post(
        ACTIVITY.path, json=ACTIVITY.document(identifier, titles=narratives)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "document-too-large")


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\x7fb", "x" * 251, 5, None])
async def test_an_identifier_that_is_none_is_refused(client, kind, value):
    answer = await client.post(kind.path, json=kind.document(value))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{kind.member}"]


async def test_no_more_faults_are_told_than_anybody_reads(clients, identifier):
    results = [{"type": 1} for _ in range(1000)]
    answer = await clients["monitoring"].post(
        FRAMEWORK.path, json=FRAMEWORK.document(identifier, results=results)
    )
    assert len(answer.json()["errors"]) == 50


async def test_a_method_that_is_not_taken_names_those_that_are(client, kind):
    answer = await client.delete(kind.path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"]


async def test_a_path_that_is_not_known_is_a_problem_too(client):
    answer = await client.get("/v2/anything")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.headers["content-type"] == "application/problem+json"
