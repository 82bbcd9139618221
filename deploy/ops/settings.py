"""Where the commands of operations find all parts of an installation."""

from pydantic import Field, SecretStr

from shared.chassis.sources import Configuration

OWN = "Of the database of {}, as the service itself has it."


class OpsSettings(Configuration):
    """The databases of all services, NATS as its operator, and the address of each process."""

    projects_database_url: SecretStr | None = Field(default=None, description=OWN.format("projects"))
    projects_database_password: SecretStr | None = Field(default=None, description=OWN.format("projects"))
    funding_database_url: SecretStr | None = Field(default=None, description=OWN.format("funding"))
    funding_database_password: SecretStr | None = Field(default=None, description=OWN.format("funding"))
    monitoring_database_url: SecretStr | None = Field(default=None, description=OWN.format("monitoring"))
    monitoring_database_password: SecretStr | None = Field(default=None, description=OWN.format("monitoring"))
    gateway_database_url: SecretStr | None = Field(default=None, description=OWN.format("the gateway"))
    gateway_database_password: SecretStr | None = Field(default=None, description=OWN.format("the gateway"))
    nats_url: SecretStr | None = Field(default=None, description="Address of NATS.")
    nats_seed: SecretStr | None = Field(default=None, description="Seed of the operator of NATS.")
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="NATS servers that keep each stream; 3 on a cluster of three."
    )
    parts: dict[str, str] = Field(default={}, description="Address of each process by its name.")
