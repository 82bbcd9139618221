"""What one reader of the feed sees: by the policy, and by the filters that it asked for."""

from dataclasses import dataclass, field
from functools import cached_property

from shared.contracts.catalog import ALL
from shared.policy.grants import covered
from shared.policy.permits import Permit, reading
from shared.policy.places import Place
from shared.policy.principals import Principal

AGGREGATES = tuple(sorted({facts.created.aggregate for facts in ALL}))
"""The nouns of everything that the feed tells of."""


@dataclass(frozen=True)
class View:
    """A principal, and what it wants of the feed: some aggregates and countries, or None for all."""

    principal: Principal
    aggregates: frozenset[str] | None = None
    countries: frozenset[str] | None = None
    _permits: dict[str, Permit] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def nouns(self) -> frozenset[str]:
        """The aggregates of which it may see anything, and wants it."""
        wanted = AGGREGATES if self.aggregates is None else sorted(self.aggregates)
        permits = {noun: self.permit(noun) for noun in wanted}
        return frozenset(noun for noun, permit in permits.items() if permit.published or permit.grants)

    def permit(self, noun: str) -> Permit:
        """Return what the principal may read of an aggregate."""
        if noun not in self._permits:
            self._permits[noun] = reading(self.principal, noun)
        return self._permits[noun]

    def shows(self, noun: str, place: Place, *, is_public: bool) -> bool:
        """Tell whether a thing is seen that belongs to a place, and that was published or was not."""
        if self.countries is not None and not self.countries & place.countries:
            return False
        return self.permit(noun).sees(place, is_public=is_public)

    def withheld(self, noun: str, place: Place) -> tuple[str, ...]:
        """Return the members that are left out of a thing that belongs to a place."""
        members = self.permit(noun).withheld()
        return tuple(member for member, grants in members if not covered(grants, place))

    def depends_on_place(self, noun: str) -> bool:
        """Tell whether it depends on where a thing belongs, or on its publication, what is seen of it."""
        permit = self.permit(noun)
        if self.countries is not None or not permit.is_everywhere:
            return True
        return any(
            grants and not any(grant.is_everywhere for grant in grants) for _, grants in permit.withheld()
        )
