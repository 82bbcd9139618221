"""Settings that every process has, read from the environment and from files (``DEVCOOP_...``)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from shared.chassis import safety
from shared.chassis.db import Database
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.sources import Configuration

HostPattern = Annotated[
    str, StringConstraints(pattern=r"^(\*\.)?([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9a-fA-F:.]+\])$")
]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]


def _of_driver(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith("postgresql+asyncpg:"):
        raise ValueError("the URL has to begin with postgresql+asyncpg:")
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(_of_driver)]


class DatabaseSettings(Configuration):
    """Where a process finds its database."""

    database_url: DatabaseUrl = Field(
        description="SQLAlchemy URL of the service's own database, as in `postgresql+asyncpg://role@host/database`."
    )
    database_password: SecretStr | None = Field(
        default=None, description="Password of the role of the database, apart from the URL."
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder of [secrets as files](#secrets); `/run/secrets` if that is there and no other is named.",
    )

    def open_database(self, *, pool: int) -> Database:
        """Return a pool of so many connections to the database."""
        return Database(self.database_url.get_secret_value(), password=self.database_password, pool=pool)


class ServiceSettings(DatabaseSettings):
    """Where a process finds its database and broker, and where it listens."""

    environment: Literal["production", "development"] = Field(
        default="production",
        description="In `production` a process [refuses to start](#what-does-not-start) on unsafe settings.",
    )
    database_pool: int = Field(
        default=10,
        ge=2,
        description="Most connections of a process to its database; the gateway opens a second pool of this size on the "
        "read model, and its projector one for each generation.",
    )
    nats_url: SecretStr = Field(
        description="Address of NATS; of several servers of one cluster with commas between."
    )
    nats_seed: SecretStr | None = Field(
        default=None,
        description="Seed (`SU...`) of the nkey that the service has as a user of [NATS](operations.md#nats); without one "
        "the connection is anonymous.",
    )
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="NATS servers that keep each stream; 3 on a cluster of three."
    )
    cursor_key: SecretStr = Field(
        min_length=32, description="Signs page cursors; the same for all replicas of a service."
    )
    cursor_key_former: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None, description="The key before it, whose cursors are still taken."
    )
    metrics_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that Prometheus bears in place of a token, for /metrics alone.",
    )
    issuers: tuple[TrustedIssuer, ...] = Field(
        default=(),
        description="Issuers whose tokens are taken, and what their roles or groups give; see [access](access.md).",
    )
    revocations_seconds: float = Field(
        default=30, gt=0, description="How often an issuer is asked for the tokens that it revoked."
    )
    public_url: str | None = Field(
        default=None,
        description="Address that callers know the system by; proofs of keys (DPoP) name it, and behind a proxy it has to "
        "be set.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    port_file: Path | None = Field(default=None, description="File to write the port to once it listens.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    traces_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address that takes [traces](observation.md#traces) by OTLP/HTTP, as `http://otel-collector:4318/v1/traces`; without one nothing is traced.",
    )
    traces_ratio: float = Field(
        default=1,
        ge=0,
        le=1,
        description="Share of the traces begun here that are recorded; one that comes with a request says so itself.",
    )
    rate_limit: int = Field(
        default=1200,
        ge=0,
        description="Requests a minute that a principal may make of a process; 0 is no limit.",
    )
    anonymous_rate_limit: int = Field(
        default=300, ge=0, description="The same for an address that nobody is known behind."
    )
    head_seconds: float = Field(
        default=10, gt=0, description="Longest time that the head of a request takes to arrive."
    )
    body_seconds: float = Field(default=30, gt=0, description="Longest pause within the body of a request.")
    request_seconds: float = Field(
        default=120, gt=0, description="Longest time that a body takes to arrive; imports have their own."
    )
    allowed_hosts: list[HostPattern] = Field(
        default=[],
        description='Names that requests may be for, without port, as in `["results.example.org", "*.example.org"]`; empty '
        "is any.",
    )
    cors_origins: list[Origin] = Field(
        default=[],
        description='Origins whose pages may read answers, as in `["https://app.example.org"]`; empty is none, `*` is '
        "refused.",
    )
    trusted_proxies: list[str] = Field(
        default=["127.0.0.1", "::1"],
        description="Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
    )
    idempotency_days: int = Field(
        default=30,
        ge=1,
        description="Days for which the answer to a request with an "
        "[`Idempotency-Key`](field-offices.md#send-again-idempotency-key) is kept.",
    )
    max_body_bytes: int = Field(
        default=64 * 1024**2, description="Largest body of a request; imports have a bound of their own."
    )

    def faults(self) -> Iterator[safety.Fault]:
        """Yield what makes these settings unsafe to serve with in production."""
        yield from safety.password_within(
            "DEVCOOP_DATABASE_URL", self.database_url, "DEVCOOP_DATABASE_PASSWORD"
        )
        yield from self._faults_of_secrets()
        yield from safety.no_seed("DEVCOOP_NATS_SEED", self.nats_seed)
        yield from safety.password_within("DEVCOOP_NATS_URL", self.nats_url, "DEVCOOP_NATS_SEED")
        yield from self._faults_of_issuers()
        yield from safety.in_the_clear(
            "DEVCOOP_PUBLIC_URL", self.public_url, "whoever is between reads tokens."
        )
        for origin in self.cors_origins:
            danger = "whoever is between makes its pages read answers."
            yield from safety.in_the_clear("DEVCOOP_CORS_ORIGINS", origin, danger)
        yield from safety.unbounded("DEVCOOP_RATE_LIMIT", self.rate_limit)
        yield from safety.unbounded("DEVCOOP_ANONYMOUS_RATE_LIMIT", self.anonymous_rate_limit)
        yield from safety.believed("DEVCOOP_TRUSTED_PROXIES", self.trusted_proxies)

    def secrets(self) -> list[tuple[str, SecretStr | None]]:
        """Return the secrets that have to be random, each by its variable."""
        return [
            ("DEVCOOP_DATABASE_PASSWORD", self.database_password),
            ("DEVCOOP_CURSOR_KEY", self.cursor_key),
            ("DEVCOOP_CURSOR_KEY_FORMER", self.cursor_key_former),
            ("DEVCOOP_METRICS_KEY", self.metrics_key),
        ]

    def _faults_of_secrets(self) -> Iterator[safety.Fault]:
        if self.database_password is None:
            yield safety.Fault(
                "DEVCOOP_DATABASE_PASSWORD",
                "it is not set, so that the database lets in whoever reaches it.",
                "give the role a password, and set it here.",
            )
        for variable, value in self.secrets():
            yield from safety.weak(variable, value)
        yield from safety.shared(self.secrets())

    def _faults_of_issuers(self) -> Iterator[safety.Fault]:
        variable, danger = "DEVCOOP_ISSUERS", "whoever can change what it answers can make tokens."
        if not self.issuers:
            yield safety.Fault(
                variable, "no issuer is trusted, so that nobody gets in.", "name one; see docs/access.md."
            )
        for issuer in self.issuers:
            yield from safety.in_the_clear(variable, issuer.jwks_url, danger)
            yield from safety.in_the_clear(variable, issuer.revocations_url, "revocations can be held back.")
