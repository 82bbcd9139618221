"""What needs attention about money: a tranche or a report that is overdue, and delivery below what is expected.

The delivery rate is that of ILO GB.267/TC/1, appendix I; what is expected on a day is by ``shared/figures/delivery.py``.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from shared.contracts.alerts import Alert, AlertKind, AlertMeasure, AlertSubject
from shared.contracts.funding.v1 import ActivityFinance, Agreement
from shared.contracts.iati import Money
from shared.contracts.ids import MAX_IDENTIFIER
from shared.figures.delivery import YearDelivery, delivery_rate, expected_delivery, year_delivery
from shared.figures.partnerships import IN_FORCE, OWING_REPORTS, sum_of
from shared.figures.rates import RateTable

INCOMING = ("1", "11", "13")
"""TransactionTypes whose provider is a partner: incoming funds, commitment and pledge."""
LARGEST = Decimal(10) ** 18
"""Beyond that no amount is meant, and none is compared."""
_COUNTRY = re.compile(r"[A-Z]{2}")
_DECIMALS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is alerted."""

    overdue_days: int
    delivery: Decimal
    delivery_from: Decimal


def of_agreement(
    agreement: Agreement, countries: Mapping[str, str], thresholds: Thresholds, now: datetime
) -> Iterator[Alert]:
    """Yield what is overdue of an agreement: tranches while it is in force, reports also once it is completed.

    Args:
        agreement: as it stands.
        countries: the country of each country programme that is known.
        thresholds: from when on.
        now: the time.

    """
    today = now.date()
    late = today - timedelta(days=thresholds.overdue_days)
    for tranche in agreement.tranches if agreement.state in IN_FORCE else ():
        received = sum_of(each.amount for each in agreement.receipts if each.tranche == tranche.number)
        if tranche.due_on < late and received < tranche.amount <= LARGEST:
            currency = agreement.amount.currency if agreement.amount else None
            text = f"Of tranche {tranche.number}, due on {tranche.due_on}, {received:f} of {tranche.amount:f} came in."
            measure = AlertMeasure(
                numerator=Money(amount=received, currency=currency),
                denominator=Money(amount=tranche.amount, currency=currency),
                threshold=Decimal(1),
            )
            alert = _of(agreement, countries, "tranche-overdue", str(tranche.number), now)
            yield alert.model_copy(update={"due_on": tranche.due_on, "measure": measure, "text": text})
    for duty in agreement.reporting_duties if agreement.state in OWING_REPORTS else ():
        if duty.delivered_on is None and duty.due_on < today:
            text = f"The {duty.kind} report {duty.code} was due on {duty.due_on}."
            alert = _of(agreement, countries, "donor-report-overdue", duty.code, now)
            yield alert.model_copy(update={"due_on": duty.due_on, "text": text})


def _of(
    agreement: Agreement, countries: Mapping[str, str], kind: AlertKind, part: str, now: datetime
) -> Alert:
    links = [each.country_outcome for each in agreement.allocations if each.country_outcome]
    located = {countries[link.programme] for link in links if link.programme in countries}
    return Alert(
        identifier=name_of(kind, agreement.number, part),
        kind=kind,
        subject=AlertSubject(aggregate="agreement", identifier=agreement.number, part=part),
        raised_at=now,
        countries=tuple(sorted(located.union(agreement.scope.countries))),
        partners=_identifiers(each.organisation.ref for each in agreement.partners),
        activities=tuple(sorted({each.activity for each in agreement.allocations if each.activity})),
        text=kind,
    )


def of_finance(
    finance: ActivityFinance, table: RateTable, thresholds: Thresholds, now: datetime
) -> Iterator[Alert]:
    """Yield the years, this and the last, in which an activity delivers less than is expected."""
    for year in (now.year - 1, now.year):
        delivery = year_delivery(finance, year, table)
        if delivery is None or max(delivery.budget, abs(delivery.spent)) > LARGEST:
            continue
        expected = expected_delivery(
            delivery.start,
            delivery.end,
            now.date(),
            threshold=thresholds.delivery,
            begins=thresholds.delivery_from,
        )
        rate = delivery_rate(delivery.spent, delivery.budget)
        if expected is not None and rate is not None and rate.ratio < expected:
            yield _below(finance, delivery, expected, now)


def _below(finance: ActivityFinance, delivery: YearDelivery, expected: Decimal, now: datetime) -> Alert:
    kind: AlertKind = "delivery-rate-below-threshold"
    identifier, part = finance.iati_identifier, str(delivery.year)
    return Alert(
        identifier=name_of(kind, identifier, part),
        kind=kind,
        subject=AlertSubject(aggregate="finance", identifier=identifier, part=part),
        due_on=delivery.end,
        raised_at=now,
        countries=_countries(finance),
        partners=_partners(finance),
        activities=(identifier,),
        measure=AlertMeasure(
            numerator=Money(amount=_told(delivery.spent), currency=delivery.currency),
            denominator=Money(amount=_told(delivery.budget), currency=delivery.currency),
            threshold=expected.quantize(_DECIMALS),
        ),
        text=f"In {delivery.year} less of the budget is delivered than is expected.",
    )


def _told(amount: Decimal) -> Decimal:
    """Return an amount with six decimals at most, as many as are told."""
    return amount if amount == amount.to_integral_value() else amount.quantize(_DECIMALS)


def _countries(finance: ActivityFinance) -> tuple[str, ...]:
    told = (each.recipient_country.code for each in finance.transactions if each.recipient_country)
    return tuple(sorted({code for code in told if _COUNTRY.fullmatch(code)}))


def _partners(finance: ActivityFinance) -> tuple[str, ...]:
    providers = (each.provider for each in finance.transactions if each.type in INCOMING and each.provider)
    return _identifiers(each.ref for each in providers)


def _identifiers(references: Iterable[str | None]) -> tuple[str, ...]:
    """Return what of the references of organisations, which publishers write as they like, is an identifier."""
    told = {reference.strip() for reference in references if reference}
    return tuple(sorted(each for each in told if each.isprintable() and 0 < len(each) <= MAX_IDENTIFIER))


def name_of(kind: AlertKind, identifier: str, part: str) -> str:
    """Return the name of an alert; a digest stands for what does not fit, and for a part that no identifier may hold."""
    name = f"{kind}/{identifier}/{part}"
    if len(name) <= MAX_IDENTIFIER and part.isprintable():
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return f"{f'{kind}/{identifier}'[: MAX_IDENTIFIER - len(digest) - 1]}/{digest}"


def settled(held: Mapping[str, Alert], found: Iterable[Alert], now: datetime) -> list[Alert]:
    """Return the alerts that change: those raised, those whose figures differ, and those resolved.

    What is raised already stays as it was raised, whatever day it is, until its figures, its day or whom it concerns
    change.

    Args:
        held: the alerts of the same subjects that were ever raised, by identifier.
        found: what needs attention now.
        now: the time.

    """
    changed: list[Alert] = []
    wanted = {alert.identifier: alert for alert in found}
    for identifier, alert in wanted.items():
        before = held.get(identifier)
        if before is None or before.state == "resolved":
            changed.append(alert)
        elif _said(alert) != _said(before):
            changed.append(alert.model_copy(update={"raised_at": before.raised_at}))
    for identifier, alert in held.items():
        if identifier not in wanted and alert.state == "raised":
            changed.append(alert.model_copy(update={"state": "resolved", "resolved_at": now}))
    return changed


def _said(alert: Alert) -> tuple[object, ...]:
    """Return what of an alert does not follow from the day alone."""
    measure = alert.measure
    figures = (measure.numerator, measure.denominator) if measure else None
    day: date | None = alert.due_on
    return (day, alert.countries, alert.partners, alert.activities, figures)
