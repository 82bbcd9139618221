"""Resolve what is in conflict or was refused: another command takes its place, with a key of its own."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal, TypeAlias

from devcoop_client.errors import Unusable
from devcoop_client.merge import Difference, conflicts_of, merged
from devcoop_client.outbox import Command, Draft, Outbox

How = Literal["merge", "mine", "theirs", "edit"]
Stored: TypeAlias = tuple[int, dict[str, Any]]
"""Version and content of a document as the server has it."""
Find: TypeAlias = Callable[[str, int], Stored]
"""Returns the document at an address, at some version or a later one; raises Unusable where it cannot be had."""

_ACTUALS = "/actuals"


def differences_of(command: Command) -> list[Difference] | None:
    """Return where the two sides of a conflict differ, None where the server could not tell all of it."""
    answer = command.answer or {}
    told = answer.get("difference")
    return told if isinstance(told, list) and answer.get("is_all", True) else None


def met_of(command: Command) -> list[Difference]:
    """Return where the two sides of a conflict meet, so that a person has to choose.

    Two actuals of one period do not meet if they are of other dimensions or locations: there is room for both.
    """
    met = conflicts_of(differences_of(command) or ())
    body = command.body or {}
    if command.method != "POST" or not command.path.partition("?")[0].endswith(_ACTUALS):
        return met
    return [each for each in met if not _is_beside(body, each)]


def can_merge(command: Command) -> bool:
    """Return whether both sides can stand: they do not meet."""
    return command.state == "conflict" and differences_of(command) is not None and not met_of(command)


def resolve(
    outbox: Outbox, command: Command, how: How, find: Find, edited: dict[str, Any] | None = None
) -> Command | None:
    """Resolve a command and return the one that takes its place, None where there is none.

    Args:
        outbox: that the command is in.
        command: in conflict or refused.
        how: ``merge`` keeps both sides where they do not meet, ``mine`` sends the command as it is on the version that
            is there now, ``theirs`` gives it up, ``edit`` sends another content.
        find: returns the stored document, which is asked for to merge content.
        edited: the content of ``edit``.

    Raises:
        Unusable: it cannot be resolved so.

    """
    if how == "theirs":
        outbox.drop(command)
        return None
    body, base = command.body, _base(outbox, command)
    if how == "edit":
        body = edited
    elif how == "merge":
        body, base = _merged(command, find, base or 0)
    return outbox.replace(command, Draft(command.method, command.path, body, command.what), base)


def settle(outbox: Outbox, find: Find) -> int:
    """Merge every conflict in which the sides do not meet, and return how many there were; others are left to a person."""
    settled = 0
    for command in outbox.of("conflict"):
        if can_merge(command):
            with suppress(Unusable):
                resolve(outbox, command, "merge", find)
                settled += 1
    return settled


def _merged(command: Command, find: Find, base: int) -> tuple[dict[str, Any] | None, int | None]:
    """Return content that keeps both sides, and the version that it is based on.

    Where the document was changed once more, the command goes out as it was, to be compared with that.

    Raises:
        Unusable: they meet, or it is not known where they differ.

    """
    differences = differences_of(command)
    if command.state != "conflict" or differences is None:
        raise Unusable(
            f"{command.key}: the server told no difference, so nothing can be merged. Look at both sides."
        )
    if met := [str(each["pointer"]) for each in met_of(command)]:
        raise Unusable(
            f"{command.key}: both sides changed {', '.join(met)}. Choose --mine, --theirs or --edit."
        )
    if command.body is None or command.method not in ("PUT", "PATCH"):
        return command.body, base
    version, stored = find(command.address, base)
    if version != base:
        return command.body, command.base_version
    try:
        whole = merged(stored, differences)
    except ValueError as error:
        raise Unusable(f"{command.key}: it does not fit the document: {error}.") from error
    return (whole if command.method == "PUT" else _patch(command.body, whole)), base


def _patch(body: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that a patch names as they are in a whole document; null takes away."""
    return {name: whole.get(name) for name in body}


def _base(outbox: Outbox, command: Command) -> int | None:
    """Return the version that the next command is based on: the one that was compared with, or that is known here.

    Raises:
        Unusable: there is a document, and its version is not known.

    """
    if command.state == "refused":
        return outbox.known_version(command.address) or command.base_version
    current = (command.answer or {}).get("current_version", command.version)
    if not isinstance(current, int):
        current = outbox.known_version(command.address)
    if current is None:
        raise Unusable(f"{command.key}: which version is there is not known. Pull first, then resolve it.")
    return current


def _is_beside(body: Mapping[str, Any], difference: Difference) -> bool:
    """Return whether a difference is an actual of the same period, of other dimensions or locations."""
    try:
        places = [int(body[name]) - 1 for name in ("result", "indicator", "period")]
        period = "/results/{}/indicators/{}/periods/{}".format(*places)
        mine = body["actual"]
    except (KeyError, TypeError, ValueError):
        return False
    theirs = difference.get("theirs")
    if not re.fullmatch(rf"{period}{_ACTUALS}/(\d+|-)", str(difference["pointer"])):
        return False
    return theirs is None or (isinstance(theirs, dict) and _slice(theirs) != _slice(mine))


def _slice(actual: Mapping[str, Any]) -> tuple[Any, Any]:
    return actual.get("dimensions") or [], actual.get("locations") or []
