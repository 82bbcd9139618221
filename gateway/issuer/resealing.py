"""Everything that is sealed under the key of the settings, sealed under another: the one table of where that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.incoming.signatures import PURPOSE as INCOMING
from gateway.issuer.sealing import PRIVATE_KEYS, Sealer, Unsealable
from gateway.issuer.tokens import KEPT_ANSWERS
from gateway.webhooks.signing import PURPOSE as WEBHOOKS
from shared.chassis.db import execute


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values; ``label`` is the SQL of what each is sealed with, and ``holds`` which rows have one."""

    table: str
    key: str
    column: str
    label: str
    purpose: bytes
    holds: str = "true"


PLACES: Sequence[Sealed] = (
    Sealed("signing_key", "kid", "sealed", "kid", PRIVATE_KEYS, "sealed <> ''"),
    Sealed("webhook_secret", "id", "sealed", "id::text", WEBHOOKS),
    Sealed("incoming_secret", "id", "sealed", "id", INCOMING),
    Sealed("incoming_message", "id", "sealed", "id::text", INCOMING, "sealed IS NOT NULL"),
    Sealed("incoming_message", "id", "corrected", "id || ' corrected'", INCOMING, "corrected IS NOT NULL"),
    Sealed("kept_answer", "key_digest", "body", "operation", KEPT_ANSWERS, "packing = 'sealed'"),
)


async def reseal(session: AsyncSession, former: str, key: str) -> int:
    """Seal everything under another key, in the caller's transaction, and return how much was sealed anew.

    What is sealed under that key already is left as it is.

    Raises:
        Unsealable: something is sealed under neither.

    """
    count = 0
    for place in PLACES:
        count += await _reseal(session, place, Sealer(former, place.purpose), Sealer(key, place.purpose))
    return count


async def _reseal(session: AsyncSession, place: Sealed, former: Sealer, sealer: Sealer) -> int:
    """Take one value after the other, since each may be as large as a message."""
    of_key = f"SELECT {place.column}, {place.label} FROM {place.table} WHERE {place.key} = :key FOR UPDATE"  # noqa: S608
    keys = (
        await execute(session, text(f"SELECT {place.key} FROM {place.table} WHERE {place.holds}"))  # noqa: S608
    ).scalars()
    write = text(f"UPDATE {place.table} SET {place.column} = :sealed WHERE {place.key} = :key")  # noqa: S608
    count = 0
    for key in keys.all():
        stored, label = (await execute(session, text(of_key), key=key)).one()
        try:
            content = former.unseal(stored, label)
        except Unsealable:
            sealer.unseal(stored, label)
            continue
        await execute(session, write, sealed=sealer.seal(content, label), key=key)
        count += 1
    return count
