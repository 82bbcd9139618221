"""Every owner's stream made, or brought to the configuration of this version (``devcoop ops migrate``).

Owners make their streams themselves where there are none, and may not change them. So this is done as the operator,
when a new version or another number of replicas asks for another configuration.
"""

from shared.chassis.bus import Bus
from shared.contracts.catalog import OWNERS


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
