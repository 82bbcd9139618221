"""Settings that every process has, read from the environment (``DEVCOOP_...``)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Where a process finds its database and broker, and where it listens."""

    model_config = SettingsConfigDict(env_prefix="DEVCOOP_", extra="ignore")

    database_url: SecretStr = Field(description="SQLAlchemy URL of the service's own database (asyncpg).")
    database_pool: int = Field(default=10, ge=2, description="Most connections of a process to its database.")
    nats_url: SecretStr = Field(description="Address of NATS.")
    stream_replicas: int = Field(default=1, ge=1, le=5, description="NATS servers that keep each stream.")
    cursor_key: SecretStr = Field(
        min_length=32, description="Key that signs page cursors; one for all replicas."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    port_file: Path | None = Field(default=None, description="File to write the port to once it listens.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious events that are logged."
    )
    max_body_bytes: int = Field(
        default=64 * 1024**2, description="Largest body of a request; imports have a bound of their own."
    )
