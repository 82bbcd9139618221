"""What a process tells of each request: JSON logs with the ids of request and trace, a span, and metrics."""

import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import structlog
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict

from shared.chassis.ids import uuid7
from shared.chassis.metrics import Metrics
from shared.chassis.redaction import redact_members, redacted_json
from shared.chassis.tracing import CORRELATION, HEADER, ids_of_trace, note_error, span

CORRELATION_HEADER = "DevCoop-Correlation"
SLOW_SECONDS = 1.0
PROBES = ("/livez", "/readyz", "/metrics")
"""Routes that are asked all the time; their requests are logged for debugging only, as quick good reads are."""

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Methods that are counted each; a caller may make up any number of others."""

_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,100}")

_correlation: ContextVar[str] = ContextVar("correlation", default="")
_log = structlog.get_logger()


def correlation_id() -> str:
    """Return the id that ties together all that one request causes."""
    return _correlation.get() or str(uuid7())


def add_ids(_logger: object, _method: str, told: EventDict) -> EventDict:
    """Add the ids of the request and the trace that something is logged in, if any."""
    request = {"correlation_id": correlation} if (correlation := _correlation.get()) else {}
    return {**request, **ids_of_trace(), **told}


def configure_logging(service: str, level: str) -> None:
    """Log one JSON object per line to standard error, from our code and from libraries alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_ids,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_members,
                structlog.processors.JSONRenderer(serializer=redacted_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access", "nats", "alembic", "urllib3", "shared.chassis.db"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


class TelemetryMiddleware:
    """Gives every request its correlation id and its span, and counts, times and logs it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and take note of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(CORRELATION_HEADER, "")
        correlation = given if _CORRELATION.fullmatch(given) else str(uuid7())
        token = _correlation.set(correlation)
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[CORRELATION_HEADER] = correlation
            await send(message)

        started = time.perf_counter()
        try:
            with _server_span(scope, correlation, headers.get(HEADER)) as made:
                try:
                    await self._app(scope, receive, answer)
                finally:
                    self._note(scope, made, status, time.perf_counter() - started)
        finally:
            _correlation.reset(token)

    def _note(self, scope: Scope, made: Span, status: int, seconds: float) -> None:
        route, method = _route_of(scope), _method_of(scope)
        made.update_name(f"{method} {route}")
        made.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            note_error(made, str(status))
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        fine = method == "GET" and status < HTTPStatus.BAD_REQUEST and seconds < SLOW_SECONDS
        plain = fine or route in PROBES
        note = _log.debug if plain else _log.info
        note(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
        )


@contextmanager
def _server_span(scope: Scope, correlation: str, parent: str | None) -> Iterator[Span]:
    """Make the span of a request; probes have none."""
    if scope["path"] in PROBES:
        yield INVALID_SPAN
        return
    told = {"http.request.method": _method_of(scope), CORRELATION: correlation}
    with span(_method_of(scope), SpanKind.SERVER, parent=parent, attributes=told) as made:
        yield made


def _route_of(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "other")


def _method_of(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"
