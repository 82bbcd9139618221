"""Settings of the ops commands: they know all parts, where a service knows its own."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OpsSettings(BaseSettings):
    """Where the parts are, and the keys to them. What a command does not need may be missing."""

    model_config = SettingsConfigDict(env_prefix="DEVCOOP_", extra="ignore", hide_input_in_errors=True)

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
