"""How long to wait before a link is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

Draw = Callable[[], float]


@dataclass
class Backoff:
    """Waits that double from ``first`` to ``longest`` seconds, each shortened by up to a half by chance.

    Chance keeps the offices of a country from all coming back in the same second. ``most`` failures without any success
    between them are enough to give up.
    """

    first: float = 0.25
    longest: float = 30.0
    most: int = 12
    draw: Draw = random.random
    failures: int = 0

    def succeeded(self) -> None:
        """Note that something was achieved."""
        self.failures = 0

    def failed(self, at_least: float = 0.0) -> float | None:
        """Note a failure, and return the seconds to wait, None where it is time to give up.

        Args:
            at_least: what the server asked for by ``Retry-After``, in seconds.

        """
        self.failures += 1
        if self.failures > self.most:
            return None
        span: float = min(self.longest, self.first * 2.0 ** (self.failures - 1))
        return max(at_least, span * (1 - self.draw() / 2))
