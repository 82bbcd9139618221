"""What the routes of a document answer."""

from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, JsonValue

from shared.chassis.documents.store import DocumentRow, Outcome, Stored
from shared.chassis.errors import Fault
from shared.contracts.base import Contract


class Item(BaseModel):
    """An aggregate as stored: its version, the time of its last change, and the document itself."""

    id: UUID
    identifier: str
    version: int
    updated_at: AwareDatetime
    document: JsonValue

    @classmethod
    def text_of(cls, row: DocumentRow) -> str:
        """Return the JSON text of a row, the stored document verbatim within it."""
        head = _Head(id=row.id, identifier=row.identifier, version=row.version, updated_at=row.updated_at)
        return f'{head.model_dump_json()[:-1]},"document":{row.document}}}'


class _Head(BaseModel):
    id: UUID
    identifier: str
    version: int
    updated_at: AwareDatetime


class ItemPage(BaseModel):
    """One page of aggregates, and the cursor of the next (null on the last)."""

    items: list[Item]
    next: str | None


class Receipt(BaseModel):
    """What a write did: the version that it left, and how a reader names it (``DevCoop-After``)."""

    identifier: str
    outcome: Outcome
    version: int
    write: str
    updated_at: AwareDatetime

    @classmethod
    def of(cls, stored: Stored) -> Self:
        """Return the receipt of a stored aggregate."""
        return cls(
            identifier=stored.identifier,
            outcome=stored.outcome,
            version=stored.version,
            write=stored.write,
            updated_at=stored.updated_at,
        )


class BatchOutcome(Contract):
    """What became of one line of a batch."""

    identifier: str | None = None
    outcome: Literal["created", "changed", "unchanged", "refused"]
    version: int | None = None
    write: str | None = None
    errors: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, stored: Stored) -> Self:
        """Return the outcome of a document that was accepted."""
        return cls(
            identifier=stored.identifier, outcome=stored.outcome, version=stored.version, write=stored.write
        )
