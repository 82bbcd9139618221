"""Settings that every process has, read from the environment (``DEVCOOP_...``)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.chassis.db import Database
from shared.chassis.identity.issuers import TrustedIssuer

HostPattern = Annotated[
    str, StringConstraints(pattern=r"^(\*\.)?([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9a-fA-F:.]+\])$")
]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$")]


class DatabaseSettings(BaseSettings):
    """Where a process finds its database."""

    model_config = SettingsConfigDict(env_prefix="DEVCOOP_", extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr = Field(description="SQLAlchemy URL of the service's own database (asyncpg).")
    database_password: SecretStr | None = Field(
        default=None, description="Password of the role of the database, apart from its URL."
    )

    def open_database(self, *, pool: int) -> Database:
        """Return a pool of so many connections to the database."""
        return Database(self.database_url.get_secret_value(), password=self.database_password, pool=pool)


class ServiceSettings(DatabaseSettings):
    """Where a process finds its database and broker, and where it listens."""

    database_pool: int = Field(default=10, ge=2, description="Most connections of a process to its database.")
    nats_url: SecretStr = Field(description="Address of NATS.")
    nats_seed: SecretStr | None = Field(
        default=None, description="Seed of the nkey that the process has as a user of NATS."
    )
    stream_replicas: int = Field(default=1, ge=1, le=5, description="NATS servers that keep each stream.")
    cursor_key: SecretStr = Field(
        min_length=32, description="Key that signs page cursors; one for all replicas."
    )
    metrics_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that Prometheus bears in place of a token, for /metrics alone.",
    )
    issuers: tuple[TrustedIssuer, ...] = Field(
        default=(), description="Issuers whose tokens are taken, as a JSON list; see [access](access.md)."
    )
    revocations_seconds: float = Field(
        default=30, gt=0, description="How often an issuer is asked for the tokens that it revoked."
    )
    public_url: str | None = Field(
        default=None, description="Address that callers know the system by; proofs of keys (DPoP) name it."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    port_file: Path | None = Field(default=None, description="File to write the port to once it listens.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious events that are logged."
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
        default=[], description="Names that requests may be for, as a JSON list; empty is any."
    )
    cors_origins: list[Origin] = Field(
        default=[], description="Origins whose pages may read answers, as a JSON list; empty is none."
    )
    trusted_proxies: list[str] = Field(
        default=["127.0.0.1", "::1"],
        description="Addresses and networks whose `X-Forwarded-For` and `-Proto` are believed, as a JSON list.",
    )
    idempotency_days: int = Field(
        default=30,
        ge=1,
        description="Days for which the answer to a request with an `Idempotency-Key` is kept.",
    )
    max_body_bytes: int = Field(
        default=64 * 1024**2, description="Largest body of a request; imports have a bound of their own."
    )
