"""`python -m deploy.streams`: every owner's stream made, or brought to the configuration of this version.

Owners make their streams themselves where there are none, and may not change them. So this is run, as the operator,
when a new version or another number of replicas asks for another configuration.
"""

import asyncio

from pydantic import Field, SecretStr

from deploy.nats_access import OPERATOR
from shared.chassis.bus import Bus
from shared.chassis.sources import Configuration
from shared.contracts.catalog import OWNERS


class OperatorSettings(Configuration):
    """How the operator reaches NATS."""

    nats_url: SecretStr = Field(description="Address of NATS.")
    nats_seed: SecretStr = Field(description="Seed of the operator's nkey.")
    stream_replicas: int = Field(default=1, ge=1, le=5, description="NATS servers that keep each stream.")


async def configure(bus: Bus) -> None:
    """Make every owner's stream, or bring it to its configuration; the connection is closed.

    Raises:
        BrokerAway: NATS cannot be reached, or refuses.

    """
    try:
        for owner in OWNERS:
            await bus.configure_stream(owner)
    finally:
        await bus.close()


if __name__ == "__main__":
    settings = OperatorSettings()
    asyncio.run(
        configure(
            Bus(
                settings.nats_url.get_secret_value(),
                name=OPERATOR,
                replicas=settings.stream_replicas,
                seed=settings.nats_seed,
            )
        )
    )
