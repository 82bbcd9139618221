"""Ports of this machine for what is started here and may be started again."""

import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
"""Below the ports that systems give to whoever connects, so that nobody gets one while its server is away."""
MOST_TRIES = 100


def free_port() -> int:
    """Return a port that nobody listens on.

    Raises:
        OSError: none of a hundred is free.

    """
    for port in random.sample(range(LOWEST, HIGHEST), MOST_TRIES):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise OSError("no port is free")
