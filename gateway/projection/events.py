"""Events as the read model takes them in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.contracts.events import Header


@dataclass(frozen=True, slots=True)
class Event:
    """One version of an aggregate as an event told it; ``data`` is JSON text.

    One that is ``erased`` takes the place of what was told of that version before. ``traceparent`` is the span that takes it
    in, where that is traced.
    """

    aggregate: str
    id: UUID
    version: int
    owner: str
    sequence: int
    recorded_at: datetime
    actor: str
    rationale: str | None
    data: str
    event_id: UUID
    type: str
    occurred_at: datetime
    erased: bool = False
    traceparent: str | None = None

    @classmethod
    def of(
        cls, header: Header, data: bytes, *, owner: str, sequence: int, traceparent: str | None = None
    ) -> Self:
        """Return the event of a message in an owner's stream."""
        return cls(
            header.type.split(".")[1],
            header.aggregate_id,
            header.aggregate_version,
            owner,
            sequence,
            header.recorded_at,
            header.actor,
            header.rationale,
            data.decode(),
            header.id,
            header.type,
            header.occurred_at,
            header.erased,
            traceparent,
        )
