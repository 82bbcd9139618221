from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import httpx
import pytest
from nats.js import JetStreamContext

from deploy.local.embedded import EmbeddedNats
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.testing.documents import KINDS, Kind
from shared.testing.fixtures import Serve

Clients = dict[str, httpx.AsyncClient]


END_LEADER = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Ends the connections that lead in the database that is asked, and tells how many there were."""


@pytest.fixture(scope="module")
async def clients(serve: Serve) -> AsyncIterator[Clients]:
    """Serve the three owners for the tests of one file."""
    async with AsyncExitStack() as stack:
        yield {
            service.name: await stack.enter_async_context(serve(service))
            for service in (PROJECTS, FUNDING, MONITORING)
        }


@pytest.fixture(params=KINDS, ids=lambda kind: kind.noun)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture
def client(kind: Kind, clients: Clients) -> httpx.AsyncClient:
    """Return a client of the service that owns the kind."""
    return clients[kind.owner]


@pytest.fixture
def identifier() -> str:
    """Return an identifier that no other test uses."""
    return f"XM-TEST-{uuid4().hex[:12]}"


@pytest.fixture
async def other_connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to the test's database that no service knows of."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


@pytest.fixture
async def jetstream(nats: EmbeddedNats) -> AsyncIterator[JetStreamContext]:
    """Return JetStream as any client of NATS has it."""
    connection = await nats.user().connect()
    yield connection.jetstream()
    await connection.close()
