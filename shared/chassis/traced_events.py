"""Spans of events on their way: published by a relay, taken in by a reader.

Only the events of a trace have any. Their ``traceparent`` is that of the span that staged them; the message has that of its
publication, which a reader goes on with.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.trace import INVALID_SPAN, Span, SpanKind

from shared.chassis.stream import StreamMessage
from shared.chassis.tracing import CORRELATION, EVENT, begin, is_tracing, note_error, recorded_traceparent
from shared.contracts.events import Header, decode, traceparent_of

TRACED = timedelta(hours=1)
"""An event that was recorded earlier belongs to no trace any more: whoever reads a stream from its beginning makes none."""


def publishing(subject: str, payload: bytes) -> Span:
    """Return the span of an event that is published, to be ended by the caller."""
    parent = traceparent_of(payload) if is_tracing() else None
    if parent is None:
        return INVALID_SPAN
    header, _ = decode(payload)
    name, attributes = f"publish {header.type}", _attributes(subject, header)
    return begin(
        name,
        SpanKind.PRODUCER,
        parent=parent,
        attributes={
            **attributes,
            "messaging.operation.type": "send",
            "messaging.operation.name": "publish",
        },
    )


@contextmanager
def taking(consumer: str, messages: Sequence[StreamMessage]) -> Iterator[list[str | None]]:
    """Make spans of messages that are taken in within the block, together; yield the ``traceparent`` of each.

    Args:
        consumer: what takes them in.
        messages: those that belong to no trace have none, and None for their ``traceparent``.

    """
    if not is_tracing():
        yield [None] * len(messages)
        return
    spans = [_taking(consumer, message) for message in messages]
    try:
        yield [recorded_traceparent(each) for each in spans]
    except Exception as error:
        for each in spans:
            note_error(each, error)
        raise
    finally:
        for each in spans:
            each.end()


def _taking(consumer: str, message: StreamMessage) -> Span:
    parent = message.traceparent or traceparent_of(message.data)
    header = _header(message.data) if parent else None
    if header is None or header.recorded_at < datetime.now(UTC) - TRACED:
        return INVALID_SPAN
    attributes = {
        **_attributes(message.subject, header),
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.consumer.group.name": consumer,
    }
    return begin(f"process {header.type}", SpanKind.CONSUMER, parent=parent, attributes=attributes)


def _header(payload: bytes) -> Header | None:
    """Return the header of an event, None of what is no event: whoever takes that in says what is wrong with it."""
    try:
        return decode(payload)[0]
    except ValueError:
        return None


def _attributes(subject: str, header: Header) -> dict[str, Any]:
    return {
        "messaging.system": "nats",
        "messaging.destination.name": subject,
        "messaging.message.id": str(header.id),
        EVENT: str(header.id),
        CORRELATION: header.correlation_id,
    }
