"""What a field officer reports, checked against what was pulled, as commands for the outbox.

Checks are those that can be made offline: the project is known, the indicator and the period exist, the value is one of
the indicator's measure. The server decides in the end; what it refuses is listed with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from devcoop_client.documents import Documents, address_of
from devcoop_client.errors import Unusable
from devcoop_client.outbox import Draft
from devcoop_client.types_finance import ActivityFinance, Transaction
from devcoop_client.types_framework import (
    ActualReport,
    Indicator,
    Measurement,
    Period,
    Reading,
    ResultsFramework,
)

PERCENTAGE, QUALITATIVE = "2", "5"
"""Codes of IndicatorMeasure."""
EXPENDITURE, DISBURSEMENT = "4", "3"
"""Codes of TransactionType."""
MOST_DIGITS, MOST_DECIMALS = 38, 18
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ActualEntry:
    """An actual as a person tells it; ``period`` is its place from 1, or a day within it."""

    result: str
    indicator: str
    period: str
    value: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    comment: str | None = None
    location: str | None = None
    dimensions: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ExpenditureEntry:
    """Money that was spent or disbursed, as a person tells it."""

    date: str
    amount: str
    currency: str | None = None
    type: str = EXPENDITURE
    ref: str | None = None
    description: str | None = None


def actual_draft(documents: Documents, project: str, entry: ActualEntry) -> Draft:
    """Return the command that reports an actual.

    Raises:
        Unusable: the project, the indicator or the period is not known, or the value is none of the indicator's measure.

    """
    framework = cast(ResultsFramework, _known(documents, "framework", project, "results framework"))
    results = framework.get("results", [])
    result = _place(entry.result, [each.get("titles") for each in results], "result", "the framework")
    indicators = results[result - 1].get("indicators", [])
    titles = [each.get("titles") for each in indicators]
    indicator = _place(entry.indicator, titles, "indicator", f"result {result}")
    chosen = indicators[indicator - 1]
    period = _period(entry.period, chosen.get("periods", []), f"indicator {result}.{indicator}")
    body: ActualReport = {
        "result": result,
        "indicator": indicator,
        "period": period,
        "actual": _measurement(chosen, entry),
    }
    told = entry.value or (f"{entry.numerator} of {entry.denominator}" if entry.numerator else "a comment")
    return Draft(
        "POST",
        f"{address_of('frameworks', project)}/actuals",
        dict(body),
        f"{project}: actual of indicator {result}.{indicator}, period {period}: {told}",
    )


def expenditure_draft(documents: Documents, project: str, entry: ExpenditureEntry, today: date) -> Draft:
    """Return the command that records an expenditure or a disbursement.

    Raises:
        Unusable: the project's money is not known, or the amount, the currency or the day is wrong.

    """
    if entry.type not in (EXPENDITURE, DISBURSEMENT):
        raise Unusable(f"{entry.type!r} is no type of spending: 4 is an expenditure, 3 a disbursement.")
    finance = cast(ActivityFinance, _known(documents, "finance", project, "money"))
    day = day_of(entry.date, "the date")
    if day > today:
        raise Unusable(f"The date {day} is in the future; money is recorded once it was spent.")
    amount = _number(entry.amount, "the amount")
    currency = (entry.currency or "").upper() or finance.get("default_currency")
    if not currency:
        raise Unusable("Name a currency: the project has none of its own.")
    if len(currency) != len("USD") or not currency.isalpha():
        raise Unusable(f"{currency!r} is no currency: give its three letters, as in USD.")
    body: Transaction = {
        "type": entry.type,
        "date": day.isoformat(),
        "value": {"amount": amount, "currency": currency, "value_date": day.isoformat()},
    }
    if entry.ref:
        body["ref"] = entry.ref
    if entry.description:
        body["descriptions"] = [{"text": entry.description}]
    kind = "disbursement" if entry.type == DISBURSEMENT else "expenditure"
    return Draft(
        "POST",
        f"{address_of('finances', project)}/transactions",
        dict(body),
        f"{project}: {kind} of {amount} {currency} on {day}",
    )


def _known(documents: Documents, aggregate: str, project: str, what: str) -> dict[str, Any]:
    found = documents.find(aggregate, project)
    if found is not None:
        return found.document
    if documents.cursor is None:
        raise Unusable("Nothing was pulled yet: devcoop pull")
    known = [each.identifier or "" for each in documents.all(aggregate)]
    near = [each for each in known if project.lower() in each.lower()][:_SHOWN]
    hint = f" Did you mean {' or '.join(near)}?" if near else f" {len(known)} projects have one here."
    raise Unusable(f"Of project {project!r} no {what} is known here.{hint} Pull, or look at its identifier.")


def _place(text: str, titles: list[Any], what: str, within: str) -> int:
    if text.strip().isdigit() and 1 <= int(text) <= len(titles):
        return int(text)
    listed = "; ".join(f"{place} {_title(each)}" for place, each in enumerate(titles[:_SHOWN], 1))
    there = f"It has {len(titles)}: {listed}" if titles else "It has none"
    raise Unusable(f"There is no {what} {text!r} in {within}. {there}.")


def _period(text: str, periods: list[Period], within: str) -> int:
    if text.strip().isdigit() and 1 <= int(text) <= len(periods):
        return int(text)
    if not text.strip().isdigit():
        day = day_of(text, "the period").isoformat()
        found = [place for place, each in enumerate(periods, 1) if each["start"] <= day <= each["end"]]
        if len(found) == 1:
            return found[0]
        if found:
            raise Unusable(f"{day} is in several periods of {within}: {found}. Name one by its number.")
    listed = "; ".join(f"{place} {each['start']} to {each['end']}" for place, each in enumerate(periods, 1))
    raise Unusable(f"There is no period {text!r} of {within}. It has: {listed or 'none'}.")


def _title(titles: Any) -> str:  # noqa: ANN401
    return str(titles[0]["text"]) if titles else "(no title)"


def _measurement(indicator: Indicator, entry: ActualEntry) -> Measurement:
    measure, actual = indicator["measure"], Measurement()
    if measure == QUALITATIVE:
        _refuse_if(entry.value or entry.numerator or entry.denominator, "takes a comment and no value")
        _refuse_if(not entry.comment, "takes a comment: --comment")
    elif measure == PERCENTAGE:
        _refuse_if(
            not (entry.numerator and entry.denominator), "is a percentage: tell --numerator and --denominator"
        )
        denominator = _number(entry.denominator or "", "the denominator")
        actual["numerator"] = _number(entry.numerator or "", "the numerator")
        actual["denominator"] = denominator
        _refuse_if(Decimal(denominator) == 0, "is a percentage of something: the denominator is 0")
    else:
        _refuse_if(entry.numerator or entry.denominator, "is no percentage: tell --value alone")
        _refuse_if(entry.value is None, "takes a value: --value")
    if entry.value is not None:
        actual["value"] = _reading(_number(entry.value, "the value"))
    if entry.comment:
        actual["comments"] = [{"text": entry.comment}]
    if entry.location:
        actual["locations"] = [entry.location]
    if entry.dimensions:
        actual["dimensions"] = [{"name": name, "value": value} for name, value in entry.dimensions.items()]
    return actual


def _refuse_if(wrong: object, why: str) -> None:
    if wrong:
        raise Unusable(f"The indicator {why}.")


def _reading(number: str) -> Reading:
    return {"raw": number, "number": number, "reading": "plain"}


def _number(text: str, what: str) -> str:
    """Return a decimal as it is sent; zero is a value.

    Raises:
        Unusable: it is none, or longer than is taken.

    """
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Unusable(f"{text!r} is not a number for {what}: write it as in 1200 or 1200.50.")
    plain = f"{number:f}"
    _, digits, exponent = number.as_tuple()
    if len(digits) > MOST_DIGITS or -int(exponent) > MOST_DECIMALS or len(plain) > MOST_DIGITS + 2:
        raise Unusable(
            f"{text!r} is too long for {what}: {MOST_DIGITS} digits, {MOST_DECIMALS} after the point."
        )
    return plain


def day_of(text: str, what: str) -> date:
    """Return a day that a person told.

    Raises:
        Unusable: it is none.

    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Unusable(f"{text!r} is no day for {what}: write it as in 2026-03-31.") from None
