"""A person is erased from services, streams and read model: no name is left, every figure is, and history can be told."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel import select

from deploy.local.embedded import EmbeddedNats
from gateway.projection.rebuild import rebuild
from shared.chassis.db import Database, execute
from shared.chassis.errors import Conflict, Unavailable
from shared.chassis.leadership import leadership
from shared.chassis.outbox import Fact, stage
from shared.chassis.personal import erasure
from shared.chassis.personal.erasure import Asked, erase
from shared.chassis.personal.tables import Erasure
from shared.contracts.catalog import ACTIVITY
from shared.contracts.events import is_erased
from shared.contracts.ids import activity_id
from shared.contracts.personal import personal_members
from shared.contracts.snapshots import contracts
from shared.testing.personal import cast, holds_a_name, portfolio
from tests.component.personal.system import (
    CLERK,
    SECONDS,
    Owner,
    System,
    all_text,
    differences,
    drawing,
    until,
)


def test_the_portfolio_names_persons_wherever_a_contract_lets_it():
    drawn = {name: cast(document, drawing(1)) for name, document in portfolio().items()}
    missing = {
        f"{name} {path}"
        for name, contract in contracts().items()
        for path, _ in personal_members(contract)
        if name != "envelope.v1" and (name not in drawn or not list(at(drawn[name], path)))
    }
    assert missing == set()


def at(value: Any, path: str) -> Iterator[Any]:
    """Yield what a document holds at a path of the register."""
    values = [value]
    for step in path.split(".")[1:]:
        members = (getattr(each, step.removesuffix("[*]"), None) for each in values)
        values = [
            each for member in members if member for each in (member if step.endswith("[*]") else [member])
        ]
    return iter(values)


async def test_no_name_is_left_and_every_figure_is(system: System):
    await system.tell(drawing(1))
    await system.settle()
    moment = datetime.now(UTC) - timedelta(microseconds=1)
    await system.tell(drawing(2), versions=1)
    await system.settle()
    assert any(map(holds_a_name, await system.everything()))
    before, documents = await system.answers(moment), [await owner.documents() for owner in system.owners]

    recorded = await system.recorded()

    erased = await system.erase()
    await system.settle()

    assert all(moment > recorded[owner] for owner, moment in (await system.recorded()).items())
    assert [told for told in await system.everything() if holds_a_name(told)] == []
    after = await system.answers(moment)
    assert differences(before, after) == []
    for owner, stored in zip(system.owners, documents, strict=True):
        now = await owner.documents()
        assert now.keys() == stored.keys()
        for name, document in stored.items():
            assert differences(from_json(document), from_json(now[name]), name) == []
    live = await system.dumped()
    assert (await rebuild(system.database, seconds=SECONDS))[0]
    assert await system.dumped() == live
    assert await system.answers(moment) == after
    assert await system.flaws() == [None] * 4
    again = await system.erase()
    assert [(row.documents, row.events, row.messages, row.entries) for row in again] == [(0, 0, 0, 0)] * 4
    assert all(row.finished_at for row in erased)
    assert all(row.documents and row.events and row.messages and row.entries for row in erased[:3])


async def test_an_erasure_that_ended_in_the_middle_goes_on_with_its_pseudonym(system: System):
    await system.tell(drawing(3))
    await system.settle()
    owner = system.owners[2]
    begun = await erasures_begun(owner)
    ended = 0
    for milliseconds in (20, 60, 120, 200, 300, 450):
        with suppress(TimeoutError):
            await asyncio.wait_for(owner.erase(), milliseconds / 1000)
            ended += 1  # a quick machine is done within the time
    await system.erase()
    await system.settle()
    assert [told for told in await system.everything() if holds_a_name(told)] == []
    assert await erasures_begun(owner) == begun + ended + 1
    assert await system.flaws() == [None] * 4
    live = await system.dumped()
    assert (await rebuild(system.database, seconds=SECONDS))[0]
    assert await system.dumped() == live


async def erasures_begun(owner: Owner) -> int:
    """Return how many erasures an owner ever began; none of them that is finished knows the names."""
    async with owner.database.session() as session:
        rows = (await session.exec(select(Erasure))).all()
    assert all((row.salt is None) == (row.finished_at is not None) for row in rows)
    return len(rows)


async def test_what_waits_to_be_published_is_erased_once_the_stream_can_be_reached(
    system: System, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erasure, "PATIENCE_SECONDS", 0.5)
    nats.kill()
    await system.tell(drawing(4), versions=2)
    owner = system.owners[0]
    with pytest.raises(Unavailable) as refusal:
        await owner.erase()
    assert refusal.value.code == "erasure-unfinished"
    assert [told for told in (await owner.documents()).values() if holds_a_name(told)] == []
    nats.start()
    await system.settle()
    await system.erase()
    await system.settle()
    assert [told for told in await system.everything() if holds_a_name(told)] == []


async def test_letters_of_what_could_not_be_taken_in_are_forgotten(system: System):
    (projects, _, monitoring), broken = system.owners, activity_id("XM-BROKEN-1")
    async with projects.database.session() as session, session.begin():
        fact = Fact(ACTIVITY.created, broken, 1, '{"iati_identifier":7}', datetime.now(UTC))
        await stage(session, [fact], actor="Jane Doe", correlation_id="tests", rationale="by jdoe")
    await until(projects.is_published)
    await system.settle()

    async def is_named(database: Database) -> bool:
        return any(map(holds_a_name, await all_text(database)))

    async def is_forgotten() -> bool:
        return not await is_named(monitoring.database)

    assert await is_named(system.database)
    await until(partial(is_named, monitoring.database))
    await projects.erase()
    await system.settle()
    assert not await is_named(system.database)
    await until(is_forgotten)
    async with system.database.session() as session:
        active = (await execute(session, text("SELECT max(id) FROM generation"))).scalar_one()
        payloads = (await execute(session, text(f"SELECT payload FROM read_{active}.dead_letter"))).scalars()  # noqa: S608
        letters = [payload for payload in payloads if str(broken).encode() in payload]
    assert len(letters) == 1
    assert is_erased(letters[0])


async def test_two_at_once_is_one_too_many(system: System):
    owner = system.owners[1]
    async with leadership(owner.database, erasure.ERASURE_LOCK) as connection:
        assert connection is not None
        with pytest.raises(Conflict) as refusal:
            await owner.erase()
    assert refusal.value.code == "erasure-under-way"


async def test_nobody_erases_themselves(system: System):
    owner = system.owners[1]
    asked = Asked(("Clerk", "clerk@example.org"), "Leaves")
    with pytest.raises(Conflict) as refusal:
        await erase(owner.database, owner.bus, owner.keeper, asked, CLERK)
    assert refusal.value.code == "own-erasure"


async def test_the_payload_that_was_erased_and_what_it_became_is_in_the_audit(system: System):
    owner = system.owners[0]
    await system.tell(drawing(6), versions=1)
    await system.settle()
    row = await owner.erase()
    async with owner.database.session() as session:
        noted = await execute(
            session,
            text(
                "SELECT count(*), bool_and(sha256(convert_to(o.payload, 'UTF8')) = e.digest_after)"
                " FROM erased_payload e JOIN audit_entry a ON a.id = e.entry_id"
                " JOIN outbox o ON o.event_id = e.event_id WHERE a.at >= :begun AND a.reason = :reason"
            ),
            begun=row.begun_at,
            reason=row.reason,
        )
        assert noted.one() == (row.events, True)
    assert row.reason == f"Asked by {row.pseudonym}, who left."
    assert row.events > 0
