"""Commands on their way to an owner that is slow, away, or asks for patience; the owner is one that follows a script."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from starlette.responses import Response

from gateway.acting import CallerRefused
from gateway.batch.commands import Command
from gateway.batch.sending import Sender
from shared.chassis.http import Client
from tests.component.gateway.offices import listening, served

DONE = (201, {}, {"outcome": "created"})
IN_FLIGHT = (409, {}, {"code": "idempotency-key-in-flight"})
AWAY = (503, {}, {"code": "database-unavailable"})
CUT = (0, {}, {})


class Owner:
    """Answers by key: each time the next of its script, the last one for ever."""

    def __init__(self) -> None:
        self.scripts: dict[str, Sequence[tuple[int, dict[str, str], Any]]] = {}
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        key = headers["idempotency-key"]
        script = self.scripts[key]
        status, more, body = script[min(self.asked[key], len(script) - 1)]
        self.asked[key] += 1
        self.headers[key] = headers
        if not status:
            told = [(b"content-length", b"9")]
            await send({"type": "http.response.start", "status": 200, "headers": told})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
        else:
            text = body if isinstance(body, str) else json.dumps(body)
            told = {"content-type": "application/json", **more}
            await Response(text, status, headers=told)(scope, receive, send)


class Token:
    def __init__(self) -> None:
        self.made = 1
        self.is_revoked = False

    async def bearer(self) -> str:
        if self.is_revoked:
            raise CallerRefused("The client was revoked.")
        return f"Bearer {self.made}"

    def renew(self) -> None:
        self.made += 1


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def token() -> Token:
    return Token()


@pytest.fixture
async def sender(owner: Owner, token: Token) -> AsyncIterator[Sender]:
    nobody = listening()
    async with (
        served(owner, listening(), lifespan="off") as address,
        Client(address) as funding,
        Client(f"http://127.0.0.1:{nobody.getsockname()[1]}") as projects,
    ):
        nobody.close()
        clients = {"funding": funding, "projects": projects}
        yield Sender(clients, token, source="192.0.2.1", retry_seconds=0.4)


def command(key: str, owner: str = "funding", **more: Any) -> Command:
    return Command(key=key, method="POST", target="/v1/finances", owner=owner, body=b'{"a": 1}', **more)


async def test_a_command_goes_out_as_the_request_that_it_stands_for(sender: Sender, owner: Owner):
    owner.scripts = {"k": [(200, {"etag": '"4"'}, {"a": 1})]}
    answer = await sender.send(command("k", if_match='"3"', correlation_id="c:1"))
    assert (answer.status, answer.headers["etag"], json.loads(answer.body)) == (200, '"4"', {"a": 1})
    sent = owner.headers["k"]
    assert sent["authorization"] == "Bearer 1"
    assert (sent["if-match"], sent["devcoop-correlation"], sent["x-forwarded-for"]) == (
        '"3"',
        "c:1",
        "192.0.2.1",
    )


@pytest.mark.parametrize(
    "trouble",
    [
        IN_FLIGHT,
        AWAY,
        CUT,
        (408, {}, {}),
        (409, {}, {"code": "concurrent-change"}),
        (429, {}, {}),
        (504, {}, {}),
    ],
)
async def test_what_passes_is_waited_for(sender: Sender, owner: Owner, trouble: Any):
    owner.scripts = {"k": [trouble, DONE]}
    assert (await sender.send(command("k"))).status == 201
    assert owner.asked["k"] == 2


async def test_an_owner_that_asks_for_patience_gets_it(sender: Sender, owner: Owner):
    slow = (429, {"retry-after": "1"}, {"code": "too-many-requests"})
    owner.scripts = {"k": [slow, slow, DONE], "next": [DONE]}
    assert (
        await sender.send(command("k"))
    ).status == 201  # though that took longer than any owner may be away
    assert (await sender.send(command("next"))).status == 201


async def test_a_token_that_is_not_taken_is_made_anew(sender: Sender, owner: Owner):
    owner.scripts = {"k": [(401, {}, {"code": "token-unknown-key"}), DONE]}
    assert (await sender.send(command("k"))).status == 201
    assert owner.headers["k"]["authorization"] == "Bearer 2"


@pytest.mark.parametrize(
    "refusal",
    [(409, {}, {"code": "already-exists"}), (412, {}, {}), (422, {}, {}), (500, {}, {}), (403, {}, {})],
)
async def test_what_does_not_pass_is_told_at_once_and_costs_no_other(
    sender: Sender, owner: Owner, refusal: Any
):
    owner.scripts = {"k": [refusal, DONE], "next": [DONE]}
    assert (await sender.send(command("k"))).status == refusal[0]
    assert owner.asked["k"] == 1
    assert (await sender.send(command("next"))).status == 201


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [(AWAY, 503, "database-unavailable"), (CUT, 504, "owner-no-answer"), ((401, {}, {}), 401, None)],
)
async def test_nothing_overtakes_what_an_owner_that_stays_away_was_asked(
    sender: Sender, owner: Owner, trouble: Any, status: int, code: str | None
):
    owner.scripts = {"k": [trouble], "next": [DONE]}
    for key in ("k", "next"):
        answer = await sender.send(command(key))
        assert (answer.status, answer.code) == (status, code)
    assert owner.asked["k"] > 2
    assert owner.asked["next"] == 0


async def test_an_owner_that_is_not_there_costs_no_other(sender: Sender, owner: Owner):
    owner.scripts = {"k": [DONE]}
    answer = await sender.send(command("k", "projects"))
    assert (answer.status, answer.code) == (503, "owner-unavailable")
    assert (await sender.send(command("k"))).status == 201


async def test_a_key_that_stays_in_flight_is_told(sender: Sender, owner: Owner):
    owner.scripts = {"k": [IN_FLIGHT], "next": [DONE]}
    assert (await sender.send(command("k"))).code == "idempotency-key-in-flight"
    assert (await sender.send(command("next"))).status == 201


async def test_nobody_acts_for_who_was_revoked(sender: Sender, owner: Owner, token: Token):
    owner.scripts = {"k": [DONE], "next": [DONE]}
    assert (await sender.send(command("k"))).status == 201
    token.is_revoked = True
    answer = await sender.send(command("next"))
    assert (answer.status, answer.code, owner.asked["next"]) == (401, "token-revoked", 0)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('{"a":\n "b"}', {"a": "b"}),
        ("", None),
        ('{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":2}'),
        ("a,b", "a,b"),
    ],
)
async def test_an_answer_takes_one_line(sender: Sender, owner: Owner, text: str, body: Any):
    owner.scripts = {"k": [(200, {"content-type": "text/plain"}, text)]}
    answer = await sender.send(command("k"))
    assert b"\n" not in answer.body
    assert json.loads(answer.body) == body
