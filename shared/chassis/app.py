"""The application of a service: put together in one place, the same in production and in tests."""

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypedDict, TypeVar

import uvicorn
import uvloop
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from shared.chassis.access import Access, open_access
from shared.chassis.audit.api import audit_router
from shared.chassis.audit.chain import Linker
from shared.chassis.audit.middleware import RefusedAttempts
from shared.chassis.audit.refusals import Refusals
from shared.chassis.audit.scope import reader_by
from shared.chassis.authentication import AuthenticationMiddleware
from shared.chassis.bus import Bus
from shared.chassis.db import Database
from shared.chassis.deadlines import BodyDeadlines
from shared.chassis.documents.aggregates import Aggregate
from shared.chassis.documents.placing import place_anew
from shared.chassis.errors import MEDIA_TYPE, LargeBodyProblems, Problem, install_errors
from shared.chassis.guard import require_guarded
from shared.chassis.health import CheckFunction, broker_check, database_check, outbox_check, workers_check
from shared.chassis.health import router as health
from shared.chassis.idempotency.expiry import Expiry
from shared.chassis.limits import FailureLimit, RateLimitMiddleware
from shared.chassis.loading import load_or_exit
from shared.chassis.meters import Meter, broker_meter, outbox_meter, pools_meter, workers_meter
from shared.chassis.metrics import Metrics
from shared.chassis.migrations import upgrade
from shared.chassis.pagination import CursorCodec
from shared.chassis.parameters import KnownParameters
from shared.chassis.protocol import bounded
from shared.chassis.relay import Relay
from shared.chassis.scoping import KnownPlace
from shared.chassis.secure import Cors, Gate, SecureHeaders
from shared.chassis.settings import ServiceSettings
from shared.chassis.telemetry import TelemetryMiddleware, configure_logging
from shared.chassis.tracing import configure_tracing
from shared.chassis.workers import Supervisor

S = TypeVar("S", bound=ServiceSettings)

GRACE_SECONDS = 5
START_FAILED = 3
GC_THRESHOLDS = (50_000, 20, 50)
"""Contracts hold no cycles, and a batch makes a hundred thousand of their objects: looking for cycles every 700
of them, as Python does by default, triples the time to read one."""


@dataclass(slots=True)
class Runtime:
    """What lives as long as a process serves: requests find it at ``request.state.runtime``."""

    settings: ServiceSettings
    database: Database
    bus: Bus
    cursors: CursorCodec
    supervisor: Supervisor
    metrics: Metrics
    access: Access
    refusals: Refusals
    checks: dict[str, CheckFunction] = field(default_factory=dict)
    meters: list[Meter] = field(default_factory=list)
    pools: dict[str, Callable[[], Database | None]] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)

    def settings_as(self, kind: type[S]) -> S:
        """Return the settings as those of the service."""
        if not isinstance(self.settings, kind):
            raise TypeError(f"the settings are not {kind.__name__}")
        return self.settings


Extend = Callable[[FastAPI, Runtime], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """What the chassis needs to know of a service; ``owner`` names the stream that it publishes to, if any.

    ``projects`` is the table that tells the places of projects, if it knows any.

    ``extend`` adds what a service has beyond the chassis, for as long as it serves; ``customise`` changes the
    application before it serves.
    """

    name: str
    title: str
    description: str
    routers: Sequence[APIRouter]
    migrations: Path
    settings: type[ServiceSettings]
    aggregates: Sequence[Aggregate[Any]] = ()
    projects: type[KnownPlace] | None = None
    owner: str | None = None
    extend: Extend | None = None
    customise: Callable[[FastAPI, ServiceSettings], None] | None = None


class State(TypedDict):
    """What the lifespan hands to requests."""

    runtime: Runtime


async def current_runtime(request: Request) -> Runtime:
    """Return the runtime of the process."""
    runtime: Runtime = request.state.runtime
    return runtime


CurrentRuntime = Annotated[Runtime, Depends(current_runtime)]


class Application(FastAPI):
    """An application whose every answer, whichever part gives it, is a problem if it refuses, and is noted.

    ``closing`` is set when the process is told to stop: answers that go on for long end by it.
    """

    metrics: Metrics
    settings: ServiceSettings
    closing: asyncio.Event

    def build_middleware_stack(self) -> ASGIApp:
        """Put what holds for every request around the framework's own middleware, which answers some itself."""
        told = self.settings
        inner: ASGIApp = RateLimitMiddleware(
            RefusedAttempts(super().build_middleware_stack()),
            authenticated=told.rate_limit,
            anonymous=told.anonymous_rate_limit,
        )
        inner = AuthenticationMiddleware(LargeBodyProblems(inner), FailureLimit(told.anonymous_rate_limit))
        inner = BodyDeadlines(inner, pause=told.body_seconds, whole=told.request_seconds)
        inner = Cors(inner, origins=told.cors_origins) if told.cors_origins else inner
        return TelemetryMiddleware(SecureHeaders(Gate(inner, hosts=told.allowed_hosts)), self.metrics)

    def openapi(self) -> dict[str, Any]:
        """Tell of problems under the media type that they have."""
        if self.openapi_schema is None:
            for item in super().openapi()["paths"].values():
                for operation in item.values():
                    (told,) = operation["responses"]["default"]["content"].values()
                    operation["responses"]["default"]["content"] = {MEDIA_TYPE: told}
        return super().openapi()


def create_app(service: Service, settings: ServiceSettings) -> Application:
    """Return the application of a service."""
    metrics = Metrics(service.name)
    app = Application(
        title=service.title,
        description=service.description,
        version="1",
        lifespan=_lifespan(service, settings, metrics),
        dependencies=[Depends(KnownParameters())],
        responses={"default": {"model": Problem, "description": "Why it was refused"}},
        generate_unique_id_function=_operation_id,
        max_body_size=settings.max_body_bytes,
        redoc_url=None,  # it loads from elsewhere what the headers of answers forbid
    )
    app.settings, app.closing = settings, asyncio.Event()
    install_errors(app)
    if service.customise is not None:
        service.customise(app, settings)
    app.metrics = metrics
    app.include_router(health)
    app.include_router(audit_router(service.name, reader_by(service.projects)))
    for router in service.routers:
        require_guarded(router)
        app.include_router(router)
    return app


class Server(uvicorn.Server):
    """A server that tells the application first when it is to stop."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers that go on for long end, then wait for all."""
        self._closing.set()
        await super().shutdown(sockets)


def serve(service: Service) -> None:
    """Run a service as a process, by the settings of its environment, until it is told to stop.

    By faulty or unsafe settings it does not start: it tells every fault, and exits with 78.
    """
    settings = load_or_exit(service.settings, service.name)
    configure_logging(service.name, settings.log_level)
    listener = socket.create_server((settings.host, settings.port), backlog=1024)
    listener.set_inheritable(True)
    app = create_app(service, settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        server_header=False,
        date_header=True,
        lifespan="on",
        http=bounded(settings.head_seconds),
        ws="none",
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with (
        configure_tracing(service.name, settings.traces_url, settings.traces_ratio),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(Server(config, app.closing), listener, settings.port_file))


async def _serve(server: uvicorn.Server, listener: socket.socket, port_file: Path | None) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn tells it no other way)
        await asyncio.sleep(0.01)
    if server.started and port_file is not None:
        written = port_file.with_suffix(".new")
        written.write_text(str(listener.getsockname()[1]))
        written.replace(port_file)
    await serving
    if not server.started:
        sys.exit(START_FAILED)


def _lifespan(
    service: Service, settings: ServiceSettings, metrics: Metrics
) -> Callable[[FastAPI], AbstractAsyncContextManager[State]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            database, supervisor = settings.open_database(pool=settings.database_pool), Supervisor()
            stack.push_async_callback(database.dispose)
            await upgrade(database, service.migrations)
            for aggregate in service.aggregates:
                await place_anew(database, aggregate)
            access = await stack.enter_async_context(open_access(settings, database, supervisor))
            runtime = _runtime(service, settings, database, supervisor, access, metrics)
            stack.push_async_callback(runtime.bus.close)
            if service.extend is not None:
                await stack.enter_async_context(service.extend(app, runtime))
            stack.push_async_callback(runtime.supervisor.stop)
            if service.owner is not None:
                relay = Relay(runtime.database, runtime.bus, service.owner)
                runtime.supervisor.start(relay)
                runtime.meters += [broker_meter(), outbox_meter(relay)]
            yield State(runtime=runtime)

    return lifespan


def _runtime(  # noqa: PLR0913  (what it is made of)
    service: Service,
    settings: ServiceSettings,
    database: Database,
    supervisor: Supervisor,
    access: Access,
    metrics: Metrics,
) -> Runtime:
    bus = Bus(
        settings.nats_url.get_secret_value(),
        name=service.name,
        replicas=settings.stream_replicas,
        seed=settings.nats_seed,
    )
    refusals = Refusals(database)
    supervisor.start(refusals)
    supervisor.start(Linker(database, service.name))
    supervisor.start(Expiry(database, settings.idempotency_days))
    checks = {
        "issuers": access.check,
        "database": database_check(database),
        "workers": workers_check(supervisor),
    }
    if service.owner is not None:
        checks["broker"] = broker_check(bus)
        checks["outbox"] = outbox_check(database)
    pools: dict[str, Callable[[], Database | None]] = {"service": lambda: database}
    return Runtime(
        settings,
        database,
        bus,
        _cursors(settings),
        supervisor,
        metrics,
        access,
        refusals,
        checks,
        [workers_meter(supervisor), pools_meter(pools)],
        pools,
    )


def _cursors(settings: ServiceSettings) -> CursorCodec:
    former = settings.cursor_key_former
    return CursorCodec(
        settings.cursor_key.get_secret_value().encode(),
        None if former is None else former.get_secret_value().encode(),
    )


def _operation_id(route: APIRoute) -> str:
    return route.name
