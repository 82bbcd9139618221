"""Refused attempts are told, each kind of them at once and all of them counted, and a flood of them is bounded."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from shared.chassis.audit import Affected, Attempt, Refusal, Refusals, verify
from shared.chassis.audit import refusals as module
from shared.policy.grants import Grant, Role
from shared.policy.principals import PUBLIC, Principal

from .conftest import ATTEMPT, SERVICE, another

PATIENCE_SECONDS = 30
FORBIDDEN = Refusal(ATTEMPT, 403, "forbidden", Affected(aggregate="activity", identifier="XM-1"))


def of_anybody(source, code="token-expired"):
    """Return a refusal of somebody whose token does not hold."""
    attempt = Attempt.by(PUBLIC, action="put_activity", source=source, correlation_id="x")
    return Refusal(attempt, 401, code)


@asynccontextmanager
async def writing(database, **bounds):
    """Run a worker that writes refusals, and stop it as a process does."""
    refusals, stop = Refusals(database, **bounds), asyncio.Event()
    worker = asyncio.create_task(refusals.run(stop))
    try:
        yield refusals
    finally:
        stop.set()
        await asyncio.wait_for(worker, PATIENCE_SECONDS)


async def told(scratch):
    """Return what the audit tells of refusals, in order."""
    return [
        tuple(row)
        for row in await scratch.run(
            "SELECT principal, source, action, status, code, count FROM audit_entry WHERE outcome = 'refused'"
            " ORDER BY id"
        )
    ]


async def await_told(scratch, count):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found := await told(scratch)) < count:
            await asyncio.sleep(0.01)
    return found


def as_told(refusal, count=1):
    attempt = refusal.attempt
    return (attempt.principal, attempt.source, attempt.action, refusal.status, refusal.code, count)


async def test_a_refusal_of_somebody_with_a_name_is_stored_before_it_is_answered(scratch):
    async with writing(scratch.database) as refusals:
        await refusals.record(FORBIDDEN)
        assert await told(scratch) == [as_told(FORBIDDEN)]
    row = (await scratch.run("SELECT aggregate, identifier, at FROM audit_entry WHERE id = 2"))[0]
    assert tuple(row) == ("activity", "XM-1", FORBIDDEN.at)
    await scratch.link_all()
    assert (await verify(scratch.database, SERVICE)).flaw is None


async def test_what_repeats_is_counted_and_written_when_the_time_is_over(scratch):
    async with writing(scratch.database, window=0.3) as refusals:
        for _ in range(1000):
            await refusals.record(FORBIDDEN)
        assert await told(scratch) == [as_told(FORBIDDEN)]
        assert await await_told(scratch, 2) == [as_told(FORBIDDEN), as_told(FORBIDDEN, 999)]
        await refusals.record(FORBIDDEN)
    counts = [count for *_, count in await told(scratch)]
    assert sum(counts) == 1001
    assert len(counts) == 3


async def test_what_is_counted_is_written_at_the_end(scratch):
    async with writing(scratch.database) as refusals:
        for _ in range(5):
            refusals.note(FORBIDDEN)
        refusals.note(of_anybody("192.0.2.1"))
    assert sum(count for *_, count in await told(scratch)) == 6


@pytest.mark.parametrize(
    "other",
    [
        replace(FORBIDDEN, attempt=another("amina")),
        replace(FORBIDDEN, attempt=replace(ATTEMPT, source="192.0.2.8")),
        replace(FORBIDDEN, attempt=replace(ATTEMPT, action="patch_activity")),
        replace(FORBIDDEN, code="step-forbidden"),
    ],
    ids=["principal", "source", "action", "code"],
)
async def test_refusals_that_differ_are_told_each(scratch, other):
    async with writing(scratch.database) as refusals:
        await refusals.record(FORBIDDEN)
        await refusals.record(other)
        assert sorted(await told(scratch)) == sorted([as_told(FORBIDDEN), as_told(other)])


async def test_a_flood_fills_a_bounded_number_of_rows_and_no_refusal_is_left_out(scratch):
    sources = [f"198.51.{place // 250}.{place % 250}" for place in range(2000)]
    async with writing(scratch.database, most=50) as refusals:
        for _ in range(3):
            for source in sources:
                refusals.note(of_anybody(source))
            await asyncio.sleep(0)
        for code in ("token-malformed", "token-claims"):
            refusals.note(of_anybody(sources[0], code))
    rows = await told(scratch)
    assert sum(count for *_, count in rows) == 6002
    assert len(rows) <= 2 * (50 + 3)
    many = {(principal, source, code) for principal, source, _, _, code, _ in rows if principal == "many"}
    assert many == {("many", "", code) for code in ("token-expired", "token-malformed", "token-claims")}


async def test_kinds_make_room_when_their_time_is_over(scratch):
    async with writing(scratch.database, most=2, window=0.2) as refusals:
        for source in ("a", "b"):
            refusals.note(of_anybody(source))
        await await_told(scratch, 2)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while refusals.kinds:
                await asyncio.sleep(0.01)
        refusals.note(of_anybody("c"))
        assert await await_told(scratch, 3)
    assert [source for _, source, *_ in await told(scratch)] == ["a", "b", "c"]


async def test_a_refusal_is_kept_while_the_database_is_away(scratch, monkeypatch):
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    await scratch.run("ALTER TABLE audit_entry RENAME TO away")
    with capture_logs() as logs:
        async with writing(scratch.database) as refusals:
            await asyncio.wait_for(refusals.record(FORBIDDEN), PATIENCE_SECONDS)
            await refusals.record(FORBIDDEN)
            await scratch.run("ALTER TABLE away RENAME TO audit_entry")
            await asyncio.wait_for(refusals.note(FORBIDDEN).wait(), PATIENCE_SECONDS)
    assert sum(count for *_, count in await told(scratch)) == 3
    assert "audit.waiting" in {log["event"] for log in logs}


async def test_what_can_not_be_written_at_the_end_is_logged(scratch):
    await scratch.run("ALTER TABLE audit_entry RENAME TO away")
    with capture_logs() as logs:
        async with writing(scratch.database) as refusals:
            for _ in range(3):
                refusals.note(FORBIDDEN)
    assert ("audit.refusals_lost", 3) in {(log["event"], log.get("count")) for log in logs}


def test_an_attempt_tells_who_it_is_by():
    principal = Principal(
        issuer="https://id.example",
        subject="grace.owino",
        client="nairobi-desk",
        name="Grace Owino",
        grants=(Grant(role=Role.FIELD_OFFICER),),
        delegate="importer",
    )
    attempt = Attempt.by(principal, action="a", source="s", correlation_id="c", reason="r")
    assert (attempt.principal, attempt.name) == ("https://id.example#grace.owino", "Grace Owino")
    assert (attempt.client, attempt.delegate, attempt.is_anonymous) == ("nairobi-desk", "importer", False)
    public = Attempt.by(PUBLIC, action="a", source="s", correlation_id="c")
    assert (public.principal, public.name, public.is_anonymous) == ("public", "public", True)
