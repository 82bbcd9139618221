"""What a principal may do in one request: the grants of it that count there, and whether it sees what is published."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from shared.policy.grants import Grant, Role, covered
from shared.policy.places import Place
from shared.policy.principals import Principal
from shared.policy.table import FIELDS, RULES, Rule

Refusal = Literal["unauthenticated", "forbidden"]


class Refused(Exception):
    """The policy does not let a principal do that."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Permit:
    """That a principal may take an action with a resource, as far as ``grants`` hold or a thing was published.

    ``readers`` are the grants by which it may read the resource, whatever the action is.
    """

    principal: Principal
    resource: str
    action: str
    grants: tuple[Grant, ...]
    published: bool
    readers: tuple[Grant, ...]
    reads_published: bool

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds for every thing of the resource."""
        return any(grant.is_everywhere for grant in self.grants)

    def covers(self, place: Place) -> bool:
        """Tell whether a grant holds where a thing belongs."""
        return covered(self.grants, place)

    def covers_all(self, places: Collection[Place]) -> bool:
        """Tell whether grants hold at each of some places, and there is at least one."""
        return self.is_everywhere or (bool(places) and all(self.covers(place) for place in places))

    def sees(self, place: Place, *, is_public: bool) -> bool:
        """Tell whether a thing may be seen that belongs to a place, and that was published or was not."""
        return (self.published and is_public) or self.covers(place)

    def narrowed(self, action: str) -> "Permit":
        """Return the permit for one of the steps that its action stands for.

        Raises:
            Refused: no grant of the principal allows the step.

        """
        grants = _grants(self.principal, RULES[self.resource, action])
        if not grants:
            raise Refused("forbidden")
        return replace(self, action=action, grants=grants)

    def for_reading(self) -> "Permit":
        """Return the permit to read what this one is about."""
        return replace(self, action="read", grants=self.readers, published=self.reads_published)

    def withheld(self) -> tuple[tuple[str, tuple[Grant, ...]], ...]:
        """Return the members of the resource that are not for all who may read it, each with the grants that show it."""
        return tuple(
            (field.member, tuple(grant for grant in self.readers if grant.role in field.roles))
            for field in FIELDS
            if field.resource == self.resource
        )


def permit(principal: Principal, resource: str, action: str, *others: str) -> Permit:
    """Return what a principal may do by the policy; ``others`` are actions of which any one is enough.

    Raises:
        Refused: the policy lets it do nothing of that.

    """
    rules = [RULES[resource, each] for each in (action, *others)]
    found = dict.fromkeys(grant for rule in rules for grant in _grants(principal, rule))
    published = any(rule.published for rule in rules)
    if not found and not published:
        raise Refused("unauthenticated" if principal.is_anonymous else "forbidden")
    reading = RULES.get((resource, "read"), rules[0])
    return Permit(
        principal,
        resource,
        action,
        tuple(found),
        published,
        _grants(principal, reading),
        reading.published,
    )


def reading(principal: Principal, resource: str) -> Permit:
    """Return what a principal may read of a resource, which may be nothing at all."""
    rule = RULES[resource, "read"]
    grants = _grants(principal, rule)
    return Permit(principal, resource, "read", grants, rule.published, grants, rule.published)


def may(principal: Principal, resource: str, action: str) -> bool:
    """Tell whether a principal has a grant for an action, somewhere."""
    return bool(_grants(principal, RULES[resource, action]))


def _grants(principal: Principal, rule: Rule) -> tuple[Grant, ...]:
    return tuple(
        grant
        for grant in principal.grants
        if grant.role in rule.roles
        and grant.role != Role.PUBLIC
        and (grant.is_everywhere or not rule.everywhere)
    )
