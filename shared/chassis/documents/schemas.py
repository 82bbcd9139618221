"""What the routes of a document answer."""

from collections.abc import Collection
from typing import Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, JsonValue
from pydantic_core import from_json, to_json

from shared.chassis.documents.aggregates import DocumentRow
from shared.chassis.documents.members import leave_out
from shared.chassis.documents.store import Outcome, Stored
from shared.chassis.errors import Fault
from shared.contracts.base import Contract


class Item(BaseModel):
    """An aggregate as stored: its version, the time of its last change, and the document itself.

    ``withheld`` names the members of the document that the caller may not see, whether or not there are any.
    """

    id: UUID
    identifier: str
    version: int
    updated_at: AwareDatetime
    document: JsonValue
    withheld: tuple[str, ...] = ()

    @classmethod
    def text_of(cls, row: DocumentRow, withheld: Collection[str] = ()) -> str:
        """Return the JSON text of a row, the stored document verbatim within it, save for what is withheld."""
        head = _Head(id=row.id, identifier=row.identifier, version=row.version, updated_at=row.updated_at)
        text = row.document
        if not withheld:
            return f'{head.model_dump_json()[:-1]},"document":{text}}}'
        told = from_json(text)
        for name in withheld:
            leave_out(told, name.split("."))
        names = to_json(sorted(withheld)).decode()
        return f'{head.model_dump_json()[:-1]},"document":{to_json(told).decode()},"withheld":{names}}}'


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
