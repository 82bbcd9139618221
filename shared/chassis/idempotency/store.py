"""Answers in the database: one transaction at a time has a key, finds what was answered under it, and keeps its own."""

from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import driver, execute
from shared.chassis.idempotency.packing import Packing

_TAKE = text("SELECT pg_try_advisory_xact_lock(:lock)")
_FIND = (
    "SELECT fingerprint, operation, status, headers, body, packing FROM kept_answer"
    " WHERE key_digest = $1 AND answered_at > $2"
)
_KEEP = (
    "INSERT INTO kept_answer (key_digest, fingerprint, operation, status, headers, body, packing, answered_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (key_digest) DO UPDATE SET fingerprint = excluded.fingerprint, operation = excluded.operation,"
    " status = excluded.status, headers = excluded.headers, body = excluded.body, packing = excluded.packing,"
    " answered_at = excluded.answered_at"
)
_FORGET = text(
    "DELETE FROM kept_answer WHERE key_digest IN (SELECT key_digest FROM kept_answer WHERE answered_at <= :since"
    " ORDER BY answered_at LIMIT :most FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered to a request, as it is stored; ``headers`` is the text of a JSON object."""

    fingerprint: bytes
    operation: str
    status: int
    headers: str
    body: bytes
    packing: Packing


async def take(session: AsyncSession, key: bytes) -> bool:
    """Take a key until the caller's transaction ends; false if another transaction has it."""
    lock = int.from_bytes(key[:8], "big", signed=True)
    taken: bool = (await execute(session, _TAKE, lock=lock)).scalar_one()
    return taken


async def find(session: AsyncSession, key: bytes, days: int) -> Kept | None:
    """Return what was answered under a key within so many days; asked once the key is taken."""
    row = await (await driver(session)).fetchrow(_FIND, key, _since(days))
    return None if row is None else Kept(*row)


async def keep(session: AsyncSession, key: bytes, kept: Kept) -> None:
    """Keep an answer in the caller's transaction, in place of one whose days are over."""
    await (await driver(session)).execute(_KEEP, key, *astuple(kept), datetime.now(UTC))


async def forget(session: AsyncSession, days: int, most: int) -> int:
    """Forget answers whose days are over, the oldest first, and return how many."""
    return (await execute(session, _FORGET, since=_since(days), most=most)).rowcount


def _since(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)
