"""Answers that are kept for their idempotency keys, where they name a person.

The pseudonym takes the place of the names, so that a request is still answered once. What is sealed can not be looked into,
and is forgotten.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import Database, execute
from shared.chassis.idempotency.packing import packed, unpacked
from shared.chassis.personal.names import Names, Place
from shared.contracts.personal import DECIDER, WORDS, Part

NOUN = "kept-answer"
ROWS_AT_ONCE = 50

_OPEN = text("SELECT key_digest, operation, body, packing FROM kept_answer WHERE packing <> 'sealed'")
_REWRITE = text("UPDATE kept_answer SET body = :body, packing = :packing WHERE key_digest = :key")
_FORGET_SEALED = text("DELETE FROM kept_answer WHERE packing = 'sealed'")
_NAME, _WORDS = Part(marker=DECIDER), Part(marker=WORDS)


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """An answer that holds names of a person, where, and what it is without them."""

    key: bytes
    operation: str
    places: Sequence[Place]
    erased: bytes


async def answers_with(database: Database, names: Names) -> AsyncIterator[HeldAnswer]:
    """Yield the answers that hold names of a person, save for those that are sealed."""
    async with database.engine.connect() as connection:
        rows = await connection.stream(_OPEN, execution_options={"yield_per": ROWS_AT_ONCE})
        async for key, operation, stored, packing in rows:
            body = unpacked(stored, packing, operation, None)
            if not names.may_be_in(body.decode()):
                continue
            places: list[Place] = []
            lines = [_without(line, names, places) for line in body.splitlines(keepends=True)]
            if places:
                yield HeldAnswer(key, operation, places, b"".join(lines))


async def store_answers_without(session: AsyncSession, held: Sequence[HeldAnswer]) -> None:
    """Put the pseudonym in place of the names in some answers, in the caller's transaction."""
    for each in held:
        body, packing = packed(each.erased, each.operation, None, secret=False)
        await execute(session, _REWRITE, key=each.key, body=body, packing=packing)


async def forget_sealed(session: AsyncSession) -> int:
    """Forget the answers that can not be looked into, and return how many there were."""
    return (await execute(session, _FORGET_SEALED)).rowcount


def _without(line: bytes, names: Names, places: list[Place]) -> bytes:
    """Return a line of JSON without the names; what is no JSON is words."""
    plain = line.rstrip(b"\r\n")
    try:
        value = from_json(plain)
    except ValueError:
        return _unnamed(plain.decode(), names, "", places).encode() + line[len(plain) :]
    before = len(places)
    changed = _walk(value, names, "", places)
    return line if len(places) == before else to_json(changed) + line[len(plain) :]


def _walk(value: Any, names: Names, pointer: str, places: list[Place]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _walk(each, names, f"{pointer}/{name}", places) for name, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, names, f"{pointer}/{place}", places) for place, each in enumerate(value)]
    return _unnamed(value, names, pointer, places) if isinstance(value, str) else value


def _unnamed(value: str, names: Names, pointer: str, places: list[Place]) -> str:
    """Return a text without the names, whether it is one of them or has them among its words."""
    for part in (_NAME, _WORDS):
        changed, found = names.erased(value, part, pointer)
        if found:
            places += found
            return str(changed)
    return value
