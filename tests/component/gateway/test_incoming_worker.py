"""How messages are applied while owners are away, processes die, and things come again; and what is forgotten."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from gateway.incoming.handlers import receive
from gateway.incoming.models import IncomingMessage, IncomingSecret, IncomingSource
from gateway.incoming.schemas import NewIncomingSource
from gateway.incoming.signatures import PURPOSE, Signed
from gateway.incoming.sources import create_source
from gateway.incoming.worker import IncomingWorker, key_of
from gateway.issuer.sealing import Sealer
from gateway.issuer.tokens import Issuer
from gateway.main import SERVICE
from shared.chassis.db import Database
from shared.chassis.http import Response, TransportError
from shared.chassis.migrations import upgrade
from shared.testing.fixtures import Serve
from tests.component.gateway.conftest import MIGRATIONS

KEY = "the key of the tests, and of nothing else"
SECONDS = 30
MAPPING = {
    "rules": {
        "state": {
            "method": "POST",
            "path": "/v1/agreements/{agreement}/actions",
            "values": {"agreement": {"$get": "data.on"}},
            "body": {"action": {"$get": "data.step"}, "by": "bank"},
        }
    }
}
TOLD = {"name": "Bank", "partner": "XM-DAC-7", "grants": [{"role": "finance"}], "mapping": MAPPING}


class Owner:
    """An owner that answers by a script, and then takes everything; a command that it knows is answered the same."""

    def __init__(self, *script: int | Exception) -> None:
        self._script = list(script)
        self.taken: dict[str, tuple[str, Any]] = {}
        self.asked: list[str] = []

    async def request(self, method: str, target: str, *, content: bytes, headers: dict[str, str]) -> Response:
        assert method == "POST"
        self.asked.append(json.loads(content)["action"])
        step = self._script.pop(0) if self._script else 201
        if isinstance(step, Exception):
            raise step
        if step == 201:
            self.taken.setdefault(headers["idempotency-key"], (target.partition("?")[0], json.loads(content)))
        body = {
            "code": "idempotency-key-in-flight" if step == 409 else "invalid",
            "detail": "No",
            "errors": [],
        }
        return Response(step, json=body, headers={"devcoop-write": f"agreement.{len(self.taken)}.1"})

    @property
    def steps(self) -> list[str]:
        return [body["action"] for _, body in self.taken.values()]


class Bench:
    """A database with one source, and a worker on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sealer = Sealer(KEY, PURPOSE)
        self.issuer = Issuer(url="https://devcoop.test", key=KEY, token_seconds=600)
        self.source: IncomingSource | None = None
        self.secret: IncomingSecret | None = None

    async def prepare(self) -> None:
        async with self.database.session() as session, session.begin():
            told = NewIncomingSource.model_validate(TOLD)
            self.source, self.secret, _ = await create_source(session, self.sealer, "tests", told)

    async def push(self, id_: str, on: str, step: str) -> IncomingMessage:
        body = json.dumps({"type": "state", "data": {"on": on, "step": step}}).encode()
        async with self.database.session() as session, session.begin():
            signed = Signed(id_, "1", ())
            assert self.source
            assert self.secret
            message, _ = await receive(session, self.sealer, self.source, self.secret, signed, body)
        return message

    @asynccontextmanager
    async def working(self, owner: Owner, *, body_days: int = 30) -> AsyncIterator[None]:
        stop = asyncio.Event()
        worker = IncomingWorker(
            self.database, {"funding": owner}, self.issuer, self.sealer, body_days=body_days
        )
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def states(self) -> dict[str, str]:
        async with self.database.session() as session:
            rows = await session.exec(text("SELECT webhook_id, state FROM incoming_message ORDER BY seq"))
            return dict(rows.all())

    async def until(self, states: dict[str, str]) -> None:
        async with asyncio.timeout(SECONDS):
            while await self.states() != states:
                await asyncio.sleep(0.02)

    async def execute(self, statement: str, **parameters: Any) -> None:
        async with self.database.session() as session, session.begin():
            await session.exec(text(statement), params=parameters)

    async def problem(self, id_: str) -> Any:
        async with self.database.session() as session:
            statement = text("SELECT problem FROM incoming_message WHERE webhook_id = :id")
            return (await session.exec(statement, params={"id": id_})).scalar_one()


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    database = Database(database_url)
    await upgrade(database, MIGRATIONS)
    bench = Bench(database)
    await bench.prepare()
    yield bench
    await database.dispose()


async def test_messages_about_one_subject_are_applied_in_order(bench: Bench):
    owner = Owner()
    for number in range(6):
        await bench.push(f"m{number}", f"AG-{number % 2}", f"step-{number}")
    async with bench.working(owner):
        await bench.until(dict.fromkeys([f"m{number}" for number in range(6)], "applied"))
    for subject in ("AG-0", "AG-1"):
        steps = [body["action"] for target, body in owner.taken.values() if subject in target]
        assert steps == sorted(steps)
        assert len(steps) == 3


async def test_while_an_owner_is_away_its_messages_wait_in_order(bench: Bench):
    owner = Owner(TransportError("away"), 503)
    await bench.push("m1", "AG-1", "first")
    await bench.push("m2", "AG-1", "second")
    async with bench.working(owner):
        await asked(owner, 1)
        await asyncio.sleep(0.1)
        assert owner.asked == ["first"]
        assert (await bench.problem("m1"))["code"] == "owner-away"
        await again(bench)
        await asked(owner, 2)
        await again(bench)
        await bench.until({"m1": "applied", "m2": "applied"})
    assert owner.steps == ["first", "second"]
    assert await bench.problem("m1") is None


async def test_what_passes_is_tried_again(bench: Bench):
    passing = (401, 408, 409, 429, 500, 504)
    owner = Owner(*passing)
    await bench.push("m1", "AG-1", "first")
    async with bench.working(owner):
        for count in range(len(passing)):
            await asked(owner, count + 1)
            await bench.until({"m1": "received"})
            await again(bench)
        await bench.until({"m1": "applied"})
    assert len(owner.asked) == len(passing) + 1
    assert len(owner.taken) == 1


async def asked(owner: Owner, count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(owner.asked) < count:
            await asyncio.sleep(0.01)


async def again(bench: Bench) -> None:
    """Let the first message be tried again at once, after it was noted that it has to wait."""
    async with asyncio.timeout(SECONDS):
        while not (await bench.problem("m1")):
            await asyncio.sleep(0.01)
    await bench.execute("UPDATE incoming_message SET next_at = now(), problem = NULL WHERE webhook_id = 'm1'")
    await bench.execute("NOTIFY incoming")


async def test_who_waits_for_three_days_is_told_to_a_person(bench: Bench):
    owner = Owner(503)
    await bench.push("m1", "AG-1", "first")
    await bench.execute("UPDATE incoming_message SET attempts = 10000")
    async with bench.working(owner):
        await bench.until({"m1": "quarantined"})
    assert (await bench.problem("m1"))["code"] == "owner-away"


async def test_what_is_refused_lets_the_next_go_on(bench: Bench):
    owner = Owner(422)
    await bench.push("m1", "AG-1", "first")
    await bench.push("m2", "AG-1", "second")
    async with bench.working(owner):
        await bench.until({"m1": "quarantined", "m2": "applied"})
    assert owner.steps == ["second"]


async def test_a_crash_between_answer_and_note_costs_nothing(bench: Bench):
    """The message is applied again as after a crash, under the same key, by which the owner knows what it has done."""
    owner = Owner()
    message = await bench.push("m1", "AG-1", "first")
    async with bench.working(owner):
        await bench.until({"m1": "applied"})
    await bench.execute("UPDATE incoming_message SET state = 'received', finished_at = NULL")
    async with bench.working(owner):
        await bench.until({"m1": "applied"})
    assert owner.asked == ["first", "first"]
    assert list(owner.taken) == [str(key_of(message.source_id, "m1"))]


async def test_two_workers_apply_once(bench: Bench):
    owner = Owner()
    for number in range(20):
        await bench.push(f"m{number}", f"AG-{number}", "first")
    async with bench.working(owner), bench.working(owner):
        await bench.until(dict.fromkeys([f"m{number}" for number in range(20)], "applied"))
    assert len(owner.asked) == 20


async def test_messages_of_a_source_that_was_disabled_are_held(bench: Bench):
    owner = Owner()
    await bench.push("m1", "AG-1", "first")
    await bench.execute("UPDATE incoming_source SET disabled_at = now(), disabled_by = 'tests'")
    async with bench.working(owner):
        await bench.until({"m1": "quarantined"})
    assert (await bench.problem("m1"))["code"] == "source-disabled"
    assert owner.asked == []


async def test_an_error_of_ours_holds_one_message_and_no_other(bench: Bench):
    await bench.push("m1", "AG-1", "first")
    await bench.execute("UPDATE incoming_message SET sealed = 'not sealed'")
    await bench.push("m2", "AG-2", "second")
    async with bench.working(Owner()):
        await bench.until({"m1": "quarantined", "m2": "applied"})
    assert (await bench.problem("m1"))["code"] == "internal-error"


async def test_what_messages_said_is_sealed_and_then_erased(bench: Bench):
    for id_ in ("old", "new", "held"):
        await bench.push(id_, f"AG-{id_}", "telltale-step")
    async with bench.working(Owner()):
        await bench.until(dict.fromkeys(("old", "new", "held"), "applied"))
    await bench.execute(
        "UPDATE incoming_message SET state = 'quarantined', finished_at = NULL WHERE webhook_id = 'held'"
    )
    async with bench.database.session() as session:
        (dump,) = (
            await session.exec(text("SELECT string_agg(m::text, ' ') FROM incoming_message AS m"))
        ).one()
        assert "telltale-step" not in dump
        assert b"telltale-step".hex() not in dump
    before = datetime.now(UTC) - timedelta(days=8)
    await bench.execute("UPDATE incoming_message SET finished_at = :at WHERE webhook_id = 'old'", at=before)
    async with bench.working(Owner(), body_days=7):
        async with asyncio.timeout(SECONDS):
            while await bodies(bench) != ["held", "new"]:
                await asyncio.sleep(0.02)


async def bodies(bench: Bench) -> list[str]:
    async with bench.database.session() as session:
        statement = text(
            "SELECT webhook_id FROM incoming_message WHERE sealed IS NOT NULL ORDER BY webhook_id"
        )
        return list((await session.exec(statement)).scalars())


async def test_secrets_are_sealed_at_rest(bench: Bench):
    told = "whsec_" + base64.b64encode(b"a secret that the partner made itself").decode()
    async with bench.database.session() as session, session.begin():
        command = NewIncomingSource.model_validate({**TOLD, "secret": {"secret": told}})
        _, row, _ = await create_source(session, bench.sealer, "tests", command)
    assert b"a secret" not in row.sealed
    assert bench.sealer.unseal(row.sealed, row.id) == b"a secret that the partner made itself"


async def test_what_could_not_work_is_refused_and_failures_are_bounded(serve: Serve):
    settings = {
        "roles": ["api"],
        "issuer_key": KEY,
        "issuer_url": "https://devcoop.test",
        "token_rate_limit": 3,
    }
    elsewhere = {**MAPPING["rules"]["state"], "path": "/v1/reports/{a}/actions"}
    async with serve(SERVICE, **settings) as client:
        for change, pointer, code in (
            ({"mapping": {"rules": {"x": elsewhere}}}, "/mapping/rules/x/path", "command-not-allowed"),
            ({"grants": [{"role": "field-officer"}]}, "/mapping/rules/state", "grant-missing"),
            ({"mapping": {"type": "a[", "rules": {}}}, "/mapping/type", "expression-invalid"),
        ):
            answer = await client.post("/v1/incoming-sources", json={**TOLD, **change})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid-mapping")
            assert (pointer, code) in {(each["pointer"], each["code"]) for each in answer.json()["errors"]}
        issued = (await client.post("/v1/incoming-sources", json=TOLD)).json()
        address = f"/v1/incoming/{issued['source']['id']}"

        async def push(secret: str) -> int:
            at, body = datetime.now(UTC), '{"type": "x"}'
            headers = {
                "webhook-id": "msg_1",
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": Webhook(secret).sign("msg_1", at, body),
            }
            request = client.build_request("POST", address, content=body, headers=headers)
            del request.headers["authorization"]
            return (await client.send(request)).status_code

        wrong = "whsec_" + base64.b64encode(b"x" * 32).decode()
        assert await push(issued["secret"]) == 202
        assert [await push(wrong) for _ in range(4)] == [401, 401, 401, 429]
        assert await push(issued["secret"]) == 429


async def test_without_an_issuer_nothing_is_taken(serve: Serve):
    async with serve(SERVICE, roles=["api"]) as client:
        assert (await client.post("/v1/incoming/x", content=b"{}")).status_code == 404
        assert (await client.get("/v1/incoming-sources")).status_code == 404
        assert (await client.get("/v1/incoming-messages")).status_code == 404
