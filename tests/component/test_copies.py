"""Copies of other owners' documents: each newest version once, whoever is away meanwhile, and whatever is in between."""

import asyncio
import contextlib
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, col, func, select

from services.funding.main import SERVICE as FUNDING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis import copies as copies_module
from shared.chassis.bus import stream_name
from shared.chassis.copies import (
    Copies,
    CopyLetterRow,
    CopyPositionRow,
    CopyRow,
    CopyTables,
    Wanted,
    copies_check,
    copies_of,
    copy_of,
)
from shared.chassis.db import Database, new_registry
from shared.chassis.workers import Supervisor
from shared.contracts.base import Contract
from shared.contracts.events import Header, encode
from shared.testing.documents import ACTIVITY, FINANCE, PARTNER
from shared.testing.streams import await_published
from tests.component.conftest import END_LEADER

SECONDS = 20.0
END_ALL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"


class Base(SQLModel, registry=new_registry()):
    """What the tables of these tests are declared on."""


class Copy(CopyRow, Base, table=True):
    __tablename__ = "copy"


class CopyPosition(CopyPositionRow, Base, table=True):
    __tablename__ = "copy_position"


class CopyLetter(CopyLetterRow, Base, table=True):
    __tablename__ = "copy_letter"


class Status(Contract):
    """The little of an activity that is kept."""

    iati_identifier: str
    status: str


class Titled(Status):
    """More of an activity."""

    titles: tuple[dict[str, str], ...] = ()


class Currency(Contract):
    default_currency: str


class Name(Contract):
    organisation_identifier: str


TABLES = CopyTables(Copy, CopyPosition, CopyLetter)
STATUS = Wanted("projects", "activity", Status)
CURRENCY = Wanted("funding", "finance", Currency)
NAME = Wanted("funding", "partner", Name)


@pytest.fixture
async def database(database_url):
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield database
    await database.dispose()


@pytest.fixture
async def bus(nats):
    bus = nats.user().bus()
    yield bus
    js = await bus.jetstream()
    for owner in ("projects", "funding"):
        await bus.ensure_stream(owner)
        await js.delete_stream(stream_name(owner))
    await bus.close()


@asynccontextmanager
async def copying(database, bus, *wanted, on_taken=lambda: None):
    """Keep copies as a service does, which starts again a worker that fails."""
    supervisor, copies = Supervisor(), Copies(database, bus, wanted, TABLES, on_taken)
    supervisor.start(copies)
    try:
        yield copies
    finally:
        await supervisor.stop()


async def statuses(database):
    async with database.session() as session:
        return {
            each.iati_identifier: each.status for each in await copies_of(session, Copy, Status, "activity")
        }


async def until(database, expected):
    async with asyncio.timeout(SECONDS):
        while await statuses(database) != expected:
            await asyncio.sleep(0.02)


async def until_taken(copies, **left):
    """Wait until copies have so many messages of each owner before them."""
    async with asyncio.timeout(SECONDS):
        while (await copies_check(copies)()).detail != left:
            await asyncio.sleep(0.02)


async def count(database, model):
    async with database.session() as session:
        return (await session.exec(select(func.count()).select_from(model))).one()


async def position(database, owner="projects"):
    async with database.session() as session:
        found = await session.get(CopyPosition, owner)
    return found and found.sequence


async def letters(database):
    async with database.session() as session:
        return list(await session.exec(select(CopyLetter).order_by(col(CopyLetter.sequence))))


async def write(client, identifier, status="2"):
    answer = await client.post(f"{ACTIVITY.path}/upserts", json=ACTIVITY.document(identifier, status=status))
    assert answer.json()["outcome"] in {"created", "changed"}, answer.text


async def tell(bus, identifier, status, version, *, aggregate_id=None, name="projects.activity.revised"):
    """Publish a fact as its owner does, without the owner."""
    header = Header(
        id=uuid4(),
        type=name,
        version=1,
        subject="projects.v1.activity.revised.x",
        aggregate_id=aggregate_id or ACTIVITY.aggregate_id(identifier),
        aggregate_version=version,
        occurred_at=datetime.now(UTC),
        recorded_at=datetime.now(UTC),
        actor="tests",
        correlation_id="tests",
    )
    told = encode(header, Status(iati_identifier=identifier, status=status).to_json())
    await publish(bus, told.encode())


async def publish(bus, payload):
    js = await bus.jetstream()
    await js.publish("projects.v1.activity.revised.x", payload, stream="PROJECTS")


async def test_a_document_of_one_service_is_copied_into_the_database_of_another(serve, database, bus):
    woken = asyncio.Event()
    async with serve(PROJECTS) as client, copying(database, bus, STATUS, on_taken=woken.set):
        await write(client, "A-1")
        await write(client, "A-2", status="3")
        await until(database, {"A-1": "2", "A-2": "3"})
        await asyncio.wait_for(woken.wait(), SECONDS)
    one, absent = ACTIVITY.aggregate_id("A-1"), ACTIVITY.aggregate_id("A-3")
    async with database.session() as session:
        copy = (await session.exec(select(Copy).where(Copy.id == one))).one()
        assert await copy_of(session, Copy, Status, "activity", one) == Status(
            iati_identifier="A-1", status="2"
        )
        assert await copy_of(session, Copy, Status, "activity", absent) is None
        assert await copy_of(session, Copy, Status, "partner", one) is None
        assert len(await copies_of(session, Copy, Status, "activity", [one, absent])) == 1
    assert (copy.aggregate, copy.version) == ("activity", 1)
    assert copy.document == '{"iati_identifier":"A-1","status":"2"}'


async def test_what_is_read_waits_until_it_is_kept(database, bus):
    await bus.ensure_stream("projects")
    async with copying(database, bus, STATUS) as copies:
        await until_taken(copies, projects=0)
        async with database.engine.begin() as other:
            await other.execute(text("LOCK TABLE copy"))
            await tell(bus, "A-1", "2", 1)
            await until_taken(copies, projects=1)
            await asyncio.sleep(0.5)  # it has been read by now
            assert await copies.lag() == {"projects": 1}
        await until_taken(copies, projects=0)
        assert await statuses(database) == {"A-1": "2"}


async def test_the_newest_revision_replaces_the_others(serve, database, bus):
    async with serve(PROJECTS) as client:
        for status in ("2", "3", "4"):
            await write(client, "A-1", status)
        await await_published(client)
        async with copying(database, bus, STATUS):
            await until(database, {"A-1": "4"})
            await write(client, "A-1", "5")
            await until(database, {"A-1": "5"})
    assert await count(database, Copy) == 1


async def test_another_start_goes_on_behind_the_position(serve, database, bus):
    async with serve(PROJECTS) as client:
        async with copying(database, bus, STATUS):
            await write(client, "A-1")
            await until(database, {"A-1": "2"})
        async with database.session() as session, session.begin():
            await session.delete(await session.get(Copy, ("activity", ACTIVITY.aggregate_id("A-1"))))
        await write(client, "A-2")
        async with copying(database, bus, STATUS):
            await until(database, {"A-2": "2"})
    assert await position(database) == 2


async def test_what_is_not_wanted_is_not_read(serve, database, bus):
    async with serve(FUNDING) as client, copying(database, bus, NAME) as copies:
        for place in range(30):
            await client.post(FINANCE.path, json=FINANCE.document(f"F-{place}"))
        await await_published(client)
        await until_taken(copies, funding=0)
        assert await position(database, "funding") is None
        await client.post(PARTNER.path, json=PARTNER.document("P-1"))
        await await_published(client)
        await until_taken(copies, funding=0)
        async with asyncio.timeout(SECONDS):
            while await position(database, "funding") != 31:
                await asyncio.sleep(0.02)
    assert await count(database, Copy) == 1


async def test_an_aggregate_that_is_wanted_later_is_read_from_the_beginning(serve, database, bus):
    async with serve(FUNDING) as client:
        await client.post(PARTNER.path, json=PARTNER.document("P-1"))
        await client.post(FINANCE.path, json=FINANCE.document("F-1"))
        async with copying(database, bus, CURRENCY):
            await until_copied(database, finance=1, partner=0)
        await client.post(FINANCE.path, json=FINANCE.document("F-2"))
        async with copying(database, bus, CURRENCY, NAME):
            await until_copied(database, finance=2, partner=1)
        assert await position(database, "funding") == 3
        await client.post(PARTNER.path, json=PARTNER.document("P-2"))
        async with copying(database, bus, NAME):
            await until_copied(database, finance=2, partner=2)
        assert await position(database, "funding") == 4


async def test_more_of_a_document_is_kept_once_the_contract_says_so(serve, database, bus):
    titled = Wanted("projects", "activity", Titled)
    async with serve(PROJECTS) as client:
        await write(client, "A-1")
        await write(client, "A-2")
        async with copying(database, bus, STATUS):
            await until(database, {"A-1": "2", "A-2": "2"})
        async with copying(database, bus, titled) as copies:
            await until_taken(copies, projects=0)
            await write(client, "A-2", "3")
            await until(database, {"A-1": "2", "A-2": "3"})
    async with database.session() as session:
        found = await copies_of(session, Copy, Titled, "activity")
        versions = await session.exec(select(Copy.version).order_by(col(Copy.version)))
        assert list(versions) == [1, 2]
    assert [copy.titles for copy in found] == [({"text": "Decent work"},)] * 2


async def until_copied(database, **expected):
    found = {}
    async with asyncio.timeout(SECONDS):
        while found != expected:
            async with database.session() as session:
                for aggregate in expected:
                    statement = select(func.count()).select_from(Copy).where(Copy.aggregate == aggregate)
                    found[aggregate] = (await session.exec(statement)).one()
            await asyncio.sleep(0.02)


async def test_what_makes_no_sense_becomes_a_letter_and_the_rest_goes_on(serve, database, bus):
    async with serve(PROJECTS) as client:
        await write(client, "A-1")
        await await_published(client)
        await publish(bus, b"{no event")
        await tell(bus, "A-2", "2", 1, name="projects.weather.changed")
        await tell(bus, "A-2", "2", 1, name="nonsense")
        await write(client, "A-3")
        await await_published(client)
        await tell(bus, "A-4", "2", 2**40)
        async with copying(database, bus, STATUS):
            await until(database, {"A-1": "2", "A-3": "2"})
            async with asyncio.timeout(SECONDS):
                while len(await letters(database)) < 4:
                    await asyncio.sleep(0.02)
            await write(client, "A-5")
            await until(database, {"A-1": "2", "A-3": "2", "A-5": "2"})
    found = await letters(database)
    assert [(letter.owner, letter.sequence) for letter in found] == [
        ("projects", each) for each in (2, 3, 4, 6)
    ]
    assert found[0].payload == b"{no event"
    assert [letter.reason.partition(":")[0] for letter in found[:3]] == [
        "ValueError",
        "KeyError",
        "ValueError",
    ]


async def test_a_restart_of_the_broker_costs_time_and_no_document(serve, database, bus, nats):
    async with serve(PROJECTS) as client, copying(database, bus, STATUS) as copies:
        await write(client, "A-1")
        await until(database, {"A-1": "2"})
        nats.kill()
        try:
            await write(client, "A-1", "3")
            await write(client, "A-2")
            async with asyncio.timeout(SECONDS):
                while (await copies_check(copies)()).state != "degraded":
                    await asyncio.sleep(0.02)
        finally:
            nats.start()
        await until(database, {"A-1": "3", "A-2": "2"})
        await until_taken(copies, projects=0)


async def test_a_start_without_the_broker_waits_for_it(serve, database, bus, nats):
    async with serve(PROJECTS) as client:
        await write(client, "A-1")
        await await_published(client)
        nats.kill()
        try:
            async with copying(database, bus, STATUS):
                await asyncio.sleep(0.5)
                nats.start()
                await until(database, {"A-1": "2"})
        except BaseException:
            nats.kill()
            nats.start()
            raise


async def test_while_the_database_is_away_documents_wait(serve, database, database_url, bus, postgres):
    name = database_url.partition("@/")[2].partition("?")[0]
    admin = await asyncpg.connect(postgres.superuser_url.replace("+asyncpg", ""))
    async with serve(PROJECTS) as client, copying(database, bus, STATUS):
        await write(client, "A-1")
        await until(database, {"A-1": "2"})
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        await admin.fetchval(END_ALL, name)
        await write(client, "A-1", "3")
        await write(client, "A-2")
        await asyncio.sleep(1)
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
        await until(database, {"A-1": "3", "A-2": "2"})
    await admin.close()


async def test_a_process_that_lost_the_lock_tries_to_lead_again(serve, database, bus, other_connection):
    async with serve(PROJECTS) as client, copying(database, bus, STATUS):
        for status in ("2", "3", "4"):
            await write(client, "A-1", status)
            await until(database, {"A-1": status})
            async with asyncio.timeout(SECONDS):
                while not await other_connection.fetchval(END_LEADER):
                    await asyncio.sleep(0.02)


async def test_a_feed_that_does_not_notice_that_it_is_cancelled_ends_with_the_lock(
    serve, database, bus, other_connection, monkeypatch
):
    taking = asyncio.Event()
    take = copies_module._Feed._take  # noqa: SLF001  (stands for whatever is under way in a library)

    async def deaf(self, messages):
        taking.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(SECONDS / 10)
        await take(self, messages)

    monkeypatch.setattr(copies_module._Feed, "_take", deaf)  # noqa: SLF001
    async with serve(PROJECTS) as client, copying(database, bus, STATUS):
        await write(client, "A-1")
        await taking.wait()
        assert await other_connection.fetchval(END_LEADER)
        async with asyncio.timeout(SECONDS):
            while not await other_connection.fetchval(END_LEADER):
                await asyncio.sleep(0.02)


async def test_another_process_takes_over_when_the_first_ends(serve, database, database_url, bus):
    second = Database(database_url)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(serve(PROJECTS))
        async with copying(database, bus, STATUS) as leader:
            await write(client, "A-1")
            await until(database, {"A-1": "2"})
            other = await stack.enter_async_context(copying(second, bus, STATUS))
            await until_taken(leader, projects=0)
            assert await other.lag() == {}
        await write(client, "A-1", "3")
        await until(database, {"A-1": "3"})
        await until_taken(other, projects=0)
    await second.dispose()


async def test_a_stream_made_anew_is_read_from_its_beginning_and_has_what_its_owner_has(database, bus):
    await bus.ensure_stream("projects")
    async with copying(database, bus, STATUS):
        for version in (1, 2, 3):
            await tell(bus, "A-1", str(version), version)
        await tell(bus, "A-2", "1", 1)
        await until(database, {"A-1": "3", "A-2": "1"})
        await (await bus.jetstream()).delete_stream("PROJECTS")
        await bus.ensure_stream("projects")
        for version in (1, 2):
            await tell(bus, "A-1", str(version), version)
        await tell(bus, "A-2", "2", 2)
        await until(database, {"A-1": "2", "A-2": "2"})
    assert await position(database) == 3
