"""Where a thing belongs: the countries, organisations and projects that a grant may be restricted to."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce


@dataclass(frozen=True, slots=True)
class Place:
    """Countries (ISO 3166-1 alpha-2), organisations and projects (IATI identifiers) that a thing is about.

    A thing without any of them belongs to the office as a whole.
    """

    countries: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()

    def __or__(self, other: "Place") -> "Place":
        """Return a place that is about what either is about."""
        return Place(
            self.countries | other.countries,
            self.organisations | other.organisations,
            self.projects | other.projects,
        )


OFFICE = Place()
"""The office as a whole."""


def place(
    *,
    countries: Iterable[str | None] = (),
    organisations: Iterable[str | None] = (),
    projects: Iterable[str | None] = (),
) -> Place:
    """Return a place; what is None or empty is left out."""
    return Place(_stated(countries), _stated(organisations), _stated(projects))


def together(places: Iterable[Place]) -> Place:
    """Return the place that is about all that any of some places is about."""
    return reduce(Place.__or__, places, OFFICE)


def _stated(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(value for value in values if value)
