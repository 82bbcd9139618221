"""A person can be erased from the audit: the names are gone, and the chain holds."""

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import text

from shared.chassis.audit import Affected, erase_personal, note_changes, note_erased_payloads, verify

from .conftest import AGGREGATE_ID, ATTEMPT, SERVICE, another

ERASER = another("admin", action="erase_scratch_personal_data", reason="As was asked.")


async def redacted(session, version, mark="erased"):
    """Rewrite the event of a version, and return what is noted of that."""
    connection = await session.connection()
    where = {"version": f'%"status":"{version}"%'}
    row = (
        await connection.execute(
            text("SELECT event_id, payload FROM outbox WHERE payload LIKE :version"), where
        )
    ).one()
    payload = row.payload.replace("Grace Owino", mark).replace("erased", mark)
    await connection.execute(
        text("UPDATE outbox SET payload = :payload WHERE event_id = :id"),
        {"payload": payload, "id": row.event_id},
    )
    after = Affected(
        aggregate="activity",
        aggregate_id=AGGREGATE_ID,
        event_id=row.event_id,
        event_digest=hashlib.sha256(payload.encode()).digest(),
    )
    return hashlib.sha256(row.payload.encode()).digest(), after


async def erase(scratch, *names):
    async with scratch.database.session() as session, session.begin():
        return await erase_personal(session, ERASER, names)


async def everything(scratch):
    """Return the text of all that the audit holds."""
    rows = await scratch.run("SELECT audit_entry::text FROM audit_entry ORDER BY id")
    return "\n".join(row.audit_entry for row in rows)


@pytest.mark.parametrize(
    "name", ["Grace Owino", "GRACE  OWINO", "grace.owino", "https://id.example#grace.owino", "nairobi-desk"]
)
async def test_who_it_was_is_erased_and_the_chain_holds(scratch, name):
    through = replace(ATTEMPT, delegate="importer")
    ids = [await scratch.change(1), await scratch.change(2, attempt=through)]
    other = await scratch.change(3, attempt=another("amina", reason=None))
    await scratch.link_all()
    assert await erase(scratch, name) == 2
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).flaw is None
    told = await everything(scratch)
    for gone in ("Grace", "grace", "nairobi-desk"):
        assert gone not in told
    rows = await scratch.run(
        "SELECT principal, name, client, delegate, source, identity_salt FROM audit_entry WHERE id = ANY(:ids)",
        ids=ids,
    )
    assert [tuple(row) for row in rows] == [(None,) * 6] * 2
    assert await scratch.value("SELECT name FROM audit_entry WHERE id = :id", id=other) == "amina"


async def test_who_acted_for_others_is_erased(scratch):
    attempt = another("amina", reason=None)
    for version, delegate in enumerate(("grace owino", "Juma", None), 1):
        await scratch.change(version, attempt=replace(attempt, delegate=delegate))
    assert await erase(scratch, "Grace Owino") == 1
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).flaw is None
    rows = await scratch.run(
        "SELECT name, delegate FROM audit_entry WHERE aggregate = 'activity' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [(None, None), ("amina", "Juma"), ("amina", None)]


async def test_what_was_done_stays(scratch):
    await scratch.change(1)
    kept = "SELECT action, at, identifier, version_after, event_id, correlation_id, digest FROM audit_entry WHERE id = 2"
    before = await scratch.run(kept)
    await erase(scratch, "Grace Owino")
    assert await scratch.run(kept) == before


async def test_a_reason_that_names_the_person_is_erased_and_who_gave_it_is_not(scratch):
    attempt = another("amina", reason="As grace owino  asked on Monday.")
    named = await scratch.change(1, attempt=attempt)
    other = await scratch.change(2, attempt=another("amina", reason="Gracefully."))
    assert await erase(scratch, "Grace Owino", "grace") == 1
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).flaw is None
    rows = await scratch.run(
        "SELECT reason, reason_salt, name FROM audit_entry WHERE id IN (:named, :other) ORDER BY id",
        named=named,
        other=other,
    )
    assert [row.name for row in rows] == ["amina", "amina"]
    assert (rows[0].reason, rows[0].reason_salt, rows[1].reason) == (None, None, "Gracefully.")


async def test_an_erasure_is_told_and_can_be_repeated(scratch):
    await scratch.change(1)
    assert await erase(scratch, "Grace Owino") == 1
    assert await erase(scratch, "Grace Owino") == 0
    (row,) = await scratch.run("SELECT principal, action FROM audit_entry WHERE aggregate = 'audit'")
    assert tuple(row) == (ERASER.principal, ERASER.action)
    await scratch.change(2)
    assert await erase(scratch, "Grace Owino") == 1
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).holds


async def test_an_erasure_that_is_rolled_back_erases_nothing(scratch):
    await scratch.change(1)
    before = await everything(scratch)
    async with scratch.database.session() as session:
        assert await erase_personal(session, ERASER, ["Grace Owino"]) == 1
        await session.rollback()
    assert await everything(scratch) == before


async def test_what_is_left_of_a_person_can_not_be_guessed(scratch):
    """Two entries of the same person have other digests, so that nothing is told by comparing them with a guess."""
    await scratch.change(1)
    await scratch.change(2)
    digests = await scratch.run("SELECT identity_digest, reason_digest FROM audit_entry WHERE id > 1")
    assert len({row.identity_digest for row in digests}) == len({row.reason_digest for row in digests}) == 2


async def test_events_that_are_rewritten_by_an_erasure_hold(scratch):
    await scratch.change(1)
    await scratch.change(2)
    await scratch.link_all()
    for mark in ("erased-1", "erased-2"):
        async with scratch.database.session() as session, session.begin():
            noted = [await redacted(session, version, mark) for version in (1, 2)]
            await note_erased_payloads(session, ERASER, noted)
        assert (await verify(scratch.database, SERVICE)).holds, "before it is linked"
        await scratch.link_all()
        assert (await verify(scratch.database, SERVICE)).flaw is None
    async with scratch.database.session() as session, session.begin():
        await redacted(session, 2, "forged")
    assert (await verify(scratch.database, SERVICE)).flaw.kind == "event-changed"


async def test_entries_of_an_erased_person_may_still_be_linked(scratch):
    async with scratch.database.session() as session, session.begin():
        await note_changes(session, ATTEMPT, [await scratch.stage(session, 1)])
    await erase(scratch, "Grace Owino")
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).flaw is None
