"""What the webhooks tell of themselves, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Meters:
    """The metrics of a process that sends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "devcoop_webhook_attempts",
            "Attempts to deliver, by class of status; none where there was no answer",
            ["status"],
            registry=registry,
        )
        self.backlog = Gauge(
            "devcoop_webhook_backlog", "Deliveries that are still to be made", registry=registry
        )
        self.oldest = Gauge(
            "devcoop_webhook_oldest_seconds",
            "Seconds for which the oldest delivery that is still to be made has been due, of webhooks that do not fail",
            registry=registry,
        )
        self.disabled = Gauge(
            "devcoop_webhook_disabled",
            "Webhooks that are disabled, by reason",
            ["because"],
            registry=registry,
        )
