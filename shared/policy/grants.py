"""Roles, and the grants that give them to a principal: everywhere, or in some countries, organisations and projects."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.policy.places import Place


class Role(StrEnum):
    """What somebody is to the office."""

    PUBLIC = "public"
    PARTNER = "partner"
    FIELD_OFFICER = "field-officer"
    APPRAISER = "appraiser"
    PROGRAMME_MANAGER = "programme-manager"
    FINANCE = "finance"
    EVALUATOR = "evaluator"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


Code = Annotated[str, Field(min_length=1, max_length=500)]


class Grant(BaseModel):
    """A role, and where it holds: a dimension that is None is not restricted.

    A grant of several dimensions holds where all of them are met, by any one of the values of each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    countries: frozenset[Code] | None = None
    organisations: frozenset[Code] | None = None
    projects: frozenset[Code] | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether it is restricted to nothing."""
        return not self.restrictions

    @property
    def restrictions(self) -> Mapping[str, frozenset[str]]:
        """The dimensions that it is restricted in, with their values."""
        stated = {
            "countries": self.countries,
            "organisations": self.organisations,
            "projects": self.projects,
        }
        return {name: values for name, values in stated.items() if values is not None}

    def covers(self, place: Place) -> bool:
        """Tell whether it holds where a thing belongs."""
        return all(values & getattr(place, name) for name, values in self.restrictions.items())

    def as_claim(self) -> dict[str, object]:
        """Return it as a token states it, in one order."""
        return {"role": self.role.value} | {
            name: sorted(values) for name, values in self.restrictions.items()
        }


def covered(grants: Iterable[Grant], place: Place) -> bool:
    """Tell whether any of some grants holds where a thing belongs."""
    return any(grant.covers(place) for grant in grants)
