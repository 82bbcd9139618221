"""The chain over the entries: whole whatever writers do, and kept by the database as it was written."""

import asyncio
import json
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from shared.chassis.audit import Affected, Head, Linker, note_changes, verify
from shared.chassis.audit.__main__ import main
from shared.chassis.audit.chain import link
from shared.chassis.audit.migration import drop_audit_tables
from shared.chassis.db import Database

from .conftest import ATTEMPT, SERVICE, Base, in_migration

WRITERS = 8
TABLES = ("audit_entry", "audit_link", "audit_erasure", "erased_payload")


async def test_the_migration_makes_what_the_tables_say_and_takes_it_back(scratch):
    def differences(connection):
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    async with scratch.database.engine.begin() as connection:
        assert await connection.run_sync(differences) == []
        await connection.run_sync(in_migration, drop_audit_tables)
        assert await connection.run_sync(lambda each: inspect(each).get_table_names()) == ["outbox"]
    assert await scratch.value("SELECT count(*) FROM pg_proc WHERE proname LIKE 'audit%'") == 0


async def test_an_audit_begins_with_its_first_entry(scratch):
    await scratch.link_all()
    verdict = await verify(scratch.database, SERVICE)
    assert (verdict.holds, verdict.head.seq) == (True, 1)
    row = (await scratch.run("SELECT action, principal, aggregate, identifier FROM audit_entry"))[0]
    assert tuple(row) == ("begin_audit", SERVICE, "outbox", "0")


async def test_an_entry_has_what_was_told(scratch):
    entry_id = await scratch.change(2)
    (row,) = await scratch.run(
        "SELECT principal, name, client, source, action, reason, correlation_id, outcome, count, identifier,"
        " version_before, version_after, place_countries, place_organisations, delegate, status, code"
        " FROM audit_entry WHERE id = :id",
        id=entry_id,
    )
    told = (ATTEMPT.principal, ATTEMPT.name, ATTEMPT.client, ATTEMPT.source, ATTEMPT.action, ATTEMPT.reason)
    assert tuple(row) == (
        *told,
        *("desk:1", "done", 1, "XM-1", 1, 2),
        *(["KE", "UG"], ["XM-DAC-1"], None, None, None),
    )


async def test_a_change_that_is_rolled_back_leaves_no_entry(scratch):
    async with scratch.database.session() as session:
        await note_changes(session, ATTEMPT, [await scratch.stage(session, 1)])
        await session.rollback()
    assert await scratch.value("SELECT count(*) FROM audit_entry") == 1
    assert await scratch.value("SELECT count(*) FROM audit_unlinked") == 1


async def test_entries_of_one_change_are_told_each_by_itself(scratch):
    async with scratch.database.session() as session, session.begin():
        staged = [await scratch.stage(session, version) for version in range(1, 51)]
        ids = await note_changes(session, ATTEMPT, staged)
    assert len(set(ids)) == 50
    rows = await scratch.run("SELECT version_after, digest FROM audit_entry WHERE id > 1 ORDER BY id")
    assert [row.version_after for row in rows] == list(range(1, 51))
    assert len({row.digest for row in rows}) == 50
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).holds


HOSTILE = (
    "\0",
    "a\0b",
    "\ud800",
    "x" * 100_000,
    '{"}',
    "\\",
    '","',
    "",
    "Ōsaka 大阪 🏥",
    "'; DROP TABLE audit_entry; --",
)


async def test_whatever_is_told_can_be_stored_and_verified(scratch):
    plain = [told.replace("\0", "").encode(errors="ignore").decode()[:100] for told in HOSTILE]
    async with scratch.database.session() as session, session.begin():
        for told in HOSTILE:
            named = dict.fromkeys(("principal", "name", "client", "source", "reason", "delegate"), told)
            attempt = replace(ATTEMPT, **named, correlation_id=told)
            affected = Affected(identifier=told, place_countries=plain, place_organisations=plain[:1])
            await note_changes(session, attempt, [affected, affected])
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).flaw is None
    stored = await scratch.run("SELECT DISTINCT place_countries FROM audit_entry WHERE id > 1")
    assert [row.place_countries for row in stored] == [plain]


async def test_an_entry_that_commits_late_is_linked_behind_later_ones(scratch):
    async with scratch.database.session() as late:
        (early_id,) = await note_changes(late, ATTEMPT, [await scratch.stage(late, 1)])
        later_id = await scratch.change(2)
        await scratch.link_all()
        await late.commit()
    await scratch.link_all()
    assert early_id < later_id
    linked = await scratch.run("SELECT entry_id FROM audit_link ORDER BY seq")
    assert [row.entry_id for row in linked] == [1, later_id, early_id]
    assert (await verify(scratch.database, SERVICE)).holds


async def test_many_writers_and_linkers_at_once_make_one_chain(scratch, database_url):
    other = Database(database_url, pool=3)
    stop = asyncio.Event()

    async def write(writer):
        for turn in range(20):
            async with scratch.database.session() as session:
                staged = [await scratch.stage(session, turn * 3 + version) for version in (1, 2, 3)]
                await note_changes(session, ATTEMPT, staged)
                await asyncio.sleep(0.002 * (writer % 3))  # so that ids are committed out of order
                await (session.rollback() if turn % 7 == 3 else session.commit())

    linkers = [
        asyncio.create_task(Linker(database, SERVICE, seconds=0.01).run(stop))
        for database in (scratch.database, other)
    ]
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    stop.set()
    await asyncio.gather(*linkers)
    await other.dispose()
    entries = await scratch.value("SELECT count(*) FROM audit_entry")
    assert entries == 1 + WRITERS * 3 * (20 - 3)
    verdict = await verify(scratch.database, SERVICE, late_seconds=0)
    assert (verdict.flaw, verdict.head.seq) == (None, entries)
    assert await scratch.value("SELECT count(*) FROM audit_unlinked") == 0


async def test_more_entries_than_are_linked_at_once(scratch):
    async with scratch.database.session() as session, session.begin():
        await note_changes(session, ATTEMPT, [Affected(identifier=str(place)) for place in range(2500)])
    first = await link(scratch.database, SERVICE)
    head = await scratch.link_all()
    assert (first.seq, head.seq) == (1000, 2501)
    assert (await verify(scratch.database, SERVICE)).head == head


async def test_the_head_is_logged(scratch):
    await scratch.change(1)
    stop = asyncio.Event()
    with capture_logs() as logs:
        linker = asyncio.create_task(Linker(scratch.database, SERVICE, seconds=0.01).run(stop))
        async with asyncio.timeout(10):
            while await scratch.value("SELECT count(*) FROM audit_unlinked"):
                await asyncio.sleep(0.01)
        stop.set()
        await linker
    (logged,) = [log for log in logs if log["event"] == "audit.head"]
    verdict = await verify(scratch.database, SERVICE)
    assert Head.parsed(logged["head"]) == verdict.head
    assert logged["audit"] == SERVICE


REFUSED = [
    *(f"DELETE FROM {table}" for table in TABLES),  # noqa: S608
    *(f"TRUNCATE {table}" for table in TABLES),
    "UPDATE audit_entry SET action = 'x'",
    "UPDATE audit_entry SET principal = NULL, name = NULL, client = NULL, source = NULL, identity_salt = NULL",
    "UPDATE audit_link SET hash = ''",
    "UPDATE audit_erasure SET part = 'x'",
    "UPDATE erased_payload SET digest_after = ''",
]


async def test_the_database_refuses_to_change_what_is_there(scratch):
    await scratch.change(1)
    await scratch.link_all()
    await scratch.run("INSERT INTO audit_erasure VALUES (1, 'reason', 1)")
    await scratch.run("INSERT INTO erased_payload VALUES (1, gen_random_uuid(), '', '')")
    for statement in REFUSED:
        with pytest.raises(DBAPIError, match="is for good"):
            await scratch.run(statement)


@pytest.mark.parametrize(
    "change",
    [
        "principal = 'x', name = NULL, client = NULL, source = NULL, identity_salt = NULL",
        "principal = NULL",
        "identity_salt = NULL",
        "reason = 'x'",
        "reason_salt = NULL",
        "action = 'x'",
        "identity_digest = ''",
        "reason = NULL, reason_salt = NULL, code = 'x'",
    ],
)
async def test_an_erasure_may_change_nothing_else(scratch, change):
    await scratch.change(1)
    allow = "SELECT set_config('devcoop.erasing', 'on', true)"
    with pytest.raises(DBAPIError, match="is for good"):
        await scratch.run(allow, f"UPDATE audit_entry SET {change}")  # noqa: S608


async def test_the_command_tells_whether_the_chain_holds(scratch, database_url, monkeypatch, capsys):
    await scratch.change(1)
    head = await scratch.link_all()
    monkeypatch.setenv("DEVCOOP_DATABASE_URL", database_url)
    arguments = ["verify", "--service", SERVICE]
    assert await asyncio.to_thread(main, [*arguments, "--head", str(head)]) == 0
    told = {"service": SERVICE, "holds": True, "head": str(head), "flaw": None}
    assert json.loads(capsys.readouterr().out) == told
    assert await asyncio.to_thread(main, [*arguments, "--head", f"{head.seq}:{'00' * 32}"]) == 1
    assert json.loads(capsys.readouterr().out)["flaw"]["kind"] == "head-missing"
    assert await asyncio.to_thread(main, ["verify", "--service", "another"]) == 1
    assert json.loads(capsys.readouterr().out)["flaw"]["kind"] == "link-changed"
    with pytest.raises(SystemExit) as wrong:
        main([*arguments, "--head", "none"])
    assert wrong.value.code == 2
