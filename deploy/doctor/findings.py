"""What a check finds, and the time that it has for it."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")

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


def broken(part: str, error: Exception) -> Finding:
    """Return that a check itself failed; the text of the error may hold a secret, so its kind is told alone."""
    what = f"it could not be looked at ({type(error).__name__})."
    return fault(
        "not-examined", part, what, "correct what is told of it; if that is right, the doctor has a defect."
    )


async def outcome(part: str, check: Awaitable[T]) -> T | Finding:
    """Return what a check returns, or that it took too long or failed: no check hides what the others find."""
    try:
        async with asyncio.timeout(SECONDS):
            return await check
    except TimeoutError:
        return slow(part)
    except Exception as error:  # noqa: BLE001  (whatever it is, it becomes a finding)
        return broken(part, error)


async def within(part: str, check: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    """Return what a check finds, or why it found nothing."""
    told = await outcome(part, check)
    return [told] if isinstance(told, Finding) else told
