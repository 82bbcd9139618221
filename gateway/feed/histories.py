"""Where things stood at a position: told from every version of them and of the activities that they belong to.

A version that was told again, erased, has the place in the stream of that; at positions between it may have been known or
not, so it counts as both. What was seen at a position is then at most too much, and somebody is told that a thing is gone
who may not have it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from gateway.feed.positions import Position
from gateway.feed.reading import Standing, joined
from shared.policy.places import together

Thing: TypeAlias = tuple[str, UUID]
"""Aggregate and id."""

PROJECTS = "projects"
"""Who tells activities."""

Shows: TypeAlias = Callable[[str, Standing], bool]
"""Whether a thing of an aggregate is seen where it stands."""


@dataclass(frozen=True, slots=True)
class Told:
    """One version of a thing, with its own place; ``size`` is that of its data in bytes."""

    owner: str
    sequence: int
    identifier: str
    version: int
    recorded_at: datetime
    erased: bool
    size: int
    own: Standing


class Histories:
    """The versions of some things, and of the activities that they belong to (by identifier), oldest first."""

    def __init__(
        self, things: Mapping[Thing, Sequence[Told]], activities: Mapping[str, Sequence[Told]]
    ) -> None:
        self._things, self._activities = things, activities

    def __contains__(self, thing: Thing) -> bool:
        """Tell whether a thing's versions are known."""
        return thing in self._things

    def newest(self, thing: Thing) -> Told:
        """Return the newest version of a thing."""
        return self._things[thing][-1]

    def latest(self, thing: Thing, position: Position) -> Told:
        """Return the newest version that was told by a position."""
        return standing(self._things[thing], position)[0]

    def shown_at(self, thing: Thing, position: Position, shows: Shows) -> bool:
        """Tell whether a thing may have been seen at a position."""
        return any(
            shows(thing[0], self._joined(thing[0], told, position))
            for told in standing(self._things.get(thing, ()), position)
        )

    def is_settled(self, thing: Thing, position: Position) -> bool:
        """Tell whether nothing that comes after a position changes a thing, or where it stands."""
        newest = self.newest(thing)
        if standing(self._things[thing], position) != [newest]:
            return False
        return all(
            _standings(self._activities[name][-1:]) == _standings(standing(self._activities[name], position))
            for name in newest.own.place.projects
            if name in self._activities
        )

    def now(self, thing: Thing, position: Position) -> Standing:
        """Return where a thing stands at a position by its newest version."""
        return self._joined(thing[0], self.newest(thing), position)

    def _joined(self, aggregate: str, told: Told, position: Position) -> Standing:
        projects = {
            name: Standing(together(each.place for each in known), any(each.is_public for each in known))
            for name in told.own.place.projects
            if (known := _standings(standing(self._activities.get(name, ()), position)))
        }
        return joined(aggregate, told.own, projects)


def standing(versions: Sequence[Told], position: Position) -> list[Told]:
    """Return the newest version that was told by a position, and newer ones that may have been."""
    found: list[Told] = []
    for told in reversed(versions):
        if told.sequence <= position.sequence(told.owner):
            return [told, *found]
        if told.erased:
            found.append(told)
    return found


def _standings(versions: Iterable[Told]) -> set[Standing]:
    return {told.own for told in versions}
