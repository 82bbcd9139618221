"""When a delivery that failed is tried again: a published schedule over three days, with jitter. Pure."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

MINUTE, HOUR = 60.0, 3600.0
RETRY_SECONDS = (
    *(5.0, 30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 20 * HOUR),
)
"""Seconds after each failed attempt until the next; 72 hours in all."""

JITTER = 0.1
"""Share of a pause that is added to it at most, by chance, so that what failed together does not come back together."""
MOST_ASKED_SECONDS = 24 * HOUR
"""Longest pause that an endpoint may ask for by ``Retry-After``."""

MANY_FAILURES = 8
"""Failures one after the other, of whatever deliveries, from which on an endpoint as a whole is held to fail."""
MOST_HOLD = 12
"""Longest pause between attempts at such an endpoint, as a multiple of the first pause of the schedule."""

ENDS_IT = HTTPStatus.GONE
"""The answer by which an endpoint says that it wants nothing more, ever."""
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""Answers of which ``Retry-After`` holds for the endpoint as a whole."""


def is_success(status: int) -> bool:
    """Tell whether an answer takes a delivery; a redirect does not."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def pause_after(attempts: int, schedule: Sequence[float], *, asked: float = 0, chance: float) -> float | None:
    """Return the seconds until the next attempt, None where there is none.

    Args:
        attempts: how many failed so far.
        schedule: seconds after each failed attempt.
        asked: seconds that the endpoint asks to be left alone.
        chance: a number from 0 to 1 that the jitter is drawn by.

    """
    if attempts > len(schedule):
        return None
    pause = schedule[attempts - 1]
    return max(pause * (1 + JITTER * chance), min(asked, MOST_ASKED_SECONDS))


def drawn() -> float:
    """Return a chance."""
    return random.random()  # noqa: S311  (no secret is made of it)


def hold_after(failures: int, schedule: Sequence[float]) -> float:
    """Return the seconds that an endpoint is left alone after so many failures one after the other, none at first."""
    if failures < MANY_FAILURES or not schedule:
        return 0
    return float(schedule[0] * min(2 ** min(failures - MANY_FAILURES, 10), MOST_HOLD))


def asked_seconds(header: str | None, now: datetime) -> float:
    """Return the seconds that ``Retry-After`` asks for, as a number or as a date; 0 where it says nothing readable."""
    told = (header or "").strip()
    if told.isascii() and told.isdecimal():
        return min(float(told[:9]), MOST_ASKED_SECONDS)
    try:
        moment = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now) / timedelta(seconds=1), 0), MOST_ASKED_SECONDS)
