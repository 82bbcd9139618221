"""The chain: every entry is linked to the one before by its hash, soon after it was written.

Writers do not wait for one another: an entry is linked afterwards, by whichever process of the service gets at it, one at a
time. Entries are linked as they are found, in order of id; one that was committed late comes behind others with greater
ids. The last link is the head, and is logged now and then: whoever keeps a head can tell later that nothing before it is
missing or has changed.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import structlog
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.digests import genesis, link_hash
from shared.chassis.db import AWAY, Database, execute
from shared.chassis.workers import pause

AUDIT_LOCK = 0x0A0D
MOST_ENTRIES = 1000
LINK_SECONDS = 1.0
HEAD_SECONDS = 60.0
HEAD_ENTRIES = 10_000


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_WAITING = text("SELECT EXISTS (SELECT FROM audit_unlinked)")
_LAST = text("SELECT seq, hash FROM audit_link ORDER BY seq DESC LIMIT 1")
_UNLINKED = text(
    "SELECT id, digest FROM audit_unlinked JOIN audit_entry ON id = entry_id ORDER BY id LIMIT :most"
)
_INSERT = text(
    "INSERT INTO audit_link (seq, entry_id, linked_at, hash) SELECT r.seq, r.entry_id, :linked_at, r.hash"
    " FROM unnest(CAST(:seq AS BIGINT[]), CAST(:entry_id AS BIGINT[]), CAST(:hash AS BYTEA[])) AS r(seq, entry_id, hash)"
)
_DELETE = text("DELETE FROM audit_unlinked WHERE entry_id = ANY(CAST(:entry_id AS BIGINT[]))")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Head:
    """A link of a chain, and so all before it."""

    seq: int
    hash: bytes

    @classmethod
    def parsed(cls, told: str) -> Self:
        """Read a head as it is logged: ``SEQ:HASH``.

        Raises:
            ValueError: it is none.

        """
        seq, _, digits = told.partition(":")
        return cls(int(seq), bytes.fromhex(digits))

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


async def head_of(session: AsyncSession, service: str) -> Head:
    """Return the last link of a service's chain; the place before the first where it has none."""
    last = (await execute(session, _LAST)).one_or_none()
    return Head(0, genesis(service)) if last is None else Head(*last)


async def link(database: Database, service: str) -> Head | None:
    """Link entries that are not linked yet, up to a bound, and return the head; None if all are."""
    async with database.session() as session, session.begin():
        if not (await execute(session, _WAITING)).scalar_one():
            return None
        await execute(session, _LOCK, key=AUDIT_LOCK)
        entries = (await execute(session, _UNLINKED, most=MOST_ENTRIES)).all()
        if not entries:
            return None
        head, now = await head_of(session, service), datetime.now(UTC)
        links = []
        for entry_id, digest in entries:
            seq = head.seq + 1
            head = Head(seq, link_hash(head.hash, seq, entry_id, now, digest))
            links.append(head)
        ids = [entry_id for entry_id, _ in entries]
        seqs, hashes = [each.seq for each in links], [each.hash for each in links]
        await execute(session, _INSERT, seq=seqs, entry_id=ids, hash=hashes, linked_at=now)
        await execute(session, _DELETE, entry_id=ids)
    return head


class Linker:
    """Links what the processes of a service write, and logs the head; every process may have one."""

    name = "audit"

    def __init__(self, database: Database, service: str, *, seconds: float = LINK_SECONDS) -> None:
        self._database, self._service, self._seconds = database, service, seconds
        self._logged, self._logged_at = 0, float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Link until ``stop`` is set, and what is left then."""
        while not stop.is_set():
            await self._link_all()
            await pause(stop, self._seconds)
        await self._link_all()

    async def _link_all(self) -> None:
        head = None
        try:
            while (linked := await link(self._database, self._service)) is not None:
                head = linked
        except AWAY as error:
            _log.warning("audit.waiting", reason=type(error).__name__)
        if head is not None:
            self._tell(head)

    def _tell(self, head: Head) -> None:
        now = time.monotonic()
        if now - self._logged_at < HEAD_SECONDS and head.seq - self._logged < HEAD_ENTRIES:
            return
        self._logged, self._logged_at = head.seq, now
        _log.info("audit.head", audit=self._service, head=str(head))
