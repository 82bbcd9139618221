"""Server-sent events: in order, for who may see them, until the caller, its token or the process ends."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.chassis.db import execute
from shared.testing.fixtures import Serve, Templates
from shared.testing.identity import TestIssuer
from tests.component.gateway.feeds import Model, Owners, activity, fed, finance, listening, report, tell

SECONDS = 20.0
IDLE = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
)

Fed = tuple[httpx.AsyncClient, Model, str]


class Reader:
    """Reads the blocks of a stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id = ""

    async def block(self) -> dict[str, str]:
        """Return the fields of the next block; the comment has an empty name."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(SECONDS):
            async for line in self._lines:
                if not line and fields:
                    break
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
            else:
                raise EOFError
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def event(self) -> dict[str, Any]:
        """Return the next event."""
        while "data" not in (block := await self.block()):
            continue
        event: dict[str, Any] = json.loads(block["data"])
        assert event["type"] == f"org.devcoop.{block['event']}.v1"
        return event

    async def ends(self) -> bool:
        """Read to the end."""
        with contextlib.suppress(EOFError):
            while await self.block():
                continue
        return True


@pytest.fixture(scope="module")
async def gateway(postgres, templates: Templates, serve: Serve) -> AsyncIterator[Fed]:
    settings = {"event_streams": 2, "event_keepalive_seconds": 0.3, "stream_stall_seconds": 1.0}
    async with (
        fed(postgres, templates, serve, Owners(), **settings) as (client, model),
        listening(client) as (address, _),
        httpx.AsyncClient(base_url=address, timeout=SECONDS) as http,
    ):
        yield http, model, address


@asynccontextmanager
async def streaming(http: httpx.AsyncClient, headers: Any = None, **query: Any) -> AsyncIterator[Reader]:
    async with contextlib.aclosing(await _opened(http, headers or {}, query)) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        reader = Reader(answer)
        assert (await reader.block())["retry"]
        yield reader


async def _opened(http: httpx.AsyncClient, headers: Any, query: Any) -> httpx.Response:
    """Open a stream; one that was just closed counts until the server has heard of it."""
    until = time.monotonic() + SECONDS
    while True:
        request = http.build_request("GET", "/v1/events", params=query, headers=headers)
        answer = await http.send(request, stream=True)
        if answer.status_code != 429 or time.monotonic() > until:
            return answer
        await answer.aclose()
        await asyncio.sleep(0.05)


async def happen(model: Model, *documents: Any) -> None:
    for document in documents:
        tell(model.owners, document)
    await model.take()


async def test_what_happens_is_told_in_order_and_gone_on_with(gateway: Fed, issuer: TestIssuer):
    http, model, _ = gateway
    async with streaming(http, issuer.bearer()) as everything, streaming(http) as published:
        await happen(model, activity("E-1"), activity("E-1", status="1"), finance("E-1"))
        events = [await everything.event() for _ in range(2)]
        last = everything.last_id
        events.append(await everything.event())
        assert [(each["identifier"], each["aggregateversion"]) for each in events] == [
            ("E-1", 1),
            ("E-1", 2),
            ("E-1", 1),
        ]
        assert [each["type"].split(".")[2:5] for each in events] == [
            ["projects", "activity", "registered"],
            ["projects", "activity", "revised"],
            ["funding", "finance", "recorded"],
        ]
        assert events[0]["source"] == "/services/projects"
        assert events[0]["data"]["contacts"]
        assert not {"actor", "rationale"} & events[0].keys()
        told = await published.event()
        assert (told["identifier"], told["aggregateversion"], told["withheld"]) == ("E-1", 1, "contacts")
        await happen(model, activity("E-2"))
        assert (await published.event())["identifier"] == "E-2"
    for header, query in (({"Last-Event-ID": last}, {}), ({}, {"since": last})):
        async with streaming(http, {**issuer.bearer(), **header}, **query) as again:
            assert (await again.event())["identifier"] == "E-2"  # of the first owner
            assert await again.event() == events[2]


async def test_types_countries_and_aggregates_are_chosen(gateway: Fed, issuer: TestIssuer):
    http, model, _ = gateway
    async with streaming(
        http, issuer.bearer(), type=["funding.*", "monitoring.report.drafted"], country="KE"
    ) as reader:
        await happen(
            model,
            activity("F-1", countries=["KE"]),
            activity("F-2", countries=["UG"]),
            finance("F-1"),
            finance("F-2"),
            report("F-R1", "F-1"),
            report("F-R2", "F-2"),
            report("F-R1", "F-1", "draft"),
        )
        assert [(await reader.event())["identifier"] for _ in range(2)] == ["F-1", "F-R1"]
        await happen(model, finance("F-1", "EUR"))
        assert (await reader.event())["aggregateversion"] == 2
    for wrong in ({"type": "funding.fish.*"}, {"type": "*"}, {"aggregate": "fish"}):
        assert (await http.get("/v1/events", params=wrong)).status_code == 400


async def test_a_silent_stream_is_kept_alive_and_its_cursor_moves_on(gateway: Fed):
    http, model, _ = gateway
    async with streaming(http) as reader:
        first = reader.last_id
        assert (await reader.block()) == {"": ""}
        await happen(model, activity("G-1", status="1"))
        while reader.last_id == first:
            assert "data" not in await reader.block()
        second = reader.last_id
        await happen(model, activity("G-2"))
        assert (await reader.event())["identifier"] == "G-2"
    async with streaming(http, since=second) as reader:
        assert (await reader.event())["identifier"] == "G-2"


async def test_nobody_holds_more_streams_than_are_allowed(gateway: Fed, issuer: TestIssuer):
    http, _, _ = gateway
    some, other = issuer.bearer(subject="some"), issuer.bearer(subject="other")
    async with streaming(http, some), streaming(http, some):
        refused = await http.get("/v1/events", headers=some)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
        assert refused.headers["retry-after"]
        async with streaming(http, other):
            pass
    async with asyncio.timeout(SECONDS):
        while True:
            async with http.stream("GET", "/v1/events", headers=some) as answer:
                if answer.status_code == 200:
                    break
            await asyncio.sleep(0.05)


async def test_a_stream_ends_with_its_token(gateway: Fed, issuer: TestIssuer):
    http, model, _ = gateway
    started = time.monotonic()
    async with streaming(http, issuer.bearer(seconds=2)) as reader:
        await happen(model, activity("H-1"))
        await reader.event()
        assert await reader.ends()
    assert time.monotonic() - started < SECONDS


async def test_a_reader_who_does_not_read_costs_no_session_and_is_let_go(gateway: Fed):
    http, model, address = gateway
    async with streaming(http) as reader:
        since = reader.last_id
    (title,) = activity("I-1").titles
    for number in range(3):
        texts = (f"{number}{'x' * 3_000_000}", "x" * 3_000_000)
        titles = tuple(title.model_copy(update={"text": each}) for each in texts)
        await happen(model, activity("I-1").model_copy(update={"titles": titles}))
    host, port = address.removeprefix("http://").split(":")
    answer, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(f"GET /v1/events?since={since} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await asyncio.sleep(0.5)
    async with model.database.session() as session:
        assert (await execute(session, IDLE)).scalar_one() == 0
    await asyncio.sleep(1.5)
    async with asyncio.timeout(SECONDS):
        received = await answer.read()
    writer.close()
    assert len(received) < 3 * 6_000_000


async def test_streams_end_when_the_process_stops(postgres, templates: Templates, serve: Serve):
    async with (
        fed(postgres, templates, serve, Owners()) as (client, _),
        listening(client) as (address, server),
        httpx.AsyncClient(base_url=address, timeout=SECONDS) as http,
        streaming(http) as reader,
    ):
        poll = asyncio.create_task(http.get("/v1/changes", params={"wait": 30}))
        await asyncio.sleep(0.3)
        started = time.monotonic()
        server.should_exit = True
        assert await reader.ends()
        assert json.loads((await poll).text)["complete"] is True
        assert time.monotonic() - started < 10
