"""Traces: spans of this process and the place of each in its trace, as W3C ``traceparent``, sent by OTLP/HTTP.

A process traces where it was told an address to send to (``configure_tracing``); elsewhere nothing of this does or costs
anything. A trace that somebody began goes on by their ``traceparent``; one that is not valid is passed over. Attributes
have the names of OpenTelemetry's semantic conventions, and ours begin with ``devcoop.``; none holds what a request says.
"""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared import VERSION

HEADER = "traceparent"
CORRELATION = "devcoop.correlation_id"
EVENT = "devcoop.event_id"
EXPORT_SECONDS = 10.0
MOST_SPANS = 16_384
"""Spans that wait to be sent; more are lost."""
END_SECONDS = 3.0
"""How long a process that ends tries to send its last spans."""

_W3C = TraceContextTextMapPropagator()


class _Traces:
    """Where the spans of this process go, if anywhere."""

    tracer: Tracer | None = None


def is_tracing() -> bool:
    """Whether this process makes spans."""
    return _Traces.tracer is not None


@contextmanager
def configure_tracing(service: str, url: str | None, ratio: float) -> Iterator[None]:
    """Trace as long as the block lasts, and send what is left at its end.

    The thread that sends begins here, so not before a process forks.

    Args:
        service: name that spans have.
        url: address that takes OTLP/HTTP, as ``http://collector:4318/v1/traces``; None traces nothing.
        ratio: share of the traces begun here that are recorded, 0 to 1; one that comes from elsewhere says so itself.

    """
    if url is None:
        yield
        return
    exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)
    processor = BatchSpanProcessor(exporter, MOST_SPANS, schedule_delay_millis=1000)
    try:
        with tracing_to(processor, service, ratio):
            yield
    finally:
        # it may take long where nobody answers, and a process does not wait for that
        sending = threading.Thread(target=processor.shutdown, daemon=True)
        sending.start()
        sending.join(END_SECONDS)


@contextmanager
def tracing_to(processor: SpanProcessor, service: str, ratio: float = 1) -> Iterator[None]:
    """Give the spans that are made within the block to a processor."""
    resource = Resource.create(
        {
            "service.name": service,
            "service.namespace": "devcoop",
            "service.version": VERSION,
            "host.name": socket.gethostname(),
            "process.pid": os.getpid(),
        }
    )
    provider = TracerProvider(ParentBased(TraceIdRatioBased(ratio)), resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    _Traces.tracer = provider.get_tracer("devcoop")
    try:
        yield
    finally:
        _Traces.tracer = None


@contextmanager
def span(
    name: str, kind: SpanKind, *, parent: str | None = None, attributes: Mapping[str, Any] | None = None
) -> Iterator[Span]:
    """Make a span of what happens within the block; an error that ends it is told by its type alone.

    Args:
        name: of few values.
        kind: its side of what goes on between processes.
        parent: ``traceparent`` of the span that caused it; the current one if there is none, or it is not valid.
        attributes: what is known of it already.

    """
    if _Traces.tracer is None:
        yield INVALID_SPAN
        return
    begun = begin(name, kind, parent=parent, attributes=attributes)
    with trace.use_span(begun, record_exception=False, set_status_on_exception=False):
        try:
            yield begun
        except Exception as error:
            note_error(begun, error)
            raise
        finally:
            begun.end()


def begin(
    name: str, kind: SpanKind, *, parent: str | None = None, attributes: Mapping[str, Any] | None = None
) -> Span:
    """Return a span that is not the current one, and is to be ended by the caller."""
    if _Traces.tracer is None:
        return INVALID_SPAN
    return _Traces.tracer.start_span(name, _context(parent), kind, attributes)


def note_error(told: Span, error: BaseException | str) -> None:
    """Let a span say that it failed, and by which kind of error."""
    told.set_attribute("error.type", error if isinstance(error, str) else type(error).__name__)
    told.set_status(StatusCode.ERROR)


def is_in_trace(parent: str | None = None) -> bool:
    """Whether something belongs to a trace that is recorded: by its ``traceparent``, else by the current span."""
    if _Traces.tracer is None:
        return False
    return trace.get_current_span(_context(parent)).get_span_context().trace_flags.sampled


def traceparent(told: Span | None = None) -> str | None:
    """Return the ``traceparent`` of a span, or of the current one; None outside of a trace."""
    if _Traces.tracer is None:
        return None
    place = (told or trace.get_current_span()).get_span_context()
    if not place.is_valid:
        return None
    return f"00-{place.trace_id:032x}-{place.span_id:016x}-{place.trace_flags:02x}"


def recorded_traceparent(told: Span | None = None) -> str | None:
    """Return the same, None where the trace is not recorded: then nobody has to go on with it."""
    if _Traces.tracer is None:
        return None
    is_recorded = (told or trace.get_current_span()).get_span_context().trace_flags.sampled
    return traceparent(told) if is_recorded else None


def ids_of_trace() -> dict[str, str]:
    """Return ``trace_id`` and ``span_id`` of the current span, as logs have them; nothing outside of a trace."""
    if _Traces.tracer is None:
        return {}
    place = trace.get_current_span().get_span_context()
    if not place.is_valid:
        return {}
    return {"trace_id": f"{place.trace_id:032x}", "span_id": f"{place.span_id:016x}"}


def _context(parent: str | None) -> Context | None:
    """Return the context that a ``traceparent`` tells of, None for the current one."""
    if not parent:
        return None
    context = _W3C.extract({HEADER: parent}, Context())
    return context if trace.get_current_span(context).get_span_context().is_valid else None
