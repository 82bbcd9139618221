"""What a service keeps of a person: in its documents as they are, and in every version that it ever told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlmodel import col, select

from shared.chassis.db import Database
from shared.chassis.documents.aggregates import Aggregate
from shared.chassis.personal.names import Names, Place
from shared.contracts.base import Contract
from shared.contracts.catalog import CATALOG
from shared.contracts.events import Header, decode, encode
from shared.contracts.personal import Part, personal_part

ROWS_AT_ONCE = 50

_OUTBOX = text("SELECT event_id, aggregate_id, published_at IS NOT NULL, payload FROM outbox ORDER BY id")


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A document that holds names of a person, and where."""

    aggregate: Aggregate[Any]
    id: UUID
    identifier: str
    version: int
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event of the outbox as it may be published, or was."""

    event_id: UUID
    aggregate_id: UUID
    is_published: bool
    payload: str


async def documents_with(
    database: Database, aggregates: Sequence[Aggregate[Any]], names: Names
) -> AsyncIterator[HeldDocument]:
    """Yield the documents that hold names of a person."""
    for aggregate in aggregates:
        part = part_of(aggregate)
        if not part.members:
            continue
        model = aggregate.model
        statement = select(model.id, model.identifier, model.version, model.document).order_by(col(model.id))
        async with database.session() as session:
            rows = await session.stream(statement, execution_options={"yield_per": ROWS_AT_ONCE})
            async for id_, identifier, version, document in rows:
                places = places_in(document, part, names)
                if places:
                    yield HeldDocument(aggregate, id_, identifier, version, places)


async def told(database: Database) -> AsyncIterator[ToldEvent]:
    """Yield every event of the outbox, in the order in which they were staged."""
    async with database.engine.connect() as connection:
        rows = await connection.stream(_OUTBOX, execution_options={"yield_per": ROWS_AT_ONCE})
        async for row in rows:
            yield ToldEvent(*row)


def part_of(aggregate: Aggregate[Any]) -> Part:
    """Return what of an aggregate's documents may hold personal data."""
    contract: type[Contract] = aggregate.contract
    return personal_part(contract)


def places_in(document: str, part: Part, names: Names) -> Sequence[Place]:
    """Return where the JSON text of a document holds names of a person."""
    if not names.may_be_in(document):
        return ()
    return names.erased(from_json(document), part)[1]


def without(payload: str, names: Names) -> tuple[str, Sequence[Place]]:
    """Return the payload of an event without the names of a person, and where they were; it says that it was erased."""
    if not names.may_be_in(payload):
        return payload, ()
    header, data = decode(payload.encode())
    event_type = CATALOG.get(header.type)
    part = personal_part(event_type.data) if event_type is not None else Part()
    document, of_data = names.erased(from_json(data), part, "/data")
    members, of_header = names.erased(_personal_members(header), personal_part(Header))
    places = [*of_header, *of_data]
    if not places:
        return payload, ()
    erased = header.model_copy(update={**members, "erased": True})
    return encode(erased, to_json(document).decode()), places


def _personal_members(header: Header) -> Mapping[str, Any]:
    return {name: getattr(header, name) for name in personal_part(Header).members}
