"""A user of NATS as tests, benchmarks and commands connect: by address and seed."""

from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError
from pydantic import SecretStr

from deploy.nats_access import OPERATOR
from shared.chassis.bus import Bus, inbox_prefix


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """Where NATS is, and who connects to it."""

    url: str
    seed: str = field(repr=False)
    name: str = OPERATOR

    def bus(self) -> Bus:
        """Return a connection as services have it; it is made on first use."""
        return Bus(self.url, name=self.name, seed=SecretStr(self.seed))

    async def connect(self, **options: Any) -> Connection:  # noqa: ANN401
        """Return a connection as any client of NATS has it, by these options of its library.

        Raises:
            NatsError: the server cannot be reached, or does not let the user in.

        """
        user = {"name": self.name, "nkeys_seed_str": self.seed, "inbox_prefix": inbox_prefix(self.name)}
        return await connect(self.url, **user, **options)


async def connect(url: str, **options: Any) -> Connection:  # noqa: ANN401
    """Return a connection to any server of an address, which may name several with commas between.

    Raises:
        NatsError: no server can be reached or lets the user in, or the address is none.
        NkeysError: the seed is none.

    """
    connection = Connection()
    try:
        await connection.connect(url.split(","), **options)
    except (OSError, NatsError, TimeoutError):
        if connection.options:  # without them nothing was begun, and the library cannot close it
            await connection.close()
        raise
    return connection
