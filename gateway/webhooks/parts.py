"""What a process has for the webhooks: what it seals and sends with, and, where that is its role, who works."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from gateway.issuer.sealing import Sealer
from gateway.projection.generations import ReadModel
from gateway.settings import Settings
from gateway.webhooks.egress import egress_of
from gateway.webhooks.keeping import WebhookKeeper
from gateway.webhooks.meters import Meters
from gateway.webhooks.rendering import Renderer
from gateway.webhooks.router import WebhookRouter
from gateway.webhooks.sender import Rules, WebhookSender
from gateway.webhooks.signing import PURPOSE
from gateway.webhooks.targets import Targets
from shared.chassis.app import Runtime
from shared.chassis.db import Database
from shared.chassis.egress import Egress


@asynccontextmanager
async def open_webhooks(runtime: Runtime, read_model: ReadModel) -> AsyncIterator[None]:
    """Add the parts, and begin what the role has to do; without a key nothing can be signed, so nothing is sent."""
    settings = runtime.settings_as(Settings)
    key = settings.issuer_key
    sealer = None if key is None else Sealer(key.get_secret_value(), PURPOSE)
    async with AsyncExitStack() as stack:
        egress = await stack.enter_async_context(egress_of(settings))
        runtime.parts |= {"egress": egress, "webhook_sealer": sealer}
        if "webhooks" in settings.roles and sealer is not None:
            locks = [
                runtime.database.apart() for _ in range(2)
            ]  # which take nothing from the pool of requests
            for lock in locks:
                stack.push_async_callback(lock.dispose)
            _begin(runtime, settings, read_model, sealer, egress, locks)
        yield


def _begin(  # noqa: PLR0913
    runtime: Runtime,
    settings: Settings,
    read_model: ReadModel,
    sealer: Sealer,
    egress: Egress,
    locks: Sequence[Database],
) -> None:
    database, keep = runtime.database, timedelta(days=settings.webhook_keep_days)
    meters = Meters(runtime.metrics.registry)
    rules = Rules(
        settings.webhook_retry_seconds,
        timedelta(days=settings.webhook_failing_days),
        settings.webhook_concurrency,
    )
    targets = Targets(database, sealer, settings.issuer_url)
    renderer = Renderer(database, read_model, settings.public_url or settings.issuer_url)
    router = WebhookRouter(database, read_model, locks[0], issuer=settings.issuer_url, keep=keep)
    sender = WebhookSender(database, locks[1], egress, targets, renderer, rules, meters)
    runtime.supervisor.start(router)
    runtime.supervisor.start(sender)
    runtime.supervisor.start(WebhookKeeper(database, meters, keep=keep))
