"""What a check finds, and the time that it has for it."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum

SECONDS = 10.0
"""Longest time of one check."""


class Level(StrEnum):
    """How bad it is: a warning may be meant, a fault has to be mended."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a part, under a stable code, and how to mend it."""

    code: str
    level: Level
    part: str
    what: str
    mend: str = ""


def ok(code: str, part: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(code, Level.OK, part, what)


def warning(code: str, part: str, what: str, mend: str) -> Finding:
    """Return what may be meant, and should be known."""
    return Finding(code, Level.WARNING, part, what, mend)


def fault(code: str, part: str, what: str, mend: str) -> Finding:
    """Return what has to be mended."""
    return Finding(code, Level.FAULT, part, what, mend)


def unseen(part: str, variable: str) -> Finding:
    """Return that nobody told where a part is."""
    what = f"{variable} is not set, so that it was not looked at."
    return warning("not-looked-at", part, what, "set it in the environment of `devcoop ops`.")


def slow(part: str) -> Finding:
    """Return that a check took too long."""
    what = f"it did not answer within {SECONDS:g} s."
    return fault("too-slow", part, what, "see whether it is up, and whether the network lets through.")


async def within(part: str, check: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    """Return what a check finds, or that it took too long."""
    try:
        async with asyncio.timeout(SECONDS):
            return await check
    except TimeoutError:
        return [slow(part)]
