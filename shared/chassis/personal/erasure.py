"""The erasure of a person: a pseudonym takes the place of the names, and everything else stays as it is.

It goes from the documents, and the tables beside them, to the history and from there to the stream. Each step finds for
itself what is left to do, so an erasure that ended in the middle goes on when it is asked for again, with the pseudonym
that it began with.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.audit.entries import Affected
from shared.chassis.audit.erasure import erase_personal, note_erased_payloads
from shared.chassis.bus import BrokerAway, Bus
from shared.chassis.db import Database, execute
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.aggregates import Aggregate
from shared.chassis.documents.store import put_many
from shared.chassis.errors import Conflict, Unavailable
from shared.chassis.ids import uuid7
from shared.chassis.leadership import leadership
from shared.chassis.personal.answers import answers_with, forget_sealed, store_answers_without
from shared.chassis.personal.forgetting import forget
from shared.chassis.personal.kept import ROWS_AT_ONCE, ToldEvent, documents_with, part_of, told, without
from shared.chassis.personal.names import Names
from shared.chassis.personal.rows import PersonalTable, rows_with, store_rows_without
from shared.chassis.personal.tables import Erasure
from shared.contracts.events import decode
from shared.contracts.ids import known_as

ERASURE_LOCK = 0x0DA0
EVENTS_AT_ONCE = 100
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.05

_REWRITE = text("UPDATE outbox SET payload = :payload, size = :size WHERE event_id = :event_id")


@dataclass(frozen=True, slots=True)
class Keeper:
    """A service that keeps personal data: its aggregates, the stream that it publishes to, and tables beside these."""

    service: str
    aggregates: Sequence[Aggregate[Any]] = ()
    owner: str | None = None
    tables: Sequence[PersonalTable] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be erased: the names of one person, and why."""

    names: tuple[str, ...]
    reason: str


async def erase(database: Database, bus: Bus, keeper: Keeper, asked: Asked, actor: Actor) -> Erasure:
    """Erase a person from all that a service keeps and has published.

    Raises:
        Conflict: who asks is the person, or another erasure is under way.
        Unavailable: the stream cannot be reached; what is left is erased when it is asked for again.

    """
    _require_other(actor, Names(asked.names))
    async with leadership(database, ERASURE_LOCK) as connection:
        if connection is None:
            raise Conflict("Another erasure is under way.", code="erasure-under-way")
        row = await _begun(database, asked)
        return await _Run(database, bus, keeper, row, replace(actor, rationale=row.reason)).erase(asked)


class _Run:
    """One run of an erasure."""

    def __init__(self, database: Database, bus: Bus, keeper: Keeper, row: Erasure, actor: Actor) -> None:
        self._database, self._bus, self._keeper = database, bus, keeper
        self._row, self._actor = row, actor

    async def erase(self, asked: Asked) -> Erasure:
        """Erase the names, and note that it is done."""
        names = Names(asked.names, self._row.pseudonym)
        await self._erase_documents(names)
        await self._erase_rows(names)
        await self._erase_answers(names)
        if self._keeper.owner is not None:
            try:
                self._row.messages += await self._erase_history(names, self._keeper.owner)
            except BrokerAway as error:
                detail = "The stream could not be reached. Ask again, and the erasure goes on."
                raise Unavailable(detail, code="erasure-unfinished") from error
        return await self._finish(asked)

    async def _erase_documents(self, names: Names) -> None:
        """Store every document that holds a name anew, each in a transaction of its own."""
        held = [
            (each.aggregate, each.id)
            async for each in documents_with(self._database, self._keeper.aggregates, names)
        ]
        for aggregate, id_ in held:
            async with self._database.session() as session, session.begin():
                await _store_without(session, aggregate, id_, names, self._actor)
            self._row.documents += 1

    async def _erase_rows(self, names: Names) -> None:
        """Store the rows that hold a name anew, some in one transaction."""
        held = [each async for each in rows_with(self._database, self._keeper.tables, names)]
        for start in range(0, len(held), ROWS_AT_ONCE):
            some = held[start : start + ROWS_AT_ONCE]
            async with self._database.session() as session, session.begin():
                await store_rows_without(session, self._actor.attempt, some, names)
            self._row.documents += len(some)

    async def _erase_answers(self, names: Names) -> None:
        """Store the kept answers that hold a name anew, some in one transaction."""
        held = [each async for each in answers_with(self._database, names)]
        for start in range(0, len(held), ROWS_AT_ONCE):
            some = held[start : start + ROWS_AT_ONCE]
            async with self._database.session() as session, session.begin():
                await store_answers_without(session, some)
            self._row.documents += len(some)
        async with self._database.session() as session, session.begin():
            await forget_sealed(session)

    async def _erase_history(self, names: Names, owner: str) -> int:
        """Erase the names from every event that was told, and let the stream forget what it said."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            erased, waiting = await self._erase_events(names)
            if not waiting:
                return await forget(self._database, self._bus, owner, sorted(erased), self._row.pseudonym)
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerAway("events that hold a name are still to be published")
            await asyncio.sleep(POLL_SECONDS)

    async def _erase_events(self, names: Names) -> tuple[set[UUID], bool]:
        """Rewrite events; return the aggregates of which any was, now or by a former run, and whether some wait.

        What is not published yet the relay may have in its hands, so it has to be published first.
        """
        aggregates: set[UUID] = set()
        rewritten: list[tuple[ToldEvent, str]] = []
        waiting = False
        async for event in told(self._database):
            if self._row.pseudonym in event.payload:
                aggregates.add(event.aggregate_id)
            payload, places = without(event.payload, names)
            if not places:
                continue
            aggregates.add(event.aggregate_id)
            if event.is_published:
                rewritten.append((event, payload))
            waiting = waiting or not event.is_published
            if len(rewritten) >= EVENTS_AT_ONCE:
                await self._rewrite(rewritten)
                rewritten.clear()
        await self._rewrite(rewritten)
        return aggregates, waiting

    async def _rewrite(self, events: Sequence[tuple[ToldEvent, str]]) -> None:
        """Rewrite events, and let the audit tell of it."""
        if not events:
            return
        noted = []
        async with self._database.session() as session, session.begin():
            for event, payload in events:
                size = len(payload.encode())
                await execute(session, _REWRITE, event_id=event.event_id, payload=payload, size=size)
                noted.append((digest_of(event.payload), _affected(event, payload)))
            await note_erased_payloads(session, self._actor.attempt, noted)
        self._row.events += len(events)

    async def _finish(self, asked: Asked) -> Erasure:
        """Erase the names from the audit, note that all is done, and forget what told the names again."""
        row = self._row
        async with self._database.session() as session, session.begin():
            row.entries += await erase_personal(session, self._actor.attempt, asked.names)
            row.finished_at, row.salt, row.digest = datetime.now(UTC), None, None
            return await session.merge(row)


async def _begun(database: Database, asked: Asked) -> Erasure:
    """Return the erasure of these names that is not finished, or begin one."""
    async with database.session() as session, session.begin():
        unfinished = await session.exec(select(Erasure).where(col(Erasure.finished_at).is_(None)))
        for row in unfinished:
            if row.salt is not None and _digest(asked.names, row.salt) == row.digest:
                return row
        salt, pseudonym = secrets.token_bytes(16), f"erased-{secrets.token_hex(4)}"
        reason = Names(asked.names, pseudonym).without(asked.reason)
        row = Erasure(
            id=uuid7(),
            pseudonym=pseudonym,
            reason=reason,
            salt=salt,
            digest=_digest(asked.names, salt),
            begun_at=datetime.now(UTC),
        )
        session.add(row)
        return row


def _digest(names: Sequence[str], salt: bytes) -> bytes:
    """Return what tells the same names again without telling them."""
    return hashlib.scrypt(
        "\n".join(sorted({known_as(name) for name in names})).encode(), salt=salt, n=2**14, r=8, p=1
    )


async def _store_without(
    session: AsyncSession, aggregate: Aggregate[Any], id_: UUID, names: Names, actor: Actor
) -> None:
    """Store a document without the names; no rule refuses that, as none refuses what was published."""
    row = await session.get(aggregate.model, id_, with_for_update=True)
    if row is None:
        return
    document, _ = names.erased(from_json(row.document), part_of(aggregate))
    erased = aggregate.contract.from_json(to_json(document))
    await put_many(session, aggregate, [erased], actor=actor)


def _affected(event: ToldEvent, payload: str) -> Affected:
    """Return what the audit tells of an event that was rewritten."""
    header, _ = decode(payload.encode())
    return Affected(
        aggregate=header.type.split(".")[1],
        aggregate_id=header.aggregate_id,
        version_before=header.aggregate_version,
        version_after=header.aggregate_version,
        event_id=event.event_id,
        event_digest=digest_of(payload),
    )


def digest_of(payload: str) -> bytes:
    """Return the digest by which the audit knows a payload."""
    return hashlib.sha256(payload.encode()).digest()


def _require_other(actor: Actor, names: Names) -> None:
    """Check that nobody erases themselves, since the erasure tells who did it.

    Raises:
        Conflict: one of the names is that of the actor.

    """
    principal = actor.permit.principal if actor.permit is not None else None
    own = [actor.name, *((principal.id, principal.subject, principal.name) if principal else ())]
    if any(map(names.is_one, own)):
        raise Conflict("Who is to be erased can not ask for it in their own name.", code="own-erasure")
