"""The event envelope: a fact in the past tense, thick enough that readers need not ask back."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime

from shared.contracts.base import Contract
from shared.contracts.personal import DECIDER, WORDS

_DATA = ',"data":'
"""What parts header and data. It cannot stand inside the header, where every quote is escaped."""

_ERASED = b'"erased":true'
"""How the header of such an event ends."""

_TRACEPARENT = re.compile(rb'"traceparent":"([^"]*)"')


class Header(Contract):
    """An event without its data.

    ``occurred_at`` is when the fact became true for its owner, ``recorded_at`` when it was written
    down; ``aggregate_version`` grows by one with each fact of an aggregate, and the newest wins. ``rationale`` is
    why the change was made, in the words of who made it. Where ``erased`` is true, names of persons were erased from what
    was told before: the event takes the place of the one of the same id, aggregate and version. ``traceparent`` is the span that
    made the change, where that was traced (W3C Trace Context).
    """

    id: UUID
    type: str
    version: int
    subject: str
    aggregate_id: UUID
    aggregate_version: int
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    actor: Annotated[str, DECIDER]
    correlation_id: str
    traceparent: str | None = None
    rationale: Annotated[str | None, WORDS] = None
    erased: bool = False


class Envelope(Header):
    """What travels over NATS, and what history and replay read."""

    data: dict[str, Any]

    def to_cloudevent(self, source: str) -> dict[str, Any]:
        """Return the event as a CloudEvents 1.0 structured-mode JSON object.

        Args:
            source: URI reference of the service that owns the fact.

        """
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": source,
            "type": f"org.devcoop.{self.type}.v{self.version}",
            "subject": str(self.aggregate_id),
            "time": _rfc3339(self.occurred_at),
            "datacontenttype": "application/json",
            "aggregateversion": self.aggregate_version,
            "correlationid": self.correlation_id,
            "data": self.data,
        }
        if self.rationale is not None:
            event["rationale"] = self.rationale
        if self.traceparent is not None:
            event["traceparent"] = self.traceparent
        return {**event, "erased": True} if self.erased else event


def encode(header: Header, document: str) -> str:
    """Return the JSON text of an envelope whose data is JSON text already; it is taken over verbatim."""
    return f"{header.to_json()[:-1]}{_DATA}{document}}}"


def decode(payload: bytes) -> tuple[Header, bytes]:
    """Return the header of an encoded envelope and the JSON text of its data, which is not looked into.

    Raises:
        ValueError: the payload is no envelope.

    """
    head, mark, rest = payload.partition(_DATA.encode())
    if not mark or not rest.endswith(b"}"):
        raise ValueError("the payload has no data")
    return Header.from_event(head + b"}"), rest[:-1]


def is_erased(payload: bytes) -> bool:
    """Tell whether an encoded envelope says that names of persons were erased from it."""
    return payload[: max(payload.find(_DATA.encode()), 0)].endswith(_ERASED)


def traceparent_of(payload: bytes) -> str | None:
    """Return the ``traceparent`` of an encoded envelope, None if it has none; the rest of it is not read."""
    found = _TRACEPARENT.search(payload, 0, max(payload.find(_DATA.encode()), 0))
    return found[1].decode() if found else None


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
