"""Answers that are kept for their idempotency keys: told to whom they name, erased, and still given once."""

import asyncio
import json

import asyncpg
import pytest

from gateway.main import SERVICE as GATEWAY
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.ids import uuid7
from shared.testing.documents import ACTIVITY

JANE = "Jane Doe"
ERASURE = {"names": [JANE, "jane.doe@example.org"], "reason": "She asked for it"}
ISSUING = {"issuer_key": "the key of the tests, and of nothing else", "issuer_url": "https://devcoop.test"}


def key():
    return {"Idempotency-Key": str(uuid7())}


@pytest.fixture
async def kept(database_url):
    """Return how to look into what is kept."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    yield lambda: connection.fetch("SELECT operation, packing, body FROM kept_answer ORDER BY answered_at")
    await connection.close()


async def erase(client, service):
    """Erase the person, again if the events that name them were not published yet."""
    async with asyncio.timeout(30):
        while (answer := await client.post(f"/v1/{service}-erasures", json=ERASURE)).status_code == 503:
            await asyncio.sleep(0.1)
    return answer


async def told(client, service):
    answer = await client.get(f"/v1/{service}-personal-data", params={"name": ERASURE["names"]})
    found = [json.loads(line) for line in answer.text.splitlines()]
    return [each for each in found if each["aggregate"] == "kept-answer"]


async def test_the_names_in_answers_are_told_and_erased_and_the_answers_stay(serve, database_url, kept):
    identifier = f"Trip of {JANE} {uuid7()}"
    lines = [json.dumps(ACTIVITY.document(f"{identifier} {place}")) for place in range(20)]
    batch = {"content": "\n".join(lines), "headers": {**key(), "Content-Type": "application/x-ndjson"}}
    one = {"json": ACTIVITY.document(identifier), "headers": key()}
    async with serve(PROJECTS, database_url=database_url) as client:
        created = await client.post(ACTIVITY.path, **one)
        await client.post(f"{ACTIVITY.path}/upserts", **batch)
        records = await told(client, "projects")
        assert {each["identifier"]: len(each["mentions"]) for each in records} == {
            "create_activity": 1,
            "upsert_activity_batch": 20,
        }
        erased = (await erase(client, "projects")).json()
        assert await told(client, "projects") == []
        again = await client.post(ACTIVITY.path, **one)
        assert again.headers["idempotency-replayed"] == "true"
        told_again = created.json() | {"identifier": identifier.replace(JANE, erased["pseudonym"])}
        assert again.json() == told_again
        lines = (await client.post(f"{ACTIVITY.path}/upserts", **batch)).text.splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["created"] * 20
    assert JANE not in "".join(lines)
    assert not any(JANE.encode() in row["body"] for row in await kept())


async def test_what_is_secret_is_sealed_and_forgotten_by_an_erasure(serve, database_url, kept):
    create = {"json": {"name": f"{JANE}'s desk", "grants": [{"role": "operator"}]}, "headers": key()}
    async with serve(GATEWAY, database_url=database_url, roles=["api"], **ISSUING) as client:
        first = await client.post("/v1/clients", **create)
        assert first.status_code == 201, first.text
        at = f"/v1/clients/{first.json()['client']['id']}"
        secret = {"json": {"overlap_seconds": 60}, "headers": key()}
        second = await client.post(f"{at}/secrets", **secret)
        renamed = {"json": {"name": f"The desk of {JANE}"}, "headers": key()}
        await client.patch(at, **renamed)
        assert [(row["operation"], row["packing"]) for row in await kept()] == [
            ("create_client", "sealed"),
            ("create_client_secret", "sealed"),
            ("patch_client", "plain"),
        ]
        for answer in (first, second):
            stored = b"".join([row["body"] for row in await kept()])
            assert answer.json()["client_secret"].encode() not in stored
        for path, request, answer in (("/v1/clients", create, first), (f"{at}/secrets", secret, second)):
            again = await client.post(path, **request)
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
            for name in ("cache-control", "pragma", "location", "content-type"):
                assert again.headers.get(name) == answer.headers.get(name)
        assert len((await client.get("/v1/clients")).json()["items"]) == 1
        assert len((await client.get(at)).json()["secrets"]) == 2
        pseudonym = (await erase(client, "gateway")).json()["pseudonym"]
        assert (await client.patch(at, **renamed)).json()["name"] == f"The desk of {pseudonym}"
        assert [row["operation"] for row in await kept() if row["packing"] == "sealed"] == []


async def test_an_erasure_itself_is_done_once_for_its_key(serve, database_url, kept):
    async with serve(GATEWAY, database_url=database_url, roles=["api"], **ISSUING) as client:
        request = {"json": ERASURE, "headers": key()}
        first = await client.post("/v1/gateway-erasures", **request)
        again = await client.post("/v1/gateway-erasures", **request)
        assert first.status_code == 200, first.text
        assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert not any(JANE.encode() in row["body"] for row in await kept())
