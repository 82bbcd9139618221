"""Members of documents that only some may see, by the policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from shared.chassis.documents.aggregates import Aggregate, C
from shared.chassis.scoping import within
from shared.policy.grants import Grant
from shared.policy.permits import Permit


@dataclass(frozen=True, slots=True)
class Withholding:
    """Members that a permit may not show of every document: ``shown`` are conditions on a row, each of some members."""

    members: tuple[tuple[str, ...], ...]
    shown: tuple[ColumnElement[bool], ...]

    def of(self, flags: Sequence[bool]) -> tuple[str, ...]:
        """Return the members that are withheld of a row, by what the conditions came to for it."""
        told = zip(self.members, flags, strict=True)
        return tuple(member for members, is_shown in told if not is_shown for member in members)


def withholding(aggregate: Aggregate[C], permit: Permit | None) -> Withholding:
    """Return what a permit does not show; a member is shown where a grant of one of its roles holds for the document."""
    hidden: dict[tuple[Grant, ...], list[str]] = {}
    for member, grants in permit.withheld() if permit is not None else ():
        if not any(grant.is_everywhere for grant in grants):
            hidden.setdefault(grants, []).append(member)
    return Withholding(
        tuple(map(tuple, hidden.values())),
        tuple(within(aggregate.model, grants, aggregate.projects) for grants in hidden),
    )


def leave_out(value: Any, path: Sequence[str]) -> None:  # noqa: ANN401
    """Take a member out of an object, or of each of a list."""
    if isinstance(value, list):
        for each in value:
            leave_out(each, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.pop(path[0], None)
        else:
            leave_out(value.get(path[0]), path[1:])
