"""The gateway: the unified results, imports, and the owners' interfaces under one address."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from gateway import passthrough
from gateway.batch.api import router as batches
from gateway.batch.lanes import Turns
from gateway.feed.api import router as feed
from gateway.feed.counting import OpenStreams
from gateway.feed.sharing import Once
from gateway.imports.api import router as imports
from gateway.imports.owners import Owners
from gateway.imports.worker import ImportWorker
from gateway.incoming.api import router as incoming
from gateway.incoming.messages_api import router as incoming_messages
from gateway.incoming.parts import open_incoming
from gateway.incoming.sources_api import router as incoming_sources
from gateway.issuer.api import router as clients
from gateway.issuer.oauth import router as oauth
from gateway.issuer.tokens import answer_sealer_of, issuer_of
from gateway.openapi import install_openapi
from gateway.personal import KEEPER
from gateway.projection.checks import projection_check, read_model_check, standby_check
from gateway.projection.generations import ReadModel
from gateway.projection.meters import projection_meter
from gateway.projection.projector import Projector
from gateway.results.accountability.api import router as accountability
from gateway.results.api import router as results
from gateway.results.cache import AnswerCache, AnswerCacheMiddleware
from gateway.results.programming.api import router as programming
from gateway.results.terms import RateTables
from gateway.settings import Settings
from gateway.spreadsheets.api import router as spreadsheets
from gateway.webhooks.api import router as webhooks
from gateway.webhooks.parts import open_webhooks
from shared.chassis.app import Runtime, Service, serve
from shared.chassis.health import broker_check
from shared.chassis.http import Client
from shared.chassis.meters import broker_meter
from shared.chassis.personal.routes import personal_data_routers
from shared.chassis.settings import ServiceSettings


@asynccontextmanager
async def extend(app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Add what the gateway has beyond the chassis: clients of the owners, the read model, and its roles' workers."""
    settings = runtime.settings_as(Settings)
    issuer = issuer_of(settings)
    if issuer is not None:
        await issuer.prepare(runtime.database)
    async with AsyncExitStack() as stack:
        owner_clients = {
            owner: await stack.enter_async_context(Client(url)) for owner, url in settings.owner_urls.items()
        }
        read_model = ReadModel(
            runtime.database,
            app.state.answers,
            past_moments=settings.past_moments,
            standby=settings.open_standby(),
        )
        stack.push_async_callback(read_model.dispose)
        runtime.parts |= {
            "owners": owner_clients,
            "issuer": issuer,
            "sealer": answer_sealer_of(settings),
            "read_model": read_model,
            "rate_tables": RateTables(settings.rate_source),
            "turns": Turns(),
            "open_streams": OpenStreams(settings.event_streams),
            "once": Once(read_model),
        }
        runtime.pools["read_model"] = lambda: read_model.database
        runtime.supervisor.start(read_model)
        await stack.enter_async_context(open_webhooks(runtime, read_model))
        if "projector" in settings.roles:
            projector = Projector(runtime.database, runtime.bus)
            runtime.supervisor.start(projector)
            runtime.checks |= {"broker": broker_check(runtime.bus), "projection": projection_check(projector)}
            runtime.meters += [broker_meter(), projection_meter(projector)]
        if "importer" in settings.roles and issuer is not None:
            owners = Owners(owner_clients, retry_seconds=settings.import_retry_seconds)
            runtime.supervisor.start(
                ImportWorker(
                    runtime.database, owners, read_model, issuer, batch_items=settings.import_batch_items
                )
            )
        open_incoming(runtime, issuer, owner_clients)
        if "api" in settings.roles:
            runtime.checks["read_model"] = read_model_check(read_model)
        if read_model.standby is not None:
            runtime.checks["standby"] = standby_check(read_model.standby)
        yield


def customise(app: FastAPI, settings: ServiceSettings) -> None:
    """Add the cache of answers, and the owners' routes to the interface's document."""
    assert isinstance(settings, Settings)  # noqa: S101  (told to the type checker)
    app.state.answers = AnswerCache(settings.answer_cache_bytes)
    app.add_middleware(AnswerCacheMiddleware, cache=app.state.answers)
    install_openapi(app)


SERVICE = Service(
    name="gateway",
    title="DevCoop",
    description=(
        "Results tracking for development cooperation: unified results from all services, imports of IATI files, "
        "and the services' own interfaces."
    ),
    routers=[
        accountability,
        results,
        programming,
        feed,
        imports,
        batches,
        spreadsheets,
        incoming,
        incoming_sources,
        incoming_messages,
        webhooks,
        clients,
        oauth,
        passthrough.router,
        *personal_data_routers(KEEPER),
    ],
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    extend=extend,
    customise=customise,
)

if __name__ == "__main__":
    serve(SERVICE)
