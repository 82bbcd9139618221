"""A collector of the tests: it takes traces by OTLP/HTTP, and keeps the spans."""

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True, slots=True)
class Kept:
    """A span as it was sent; ids are hexadecimal, and ``parent`` is empty for the first of a trace."""

    service: str
    process: int
    kind: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]

    @property
    def stage(self) -> tuple[str, str, str]:
        """What it is of, without what differs from run to run."""
        return self.service, self.kind, self.name


class Collector:
    """Listens on this machine until it is stopped."""

    def __init__(self) -> None:
        self.spans: list[Kept] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                is_packed = self.headers.get("content-encoding") == "gzip"
                request = ExportTraceServiceRequest.FromString(gzip.decompress(body) if is_packed else body)
                collector.spans += spans_of(request)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tell nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def trace(self, id_: str) -> list[Kept]:
        return [span for span in list(self.spans) if span.trace == id_]


def spans_of(request: ExportTraceServiceRequest) -> list[Kept]:
    kept = []
    for each in request.resource_spans:
        resource = values(each.resource.attributes)
        for scope in each.scope_spans:
            kept += [
                Kept(
                    resource["service.name"],
                    resource["process.pid"],
                    Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    values(span.attributes),
                )
                for span in scope.spans
            ]
    return kept


def values(attributes: "list[KeyValue] | Any") -> dict[str, Any]:
    """Return attributes as a mapping."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
