"""The gateway and the owners behind it on real connections, all in this process, as a field office reaches them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import uvicorn
from starlette.types import ASGIApp

from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres
from deploy.nats_access import OPERATOR, USERS
from gateway.main import SERVICE as GATEWAY
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.app import Application, Service, create_app
from shared.chassis.protocol import bounded
from shared.testing.fixtures import CURSOR_KEY
from shared.testing.identity import TestIssuer

OWNERS = (PROJECTS, FUNDING, MONITORING)
NDJSON = {"Content-Type": "application/x-ndjson"}
ISSUER_URL = "https://devcoop.test"
QUIET: Mapping[str, Mapping[str, Any]] = {
    "funding": {"alert_seconds": 86400, "seed_rates": False},
    "monitoring": {"alert_seconds": 86400, "planning_seconds": 86400},
}
SETTINGS: Mapping[str, Any] = {
    "cursor_key": CURSOR_KEY,
    "rate_limit": 0,
    "anonymous_rate_limit": 0,
    "database_pool": 6,
}


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket, *, lifespan: str = "on") -> AsyncIterator[str]:
    """Serve an application as production does, and yield its address."""
    config = uvicorn.Config(
        app,
        http=bounded(10),
        ws="none",
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        assert not serving.done(), "it does not start"
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@dataclass
class Office:
    """A gateway with its owners; ``http`` is a client with all roles, and ``app`` the gateway."""

    address: str
    http: httpx.AsyncClient
    issuer: TestIssuer
    app: Application

    async def batch(self, lines: Iterable[Any], **headers: str) -> list[dict[str, Any]]:
        """Send a batch whole, and return the lines of its answer."""
        answer = await self.http.post("/v1/batch", content=ndjson(lines), headers={**NDJSON, **headers})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.content.splitlines()]


@asynccontextmanager
async def open_office(
    postgres: EmbeddedPostgres, nats: EmbeddedNats, issuer: TestIssuer, **gateway: Any
) -> AsyncIterator[Office]:
    """Serve the owners and a gateway on new databases; ``gateway`` are settings of it."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listening())
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        own = {"issuer": ISSUER_URL, "jwks_url": f"{address}/oauth/jwks", "may_delegate": True}
        trusted = {"issuers": [issuer.trusted, own]}

        def made(service: Service, **settings: Any) -> Application:
            name = f"office_{uuid4().hex[:12]}"
            url = postgres.database_with_password(name, owner="tests")
            stack.callback(postgres.drop, name)
            user = nats.user(service.name if service.name in USERS else OPERATOR)
            connected = {"database_url": url, "nats_url": user.url, "nats_seed": user.seed}
            return create_app(service, service.settings(**SETTINGS, **connected, **trusted, **settings))

        urls = {}
        for owner in OWNERS:
            behind = made(owner, **QUIET.get(owner.name, {}))
            urls[f"{owner.name}_url"] = await stack.enter_async_context(served(behind, listening()))
        issuing = {"issuer_key": "the key of the tests, and of nothing else", "issuer_url": ISSUER_URL}
        settings = {"roles": ["api"], "batch_retry_seconds": 3, **issuing, **urls, **gateway}
        app = made(GATEWAY, **settings)
        await stack.enter_async_context(served(app, listener))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=address, headers=issuer.bearer(), timeout=60)
        )
        yield Office(address, http, issuer, app)


def ndjson(lines: Iterable[Any]) -> bytes:
    return b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )
