"""One write is followed in one trace, from the caller through every part to the partner that is told of it."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.local.system import EVERY, LocalSystem
from shared.testing.documents import ACTIVITY
from shared.testing.fixtures import QUIET
from tests.flow.client import Gateway, await_until
from tests.flow.otlp import Collector, Kept
from tests.flow.test_webhooks import INSECURE, Endpoint

CALLER = "b7ad6b7169203331"
WAY = [
    ("gateway", "SERVER", "PUT /v1/activities/{rest:path}"),
    ("gateway", "CLIENT", "PUT"),
    ("projects", "SERVER", "PUT /v1/activities/{identifier:path}"),
    ("projects", "PRODUCER", "publish projects.activity.registered"),
    ("gateway", "CONSUMER", "process projects.activity.registered"),
    ("gateway", "CLIENT", "POST webhook"),
]
COPIES = [(owner, "CONSUMER", "process projects.activity.registered") for owner in ("funding", "monitoring")]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="devcoop-traces-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def traced(collector: Collector, state: Path) -> Iterator[Gateway]:
    """Start a system that traces, and tells webhooks of this machine."""
    settings = {
        **QUIET,
        EVERY: {**QUIET[EVERY], "DEVCOOP_TRACES_URL": collector.url},
        "gateway": {INSECURE: "true"},
    }
    local = LocalSystem(state, settings=settings)
    local.start()
    try:
        client = Gateway(local)
        yield client
        client.http.close()
    finally:
        local.stop()


@pytest.fixture(scope="module")
def endpoint(traced: Gateway) -> Iterator[Endpoint]:
    """Return an endpoint that is told of activities."""
    made = Endpoint()
    answer = traced.http.post("/v1/webhooks", json={"url": made.url, "event_types": ["projects.activity.*"]})
    assert answer.status_code == 201, answer.text
    yield made
    made.stop()


def write(gateway: Gateway, identifier: str, traceparent: str, **headers: str) -> None:
    document = ACTIVITY.document(identifier)
    answer = gateway.http.put(
        ACTIVITY.address(identifier), json=document, headers={"traceparent": traceparent, **headers}
    )
    assert answer.status_code == 201, answer.text


def chain(spans: list[Kept], first: str) -> list[Kept]:
    """Return the spans from the first to the webhook, each the cause of the next."""
    by_id = {span.id: span for span in spans}
    (last,) = [span for span in spans if span.name == "POST webhook"]
    way = [last]
    while way[0].parent != first:
        way.insert(0, by_id[way[0].parent])
    return way


def test_a_write_is_one_trace_from_the_caller_to_the_webhook(
    traced: Gateway, endpoint: Endpoint, collector: Collector, state: Path
):
    trace = "0af7651916cd43dd8448eb211c80319c"
    write(traced, "TRACE-1", f"00-{trace}-{CALLER}-01", **{"DevCoop-Correlation": "traced-write"})
    await_until(lambda: len(collector.trace(trace)) >= len(WAY) + len(COPIES), what="all spans came")
    spans = collector.trace(trace)
    way = chain(spans, CALLER)
    assert [span.stage for span in way] == WAY
    assert all(later.parent == earlier.id for earlier, later in pairwise(way))
    assert sorted(span.stage for span in spans) == sorted([*WAY, *COPIES])
    published = way[3]
    assert {span.parent for span in spans if span.stage in COPIES} == {published.id}
    asked, called, owned, _, taken, told = way
    assert len({asked.process, taken.process, told.process}) == 3
    assert asked.process == called.process
    assert {span.attributes.get("devcoop.correlation_id") for span in (asked, owned, published, taken)} == {
        "traced-write"
    }
    event = published.attributes["devcoop.event_id"]
    assert taken.attributes["devcoop.event_id"] == told.attributes["devcoop.event_id"] == event
    assert asked.attributes["http.response.status_code"] == 201
    assert published.attributes["messaging.system"] == "nats"
    ((headers, body),) = endpoint.taken
    assert headers["webhook-id"] == event
    assert "traceparent" not in headers
    assert trace.encode() not in body
    (logged,) = [
        line
        for line in map(json.loads, (state / "processes" / "projects.log").read_text().splitlines())
        if line.get("trace_id") == trace
    ]
    assert (logged["event"], logged["span_id"]) == ("request", owned.id)
    assert logged["correlation_id"] == "traced-write"


def test_nobody_is_shown_the_trace_of_an_event(traced: Gateway, endpoint: Endpoint):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    write(traced, "TRACE-2", f"00-{trace}-{CALLER}-01")
    await_until(lambda: len(endpoint.taken) >= 2, what="the webhook is told")
    answers = [traced.http.get(each) for each in ("/v1/changes", "/v1/activities", "/v1/results/projects")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "TRACE-2" in answers[0].text
    assert not [answer.url for answer in answers if trace in answer.text or "traceparent" in answer.text]


@pytest.mark.parametrize(
    ("name", "trace", "flags"),
    [("unrecorded", "1" * 32, "00"), ("invalid", "2" * 32, "zz")],
    ids=["that-is-not-recorded", "that-is-not-valid"],
)
def test_a_trace_is_not_gone_on_with(
    traced: Gateway, endpoint: Endpoint, collector: Collector, name: str, trace: str, flags: str
):
    before, later = len(endpoint.taken), trace[:-1] + "9"
    write(traced, f"TRACE-{name}", f"00-{trace}-{CALLER}-{flags}")
    await_until(lambda: len(endpoint.taken) > before, what="the webhook is told")
    write(traced, f"TRACE-{name}-later", f"00-{later}-{CALLER}-01")
    await_until(lambda: len(collector.trace(later)) >= len(WAY), what="what came later is traced")
    assert collector.trace(trace) == []


def test_what_a_batch_writes_is_in_the_trace_of_its_upload(traced: Gateway, collector: Collector):
    trace = "5" * 32
    lines = [
        json.dumps(
            {
                "key": f"trace-batch-{number}",
                "method": "PUT",
                "path": ACTIVITY.address(f"TRACE-BATCH-{number}"),
                "body": ACTIVITY.document(f"TRACE-BATCH-{number}"),
            }
        )
        for number in range(2)
    ]
    answer = traced.http.post(
        "/v1/batch",
        content="\n".join(lines),
        headers={"traceparent": f"00-{trace}-{CALLER}-01", "Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    wanted = [stage for stage in WAY[1:5] for _ in range(2)]
    await_until(
        lambda: Counter(wanted) <= Counter(each.stage for each in collector.trace(trace)),
        what="both lines are followed",
    )
    (upload,) = [each for each in collector.trace(trace) if each.parent == CALLER]
    assert upload.stage == ("gateway", "SERVER", "POST /v1/batch")
    calls = [each.parent for each in collector.trace(trace) if each.stage == WAY[1]]
    assert calls == [upload.id] * 2
