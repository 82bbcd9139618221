"""What webhooks are sent with: requests to the public internet alone, by the settings of the gateway."""

from gateway.settings import Settings
from shared.chassis.egress import Egress, Rules


def egress_of(settings: Settings) -> Egress:
    """Return the one that a process sends with."""
    return Egress(
        Rules(
            insecure=settings.webhook_insecure,
            ports=settings.webhook_ports,
            denied=settings.webhook_denied_networks,
        )
    )
