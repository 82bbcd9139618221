"""What every version of an aggregate tells of itself: the name that it goes by, and where it belongs by the policy.

Of documents that may be large no more is read than that.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from gateway.projection.documents import KINDS
from gateway.projection.events import Event
from shared.chassis.scoping import place_columns
from shared.contracts.base import Contract
from shared.contracts.catalog import ALL
from shared.policy.placing import placing_of


class _Organisation(Contract):
    ref: str | None = None


class _Country(Contract):
    code: str


class _Activity(Contract):
    iati_identifier: str
    status: str
    reporting_organisation: _Organisation
    participating_organisations: tuple[_Organisation, ...] = ()
    recipient_countries: tuple[_Country, ...] = ()


class _OfActivity(Contract):
    iati_identifier: str


class _Sheet(Contract):
    source: str
    month: str

    @property
    def identifier(self) -> str:
        return f"{self.source}/{self.month}"


_NARROW: Mapping[str, type[Contract]] = {
    "activity": _Activity,
    "finance": _OfActivity,
    "framework": _OfActivity,
    "rates": _Sheet,
}
_CONTRACTS = {**{facts.created.aggregate: facts.created.data for facts in ALL}, **_NARROW}
_NAMES: Mapping[str, Callable[[Any], str]] = {
    **{noun: attrgetter("identifier") for noun in ("rates", "criteria-set", "evaluation-policy")},
    **{noun: attrgetter("iati_identifier") for noun in ("activity", "finance", "framework")},
    "partner": attrgetter("organisation_identifier"),
    **{noun: kind.identifier for noun, kind in KINDS.items()},
}


def told_columns(event: Event) -> dict[str, Any]:
    """Return the columns of a fact that its data tells: identifier, place and whether it is published.

    Raises:
        pydantic.ValidationError: the data breaks its contract.
        LookupError: there is no such aggregate.

    """
    document = _CONTRACTS[event.aggregate].from_event(event.data)
    placing = placing_of(event.aggregate)
    place = placing.place(document)
    return {
        "identifier": _NAMES[event.aggregate](document),
        **place_columns(place, is_public=placing.is_public(document)),
        "place_projects": sorted(place.projects),
    }
