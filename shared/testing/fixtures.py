"""Fixtures of the tests: a real PostgreSQL and a real NATS, and services on them as production builds them."""

import io
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres, with_password
from deploy.local.system import UNLIMITED, LocalSystem, Settings
from deploy.nats_access import OPERATOR, USERS
from shared.chassis.app import Service, create_app
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade
from shared.chassis.telemetry import configure_logging
from shared.testing.folders import temporary_folder
from shared.testing.identity import TestIssuer

CURSOR_KEY = "for tests only: nothing is signed with it"

QUIET: Settings = {
    **UNLIMITED,
    "funding": {
        "DEVCOOP_SEED_RATES": "false",
        "DEVCOOP_ALERT_SECONDS": "86400",
        "DEVCOOP_DELIVERY_THRESHOLD": "0.000001",  # it looks once at its start, whatever the pause
    },
    "monitoring": {"DEVCOOP_ALERT_SECONDS": "86400", "DEVCOOP_PLANNING_SECONDS": "86400"},
}
"""Lets nothing happen but what a test does."""

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Start one PostgreSQL server for all tests; each takes databases of its own."""
    with temporary_folder("devcoop-pg-") as folder:
        server = EmbeddedPostgres(folder / "data", Keys(folder / "keys"), durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="module")
def nats() -> Iterator[EmbeddedNats]:
    """Start a NATS server with empty streams for the tests of one file."""
    with temporary_folder("devcoop-nats-") as folder:
        server = EmbeddedNats(folder, Keys(folder / "keys"))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Make an empty database for one test."""
    name = f"test_{uuid4().hex[:12]}"
    yield postgres.database_with_password(name, owner="tests")
    postgres.drop(name)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Log as a process does, and return what is written, one JSON object per line."""
    root, settings = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    configure_logging("tests", "debug")
    for_this_test = {**structlog.get_config(), "cache_logger_on_first_use": False}
    structlog.configure(**for_this_test)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)  # noqa: S101  (told to the type checker)
    log = io.StringIO()
    handler.setStream(log)
    yield log
    root.handlers, root.level = handlers, level
    structlog.configure(**settings)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def issuer() -> Iterator[TestIssuer]:
    """Return an issuer that every service of the tests trusts."""
    with temporary_folder("devcoop-issuer-") as folder:
        yield TestIssuer(folder)


@pytest.fixture(scope="session")
def templates(postgres: EmbeddedPostgres) -> "Templates":
    """Return databases of the services, to be copied."""
    return Templates(postgres)


@pytest.fixture(scope="module")
def serve(
    postgres: EmbeddedPostgres, nats: EmbeddedNats, issuer: TestIssuer, templates: "Templates"
) -> Iterator[Serve]:
    """Return how to run a service in this process, with its lifespan, on a new database (or a given one).

    ``async with serve(SERVICE) as client`` yields a client of it with a token of all roles; settings can be given by
    name. The client's ``app`` is the application.
    """
    made: list[str] = []

    @asynccontextmanager
    async def run(service: Service, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:  # noqa: ANN401
        if "database_url" not in settings:
            made.append(f"test_{uuid4().hex[:12]}")
            settings["database_url"] = await templates.copy(service, made[-1])
            settings["database_password"] = postgres.password("tests")
        user = nats.user(service.name if service.name in USERS else OPERATOR)
        told = {
            "environment": "development",
            "nats_url": user.url,
            "nats_seed": user.seed,
            "cursor_key": CURSOR_KEY,
            "seed_rates": False,
            "issuers": [issuer.trusted],
            "rate_limit": 0,
            "anonymous_rate_limit": 0,
            **settings,
        }
        app = create_app(service, service.settings(**told))
        async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as manager:
            transport = httpx.ASGITransport(manager.app, raise_app_exceptions=False)
            async with Client(app, transport, headers=issuer.bearer()) as client:
                yield client

    yield run
    for name in made:
        postgres.drop(name)


class Templates:
    """Databases with the tables of a service: its migrations run once, and each test has a copy of what they made."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._made: dict[Path, str] = {}

    async def copy(self, service: Service, name: str) -> str:
        """Make a database with the tables of a service and nothing in it, and return its URL."""
        template = self._made.get(service.migrations) or await self._make(service)
        return self._postgres.database(name, owner="tests", template=template)

    async def copy_with_password(self, service: Service, name: str) -> str:
        """Make one, and return its URL with the password in it."""
        return with_password(await self.copy(service, name), self._postgres.password("tests"))

    async def _make(self, service: Service) -> str:
        name = f"template_{uuid4().hex[:12]}"
        database = Database(self._postgres.database_with_password(name, owner="tests"), pool=1)
        await upgrade(database, service.migrations)
        await database.dispose()
        self._made[service.migrations] = name
        return name


class Client(httpx.AsyncClient):
    """A client of an application in this process."""

    def __init__(
        self, app: FastAPI, transport: httpx.ASGITransport, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(transport=transport, base_url="http://service", timeout=60, headers=headers)
        self.app = app


@pytest.fixture(scope="session")
def system() -> Iterator[LocalSystem]:
    """Start the whole system as `make run` does, once for all flow tests that share it."""
    with temporary_folder("devcoop-system-") as folder:
        local = LocalSystem(folder, settings=QUIET)
        local.start()
        yield local
        local.stop()
