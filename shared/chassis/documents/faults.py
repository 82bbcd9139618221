"""What a document must hold beyond its contract where somebody authors it.

A fault that the stored version has already refuses no change: what was imported with the publisher's faults can be
mended step by step. It is the same fault if its code is the same and the item of a list that it is about is stored
unchanged, in whatever place; or else if its place is the same.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeAlias

from shared.chassis.errors import Fault
from shared.contracts.base import Contract

Found: TypeAlias = tuple[str, str, str]
"""A fault as a rule finds it: pointer, code and detail."""
_Item: TypeAlias = tuple[str, str, str]
"""Code, pointer without the places in lists, and the innermost item of a list that the fault is in."""


def told(faults: Iterable[Found]) -> list[Fault]:
    """Return the faults that a rule found, as they are told."""
    return [Fault(pointer=pointer, code=code, detail=detail) for pointer, code, detail in faults]


def introduced(
    faults: Iterable[Fault], document: Contract, stored_faults: Iterable[Fault], stored: Contract
) -> list[Fault]:
    """Return the faults of a document beyond those of the stored one, each of which excuses one fault."""
    held: dict[_Item, list[str]] = defaultdict(list)
    for fault in stored_faults:
        held[_item(stored, fault)].append(fault.pointer)
    others = [fault for fault in faults if not _take(held.get(_item(document, fault)), fault.pointer)]
    places = {(pointer, code) for (code, _, _), pointers in held.items() for pointer in pointers}
    return [fault for fault in others if (fault.pointer, fault.code) not in places]


def _take(pointers: list[str] | None, pointer: str) -> bool:
    """Take one pointer out, this one if it is there, and return whether there was any."""
    if not pointers:
        return False
    pointers.remove(pointer if pointer in pointers else pointers[-1])
    return True


def _item(document: Contract, fault: Fault) -> _Item:
    """Return what tells a fault wherever its item stands."""
    part: Any = document
    steps, item = [], ""
    for step in fault.pointer.split("/")[1:]:
        if isinstance(part, tuple):
            part = part[int(step)]
            item = part.to_json() if isinstance(part, Contract) else str(part)
            steps.append("*")
        else:
            part = getattr(part, step, None)
            steps.append(step)
    return fault.code, "/".join(steps), item
