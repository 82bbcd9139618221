"""Spans of a process: whose trace they go on with, what they tell, and what is sent at the end."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared.chassis.stream import StreamMessage
from shared.chassis.telemetry import add_ids
from shared.chassis.traced_events import TRACED, publishing, taking
from shared.chassis.tracing import (
    END_SECONDS,
    EXPORT_SECONDS,
    configure_tracing,
    is_in_trace,
    is_tracing,
    recorded_traceparent,
    span,
    traceparent,
    tracing_to,
)
from shared.contracts.events import Header, encode, is_erased, traceparent_of
from shared.contracts.snapshots import ROOT

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"
INVALID = {
    "empty": "",
    "word": "garbage",
    "upper-case": VALID.upper(),
    "no-trace": f"00-{'0' * 32}-{SPAN}-01",
    "no-span": f"00-{TRACE}-{'0' * 16}-01",
    "short-trace": f"00-{TRACE[1:]}-{SPAN}-01",
    "long-span": f"00-{TRACE}-{SPAN}0-01",
    "not-hexadecimal": f"00-{TRACE}-{SPAN}-zz",
    "version-that-cannot-be": f"ff-{TRACE}-{SPAN}-01",
    "more-than-its-version-has": f"{VALID}-00",
    "no-flags": f"00-{TRACE}-{SPAN}",
}


@pytest.fixture
def made() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    with tracing_to(SimpleSpanProcessor(exporter), "tests"):
        yield exporter


@pytest.mark.parametrize("given", INVALID.values(), ids=INVALID)
def test_a_traceparent_that_is_not_valid_is_passed_over(made, given):
    with span("work", SpanKind.SERVER, parent=given):
        assert traceparent() is not None
    (one,) = made.get_finished_spans()
    assert one.parent is None
    assert f"{one.context.trace_id:032x}" != TRACE


@pytest.mark.parametrize(
    "given", [VALID, f"cc-{TRACE}-{SPAN}-01-what-comes-later"], ids=["now", "later-version"]
)
def test_a_valid_traceparent_is_gone_on_with(made, given):
    with span("work", SpanKind.SERVER, parent=given):
        assert traceparent().startswith(f"00-{TRACE}-")
    (one,) = made.get_finished_spans()
    assert (f"{one.context.trace_id:032x}", f"{one.parent.span_id:016x}") == (TRACE, SPAN)


def test_a_trace_that_is_not_recorded_is_told_to_the_next_and_kept_by_nobody(made):
    with span("work", SpanKind.SERVER, parent=f"00-{TRACE}-{SPAN}-00"):
        assert traceparent().startswith(f"00-{TRACE}-")
        assert traceparent().endswith("-00")
        assert recorded_traceparent() is None
        assert not is_in_trace()
    assert made.get_finished_spans() == ()


def test_a_share_of_the_traces_begun_here_is_recorded():
    exporter = InMemorySpanExporter()
    with tracing_to(SimpleSpanProcessor(exporter), "tests", 0):
        with span("begun here", SpanKind.SERVER):
            pass
        with span("begun elsewhere", SpanKind.SERVER, parent=VALID):
            pass
    assert [each.name for each in exporter.get_finished_spans()] == ["begun elsewhere"]


def test_an_error_is_told_by_its_type_alone(made):
    with pytest.raises(LookupError), span("work", SpanKind.SERVER):
        raise LookupError("Jane Doe, jane@example.org")
    (one,) = made.get_finished_spans()
    assert one.attributes["error.type"] == "LookupError"
    assert "Jane" not in one.to_json()
    assert one.events == ()


def test_without_an_address_nothing_is_traced():
    with configure_tracing("tests", None, 1), span("work", SpanKind.SERVER, parent=VALID) as one:
        assert (is_tracing(), is_in_trace(VALID), traceparent(), one.is_recording()) == (
            False,
            False,
            None,
            False,
        )
        assert add_ids(None, "info", {}) == {}
        with taking("projection", [message(VALID)]) as places:
            assert places == [None]


def test_logs_have_the_ids_of_the_span(made):
    with span("work", SpanKind.SERVER):
        told = add_ids(None, "info", {"event": "x"})
    (one,) = made.get_finished_spans()
    assert told == {
        "event": "x",
        "trace_id": f"{one.context.trace_id:032x}",
        "span_id": f"{one.context.span_id:016x}",
    }


TRACING_PROCESS = """
import sys, time
from opentelemetry.trace import SpanKind
from shared.chassis.tracing import configure_tracing, is_tracing, span
with configure_tracing("tests", sys.argv[1], 1):
    with span("work", SpanKind.SERVER):
        pass
    ended = time.monotonic()
assert not is_tracing()
print(time.monotonic() - ended)
"""


def test_a_collector_that_does_not_answer_holds_up_no_end():
    """In a process of its own: what goes on sending in the background would go on beside other tests."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        command = [sys.executable, "-c", TRACING_PROCESS, url]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    assert float(done.stdout) < (END_SECONDS + EXPORT_SECONDS) / 2 + 1


def envelope(
    place: str | None, *, age: timedelta = timedelta(), rationale: str | None = None, erased: bool = False
) -> bytes:
    moment = datetime.now(UTC) - age
    header = Header(
        id=UUID(int=1),
        type="projects.activity.registered",
        version=1,
        subject=f"projects.v1.activity.registered.{UUID(int=2)}",
        aggregate_id=UUID(int=2),
        aggregate_version=1,
        occurred_at=moment,
        recorded_at=moment,
        actor="tests",
        correlation_id="tests-1",
        traceparent=place,
        rationale=rationale,
        erased=erased,
    )
    return encode(header, json.dumps({"traceparent": "of the data"})).encode()


def message(
    place: str | None, *, of_message: str | None = None, age: timedelta = timedelta()
) -> StreamMessage:
    return StreamMessage(
        "projects", 1, "projects.v1.activity.registered.2", envelope(place, age=age), of_message
    )


def test_the_traceparent_of_an_envelope_is_found_and_nothing_that_looks_like_one():
    assert traceparent_of(envelope(VALID)) == VALID
    assert traceparent_of(envelope(None, rationale='"traceparent":"no"')) is None
    assert traceparent_of(b"no envelope") is None
    assert is_erased(envelope(VALID, erased=True))


def test_an_event_is_published_in_the_trace_that_it_was_staged_in(made):
    publishing("projects.v1.activity.registered.2", envelope(VALID)).end()
    publishing("projects.v1.activity.registered.2", envelope(None)).end()
    (one,) = made.get_finished_spans()
    assert (one.name, one.kind) == ("publish projects.activity.registered", SpanKind.PRODUCER)
    assert f"{one.parent.span_id:016x}" == SPAN
    assert one.attributes["devcoop.event_id"] == str(UUID(int=1))
    assert one.attributes["devcoop.correlation_id"] == "tests-1"


def test_a_reader_goes_on_with_the_publication_else_with_the_event(made):
    published = f"00-{TRACE}-{'c' * 16}-01"
    messages = [message(VALID, of_message=published), message(VALID), message(None)]
    with taking("projection", messages) as places:
        assert [place is not None for place in places] == [True, True, False]
    first, second = made.get_finished_spans()
    assert [f"{each.parent.span_id:016x}" for each in (first, second)] == ["c" * 16, SPAN]
    assert first.attributes["messaging.consumer.group.name"] == "projection"


def test_what_was_recorded_long_ago_or_is_no_event_is_taken_in_without_a_span(made):
    nothing = StreamMessage("projects", 2, "projects.v1.activity.registered.2", b"no envelope", VALID)
    with taking("projection", [message(VALID, age=TRACED + timedelta(minutes=1)), nothing]) as places:
        assert places == [None, None]
    assert made.get_finished_spans() == ()


def test_what_cannot_be_taken_in_is_told(made):
    with pytest.raises(ValueError, match="no"), taking("copies", [message(VALID)]):
        raise ValueError("no")
    (one,) = made.get_finished_spans()
    assert one.attributes["error.type"] == "ValueError"
