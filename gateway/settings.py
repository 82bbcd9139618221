"""Settings of the gateway."""

from collections.abc import Iterator
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from gateway.webhooks.schedule import RETRY_SECONDS
from shared.chassis import safety
from shared.chassis.db import Database
from shared.chassis.settings import DatabaseUrl, ServiceSettings
from shared.figures.inflows import PROBABILITIES


class Settings(ServiceSettings):
    """Which roles a process has, where the owning services are, and the bounds of an import."""

    roles: frozenset[Literal["api", "importer", "projector", "webhooks"]] = Field(
        default=frozenset({"api", "importer", "projector", "webhooks"}),
        description="What this process [does](operations.md#processes); every role may have several processes.",
    )
    read_database_url: DatabaseUrl | None = Field(
        default=None,
        description="SQLAlchemy URL of a [standby](growth.md#postgresql-replicas) of the gateway's database that results are "
        "read from while it is level with the primary.",
    )
    projects_url: str = Field(default="http://127.0.0.1:8101", description="Address of projects.")
    funding_url: str = Field(default="http://127.0.0.1:8102", description="Address of funding.")
    monitoring_url: str = Field(default="http://127.0.0.1:8103", description="Address of monitoring.")
    max_import_bytes: int = Field(default=1024**3, description="Largest upload of an import, as sent.")
    import_upload_seconds: float = Field(
        default=3600, gt=0, description="Longest time that the upload of an import takes to arrive."
    )
    token_rate_limit: int = Field(
        default=20,
        ge=0,
        description="Failures a minute that an address may have at the issuer of tokens, and as many with signatures of "
        "[incoming webhooks](incoming.md); a client or source may have ten times as many from all addresses "
        "together; 0 is no bound.",
    )
    max_import_expanded_bytes: int = Field(
        default=8 * 1024**3, description="Largest file of an import when unpacked."
    )
    import_batch_items: int = Field(
        default=250, ge=1, description="Most activities in one request to an owner."
    )
    import_retry_seconds: float = Field(
        default=10,
        description="How long an import tries an owner that is away before it says so and other imports get their turn.",
    )
    max_batch_lines: int = Field(default=20_000, ge=1, description="Most lines of a [batch](batches.md).")
    max_batch_line_bytes: int = Field(
        default=32 * 1024**2, ge=1, description="Largest line of a batch, unpacked."
    )
    max_batch_bytes: int = Field(default=256 * 1024**2, ge=1, description="Largest batch, unpacked.")
    batch_upload_seconds: float = Field(
        default=3600, gt=0, description="Longest time that a batch takes to arrive."
    )
    batch_retry_seconds: float = Field(
        default=10,
        ge=0,
        description="How long a batch or a [spreadsheet](spreadsheets.md) asks an owner that is away, before its lines "
        "are refused.",
    )
    stream_stall_seconds: float = Field(
        default=60,
        gt=0,
        description="How long the [feed](changes.md) waits for a caller that does not read, before it ends.",
    )
    event_streams: int = Field(
        default=8,
        ge=1,
        description="Most streams of [events](changes.md#events-as-they-happen) that a caller holds open at a process.",
    )
    event_keepalive_seconds: float = Field(
        default=15, gt=0, description="Silence after which a stream of events tells that it is still there."
    )
    max_spreadsheet_bytes: int = Field(
        default=8 * 1024**2, ge=1, description="Largest upload of a spreadsheet, as sent."
    )
    past_moments: int = Field(
        default=8, ge=1, description="Past states of the read model that are kept once they were asked for."
    )
    rate_source: str = Field(
        default="ECB", description="Source of exchange rates where a request names none."
    )
    pipeline_probabilities: dict[str, Annotated[Decimal, Field(ge=0, le=1)]] = Field(
        default=dict(PROBABILITIES),
        description="How likely it is, of 1, that a proposal of a state, or an `agreement` in draft, brings money; what "
        "it does not name is in [no pipeline](workplans.md#what-is-firm-what-may-come-and-the-gap). The same "
        "for gateway and funding.",
    )
    delivery_threshold: Decimal = Field(
        default=Decimal("0.8"),
        gt=0,
        le=1,
        description="Delivery rate, of 1, that a whole year is to reach; funding alerts of an activity below it, and the "
        "gateway holds deliveries against it where a request names none. The same for gateway and funding.",
    )
    delivery_from: Decimal = Field(
        default=Decimal("0.25"),
        ge=0,
        le=1,
        description="Share of a budget period that has to be over before delivery is expected. The same for gateway and "
        "funding.",
    )
    answer_cache_bytes: int = Field(
        default=64 * 1024**2, description="Memory for answers that are still current, of each process."
    )
    issuer_key: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None,
        description="Seals the keys that sign tokens of the [built-in issuer](access.md#the-built-in-issuer); the same "
        "for all processes; without it the gateway issues no tokens.",
    )
    issuer_url: str = Field(
        default="http://127.0.0.1:8100",
        pattern=r"^https?://[^/?#\s]+$",
        description="Name of the built-in issuer, as `iss` of its tokens and in `DEVCOOP_ISSUERS`; the address, without a "
        "path, that clients know the gateway by.",
    )
    webhook_concurrency: int = Field(
        default=8,
        ge=1,
        le=32,
        description="Most deliveries to one [webhook](webhooks.md) that are under way at once, of different things.",
    )
    webhook_retry_seconds: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=RETRY_SECONDS,
        description="Seconds after each failed attempt at a delivery until the next: [the "
        "schedule](webhooks.md#when-a-delivery-fails).",
    )
    webhook_failing_days: float = Field(
        default=5, gt=0, description="Days without a success after which a webhook that fails is disabled."
    )
    webhook_keep_days: float = Field(
        default=30, gt=0, description="Days that deliveries of webhooks and their attempts are kept."
    )
    webhooks_most: int = Field(default=50, ge=1, description="Most webhooks that one client may have.")
    token_seconds: int = Field(
        default=600, ge=60, le=3600, description="How long a token of the built-in issuer lives."
    )
    webhook_insecure: bool = Field(
        default=False,
        description="For development alone: webhooks go to http, to any port and to this machine too.",
    )
    webhook_ports: frozenset[Annotated[int, Field(ge=1, le=65535)]] = Field(
        default=frozenset(),
        description="The ports that webhooks go to; empty is 443 and those from 1024 on.",
    )
    webhook_denied_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description='Public networks, such as the office\'s own, that webhooks are kept off too, as in `["203.0.114.0/24"]`; those that are not public always are.',
    )
    incoming_body_days: int = Field(
        default=30,
        ge=1,
        description="Days after which the body of a partner's [message](incoming.md) is erased once it is done with.",
    )

    def open_standby(self) -> Database | None:
        """Return a pool of connections to the standby that results are read from, None if there is none."""
        if self.read_database_url is None:
            return None
        url = self.read_database_url.get_secret_value()
        return Database(url, password=self.database_password, pool=self.database_pool)

    @property
    def owner_urls(self) -> dict[str, str]:
        """Address of each owning service by name."""
        return {"projects": self.projects_url, "funding": self.funding_url, "monitoring": self.monitoring_url}

    def secrets(self) -> list[tuple[str, SecretStr | None]]:
        """Return the secrets that have to be random, each by its variable."""
        return [*super().secrets(), ("DEVCOOP_ISSUER_KEY", self.issuer_key)]

    def faults(self) -> Iterator[safety.Fault]:
        """Yield what makes these settings unsafe to serve with in production."""
        yield from super().faults()
        if self.read_database_url is not None:
            yield from safety.password_within(
                "DEVCOOP_READ_DATABASE_URL", self.read_database_url, "DEVCOOP_DATABASE_PASSWORD"
            )
        yield from safety.unbounded("DEVCOOP_TOKEN_RATE_LIMIT", self.token_rate_limit)
        if self.webhook_insecure:
            yield safety.Fault(
                "DEVCOOP_WEBHOOK_INSECURE",
                "webhooks would reach this machine and the network around it.",
                "leave it out; it is for development alone.",
            )
        if self.issuer_key is None:
            return
        if "issuer_url" not in self.model_fields_set:
            yield safety.Fault(
                "DEVCOOP_ISSUER_URL",
                "it is not set, and by the default no client elsewhere knows the gateway.",
                "set the address that clients know it by.",
            )
        yield from safety.in_the_clear(
            "DEVCOOP_ISSUER_URL", self.issuer_url, "clients send their secrets there."
        )
