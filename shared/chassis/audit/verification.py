"""Verification of a chain: every link and every entry is computed anew, and held against the events that it tells of.

It reads in pieces, in one snapshot, so that what is written meanwhile does not matter and its memory is flat. It stops at the
first place that does not hold. What that can be is told by ``Flaw``.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.chain import Head
from shared.chassis.audit.digests import (
    IDENTITY,
    entry_digest,
    erased_digest,
    genesis,
    link_hash,
    sealed,
)
from shared.chassis.audit.tables import BEGIN, ENTRY
from shared.chassis.db import Database, execute

LATE_SECONDS = 60.0
PIECE = 1000
LARGE_PIECE = 10_000

FlawKind = Literal[
    "beginning-missing",
    "link-missing",
    "link-changed",
    "entry-missing",
    "entry-changed",
    "erasure-missing",
    "event-missing",
    "event-changed",
    "event-without-entry",
    "entry-not-linked",
    "head-missing",
]

_ENTRY = ", ".join(f"e.{column.name}" for column in ENTRY.columns)
_ERASED = (
    "EXISTS (SELECT FROM audit_erasure AS x JOIN audit_entry AS xe ON xe.id = x.erasure_id"
    " WHERE x.entry_id = e.id AND x.part = '{}' AND xe.event_id IS NULL AND xe.event_digest IS NOT NULL) AS {}_erased"
)
_EVENT = """
    , (SELECT sha256(convert_to(o.payload, 'UTF8')) FROM outbox AS o WHERE o.event_id = e.event_id) AS payload_digest
    , coalesce(
        (SELECT p.event_digest FROM audit_entry AS p JOIN erased_payload AS r ON r.entry_id = p.id
            WHERE p.event_id = e.event_id AND p.id > e.id ORDER BY p.id DESC LIMIT 1),
        e.event_digest
    ) AS payload_expected
    , r.event_id AS erased_event, r.digest_before AS erased_before, r.digest_after AS erased_after
    , (SELECT p.event_digest FROM audit_entry AS p
        WHERE p.event_id = e.event_id AND p.id < e.id ORDER BY p.id DESC LIMIT 1
    ) AS digest_before
"""
_LINKS = f"""
SELECT l.seq, l.entry_id, l.linked_at, l.hash, {_ENTRY},
    {_ERASED.format("identity", "identity")}, {_ERASED.format("reason", "reason")} {{event}}
FROM audit_link AS l LEFT JOIN audit_entry AS e ON e.id = l.entry_id
LEFT JOIN erased_payload AS r ON r.entry_id = e.id
WHERE l.seq > :after ORDER BY l.seq LIMIT {PIECE}
"""  # noqa: S608  (names and numbers of our own)
_HAS_OUTBOX = text("SELECT to_regclass('outbox') IS NOT NULL")
_HAS_ENTRIES = text("SELECT EXISTS (SELECT FROM audit_entry)")
_OF_ERASURE = text("SELECT entry_id, part FROM audit_erasure WHERE erasure_id = :id ORDER BY entry_id, part")
_WITHOUT_ENTRY = text(
    "SELECT entry_id FROM audit_unlinked LEFT JOIN audit_entry ON id = entry_id WHERE id IS NULL"
    " ORDER BY entry_id LIMIT 1"
)
_NOT_LINKED = text(f"""
SELECT max(id), min(id) FILTER (WHERE is_late) FROM (
    SELECT e.id, e.at < :before AND NOT EXISTS (SELECT FROM audit_link AS l WHERE l.entry_id = e.id) AS is_late
    FROM audit_entry AS e WHERE e.id > :after ORDER BY e.id LIMIT {LARGE_PIECE}
) AS piece
""")  # noqa: S608
_NOT_TOLD = text(f"""
SELECT max(id), min(id) FILTER (WHERE NOT is_told) FROM (
    SELECT o.id, EXISTS (SELECT FROM audit_entry AS e WHERE e.event_id = o.event_id) AS is_told
    FROM outbox AS o WHERE o.id > :after ORDER BY o.id LIMIT {LARGE_PIECE}
) AS piece
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first place of a chain that does not hold."""

    kind: FlawKind
    detail: str
    seq: int | None = None
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found: how far the chain holds, and what is wrong behind that, if anything."""

    service: str
    head: Head
    flaw: Flaw | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.flaw is None


class _Broken(Exception):
    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.kind)
        self.flaw = flaw


async def verify(
    database: Database, service: str, *, known: Head | None = None, late_seconds: float = LATE_SECONDS
) -> Verdict:
    """Verify the audit of a service.

    Args:
        database: of the service.
        service: its name, which the chain begins with.
        known: a head of the chain as it was before, which has to be in it still.
        late_seconds: for how long an entry may wait to be linked.

    """
    async with database.session() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        has_outbox = (await execute(session, _HAS_OUTBOX)).scalar_one()
        return await _Verification(session, service, known, has_outbox=has_outbox).run(late_seconds)


class _Verification:
    def __init__(self, session: AsyncSession, service: str, known: Head | None, *, has_outbox: bool) -> None:
        self._session, self._service, self._known = session, service, known
        self._has_outbox = has_outbox
        self._head = Head(0, genesis(service))

    async def run(self, late_seconds: float) -> Verdict:
        try:
            behind = 0
            async for row in self._links():
                await self._check(row)
                if self._head.seq == 1:
                    behind = _beginning(row)
            await self._check_end()
            await self._check_unlinked(datetime.now(UTC) - timedelta(seconds=late_seconds))
            if self._has_outbox and self._head.seq:
                await self._check_events(behind)
        except _Broken as broken:
            return Verdict(self._service, self._head, broken.flaw)
        return Verdict(self._service, self._head)

    async def _links(self) -> AsyncIterator[dict[str, Any]]:
        statement = text(_LINKS.format(event=_EVENT if self._has_outbox else ""))
        after: int | None = -(2**63)
        while after is not None:
            rows = (await execute(self._session, statement, after=after)).all()
            for row in rows:
                yield row._asdict()
            after = rows[-1].seq if len(rows) == PIECE else None

    async def _check(self, row: Mapping[str, Any]) -> None:
        """Check a link, its entry, and what belongs to that."""
        seq = self._head.seq + 1
        if row["seq"] != seq:
            raise _Broken(Flaw("link-missing", f"behind {self._head.seq} comes {row['seq']}", seq))
        place = {"seq": seq, "entry_id": row["entry_id"]}
        if row["id"] is None:
            raise _Broken(Flaw("entry-missing", "the entry of the link is not there", **place))
        _check_entry(row, place)
        digest = row["digest"]
        if row["hash"] != link_hash(self._head.hash, seq, row["entry_id"], row["linked_at"], digest):
            detail = "the link is not the hash of the one before, its place and its entry"
            raise _Broken(Flaw("link-changed", detail, **place))
        if row["event_id"] is None and row["event_digest"] is not None:
            await self._check_erasure(row, place)
        elif self._has_outbox and row["event_id"] is not None:
            _check_event(row, place)
        self._head = Head(seq, row["hash"])
        if self._known is not None and self._known.seq == seq and self._known != self._head:
            raise _Broken(Flaw("head-missing", "the chain had another link at this place", **place))

    async def _check_erasure(self, row: Mapping[str, Any], place: Mapping[str, int]) -> None:
        found = await execute(self._session, _OF_ERASURE, id=row["id"])
        if erased_digest((entry_id, part) for entry_id, part in found) != row["event_digest"]:
            raise _Broken(Flaw("erasure-missing", "it erased something else than is told", **place))

    async def _check_end(self) -> None:
        if self._head.seq == 0 and not (await execute(self._session, _HAS_ENTRIES)).scalar_one():
            raise _Broken(Flaw("beginning-missing", "there is no entry"))
        if self._known is not None and self._head.seq < self._known.seq:
            raise _Broken(Flaw("head-missing", f"the chain ends before {self._known.seq}", self._head.seq))

    async def _check_unlinked(self, before: datetime) -> None:
        gone = (await execute(self._session, _WITHOUT_ENTRY)).scalar_one_or_none()
        if gone is not None:
            raise _Broken(Flaw("entry-missing", "it was waiting to be linked", entry_id=gone))
        after: int | None = -(2**63)
        while after is not None:
            after, late = (await execute(self._session, _NOT_LINKED, after=after, before=before)).one()
            if late is not None:
                raise _Broken(Flaw("entry-not-linked", "the chain does not hold the entry", entry_id=late))

    async def _check_events(self, behind: int) -> None:
        after: int | None = behind
        while after is not None:
            after, missing = (await execute(self._session, _NOT_TOLD, after=after)).one()
            if missing is not None:
                detail = f"no entry tells of row {missing} of the outbox"
                raise _Broken(Flaw("event-without-entry", detail))


def _beginning(row: Mapping[str, Any]) -> int:
    """Return the row of the outbox behind which entries tell of every event."""
    if row["action"] != BEGIN:
        raise _Broken(Flaw("beginning-missing", "the first entry does not begin the audit", 1, row["id"]))
    return int(row["identifier"] or 0)


def _check_entry(row: Mapping[str, Any], place: Mapping[str, int]) -> None:
    if entry_digest(row) != row["digest"]:
        raise _Broken(Flaw("entry-changed", "the entry is not what its digest tells", **place))
    _check_seal(row, "identity", [row[name] for name in IDENTITY], place)
    if row["reason_digest"] is not None or row["reason_salt"] is not None or row["reason"] is not None:
        _check_seal(row, "reason", [row["reason"]], place)


def _check_seal(
    row: Mapping[str, Any], part: str, values: list[str | None], place: Mapping[str, int]
) -> None:
    """Check what names persons, or that it was erased."""
    salt = row[f"{part}_salt"]
    if salt is not None:
        if row[f"{part}_erased"] or sealed(salt, values) != row[f"{part}_digest"]:
            raise _Broken(Flaw("entry-changed", f"the {part} is not what its digest tells", **place))
    elif any(value is not None for value in values):
        raise _Broken(Flaw("entry-changed", f"the {part} has no salt", **place))
    elif not row[f"{part}_erased"]:
        raise _Broken(Flaw("erasure-missing", f"the {part} is gone, and no erasure tells of it", **place))


def _check_event(row: Mapping[str, Any], place: Mapping[str, int]) -> None:
    """Check the event that an entry tells of: the first entry tells of the change, each other one of an erasure.

    Of an event from before the audit there is no first entry, and what it was before its erasure is not known here.
    """
    if row["payload_digest"] is None:
        raise _Broken(Flaw("event-missing", "the event is not in the outbox", **place))
    if row["payload_digest"] != row["payload_expected"]:
        raise _Broken(Flaw("event-changed", "the event is not what it was", **place))
    before = row["digest_before"] or row["erased_before"]
    if before is None:
        return
    told = (row["erased_event"], row["erased_before"], row["erased_after"])
    if told != (row["event_id"], before, row["event_digest"]):
        raise _Broken(Flaw("event-changed", "the erasure of the event is not what it was", **place))
