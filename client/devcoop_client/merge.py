"""Bring together what two sides made of one document, by the differences that the server tells (three ways).

A difference is ``{"pointer", "base", "yours", "theirs", "conflict"}``: what both began with, what the command makes of it, and
what is stored now. A side that has nothing there lacks its member. Pointers (RFC 6901) are into the document as it is
stored; ``-`` stands for an item that it does not have.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

Difference = Mapping[str, Any]


def conflicts_of(differences: Iterable[Difference]) -> list[Difference]:
    """Return those where both sides changed the same place in different ways."""
    return [each for each in differences if each.get("conflict")]


def merged(stored: Mapping[str, Any], differences: Sequence[Difference]) -> dict[str, Any]:
    """Return the stored document with what only this side changed.

    Args:
        stored: the document that the pointers are into.
        differences: all of them; those in conflict are passed over.

    """
    result: dict[str, Any] = deepcopy(dict(stored))
    mine = [
        each for each in differences if not each.get("conflict") and each.get("yours") != each.get("base")
    ]
    for each in mine:
        if each.get("yours") is not None:
            _set(result, _path(each["pointer"]), deepcopy(each["yours"]))
    removed = [_path(each["pointer"]) for each in mine if each.get("yours") is None]
    for path in sorted(removed, key=_order, reverse=True):
        _remove(result, path)
    return result


def _path(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _order(path: Sequence[str]) -> list[tuple[int, str]]:
    """Return what sorts places of a list by number, so that they can be taken away from the end."""
    return [(int(part) if part.isdigit() else -1, part) for part in path]


def _set(document: Any, path: Sequence[str], value: Any) -> None:  # noqa: ANN401
    holder = _holder(document, path)
    if isinstance(holder, dict):
        holder[path[-1]] = value
    else:
        place = int(path[-1]) if path[-1].isdigit() else len(holder)
        holder[place : place + 1] = [value]


def _remove(document: Any, path: Sequence[str]) -> None:  # noqa: ANN401
    holder = _holder(document, path)
    if isinstance(holder, dict):
        holder.pop(path[-1], None)
    elif path[-1].isdigit() and int(path[-1]) < len(holder):
        del holder[int(path[-1])]


def _holder(document: Any, path: Sequence[str]) -> dict[str, Any] | list[Any]:  # noqa: ANN401
    """Return what holds the last part of a path; objects on the way to a member are made.

    Raises:
        ValueError: the document is not the one that the path is into.

    """
    for part in path[:-1]:
        if isinstance(document, dict):
            document = document.setdefault(part, {})
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            raise ValueError(f"nothing is at {'/'.join(path)}")
    if not path:
        raise ValueError("the document as a whole is no part of it")
    if not isinstance(document, dict | list):
        raise ValueError(f"nothing is at {'/'.join(path)}")  # noqa: TRY004  (of the document, not of the call)
    return document
