"""What of the feed a subscription is told: what its principal may see and its filter takes, and what left that. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from gateway.projection.documents import KINDS
from gateway.webhooks.catalogue import REMOVED, matches
from gateway.webhooks.models import Webhook
from shared.contracts.catalog import CATALOG
from shared.policy.permits import Permit, reading
from shared.policy.places import Place
from shared.policy.principals import Principal

ABOUT_AGREEMENTS, ABOUT_OUTCOMES = "agreement", ("outcome", "country-outcome")
OWN_TYPES = "devcoop."

Keys = tuple[frozenset[str], frozenset[str]]
"""Agreements and outcomes."""
NO_KEYS: Keys = (frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a version of a thing belongs, whether it is published, and what agreements and outcomes it is about."""

    place: Place
    is_public: bool
    agreements: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()


class Verdict(StrEnum):
    """What a subscription is told of a change."""

    PRESENT = "present"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """A version of a thing, where it stands now and where the one before stood.

    ``id`` is the ``webhook-id``. One that is ``carried`` did not change itself: what it belongs to did.
    """

    id: UUID
    owner: str
    sequence: int
    aggregate: str
    aggregate_id: UUID
    identifier: str | None
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    erased: bool
    now: Standing
    before: Standing | None
    carried: bool = False


@dataclass(slots=True)
class Subscriber:
    """A subscription with whom it acts for."""

    webhook: Webhook
    principal: Principal
    _permits: dict[str, Permit] = field(default_factory=dict)
    _types: dict[str, bool] = field(default_factory=dict)

    def verdict(self, change: Change) -> Verdict | None:
        """Return what it is told of a change, None if nothing."""
        now = self._wants_type(change.type) and self._takes(change.aggregate, change.now)
        if now and not change.carried:
            return Verdict.PRESENT
        before = change.before is not None and self._takes(change.aggregate, change.before)
        if now:
            return None if before else Verdict.PRESENT
        if before and not self._takes(change.aggregate, change.now) and self._wants_removals(change):
            return Verdict.REMOVED
        return None

    def _takes(self, aggregate: str, standing: Standing) -> bool:
        return self._fits(standing) and self.sees(aggregate, standing)

    def sees(self, aggregate: str, standing: Standing) -> bool:
        """Tell whether its principal may see a thing that stands like this."""
        permit = self._permits.get(aggregate)
        if permit is None:
            permit = self._permits[aggregate] = reading(self.principal, aggregate)
        return permit.sees(standing.place, is_public=standing.is_public)

    def _fits(self, standing: Standing) -> bool:
        asked = self.webhook
        return (
            _meets(asked.countries, standing.place.countries)
            and _meets(asked.organisations, standing.place.organisations)
            and _meets(asked.agreements, standing.agreements)
            and _meets(asked.outcomes, standing.outcomes)
        )

    def _wants_type(self, type_: str) -> bool:
        known = self._types.get(type_)
        if known is None:
            known = self._types[type_] = matches(self.webhook.event_types, type_)
        return known

    def _wants_removals(self, change: Change) -> bool:
        """Tell whether it is told that a thing is gone: where it asks for that, and for events of such things."""
        asked = [each for each in self.webhook.event_types if not each.startswith(OWN_TYPES)]
        prefix = f"{change.owner}.{change.aggregate}."
        return self._wants_type(REMOVED) and any(
            matches(asked, name) for name in CATALOG if name.startswith(prefix)
        )


def keys_in(aggregate: str, data: str) -> Keys:
    """Return the agreements and the outcomes that a document names.

    Raises:
        pydantic.ValidationError: the data breaks its contract.

    """
    kind = KINDS.get(aggregate)
    if kind is None:
        return NO_KEYS
    document: Any = kind.contract.from_event(data)
    keys = set(kind.keys(document))
    agreements = {key for relation, key in keys if relation == ABOUT_AGREEMENTS}
    outcomes = {key for relation, key in keys if relation in ABOUT_OUTCOMES}
    if aggregate == ABOUT_AGREEMENTS:
        agreements.add(kind.identifier(document))
    if aggregate == "alert" and document.subject.aggregate == ABOUT_AGREEMENTS:
        agreements.add(document.subject.identifier)
    return frozenset(agreements), frozenset(outcomes)


def _meets(asked: Sequence[str], told: frozenset[str]) -> bool:
    return not asked or not told.isdisjoint(asked)
