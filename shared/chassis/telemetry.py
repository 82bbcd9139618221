"""What a process tells of itself: JSON logs with a correlation id, and Prometheus metrics."""

import logging
import re
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.ids import uuid7
from shared.chassis.redaction import redact_members, redacted_json

CORRELATION_HEADER = "DevCoop-Correlation"
SLOW_SECONDS = 1.0
PROBES = ("/livez", "/readyz", "/metrics")
"""Routes that are asked all the time; their requests are logged for debugging only, as quick good reads are."""

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Methods that are counted each; a caller may make up any number of others."""

_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_correlation: ContextVar[str] = ContextVar("correlation", default="")
_log = structlog.get_logger()


def correlation_id() -> str:
    """Return the id that ties together all that one request causes."""
    return _correlation.get() or str(uuid7())


def configure_logging(service: str, level: str) -> None:
    """Log one JSON object per line to standard error, from our code and from libraries alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
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
    for noisy in ("httpx", "httpcore", "uvicorn.access", "nats", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests_total", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time to answer a request",
            ["method", "route"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.check_states = Gauge(
            "devcoop_check_state", "0 ok, 1 degraded, 2 down", ["check"], registry=self.registry
        )
        self.check_values = Gauge(
            "devcoop_check_value", "A number that a check tells", ["check", "name"], registry=self.registry
        )

    def note_check(self, name: str, state: int, detail: Mapping[str, Any]) -> None:
        """Take note of a check, and of the numbers that it tells."""
        self.check_states.labels(name).set(state)
        for key, value in detail.items():
            if isinstance(value, int | float):
                self.check_values.labels(name, key).set(value)


class TelemetryMiddleware:
    """Gives every request its correlation id, and counts, times and logs it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and take note of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
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
            await self._app(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - started)
            _correlation.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
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
            correlation_id=correlation_id(),
        )
