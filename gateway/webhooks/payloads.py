"""What a webhook is sent: ``type``, ``timestamp`` and ``data``, by the Standard Webhooks specification. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from gateway.webhooks.catalogue import REMOVED, address_of
from gateway.webhooks.lanes import Due

_OPEN, _DOCUMENT = b"}}", b',"document":'


def payload(type_: str, occurred_at: datetime, data: Mapping[str, Any]) -> bytes:
    """Return the body of a delivery."""
    timestamp = occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return to_json({"type": type_, "timestamp": timestamp, "data": data})


def thin(delivery: Due, base: str) -> bytes:
    """Return the body that names a version; ``base`` is the address that its ``url`` is told with."""
    owner = delivery.type.partition(".")[0]
    url = address_of(owner, delivery.aggregate, delivery.identifier)
    data = {
        "aggregate": delivery.aggregate,
        "id": delivery.aggregate_id,
        "identifier": delivery.identifier,
        "version": delivery.version,
        "url": None if url is None else base + url,
    }
    return payload(REMOVED if delivery.removed else delivery.type, delivery.occurred_at, data)


def full(body: bytes, document: str) -> bytes:
    """Return a thin body with the document added to it, which is JSON text and taken over as it is."""
    return b"".join((body.removesuffix(_OPEN), _DOCUMENT, document.encode(), _OPEN))
