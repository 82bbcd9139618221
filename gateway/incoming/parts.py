"""What a process of the gateway has for what partners push."""

from collections.abc import Mapping

from gateway.incoming.signatures import PURPOSE
from gateway.incoming.worker import IncomingWorker
from gateway.issuer.sealing import Sealer
from gateway.issuer.tokens import Issuer
from gateway.settings import Settings
from shared.chassis.app import Runtime
from shared.chassis.http import Client
from shared.chassis.limits import FailureLimit


def open_incoming(runtime: Runtime, issuer: Issuer | None, owners: Mapping[str, Client]) -> None:
    """Let a process take messages, and apply them where that is its role; without an issuer it does neither."""
    settings = runtime.settings_as(Settings)
    if issuer is None or settings.issuer_key is None:
        return
    sealer = Sealer(settings.issuer_key.get_secret_value(), PURPOSE)
    runtime.parts |= {
        "incoming_sealer": sealer,
        "incoming_failures": FailureLimit(settings.token_rate_limit),
    }
    if "webhooks" in settings.roles:
        worker = IncomingWorker(
            runtime.database, owners, issuer, sealer, body_days=settings.incoming_body_days
        )
        runtime.supervisor.start(worker)
