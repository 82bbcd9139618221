"""Settings of the ops commands: they know all parts, where a service knows its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import Field, SecretStr

from deploy.nats_access import OPERATOR
from deploy.ops.failures import Failed
from shared.chassis.bus import Bus
from shared.chassis.db import Database
from shared.chassis.sources import Configuration

SERVICES = ("projects", "funding", "monitoring", "gateway")
"""Those that have a database."""
STATEMENT_SECONDS = 6 * 3600.0
"""How long a statement of a command may take: it may be one on all rows there are."""


class OpsSettings(Configuration):
    """Where the parts are, and the keys to them. What a command does not need may be missing."""

    projects_database_url: SecretStr | None = Field(default=None, description="Database of projects.")
    projects_database_password: SecretStr | None = Field(default=None, description="Its password.")
    funding_database_url: SecretStr | None = Field(default=None, description="Database of funding.")
    funding_database_password: SecretStr | None = Field(default=None, description="Its password.")
    monitoring_database_url: SecretStr | None = Field(default=None, description="Database of monitoring.")
    monitoring_database_password: SecretStr | None = Field(default=None, description="Its password.")
    gateway_database_url: SecretStr | None = Field(default=None, description="Database of the gateway.")
    gateway_database_password: SecretStr | None = Field(default=None, description="Its password.")
    nats_url: SecretStr | None = Field(default=None, description="Address of NATS.")
    nats_seed: SecretStr | None = Field(default=None, description="Seed of the operator's nkey.")
    stream_replicas: int = Field(default=1, ge=1, le=5, description="NATS servers that keep each stream.")
    parts: dict[str, str] = Field(
        default={}, description="Base address of each process by its name, as a JSON object; for `status`."
    )
    issuer_key: SecretStr | None = Field(default=None, min_length=32, description="Key that seals keys.")
    issuer_url: str = Field(default="http://127.0.0.1:8100", description="Name of the built-in issuer.")
    secrets_folder: Path | None = Field(
        default=None, description="Folder of secrets of the host, for `rotate`."
    )
    pg_bin: Path | None = Field(
        default=None, description="Folder of `pg_dump` and `pg_restore`, where they are not on the path."
    )

    def url(self, service: str) -> str:
        """Return the SQLAlchemy URL of a service's database.

        Raises:
            Failed: it is not set.

        """
        url: SecretStr | None = getattr(self, f"{service}_database_url")
        if url is None:
            raise Failed(f"DEVCOOP_{service.upper()}_DATABASE_URL is not set.")
        return url.get_secret_value()

    def password(self, service: str) -> SecretStr | None:
        """Return the password of a service's database."""
        password: SecretStr | None = getattr(self, f"{service}_database_password")
        return password

    @asynccontextmanager
    async def database(self, service: str, *, pool: int = 1) -> AsyncIterator[Database]:
        """Open a service's database for a while; its statements may take long.

        Raises:
            Failed: its address is not set.

        """
        database = Database(
            self.url(service),
            password=self.password(service),
            pool=pool,
            statement_seconds=STATEMENT_SECONDS,
        )
        try:
            yield database
        finally:
            await database.dispose()

    @asynccontextmanager
    async def bus(self) -> AsyncIterator[Bus]:
        """Open a connection to NATS as the operator for a while; it is made on first use.

        Raises:
            Failed: its address is not set.

        """
        if self.nats_url is None:
            raise Failed("DEVCOOP_NATS_URL is not set.")
        bus = Bus(
            self.nats_url.get_secret_value(),
            name=OPERATOR,
            replicas=self.stream_replicas,
            seed=self.nats_seed,
        )
        try:
            yield bus
        finally:
            await bus.close()
