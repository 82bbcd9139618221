"""What is kept of a person, as one JSON line for each document, version or entry that names them."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy import text

from shared.chassis.audit.erasure import called
from shared.chassis.db import Database
from shared.chassis.personal.answers import NOUN, answers_with
from shared.chassis.personal.erasure import Keeper
from shared.chassis.personal.kept import ROWS_AT_ONCE, documents_with, told, without
from shared.chassis.personal.names import Names, Place
from shared.chassis.personal.rows import rows_with
from shared.contracts.base import Contract
from shared.contracts.events import decode
from shared.contracts.personal import DECIDER, WORDS

_IDENTITY = ("principal", "name", "client", "delegate")
_AUDIT = text(
    "SELECT id, at, principal, name, client, delegate, source, reason, action, aggregate, aggregate_id, identifier, version_after"
    " FROM audit_entry WHERE principal IS NOT NULL OR reason IS NOT NULL ORDER BY id"
)


class Mention(Contract):
    """A text that holds a name of the person: a JSON pointer to it, whose it is as a rule, and what it is kept for."""

    pointer: str
    whose: str
    purpose: str
    text: str

    @classmethod
    def of(cls, place: Place) -> "Mention":
        """Return what is told of a place."""
        return cls(
            pointer=place.pointer, whose=place.marker.whose, purpose=place.marker.purpose, text=place.text
        )


class PersonalRecord(Contract):
    """What names the person: a document as it is, a version as it was told (``event``), or an entry of the audit.

    What is kept beside documents, as a client or an item of an import's report, is told as a document without a version.
    An entry tells its own ``entry``, when it was, and what was done; its mentions are its members.
    """

    kind: Literal["document", "event", "audit"]
    service: str
    aggregate: str | None = None
    id: UUID | None = None
    identifier: str | None = None
    version: int | None = None
    entry: int | None = None
    at: AwareDatetime | None = None
    action: str | None = None
    mentions: tuple[Mention, ...]


async def personal_records(database: Database, keeper: Keeper, names: Names) -> AsyncIterator[PersonalRecord]:
    """Yield what a service keeps of a person, which is what an erasure would erase."""
    async for held in documents_with(database, keeper.aggregates, names):
        yield PersonalRecord(
            kind="document",
            service=keeper.service,
            aggregate=held.aggregate.noun,
            id=held.id,
            identifier=held.identifier,
            version=held.version,
            mentions=_mentions(held.places),
        )
    async for row in rows_with(database, keeper.tables, names):
        yield PersonalRecord(
            kind="document",
            service=keeper.service,
            aggregate=row.table.noun,
            identifier=row.identifier,
            mentions=_mentions(row.places),
        )
    async for answer in answers_with(database, names):
        yield PersonalRecord(
            kind="document",
            service=keeper.service,
            aggregate=NOUN,
            identifier=answer.operation,
            mentions=_mentions(answer.places),
        )
    async for record in _entries(database, keeper, names):
        yield record
    if keeper.owner is None:
        return
    async for event in told(database):
        _, places = without(event.payload, names)
        if places:
            header, _ = decode(event.payload.encode())
            yield PersonalRecord(
                kind="event",
                service=keeper.service,
                aggregate=header.type.split(".")[1],
                id=header.aggregate_id,
                version=header.aggregate_version,
                mentions=_mentions(places),
            )


async def _entries(database: Database, keeper: Keeper, names: Names) -> AsyncIterator[PersonalRecord]:
    """Yield the entries of the audit that an erasure would take something of."""
    async with database.engine.connect() as connection:
        rows = await connection.stream(_AUDIT, execution_options={"yield_per": ROWS_AT_ONCE})
        async for row in rows.mappings():
            is_of_person = any(map(names.is_one, called(*(row[name] for name in _IDENTITY))))
            of_identity = [name for name in (*_IDENTITY, "source") if is_of_person and row[name]]
            reason = ["reason"] if row["reason"] and names.without(row["reason"]) != row["reason"] else []
            if of_identity or reason:
                mentions = [
                    *(Mention.of(Place(f"/{name}", DECIDER, row[name])) for name in of_identity),
                    *(Mention.of(Place(f"/{name}", WORDS, row[name])) for name in reason),
                ]
                yield PersonalRecord(
                    kind="audit",
                    service=keeper.service,
                    aggregate=row["aggregate"],
                    id=row["aggregate_id"],
                    identifier=row["identifier"],
                    version=row["version_after"],
                    entry=row["id"],
                    at=row["at"],
                    action=row["action"],
                    mentions=tuple(mentions),
                )


def _mentions(places: Sequence[Place]) -> tuple[Mention, ...]:
    return tuple(map(Mention.of, places))
