"""Erasure of what names a person in the audit, and the record of what was erased elsewhere; the chain holds.

An entry loses who it was of, or the reason that was given, as a whole: the values and their salt. What was done, when and to
what stays. Each erasure is an entry itself, which holds the digest of what it erased, so that nobody can pass off
a deletion as one.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.digests import erased_digest
from shared.chassis.audit.entries import Affected, Attempt, note_changes
from shared.chassis.db import execute
from shared.chassis.personal.names import Names

_IDENTITIES = text(
    "SELECT DISTINCT principal, name, client, delegate FROM audit_entry WHERE identity_salt IS NOT NULL"
)
_REASONS = text("SELECT DISTINCT reason FROM audit_entry WHERE reason_salt IS NOT NULL")
_MATCHING = text(
    "SELECT id, 'identity' AS part FROM audit_entry WHERE identity_salt IS NOT NULL"
    " AND (principal, name, client, coalesce(delegate, '')) IN (SELECT * FROM unnest(CAST(:principals AS TEXT[]),"
    " CAST(:names AS TEXT[]), CAST(:clients AS TEXT[]), CAST(:delegates AS TEXT[])))"
    " UNION ALL SELECT id, 'reason' FROM audit_entry WHERE reason_salt IS NOT NULL"
    " AND reason = ANY(CAST(:reasons AS TEXT[])) ORDER BY id, part"
)
_ALLOW = text("SELECT set_config('devcoop.erasing', :allowed, true)")
_ERASE_IDENTITY = text(
    "UPDATE audit_entry SET principal = NULL, name = NULL, client = NULL, delegate = NULL, source = NULL,"
    " identity_salt = NULL WHERE id = ANY(CAST(:ids AS BIGINT[]))"
)
_ERASE_REASON = text(
    "UPDATE audit_entry SET reason = NULL, reason_salt = NULL WHERE id = ANY(CAST(:ids AS BIGINT[]))"
)
_NOTE = text(
    "INSERT INTO audit_erasure (entry_id, part, erasure_id) SELECT r.entry_id, r.part, CAST(:erasure_id AS BIGINT)"
    " FROM unnest(CAST(:ids AS BIGINT[]), CAST(:parts AS TEXT[])) AS r(entry_id, part)"
)
_NOTE_PAYLOADS = text(
    "INSERT INTO erased_payload (entry_id, event_id, digest_before, digest_after)"
    " SELECT * FROM unnest(CAST(:entry_id AS BIGINT[]), CAST(:event_id AS UUID[]), CAST(:before AS BYTEA[]),"
    " CAST(:after AS BYTEA[]))"
)


async def erase_personal(session: AsyncSession, attempt: Attempt, names: Collection[str]) -> int:
    """Erase from the audit who it was where that is a person of these names, and reasons in which the person is named.

    The erasure is an entry of its own.

    Args:
        session: the caller's transaction.
        attempt: who erases, and why; it must not name the person.
        names: of one person.

    Returns:
        How many entries lost something.

    Raises:
        ValueError: none of the names has letters.

    """
    matching = await _matching(session, Names(names))
    if not matching:
        return 0
    erasure = Affected(aggregate="audit", event_digest=erased_digest(matching))
    (erasure_id,) = await note_changes(session, attempt, [erasure])
    ids, parts = [id_ for id_, _ in matching], [part for _, part in matching]
    await execute(session, _NOTE, erasure_id=erasure_id, ids=ids, parts=parts)
    await execute(session, _ALLOW, allowed="on")
    await execute(session, _ERASE_IDENTITY, ids=[id_ for id_, part in matching if part == "identity"])
    await execute(session, _ERASE_REASON, ids=[id_ for id_, part in matching if part == "reason"])
    await execute(session, _ALLOW, allowed="off")
    return len(set(ids))


async def _matching(session: AsyncSession, names: Names) -> list[tuple[int, str]]:
    """Return the entries that tell of a person, each with the part that does."""
    identities = [
        (principal, name, client, delegate or "")
        for principal, name, client, delegate in await execute(session, _IDENTITIES)
        if any(map(names.is_one, called(principal, name, client, delegate)))
    ]
    reasons = [reason for (reason,) in await execute(session, _REASONS) if names.without(reason) != reason]
    columns = {
        column: [identity[place] for identity in identities]
        for place, column in enumerate(("principals", "names", "clients", "delegates"))
    }
    found = await execute(session, _MATCHING, **columns, reasons=reasons)
    return [(id_, part) for id_, part in found]


def called(principal: str | None, name: str | None, client: str | None, delegate: str | None) -> list[str]:
    """Return what an entry calls who it was and who acted for them; a principal by its subject, too."""
    subject = (principal or "").partition("#")[2]
    return [each for each in (principal, subject, name, client, delegate) if each]


async def note_erased_payloads(
    session: AsyncSession, attempt: Attempt, erased: Sequence[tuple[bytes, Affected]]
) -> None:
    """Take note that payloads of the outbox are rewritten without the data of a person, in the same transaction.

    Args:
        session: the caller's transaction, in which they are rewritten.
        attempt: who erases, and why.
        erased: of each the SHA-256 of its payload before, and what it tells of: ``event_id`` is the event, and
            ``event_digest`` the SHA-256 after.

    """
    told = [affected for _, affected in erased]
    await execute(
        session,
        _NOTE_PAYLOADS,
        entry_id=await note_changes(session, attempt, told),
        event_id=[affected.event_id for affected in told],
        before=[before for before, _ in erased],
        after=[affected.event_digest for affected in told],
    )
