from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres
from gateway.main import SERVICE as GATEWAY
from gateway.personal import KEEPER
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.db import Database
from shared.chassis.personal.erasure import Keeper
from shared.testing.fixtures import Serve
from tests.component.personal.system import Owner, System

OWNERS = (PROJECTS, FUNDING, MONITORING)
QUIET = {"alert_seconds": 86400, "planning_seconds": 86400}
ISSUING = {"issuer_key": "the key of the tests, and of nothing else", "issuer_url": "https://devcoop.test"}


@pytest.fixture(scope="module")
async def system(serve: Serve, postgres: EmbeddedPostgres, nats: EmbeddedNats) -> AsyncIterator[System]:
    """Serve the owners and the gateway on databases and streams of their own."""
    async with AsyncExitStack() as stack:
        served = []
        for service in (*OWNERS, GATEWAY):
            name = f"erasure_{uuid4().hex[:12]}"
            url = postgres.database_with_password(name, owner="tests")
            stack.callback(postgres.drop, name)
            database = Database(url)
            stack.push_async_callback(database.dispose)
            bus = nats.user(service.name).bus()
            stack.push_async_callback(bus.close)
            if service is GATEWAY:
                keeper, settings = KEEPER, ISSUING
            else:
                await bus.ensure_stream(service.name)
                keeper, settings = Keeper(service.name, service.aggregates, service.name), QUIET
            client = await stack.enter_async_context(serve(service, database_url=url, **settings))
            served.append(Owner(service, keeper, database, bus, client))
        yield System(served[:-1], served[-1])
