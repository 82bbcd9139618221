"""Alerts: what an owner found to need somebody's attention, from when it was raised until it is resolved."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime

from shared.contracts.base import Contract
from shared.contracts.iati import Amount, Money
from shared.contracts.ids import Identifier
from shared.contracts.personal import WORDS
from shared.contracts.projects.v1.programming import CountryCode, ItemCode
from shared.contracts.projects.v1.proposals import Sentence

AlertKind = Literal[
    "delivery-rate-below-threshold",
    "tranche-overdue",
    "donor-report-overdue",
    "report-overdue",
    "evaluation-due",
    "follow-up-overdue",
]


class AlertSubject(Contract):
    """What an alert is about: the noun of an aggregate, its identifier, and the part of it where there is one."""

    aggregate: ItemCode
    identifier: Identifier
    part: ItemCode | None = None


class AlertMeasure(Contract):
    """The figure that raised an alert beside the threshold that it did not reach; 1 is the whole."""

    numerator: Money
    denominator: Money
    threshold: Amount


class Alert(Contract):
    """Something that is due, overdue or below a threshold.

    It is named ``<kind>/<identifier of the subject>/<part>``, so that the same thing raises one alert, which is resolved
    and raised again.
    """

    identifier: Identifier
    kind: AlertKind
    subject: AlertSubject
    state: Literal["raised", "resolved"] = "raised"
    due_on: date | None = None
    raised_at: AwareDatetime
    resolved_at: AwareDatetime | None = None
    countries: tuple[CountryCode, ...] = ()
    partners: tuple[Identifier, ...] = ()
    offices: tuple[Identifier, ...] = ()
    activities: tuple[Identifier, ...] = ()
    measure: AlertMeasure | None = None
    text: Annotated[Sentence, WORDS]
