"""What a command of ops may meet that is no defect: a part is away, or what was asked for cannot be."""

from shared.chassis.bus import BrokerAway
from shared.chassis.db import AWAY as DATABASE_AWAY

AWAY = (BrokerAway, *DATABASE_AWAY)
"""Errors of a part that cannot be reached, does not answer in time, or refuses."""
EXPECTED = AWAY


class Failed(Exception):
    """The command could not do what it was asked for; the message says why, and what to do."""


def in_words(error: BaseException) -> str:
    """Return an error in one line, without the statement that it came of."""
    told = str(getattr(error, "orig", None) or error).strip().splitlines()
    name = type(error).__name__
    return f"{name}: {told[0]}" if told else name
