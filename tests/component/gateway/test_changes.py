"""Following changes: whatever a client reads, from whichever cursor, it ends with what it may see and with nothing else."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from deploy.local.embedded import EmbeddedPostgres
from shared.chassis.db import execute
from shared.contracts.ids import activity_id
from shared.policy.grants import Grant, Role
from shared.testing.access import Asking, drawn_grants
from shared.testing.fixtures import Serve, Templates
from shared.testing.identity import TestIssuer
from shared.testing.read_models import NewReadModel
from tests.component.gateway.feeds import (
    COUNTRIES,
    ORGANISATIONS,
    PROJECTS,
    STREAM,
    Follower,
    Life,
    Model,
    Owners,
    activity,
    allowed,
    ever_seen,
    fed,
    finance,
    report,
    tell,
)

Line = dict[str, Any]
Fed = tuple[httpx.AsyncClient, Model]


def askings(draw: random.Random) -> list[Asking]:
    values = {"countries": COUNTRIES, "organisations": ORGANISATIONS, "projects": PROJECTS}
    return [Asking(()), *(Asking(drawn_grants(draw, **values)) for _ in range(4))]


async def assert_up_to_date(follower: Follower, model: Model) -> None:
    await follower.read(model.database)
    assert follower.held == allowed(follower.asking, model.known), follower.asking
    fresh = Follower(follower.asking)
    await fresh.read(model.database)
    assert fresh.held == follower.held
    before = follower.position
    follower.held.clear()
    await follower.read(model.database)
    assert follower.held == {}
    assert follower.position == before
    follower.held = fresh.held


@pytest.mark.parametrize("seed", range(2))
async def test_every_client_ends_with_what_it_may_see(new_read_model: NewReadModel, seed: int):
    draw = random.Random(seed)  # noqa: S311
    life = Life(draw)
    model = Model(await new_read_model(), life.owners)
    followers = [Follower(each) for each in askings(draw)]
    for _ in range(9):
        life.go_on(draw.randint(1, 10))
        await model.take({owner: draw.randint(0, 8) for owner in ("projects", "funding", "monitoring")})
        for follower in followers:
            if draw.random() < 0.7:
                await follower.read(
                    model.database, most=draw.randint(1, 6), pages=draw.randint(1, 4), cut=draw
                )
    await model.take()
    for follower in followers:
        await assert_up_to_date(follower, model)
        gone = set(follower.removed)
        assert gone == ever_seen(follower.asking, life.owners, gone)
    anew = Model(await new_read_model(), life.owners)
    await anew.take()
    life.go_on(15)
    await anew.take()
    for follower in followers:
        await assert_up_to_date(follower, anew)


async def test_what_went_in_between_is_told_to_be_gone(new_read_model: NewReadModel):
    owners = Owners()
    model, public = Model(await new_read_model(), owners), Follower(Asking(()))
    first = activity("P-3"), activity("P-1"), activity("P-2"), finance("P-2"), report("R-1", "P-1")
    for document in first:
        tell(owners, document)
    await model.take()
    await public.read(model.database)
    assert len(public.held) == len(first)
    hidden = activity("P-2", status="1"), activity("P-2", status="1", partners=["SE-0"])
    for document in (*hidden, report("R-1", "P-1", "draft"), report("R-1", "P-1", "draft")):
        tell(owners, document)
    tell(owners, activity("P-3", status="1"))
    owners.erase(next(each for each in owners.told["projects"] if each.id == activity_id("P-3")))
    await model.take()
    await public.read(model.database, most=1)
    assert set(public.held) == {("activity", activity_id("P-1"))}
    assert len(public.removed) == len(first) - 1


@pytest.fixture(scope="module")
async def gateway(postgres: EmbeddedPostgres, templates: Templates, serve: Serve) -> AsyncIterator[Fed]:
    """Serve a gateway for all tests, each of which begins where it finds it."""
    async with fed(postgres, templates, serve, Owners()) as made:
        yield made


def lines_of(answer: httpx.Response) -> list[Line]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def changes(client: httpx.AsyncClient, headers: Any = None, **query: Any) -> list[Line]:
    return lines_of(await client.get("/v1/changes", params=query, headers=headers))


async def now(client: httpx.AsyncClient, headers: Any = None, **query: Any) -> str:
    """Return the cursor of everything that is known."""
    cursor: str = (await changes(client, headers, **query))[-1]["cursor"]
    return cursor


async def happen(model: Model, *documents: Any) -> None:
    for document in documents:
        tell(model.owners, document)
    await model.take()


def told(lines: list[Line]) -> list[tuple[str, str, str, int]]:
    return [
        (line["change"], line["aggregate"], line["identifier"], line["version"])
        for line in lines
        if "change" in line
    ]


async def test_everybody_follows_what_is_published(gateway: Fed, issuer: TestIssuer):
    client, model = gateway
    bearer = issuer.bearer()
    since, since_of_all = await now(client), await now(client, bearer)
    await happen(
        model,
        *(activity("P-1", countries=["KE"]), activity("P-2", status="1"), finance("P-1"), finance("P-2")),
        *(report("R-1", "P-1"), report("R-2", "P-1", "draft"), report("R-3", "P-2")),
    )
    first = await changes(client, since=since)
    assert told(first) == [
        ("upsert", "activity", "P-1", 1),
        ("upsert", "finance", "P-1", 1),
        ("upsert", "report", "R-1", 1),
    ]
    assert first[0]["withheld"] == ["contacts"]
    assert "contacts" not in first[0]["document"]
    assert first[1]["document"] == {"iati_identifier": "P-1", "default_currency": "USD"}
    assert told(await changes(client)) == told(first)
    since = first[-1]["cursor"]
    assert await changes(client, since=since) == [{"cursor": since, "complete": True}]

    await happen(model, activity("P-1", status="1"), activity("P-2"), report("R-2", "P-1"))
    assert told(await changes(client, since=since)) == [
        *(("removed", "activity", "P-1", 2), ("removed", "finance", "P-1", 1)),
        *(("removed", "report", "R-1", 1), ("upsert", "activity", "P-2", 2)),
        *(("upsert", "finance", "P-2", 1), ("upsert", "report", "R-3", 1)),
    ]
    full = await changes(client, bearer, since=since_of_all)
    assert [each[2] for each in told(full)] == ["P-1", "P-2", "P-1", "P-2", "R-1", "R-3", "R-2"]
    assert full[0]["document"]["contacts"]
    assert "withheld" not in full[0]


async def test_what_was_never_to_be_seen_is_not_told_to_be_gone(gateway: Fed):
    client, model = gateway
    await happen(model, activity("N-1"), activity("N-1", status="1"), report("N-R", "N-1", "draft"))
    since = await now(client)
    for state in ("published", "draft"):
        await happen(model, report("N-R", "N-1", state))
        lines = await changes(client, since=since)
        since = lines[-1]["cursor"]
        assert told(lines) == []


async def test_filters_tell_what_comes_into_them_and_leaves_them(gateway: Fed, issuer: TestIssuer):
    client, model = gateway
    asked = {"country": "TZ", "aggregate": "finance"}
    bearer = issuer.bearer()
    since = await now(client, bearer, **asked)
    two = activity("F-1", countries=["TZ"]), activity("F-2", countries=["UG"])
    await happen(model, *two, finance("F-1"), finance("F-2"))
    lines = await changes(client, bearer, **asked, since=since)
    assert told(lines) == [("upsert", "finance", "F-1", 1)]
    await happen(model, activity("F-1", countries=["UG"]), activity("F-2", countries=["UG", "TZ"]))
    lines = await changes(client, bearer, **asked, since=lines[-1]["cursor"])
    assert told(lines) == [("removed", "finance", "F-1", 1), ("upsert", "finance", "F-2", 1)]
    for wrong in ({"aggregate": "fish"}, {"country": "Kenya"}, {"wait": 61}, {"limit": 0}, {"nothing": 1}):
        assert (await client.get("/v1/changes", params=wrong)).status_code == 400, wrong


async def test_a_cursor_is_good_for_who_it_was_given_to(gateway: Fed, issuer: TestIssuer):
    client, model = gateway
    some, others = (issuer.bearer(Grant(role=Role.FIELD_OFFICER, countries={each})) for each in ("KE", "UG"))
    since = await now(client, some)
    asked_otherwise = (
        *((others, {}), (None, {})),
        *((some, {"country": "KE"}), (some, {"aggregate": "activity"})),
    )
    for headers, asked in asked_otherwise:
        answer = await client.get("/v1/changes", params={"since": since, **asked}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor-expired")
    answer = await client.get("/v1/changes", params={"since": since[:-3]}, headers=some)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")
    await set_streams(model, STREAM + timedelta(days=1))
    answer = await client.get("/v1/changes", params={"since": since}, headers=some)
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor-expired")
    await set_streams(model, STREAM)
    assert told(await changes(client, some, since=since)) == []


async def set_streams(model: Model, created: datetime) -> None:
    statement = text("UPDATE position SET stream_created = :created")
    async with model.database.session() as session, session.begin():
        await execute(session, statement, created=created)


async def test_many_changes_come_with_cursors_on_the_way_packed_or_not(gateway: Fed):
    client, model = gateway
    since = await now(client)
    await happen(model, *(activity(f"M-{number}") for number in range(450)))
    lines = await changes(client, since=since)
    marks = [number for number, line in enumerate(lines) if "cursor" in line]
    assert marks == [200, 401, 452]
    assert [lines[mark].get("complete") for mark in marks] == [None, None, True]
    assert await changes(client, since=lines[401]["cursor"]) == lines[402:]
    part = await changes(client, since=since, limit=7)
    assert part[:7] == lines[:7]
    assert (len(part), part[7]["complete"]) == (8, False)
    assert told(await changes(client, limit=7, since=part[7]["cursor"])) == told(lines[7:14])
    for accepted, coding in (("gzip", "gzip"), ("zstd, gzip", "zstd"), ("br", None)):
        answer = await client.get(
            "/v1/changes", params={"since": since}, headers={"Accept-Encoding": accepted}
        )
        assert answer.headers.get("content-encoding") == coding
        assert "Accept-Encoding" in answer.headers["vary"]
        assert lines_of(answer) == lines
    answer = await client.get("/v1/changes", headers={"Accept-Encoding": "br, identity;q=0"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


async def test_a_long_poll_is_answered_as_soon_as_there_is_something(gateway: Fed):
    client, model = gateway
    since = await now(client)
    started = time.monotonic()
    assert told(await changes(client, since=since, wait=0.3)) == []
    assert 0.3 <= time.monotonic() - started < 20
    waiting = asyncio.create_task(changes(client, since=since, wait=30))
    await asyncio.sleep(0.2)
    await happen(model, activity("W-1", status="1"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await happen(model, activity("W-2"))
    lines = await asyncio.wait_for(waiting, 20)
    assert told(lines) == [("upsert", "activity", "W-2", 1)]
    assert lines[-1]["complete"] is True


async def test_what_is_told_again_without_a_name_is_upserted_again(gateway: Fed, issuer: TestIssuer):
    client, model = gateway
    bearer = issuer.bearer()
    await happen(model, activity("Z-1"), activity("Z-1", countries=["KE"]))
    since = await now(client, bearer)
    for event in [each for each in model.owners.told["projects"] if each.id == activity_id("Z-1")]:
        model.owners.erase(event)
    await model.take()
    lines = await changes(client, bearer, since=since)
    assert told(lines) == [("upsert", "activity", "Z-1", 2)]


async def test_a_caller_may_ask_to_see_its_own_write(gateway: Fed):
    client, model = gateway
    since = await now(client)
    write = f"activity.{activity_id('O-1')}.1"
    asking = asyncio.create_task(changes(client, {"DevCoop-After": write}, since=since))
    await asyncio.sleep(0.2)
    await happen(model, activity("O-1"))
    assert told(await asking) == [("upsert", "activity", "O-1", 1)]
