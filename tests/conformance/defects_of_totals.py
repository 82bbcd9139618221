"""Errors that were met in currency conversion and in totals over several activities; see ``defects``."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from tests.conformance.defects import Answer, Given, RateOf, defect, replaced

# Currency


def rates_of(given: Given, currency: str | None) -> list[tuple[date, Decimal]]:
    """Return the days and units of a currency, in order of day."""
    listed = [rate for rate in given["rates"] if rate["currency"] == currency]
    return sorted((date.fromisoformat(rate["date"]), Decimal(rate["units"])) for rate in listed)


def in_effect(given: Given, currency: str | None, on: str | None) -> Decimal | None:
    """Return the rate into the base: of the latest day on or before."""
    if currency == given["into"]:
        return Decimal(1)
    until = [units for day, units in rates_of(given, currency) if on and day <= date.fromisoformat(on)]
    return 1 / until[-1] if until else None


def total(given: Given, ours: Answer, rate_of: RateOf) -> Answer:
    """Return our answer with the total and what is missing by other rates."""
    rates = [(each, rate_of(each)) for each in given["amounts"]]
    known = [Decimal(each["amount"]) * rate for each, rate in rates if rate is not None]
    missing = [
        {"currency": each["currency"], "amount": each["amount"], "values": 1}
        for each, rate in rates
        if rate is None
    ]
    return replaced(ours, total=sum(known, Decimal(0)) if known else None, missing=missing)


def honest(given: Given) -> RateOf:
    return lambda each: in_effect(given, each["currency"], each["value_date"])


@defect("AMP", "currency", "no-rate", "nothing-convertible")
def rate_of_one_where_there_is_none(given: Given, ours: Answer) -> Answer:
    return total(given, ours, lambda each: honest(given)(each) or Decimal(1))


@defect("AMP", "currency", "rate-nearer-but-later", "before-the-first-rate")
def nearest_rate_even_if_later(given: Given, ours: Answer) -> Answer:
    def nearest(each: Given) -> Decimal | None:
        rates = rates_of(given, each["currency"])
        if not rates or not each["value_date"]:
            return honest(given)(each)
        on = date.fromisoformat(each["value_date"])
        return 1 / min(rates, key=lambda rate: abs(rate[0] - on))[1]

    return total(given, ours, nearest)


@defect("CLOUD", "currency", "no-rate")
def unconvertible_counts_as_zero(given: Given, ours: Answer) -> Answer:
    return total(given, ours, lambda each: honest(given)(each) or Decimal(0))


@defect("CLOUD", "currency", "rate-says-what-it-multiplies")
def inverted_rate_published(_: Given, ours: Answer) -> Answer:
    told = [made and {**made, "rate": str(1 / Decimal(made["rate"]))} for made in ours["converted"]]
    return replaced(ours, converted=told)


@defect("DP", "currency", "nothing-convertible", "before-the-first-rate")
def unknown_total_is_zero(_: Given, ours: Answer) -> Answer:
    return replaced(ours, total=ours["total"] or "0")


@defect("DP", "currency", "no-currency")
def missing_currency_is_dollars(given: Given, ours: Answer) -> Answer:
    return total(given, ours, lambda each: in_effect(given, each["currency"] or "USD", each["value_date"]))


@defect("DP", "currency", "no-date")
def missing_date_is_january_2010(given: Given, ours: Answer) -> Answer:
    return total(
        given, ours, lambda each: in_effect(given, each["currency"], each["value_date"] or "2010-01-01")
    )


@defect("DSC", "currency", "newest-rate")
def newest_rate_dropped(given: Given, ours: Answer) -> Answer:
    newest = {each["currency"]: rates_of(given, each["currency"])[-1:] for each in given["amounts"]}
    gone = [(currency, day.isoformat()) for currency, listed in newest.items() for day, _ in listed]
    kept = [rate for rate in given["rates"] if (rate["currency"], rate["date"]) not in gone]
    return total(given, ours, honest({**given, "rates": kept}))


@defect("RSR", "currency", "rate-in-effect", "no-rate")
def currencies_added_up_as_they_are(given: Given, ours: Answer) -> Answer:
    return total(given, ours, lambda _: Decimal(1))


# Double counting


def left_out(excluded: Iterable[Given]) -> dict[tuple[str, str], Decimal]:
    """Return what is left out of each entry."""
    return {(each["activity"], each["entry"]): Decimal(each["amount"]) for each in excluded}


def totals(activities: Iterable[Given], gone: Mapping[tuple[str, str], Decimal]) -> list[Given]:
    """Return the sums by stage and currency without what is left out."""
    sums: Counter[tuple[str, str]] = Counter()
    for activity in activities:
        for entry in activity["entries"]:
            counts = Decimal(entry["amount"]) - gone.get((activity["id"], entry["id"]), Decimal(0))
            if counts or not Decimal(entry["amount"]):
                sums[entry["stage"], entry["currency"]] += counts
    return [
        {"stage": stage, "currency": code, "amount": str(sums[stage, code])} for stage, code in sorted(sums)
    ]


def without_reason(given: Given, ours: Answer, reason: str) -> Answer:
    """Return our answer as if one reason to leave something out were not known."""
    gone = left_out(each for each in ours["excluded"] if each["reason"] != reason)
    distinct = {activity["id"]: activity for activity in given["activities"]}
    return replaced(ours, totals=totals(distinct.values(), gone))


@defect("CLOUD", "double-counting", "parent-and-child-budgets")
def budgets_of_parent_and_child_added_up(given: Given, ours: Answer) -> Answer:
    return without_reason(given, ours, "counted-in-children")


@defect("D-Portal", "double-counting", "chain-of-funders", "one-side-names-the-other")
def both_ends_of_a_chain_added_up(given: Given, ours: Answer) -> Answer:
    return without_reason(given, ours, "internal-transfer")


@defect("practice", "double-counting", "secondary-reporter")
def secondary_reporters_added_up(given: Given, ours: Answer) -> Answer:
    return without_reason(given, ours, "secondary-reporter")


@defect("practice", "double-counting", "contributes-twice")
def counted_once_for_each_contribution(given: Given, ours: Answer) -> Answer:
    return replaced(ours, totals=totals(given["activities"], left_out(ours["excluded"])))
