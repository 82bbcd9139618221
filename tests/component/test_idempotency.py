"""The same Idempotency-Key gets the same answer, and nothing is done twice: whatever is sent, by whom, and however often."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
import pytest

from gateway.main import SERVICE as GATEWAY
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.app import Application, create_app
from shared.chassis.db import Database
from shared.chassis.idempotency.expiry import Expiry
from shared.chassis.ids import uuid7
from shared.policy.grants import Grant, Role
from shared.testing.documents import ACTIVITY, FINANCE
from shared.testing.fixtures import Serve
from shared.testing.streams import await_published, published

HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
NDJSON = {"Content-Type": "application/x-ndjson"}
TRANSACTION = {"type": "3", "date": "2024-05-01", "value": {"amount": "1000.50", "value_date": "2024-05-01"}}
OFFICER = Grant(role=Role.FIELD_OFFICER)
PATIENCE_SECONDS = 30
NOWHERE = {
    "database_url": "postgresql+asyncpg://nobody@localhost/none",
    "nats_url": "nats://none",
    "cursor_key": "k" * 32,
}


@pytest.fixture(scope="module")
def url(postgres):
    name = f"test_{uuid4().hex[:12]}"
    yield postgres.database_with_password(name, owner="tests")
    postgres.drop(name)


@pytest.fixture(scope="module")
async def client(serve: Serve, url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(PROJECTS, database_url=url) as client:
        yield client


@pytest.fixture
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


@pytest.fixture
def key() -> dict[str, str]:
    return {HEADER: str(uuid7())}


def told(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return what has to be the same of two answers."""
    of_each = ("devcoop-correlation", "date", "ratelimit", REPLAYED.lower())
    return (
        answer.status_code,
        answer.content,
        {name: value for name, value in answer.headers.items() if name not in of_each},
    )


async def entries(connection: asyncpg.Connection, identifier: str) -> list[tuple[str, str | None, int]]:
    """Return what the audit has of a document: outcome, code and count of each entry."""
    rows = await connection.fetch(
        "SELECT outcome, code, count FROM audit_entry WHERE identifier = $1 ORDER BY id", identifier
    )
    return [tuple(row) for row in rows]


async def test_the_same_key_and_request_get_the_same_answer_and_nothing_happens_twice(
    client, connection, identifier, key, nats
):
    request = {"json": ACTIVITY.document(identifier), "headers": key}
    first = await client.post(ACTIVITY.path, **request)
    second = await client.post(ACTIVITY.path, **request)
    assert first.status_code == 201
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert told(second) == told(first)
    assert second.headers["devcoop-write"]
    await await_published(client)
    assert len(await published(nats, "projects", ACTIVITY.aggregate_id(identifier))) == 1
    assert await entries(connection, identifier) == [("done", None, 1)]


async def test_a_command_that_adds_is_done_once_however_often_it_is_sent(clients, identifier, key):
    funding, address = clients["funding"], FINANCE.address(identifier)
    await funding.post(FINANCE.path, json=FINANCE.document(identifier))
    answers = [await funding.post(f"{address}/transactions", json=TRANSACTION, headers=key) for _ in range(3)]
    assert [told(answer) for answer in answers] == [told(answers[0])] * 3
    assert answers[0].headers["etag"] == '"2"'
    stored = (await funding.get(address)).json()
    assert (stored["version"], len(stored["document"]["transactions"])) == (2, 1)


async def test_an_answer_stays_what_it_was_while_others_go_on_writing(client, identifier, key):
    created = await client.put(ACTIVITY.address(identifier), json=ACTIVITY.document(identifier), headers=key)
    await client.patch(ACTIVITY.address(identifier), json=ACTIVITY.change)
    again = await client.put(ACTIVITY.address(identifier), json=ACTIVITY.document(identifier), headers=key)
    assert told(again) == told(created)
    assert (await client.get(ACTIVITY.address(identifier))).json()["version"] == 2


@pytest.mark.parametrize("what", ["body", "path", "query", "method", "media type"])
async def test_another_request_of_the_same_key_is_refused(client, connection, identifier, key, what):
    address = ACTIVITY.address(identifier)
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    body, media = json.dumps(ACTIVITY.change), {"Content-Type": "application/json"}
    first = await client.patch(address, content=body, headers={**key, **media})
    assert first.status_code == 200
    other = {
        "body": ("PATCH", address, '{"status": "3"}', media),
        "path": ("PATCH", f"{address}-other", body, media),
        "query": ("PATCH", f"{address}?rationale=why", body, media),
        "method": ("PUT", address, body, media),
        "media type": ("PATCH", address, body, {"Content-Type": "application/merge-patch+json"}),
    }
    method, target, content, headers = other[what]
    answer = await client.request(method, target, content=content, headers={**key, **headers})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert (await client.get(address)).json()["version"] == 2
    again = await client.patch(address, content=body, headers={**key, **media})
    assert told(again) == told(first)
    if what == "body":
        assert ("refused", "idempotency-key-reused", 1) in await entries(connection, identifier)


async def test_a_key_is_the_same_with_quotes_and_without(client, identifier):
    key, document = f'a "key" \\ of {uuid7()}', ACTIVITY.document(identifier)
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    first = await client.post(ACTIVITY.path, json=document, headers={HEADER: key})
    second = await client.post(ACTIVITY.path, json=document, headers={HEADER: quoted})
    assert second.headers.get(REPLAYED) == "true"
    assert told(second) == told(first)


@pytest.mark.parametrize(
    "given", ["", '""', '"open', '"a\\b"', "x" * 256, "\u00fc".encode(), [b"one", b"two"]], ids=str
)
async def test_what_is_no_key_is_refused(client, identifier, given):
    headers = [(HEADER.encode(), each) for each in (given if isinstance(given, list) else [given])]
    answer = await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-idempotency-key")
    assert (await client.get(ACTIVITY.address(identifier))).status_code == 404


async def test_a_key_is_its_caller_s_alone(client, issuer, identifier, key):
    body, at = ACTIVITY.change, ACTIVITY.address(identifier)
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    mine = await client.patch(at, json=body, headers={**key, **issuer.bearer(OFFICER, subject="mine")})
    other = {"status": "4"}
    theirs = await client.patch(at, json=other, headers={**key, **issuer.bearer(OFFICER, subject="theirs")})
    assert (mine.json()["version"], theirs.json()["version"]) == (2, 3)
    assert REPLAYED not in theirs.headers
    again = await client.patch(at, json=other, headers={**key, **issuer.bearer(OFFICER, subject="theirs")})
    assert told(again) == told(theirs)


async def test_what_the_caller_may_no_longer_do_is_not_answered_again(client, issuer, identifier, key):
    officer, nobody = (issuer.bearer(grant, subject="one") for grant in (OFFICER, Grant(role=Role.PARTNER)))
    request = {"json": ACTIVITY.document(identifier)}
    assert (await client.post(ACTIVITY.path, **request, headers={**key, **officer})).status_code == 201
    answer = await client.post(ACTIVITY.path, **request, headers={**key, **nobody})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_what_was_refused_may_be_tried_again_with_the_same_key(client, identifier, key):
    address = ACTIVITY.address(identifier)
    missing = await client.patch(address, json=ACTIVITY.change, headers=key)
    wrong = await client.post(ACTIVITY.path, json={}, headers=key)
    malformed = await client.post(
        ACTIVITY.path, content=b"{", headers={**key, "Content-Type": "application/json"}
    )
    media = await client.post(ACTIVITY.path, content=b"x", headers={**key, "Content-Type": "text/plain"})
    assert [each.status_code for each in (missing, wrong, malformed, media)] == [404, 422, 400, 415]
    done = await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier), headers=key)
    assert done.status_code == 201
    assert REPLAYED not in done.headers


async def test_a_batch_of_upserts_is_answered_again_line_by_line(client, connection, identifier, key):
    lines = [json.dumps(ACTIVITY.document(f"{identifier}-{place}")) for place in range(50)]
    request = {"content": "\n".join([*lines, "{}"]), "headers": {**NDJSON, **key}}
    first = await client.post(f"{ACTIVITY.path}/upserts", **request)
    again = await client.post(f"{ACTIVITY.path}/upserts", **request)
    assert told(again) == told(first)
    outcomes = [json.loads(line)["outcome"] for line in again.text.splitlines()]
    assert outcomes == ["created"] * 50 + ["refused"]
    packing = "SELECT packing, length(body) < $1 FROM kept_answer WHERE operation = 'upsert_activity_batch'"
    assert [tuple(row) for row in await connection.fetch(packing, len(first.content))] == [("deflated", True)]


# at once


async def hold(connection: asyncpg.Connection, identifier: str) -> asyncpg.transaction.Transaction:
    """Lock a document so that whoever writes it waits."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetch("SELECT 1 FROM activity WHERE identifier = $1 FOR UPDATE", identifier)
    return transaction


async def await_blocked(other: asyncpg.Connection) -> list[int]:
    """Wait until somebody waits for a lock, and return whose processes do."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (rows := await other.fetch(query)):
            await asyncio.sleep(0.01)
    return [row["pid"] for row in rows]


async def test_of_two_at_once_one_is_made_and_the_other_told_to_wait(
    client, url, connection, identifier, key
):
    other = await asyncpg.connect(url.replace("+asyncpg", ""))
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    request = {"json": ACTIVITY.change, "headers": key}
    transaction = await hold(connection, identifier)
    first = asyncio.create_task(client.patch(ACTIVITY.address(identifier), **request))
    await await_blocked(other)
    second = await client.patch(ACTIVITY.address(identifier), **request)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency-key-in-flight")
    assert second.headers["retry-after"] == "1"
    await transaction.rollback()
    made = await first
    assert (made.status_code, made.json()["version"]) == (200, 2)
    third = await client.patch(ACTIVITY.address(identifier), **request)
    assert told(third) == told(made)
    done = [each for each in await entries(other, identifier) if each[0] == "done"]
    assert len(done) == 2
    await other.close()


async def test_many_at_once_are_one(client, connection, identifier, key):
    request = {"json": ACTIVITY.document(identifier), "headers": key}
    answers = await asyncio.gather(*(client.post(ACTIVITY.path, **request) for _ in range(20)))
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 409}
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {
        "idempotency-key-in-flight"
    }
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert sum(REPLAYED not in answer.headers for answer in made) == 1
    assert [each for each in await entries(connection, identifier) if each[0] == "done"] == [
        ("done", None, 1)
    ]


async def test_an_end_between_effect_and_answer_leaves_neither(client, url, connection, identifier, key):
    other = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(
        "CREATE FUNCTION hold_answer() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END'"
    )
    await connection.execute(
        "CREATE TRIGGER hold BEFORE INSERT ON kept_answer FOR EACH ROW EXECUTE FUNCTION hold_answer()"
    )
    await connection.execute("SELECT pg_advisory_lock(77)")
    request = {"json": ACTIVITY.document(identifier), "headers": key}
    try:
        broken = asyncio.create_task(client.post(ACTIVITY.path, **request))
        for process in await await_blocked(other):
            await other.fetch("SELECT pg_terminate_backend($1)", process)
        assert (await broken).status_code == 503
    finally:
        await connection.execute("SELECT pg_advisory_unlock(77)")
        await connection.execute("DROP TRIGGER hold ON kept_answer")
        await connection.execute("DROP FUNCTION hold_answer")
    assert (await client.get(ACTIVITY.address(identifier))).status_code == 404
    assert await other.fetchval("SELECT count(*) FROM outbox WHERE payload LIKE $1", f"%{identifier}%") == 0
    made = await client.post(ACTIVITY.path, **request)
    assert (made.status_code, REPLAYED in made.headers) == (201, False)
    await other.close()


# how long


async def test_an_answer_is_kept_for_thirty_days(client, url, connection, identifier, key):
    age = "UPDATE kept_answer SET answered_at = now() - $1::interval WHERE operation = 'patch_activity'"
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    request = {"json": ACTIVITY.change, "headers": key}
    await client.patch(ACTIVITY.address(identifier), **request)
    await connection.execute("DELETE FROM kept_answer WHERE answered_at < now() - interval '1 hour'")
    await connection.execute(age.replace("$1", "'29 days 23 hours'"))
    assert REPLAYED in (await client.patch(ACTIVITY.address(identifier), **request)).headers
    await connection.execute(age.replace("$1", "'30 days 1 second'"))
    again = await client.patch(ACTIVITY.address(identifier), **request)
    assert (again.json()["outcome"], REPLAYED in again.headers) == ("unchanged", False)
    assert REPLAYED in (await client.patch(ACTIVITY.address(identifier), **request)).headers
    await connection.execute(age.replace("$1", "'31 days'"))
    kept = await connection.fetchval("SELECT count(*) FROM kept_answer WHERE operation <> 'patch_activity'")
    await expire(url)
    left = await connection.fetch("SELECT operation FROM kept_answer")
    assert (len(left), "patch_activity" in {row["operation"] for row in left}) == (kept, False)


async def expire(url: str) -> None:
    """Run the worker until it has nothing left to forget."""
    database, stop = Database(url, pool=1), asyncio.Event()
    worker = asyncio.create_task(Expiry(database, 30, seconds=0.01).run(stop))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with database.engine.connect() as connected:
                old = await connected.exec_driver_sql(
                    "SELECT count(*) FROM kept_answer WHERE answered_at < now() - interval '30 days'"
                )
                if old.scalar_one() == 0:
                    break
            await asyncio.sleep(0.01)
    stop.set()
    await worker
    await database.dispose()


# files


async def test_a_file_of_rates_is_taken_once(serve, key):
    params = {"source": "TEST", "kind": "ecb-daily", "base": "EUR"}
    request = {
        "params": params,
        "content": b"Date,USD\n2024-05-31,1.08\n",
        "headers": {**key, "Content-Type": "text/csv"},
    }
    async with serve(FUNDING) as funding:
        first = await funding.post("/v1/exchange-rates/files", **request)
        again = await funding.post("/v1/exchange-rates/files", **request)
        assert first.json()["rates"]["added"] == 1, first.text
        assert told(again) == told(first)


IATI = b"""<iati-activities version="2.03"><iati-activity><iati-identifier>%s</iati-identifier></iati-activity>
</iati-activities>"""


async def test_a_file_is_imported_once_however_it_is_sent(serve, key):
    file, other = IATI % b"XM-1", IATI % b"XM-2"
    issuing = {
        "issuer_key": "the key of the tests, and of nothing else",
        "issuer_url": "https://devcoop.test",
    }
    xml = {"Content-Type": "application/xml"}
    async with serve(GATEWAY, roles=["api"], **issuing) as gateway:
        refused = await gateway.post("/v1/imports", content=b"<nothing/>", headers={**key, **xml})
        assert refused.status_code == 422, refused.text
        first = await gateway.post("/v1/imports", content=file, headers={**key, **xml})
        again = await gateway.post("/v1/imports", content=file, headers={**key, **xml})
        assert (first.status_code, again.headers.get(REPLAYED)) == (202, "true"), first.text
        assert told(again) == told(first)
        assert again.headers["location"] == f"/v1/imports/{first.json()['id']}"
        reused = await gateway.post("/v1/imports", content=other, headers={**key, **xml})
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")
        form = {"files": {"file": ("a.xml", file, "application/xml")}, "headers": {HEADER: str(uuid7())}}
        sent = [await gateway.post("/v1/imports", **form) for _ in range(2)]
        assert [told(each) for each in sent] == [told(sent[0])] * 2
        assert len((await gateway.get("/v1/imports")).json()["items"]) == 2


# every operation

KEYLESS = {"issue_token", "revoke_token", "run_batch", "upload_spreadsheet", "receive_incoming"}
"""Where every answer is another, or each line, row or message has a key of its own."""


@pytest.mark.parametrize(
    "service", [PROJECTS, FUNDING, MONITORING, GATEWAY], ids=lambda service: service.name
)
def test_every_operation_that_changes_something_takes_a_key(service):
    app = create_app(service, service.settings(**NOWHERE))
    wrong = []
    for item in Application.openapi(app)["paths"].values():
        for method, operation in item.items():
            names = [each["name"] for each in operation.get("parameters", [])]
            takes = method != "get" and operation["operationId"] not in KEYLESS
            if names.count(HEADER) != int(takes):
                wrong.append(operation["operationId"])
    assert wrong == []
