# ruff: noqa: S608  (names and values of our own)
"""Whatever is changed behind the database's back, verification tells of it."""

import pytest
from sqlalchemy import ARRAY, LargeBinary, Text

from shared.chassis.audit import Refusal, erase_personal, note_changes, note_erased_payloads, verify
from shared.chassis.audit.digests import entry_digest, link_hash
from shared.chassis.audit.entries import note_refused
from shared.chassis.audit.tables import ENTRY, ERASED_PAYLOAD, ERASURE, LINK
from shared.chassis.db import Database

from .conftest import ATTEMPT, SERVICE, Scratch, another
from .test_erasure import redacted

TABLES = (ENTRY, LINK, ERASURE, ERASED_PAYLOAD)
COLUMNS = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in TABLES
    for column in table.columns
]
ADMINISTRATOR = another("admin", action="erase_projects_personal_data", reason="As was asked.")


@pytest.fixture(scope="module")
async def audited(postgres):
    """Return a service with entries of every kind: changes, refusals, erasures of entries and of events."""
    name = "test_tampering"
    database = Database(postgres.database_with_password(name, owner="tests"), pool=2)
    scratch = Scratch(database)
    await scratch.create()
    for version in (1, 2, 3):
        await scratch.change(version)
    await scratch.change(4, attempt=another("amina", reason=None))
    async with database.session() as session, session.begin():
        await note_refused(session, Refusal(another("juma"), 403, "forbidden"), 12)
        await erase_personal(session, ADMINISTRATOR, ["Grace Owino"])
        await note_erased_payloads(session, ADMINISTRATOR, [await redacted(session, "1")])
    async with database.session() as session, session.begin():
        await note_erased_payloads(session, ADMINISTRATOR, [await redacted(session, "1", "again")])
    await scratch.link_all()
    for table in ("outbox", *(table.name for table in TABLES)):
        await scratch.run(f"CREATE TABLE kept_{table} AS TABLE {table}")
        if table != "outbox":
            await scratch.run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table in TABLES:
        await scratch.run(
            *(f"ALTER TABLE {table.name} DROP CONSTRAINT {name}" for name in constraints(table))
        )
    yield scratch
    await database.dispose()
    postgres.drop(name)


def constraints(table):
    """Return the names of the constraints that would keep a row from being put anywhere."""
    return [each.name for each in table.constraints if each.name]


@pytest.fixture
async def tampered(audited):
    """Return the service, which is as it was again when the test is over."""
    assert (await verify(audited.database, SERVICE)).flaw is None
    yield audited
    for name in ("outbox", *(table.name for table in TABLES)):
        await restore(audited, name)


def changed(column):
    """Return expressions of another value in the place of a column's, and of none."""
    name, kind = column.name, column.type
    if isinstance(kind, ARRAY):
        added = "'x'" if isinstance(kind.item_type, Text) else "gen_random_uuid()"
        values = [f"array_append({name}, {added})", f"{name} || {name}", f"array_remove({name}, {name}[1])"]
    elif isinstance(kind, LargeBinary):
        values = [f"coalesce({name}, '') || '\\x00'", f"set_byte({name}, 0, 255 - get_byte({name}, 0))"]
    else:
        by_kind = {
            "TEXT": f"coalesce({name}, '') || 'x'",
            "UUID": "gen_random_uuid()",
            "DATETIME": f"{name} + interval '1 microsecond'",
        }
        values = [by_kind.get(kind.__visit_name__.upper(), f"coalesce({name}, 0) + 1")]
    return [*values, "NULL"] if column.nullable else values


async def count(scratch, table):
    return await scratch.value(f"SELECT count(*) FROM {table.name}")


def row_at(table, place):
    """Return the condition on the row at a place of a table, in the order in which rows were put there."""
    return f"ctid = (SELECT ctid FROM {table.name} ORDER BY ctid OFFSET {place} LIMIT 1)"


async def restore(scratch, name):
    await scratch.run(f"DELETE FROM {name}", f"INSERT INTO {name} SELECT * FROM kept_{name}")


async def flaws(scratch, table, column):
    """Return the flaw of each change of a column, in each row that it changes anything in, by row and value."""
    found = {}
    for place in range(await count(scratch, table)):
        for value in changed(column):
            changes = await scratch.run(
                f"UPDATE {table.name} SET {column.name} = {value} WHERE {row_at(table, place)}"
                f" AND ({value}) IS DISTINCT FROM {column.name} RETURNING 1"
            )
            if changes:
                found[place, value] = (await verify(scratch.database, SERVICE)).flaw
                await restore(scratch, table.name)
    return found


@pytest.mark.parametrize(("table", "column"), COLUMNS)
async def test_any_change_of_any_column_of_any_row_is_found(tampered, table, column):
    found = await flaws(tampered, table, column)
    assert found
    assert [where for where, flaw in found.items() if flaw is None] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_any_row_that_is_taken_away_is_found(tampered, table):
    known = (await verify(tampered.database, SERVICE)).head
    for place in range(await count(tampered, table)):
        await tampered.run(f"DELETE FROM {table.name} WHERE {row_at(table, place)}")
        flaw = (await verify(tampered.database, SERVICE, known=known, late_seconds=0)).flaw
        assert flaw is not None, place
        await restore(tampered, table.name)


async def kind_of(scratch, *statements, **options):
    await scratch.run(*statements)
    flaw = (await verify(scratch.database, SERVICE, late_seconds=0, **options)).flaw
    return flaw and flaw.kind


async def test_the_place_is_told(tampered):
    await tampered.run("UPDATE audit_entry SET action = 'x' WHERE id = 3")
    verdict = await verify(tampered.database, SERVICE)
    assert (verdict.flaw.kind, verdict.flaw.seq, verdict.flaw.entry_id) == ("entry-changed", 3, 3)
    assert verdict.head.seq == 2


async def test_entries_that_change_places_are_found(tampered):
    swap = "UPDATE audit_link SET entry_id = 5 - entry_id WHERE entry_id IN (2, 3)"
    assert await kind_of(tampered, swap) == "link-changed"
    assert await kind_of(tampered, swap) is None
    assert await kind_of(tampered, "UPDATE audit_entry SET id = 5 - id WHERE id IN (2, 3)") == "link-changed"


async def test_digests_that_are_computed_anew_do_not_cover_a_change_up(tampered):
    ((seq, entry_id, linked_at, _),) = await tampered.run("SELECT * FROM audit_link WHERE entry_id = 6")
    (row,) = await tampered.run("SELECT * FROM audit_entry WHERE id = 6")
    digest = entry_digest({**row._asdict(), "count": 1})
    forge = "UPDATE audit_entry SET count = 1, digest = :digest WHERE id = 6"
    await tampered.run(forge, digest=digest)
    assert await kind_of(tampered) == "link-changed"
    previous = await tampered.value("SELECT hash FROM audit_link WHERE seq = :seq", seq=seq - 1)
    forged = link_hash(previous, seq, entry_id, linked_at, digest)
    await tampered.run("UPDATE audit_link SET hash = :hash WHERE seq = :seq", hash=forged, seq=seq)
    verdict = await verify(tampered.database, SERVICE)
    assert (verdict.flaw.kind, verdict.flaw.seq) == ("link-changed", seq + 1)


async def test_a_last_entry_that_is_cut_off_is_found_by_a_head_that_was_kept(audited, tampered):
    async with audited.database.session() as session, session.begin():
        await note_refused(session, Refusal(another("last"), 403, "forbidden"), 1)
    await audited.run("INSERT INTO audit_unlinked SELECT max(id) FROM audit_entry")
    head = await audited.link_all()
    cut = [
        f"DELETE FROM audit_entry WHERE id = (SELECT entry_id FROM audit_link WHERE seq = {head.seq})",
        f"DELETE FROM audit_link WHERE seq = {head.seq}",
    ]
    assert await kind_of(tampered, *cut, known=head) == "head-missing"
    assert (await verify(tampered.database, SERVICE)).holds, "nothing else tells of it"


async def test_a_change_that_is_cut_off_is_found_by_its_event(scratch):
    await scratch.change(1)
    await scratch.change(2)
    await scratch.link_all()
    cut = ["DELETE FROM audit_link WHERE seq = 3", "DELETE FROM audit_entry WHERE id = 3"]
    away = [f"ALTER TABLE {table.name} DISABLE TRIGGER USER" for table in TABLES]
    assert await kind_of(scratch, *away, *cut) == "event-without-entry"
    assert await kind_of(scratch, "DELETE FROM audit_link") == "entry-not-linked"


async def test_an_audit_that_is_emptied_is_found(tampered):
    emptied = [f"DELETE FROM {table.name}" for table in TABLES]
    assert await kind_of(tampered, *emptied) == "beginning-missing"


ANOTHER_EVENT = (
    "INSERT INTO outbox SELECT 99, gen_random_uuid(), aggregate_id, subject, payload, size, recorded_at FROM outbox"
    " WHERE id = 4"
)
EVENTS = [
    ('UPDATE outbox SET payload = replace(payload, \'"status":"2"\', \'"status":"3"\')', "event-changed"),
    ("UPDATE outbox SET payload = payload || ' ' WHERE id = 4", "event-changed"),
    ("UPDATE outbox SET payload = 'erased' WHERE id = 1", "event-changed"),
    ("DELETE FROM outbox WHERE id = 3", "event-missing"),
    (ANOTHER_EVENT, "event-without-entry"),
]


@pytest.mark.parametrize(("statement", "kind"), EVENTS, ids=range(len(EVENTS)))
async def test_an_event_that_is_not_what_its_entry_tells_is_found(tampered, statement, kind):
    assert await kind_of(tampered, statement) == kind


NO_IDENTITY = (
    "UPDATE audit_entry SET principal = NULL, name = NULL, client = NULL, source = NULL, identity_salt = NULL"
    " WHERE id = 6"
)
FORGED = [
    (NO_IDENTITY, "erasure-missing"),
    ("UPDATE audit_entry SET reason = NULL, reason_salt = NULL WHERE id = 6", "erasure-missing"),
    ("UPDATE audit_entry SET principal = 'x', identity_salt = 'x' WHERE id = 2", "entry-changed"),
]


@pytest.mark.parametrize(("statement", "kind"), FORGED, ids=range(len(FORGED)))
async def test_what_passes_for_an_erasure_is_found(tampered, statement, kind):
    assert await kind_of(tampered, statement) == kind


@pytest.mark.parametrize("erasure", ["7", "999", "2"])
async def test_an_erasure_that_is_laid_to_another_is_found(tampered, erasure):
    """To the real one, to one that is not there, and to an entry that is none."""
    note = f"INSERT INTO audit_erasure VALUES (6, 'identity', {erasure})"
    assert await kind_of(tampered, NO_IDENTITY, note) == "erasure-missing"


async def test_an_erased_event_can_not_be_laid_to_another_erasure(tampered):
    forged = [
        "UPDATE outbox SET payload = 'erased' WHERE id = 4",
        "INSERT INTO erased_payload SELECT 6, event_id, digest_before, sha256('erased') FROM erased_payload LIMIT 1",
    ]
    assert await kind_of(tampered, *forged) == "event-changed"


async def test_an_entry_that_is_never_linked_is_found(tampered):
    unlinked = "INSERT INTO audit_entry SELECT * FROM kept_audit_entry WHERE id = 1"
    moved = "UPDATE audit_entry SET id = 99 WHERE ctid = (SELECT max(ctid) FROM audit_entry WHERE id = 1)"
    assert await kind_of(tampered, unlinked, moved) == "entry-not-linked"


async def test_an_entry_that_goes_before_it_is_linked_is_found(tampered):
    assert await kind_of(tampered, "INSERT INTO audit_unlinked VALUES (99)") == "entry-missing"
    await tampered.run("DELETE FROM audit_unlinked")


async def test_what_is_being_written_does_not_matter(scratch):
    await scratch.change(1)
    await scratch.link_all()
    async with scratch.database.session() as session:
        await note_changes(session, ATTEMPT, [await scratch.stage(session, 2)])
        assert (await verify(scratch.database, SERVICE, late_seconds=0)).holds
        await session.commit()
    assert (await verify(scratch.database, SERVICE)).holds
    assert await kind_of(scratch) == "entry-not-linked"
