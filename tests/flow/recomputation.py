"""What the money of an IATI file comes to in US dollars, computed anew from its XML and the ECB's own table.

It shares nothing with the code under test, and works the other way round: on whole columns of polars frames.

Every sum is exact. Amounts are whole numbers of a unit that is fine enough for all of a file, in columns of 128 bits
(polars' decimals would round products to their scale, and floats everything); ``_check_room`` makes sure that nothing
overflows, because polars would not tell. Rates stay text up to the end, where what was added up per currency and day
is multiplied with Python's decimals in a context that refuses to round.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, Context, Decimal, Inexact
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import polars as pl
from lxml.etree import _Element as Element

INTO, BASE = "USD", "EUR"
AGE = "10d"
"""How old a rate may be and still apply."""
SPEND = ("disbursements", "expenditures")
FIGURES = {
    "1": "receipts",
    "2": "commitments",
    "3": "disbursements",
    "4": "expenditures",
    "11": "incoming_commitments",
    "12": "pledges",
    "13": "pledges",
}
BUDGET = "budget"

MINOR = {
    code: places
    for places, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}
"""Decimals of currencies that have not 2 (ISO 4217)."""
FINEST = 4
ROUNDING = Decimal("0.1")
"""How far percentages may be from 100 and still be a whole."""

EXACT = Context(prec=200, traps=[Inexact])
TWELVE_DIGITS_DOWN = Context(prec=12, rounding=ROUND_DOWN)
INT = pl.Int128
ROOM = 2**126

FLOWS = {
    "activity": pl.Int64,
    "figure": pl.String,
    "type": pl.String,
    "first": pl.String,
    "last": pl.String,
    "currency": pl.String,
    "valued_on": pl.String,
    "own_country": pl.String,
    "amount": pl.String,
}
SHARES = {"activity": pl.Int64, "country": pl.String, "order": pl.Int64, "weight": INT}
RUN = ["activity", "figure", "currency", "year"]
"""What is added up before it is divided."""
PART = ["figure", "currency", "valued_on", "planned", "amount"]


@dataclass(slots=True)
class Money:
    """Figures in dollars, and what of them is missing by figure and currency."""

    figures: dict[str, Decimal] = field(default_factory=dict)
    missing: dict[tuple[str, str | None], Decimal] = field(default_factory=dict)
    provisional: set[str] = field(default_factory=set)

    def add(self, other: "Money") -> None:
        """Add the money of another file."""
        for figure, amount in other.figures.items():
            self.figures[figure] = EXACT.add(self.figures.get(figure, Decimal(0)), amount)
        for key, amount in other.missing.items():
            self.missing[key] = EXACT.add(self.missing.get(key, Decimal(0)), amount)
        self.provisional |= other.provisional


@dataclass(frozen=True, slots=True)
class Recomputation:
    """The money of a file; code None is what has no country."""

    by_country: dict[str | None, Money]
    by_year: dict[str | None, Money]
    whole: Money


def ecb_rates(history: Path) -> pl.DataFrame:
    """Return units of each currency for one euro by day, as the ECB writes them."""
    with ZipFile(history) as archive:
        table = pl.read_csv(archive.read("eurofxref-hist.csv"), infer_schema=False)
    return (
        table.unpivot(index="Date", variable_name="currency", value_name="units")
        .filter(pl.col("units").str.contains(r"^\d+(\.\d+)?$"))
        .select("currency", "units", day=pl.col("Date").str.to_date("%Y-%m-%d"))
        .sort("day")
    )


def recompute(root: Element, taken: Container[int], rates: pl.DataFrame, today: date) -> Recomputation:
    """Return what a file comes to; ``taken`` are the places (from 1) of the activities that count."""
    activities = [(n, each) for n, each in enumerate(root.findall("iati-activity"), 1) if n in taken]
    told = [row for number, activity in activities for row in _told(number, activity)]
    shares = [row for number, activity in activities for row in _shares(number, activity)]
    scale = max([FINEST, *(_decimals(Decimal(row["amount"])) for row in told)])
    for row in told:
        row["amount"] = str(int(Decimal(row["amount"]).scaleb(scale, EXACT)))
    _check_room(told, shares)
    flows = _effective(pl.DataFrame(told, schema=FLOWS))
    whole = pl.DataFrame(shares, schema=SHARES)
    parts = pl.concat([_divided(flows, whole, scale), _undivided(flows, whole)]).with_columns(
        pl.col("country").replace("", None)
    )
    converted = _with_rates(flows, rates, today)
    return Recomputation(
        by_country=_totals(parts, converted, "country", scale),
        by_year=_totals(flows, converted, "year", scale),
        whole=_totals(flows.with_columns(all=pl.lit("all")), converted, "all", scale).get("all", Money()),
    )


def _told(number: int, activity: Element) -> Iterator[dict[str, Any]]:
    """Yield the budgets and transactions of an activity as they are written."""
    for element in activity.iterchildren("budget", "transaction"):
        value = element.find("value")
        if element.tag == "budget":
            figure, type_ = BUDGET, _attribute(element, "type") or "1"
            first, last = element.find("period-start"), element.find("period-end")
        else:
            type_ = _attribute(element.find("transaction-type"), "code")
            figure = FIGURES.get(type_, "")
            first = last = element.find("transaction-date")
        country = element.find("recipient-country")
        yield {
            "activity": number,
            "figure": figure,
            "type": type_,
            "first": _attribute(first, "iso-date")[:10],
            "last": _attribute(last, "iso-date")[:10],
            "currency": (_attribute(value, "currency") or _attribute(activity, "default-currency")).upper()
            or None,
            "valued_on": _attribute(value, "value-date")[:10] or None,
            "own_country": None if country is None else _attribute(country, "code"),
            "amount": value.text.strip(),
        }


def _attribute(element: Element, name: str) -> str:
    return (element.get(name) or "").strip()


def _decimals(amount: Decimal) -> int:
    """Return how many decimals an amount needs, without the zeros that say nothing."""
    return max(0, -int(amount.normalize(EXACT).as_tuple().exponent))


def _shares(number: int, activity: Element) -> Iterator[dict[str, Any]]:
    """Yield how countries and regions divide an activity's money in whole numbers; nothing if they do not.

    Countries come before regions, each in order of code, and what no place is stated for comes last.
    """
    stated: dict[tuple[str, str], Decimal | None] = {}
    for tag in ("recipient-country", "recipient-region"):
        for place in activity.findall(tag):
            if tag == "recipient-region" and _attribute(place, "vocabulary") not in ("", "1"):
                continue
            key, text = (tag, _attribute(place, "code")), _attribute(place, "percentage")
            percentage = Decimal(text) if text else None
            known = stated.get(key)
            stated[key] = percentage if known is None else EXACT.add(known, percentage or Decimal(0))
    percentages = {key: value for key, value in stated.items() if value is not None}
    if not percentages and len(stated) == 1:
        percentages = dict.fromkeys(stated, Decimal(100))
    rest = 100 - sum(percentages.values())
    if not any(percentages.values()) or min(percentages.values()) < 0 or rest < -ROUNDING:
        return
    listed = [
        (key[1] if key[0] == "recipient-country" else None, percentages[key]) for key in sorted(percentages)
    ]
    if rest > ROUNDING:
        listed.append((None, rest))
    scale = max(_decimals(percentage) for _, percentage in listed)
    for order, (country, percentage) in enumerate(listed):
        weight = int(percentage.scaleb(scale, EXACT))
        yield {"activity": number, "country": country, "order": order, "weight": weight}


def _check_room(told: list[dict[str, Any]], shares: list[dict[str, Any]]) -> None:
    """Fail where a sum of all amounts times all weights would not fit into 128 bits."""
    most = sum(abs(int(row["amount"])) for row in told) * max([1, *(row["weight"] for row in shares)])
    assert most < ROOM, "too large for sums of 128 bits"


def _effective(told: pl.DataFrame) -> pl.DataFrame:
    """Return the values that count: a revised budget takes the place of the original ones of its period."""
    period = ["activity", "figure", "first", "last"]
    is_budget = pl.col("figure") == BUDGET
    revised = (
        told.filter(is_budget & (pl.col("type") == "2")).select(*period, replaced=pl.lit("revised")).unique()
    )
    marked = told.join(revised, on=period, how="left", maintain_order="left")
    counting = marked.filter(
        (pl.col("figure") != "") & (pl.col("replaced").is_null() | (pl.col("type") == "2"))
    )
    valued_on = pl.when(is_budget).then("valued_on").otherwise(pl.coalesce("valued_on", "first"))
    return counting.select(
        "activity",
        "figure",
        "currency",
        "own_country",
        flow=pl.int_range(pl.len()),
        year=pl.col("first").str.slice(0, 4).cast(pl.Int64).cast(pl.String),
        valued_on=valued_on.str.to_date("%Y-%m-%d"),
        planned=is_budget,
        amount=pl.col("amount").cast(INT),
    )


def _undivided(flows: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Return the values of activities whose countries divide nothing, each whole at its own country."""
    left = flows.join(shares, on="activity", how="anti", maintain_order="left")
    return left.select(*PART, country="own_country")


def _divided(flows: pl.DataFrame, shares: pl.DataFrame, scale: int) -> pl.DataFrame:
    """Return the parts of values by country: the differences that each makes to the parts of the sum up to it.

    The sums are divided by the method of the largest remainder, in units of the currency's last decimal, or of the
    sum's own last decimal if that is finer.
    """
    unit = pl.max_horizontal(
        pl.col("currency").replace_strict(MINOR, default=2, return_dtype=pl.Int64).fill_null(2),
        scale
        - pl.sum_horizontal((pl.col("sum") % _power(n) == 0).cast(pl.Int64) for n in range(1, scale + 1)),
    )
    powers = {places: 10 ** (scale - places) for places in range(scale + 1)}
    sums = flows.with_columns(sum=pl.col("amount").cum_sum().over(RUN)).with_columns(
        unit=unit.replace_strict(powers, return_dtype=INT)
    )
    product = (pl.col("sum").abs() // pl.col("unit")) * pl.col("weight")
    whole = pl.col("weight").sum().over("flow")
    cut = sums.join(shares, on="activity").with_columns(part=product // whole, rest=product % whole)
    left = (pl.col("sum").abs() // pl.col("unit")).first().over("flow") - pl.col("part").sum().over("flow")
    ranked = cut.sort("flow", "rest", "order", descending=[False, True, False]).with_columns(
        left=left, rank=pl.int_range(pl.len()).over("flow")
    )
    part = pl.col("part") + (pl.col("rank") < pl.col("left")).cast(INT)
    up_to = ranked.with_columns(up_to=part * pl.col("unit") * pl.col("sum").sign()).sort("flow", "order")
    before = pl.col("up_to").shift(1, fill_value=0).over([*RUN, "order"])
    by_place = up_to.with_columns(amount=pl.col("up_to") - before)
    keys = ["flow", "country", *(name for name in PART if name != "amount")]
    return by_place.group_by(keys, maintain_order=True).agg(pl.col("amount").sum()).select(*PART, "country")


def _power(exponent: int) -> pl.Expr:
    return pl.lit(10**exponent, dtype=INT)


def _with_rates(flows: pl.DataFrame, rates: pl.DataFrame, today: date) -> pl.DataFrame:
    """Return the rate of each currency and day, null where there is none, and whether it is provisional.

    Planned money is converted at the last rates up to today where its day is unknown or still to come.
    """
    newest = rates.filter(pl.col("day") <= today)["day"].max()
    to_come = pl.col("planned") & (pl.col("valued_on").is_null() | (pl.col("valued_on") > today))
    wanted = flows.select("currency", "valued_on", "planned").unique().with_columns(to_come=to_come)
    wanted = wanted.with_columns(
        day=pl.when("to_come").then(pl.lit(newest, dtype=pl.Date)).otherwise("valued_on"), into=pl.lit(INTO)
    ).sort("day")
    for leg, currency in (("given", "currency"), ("got", "into")):
        named = rates.select(pl.col("currency").alias(currency), "day", pl.col("units").alias(leg))
        wanted = wanted.join_asof(
            named, on="day", by=currency, strategy="backward", tolerance=AGE, check_sortedness=False
        )
    rate = [_rate(*row) for row in wanted.select("currency", "given", "got").iter_rows()]
    return wanted.with_columns(
        rate=pl.Series(rate, dtype=pl.String),
        provisional=pl.col("to_come") & (pl.col("currency") != INTO).fill_null(value=False),
    )


def _rate(currency: str | None, given: str | None, got: str | None) -> str | None:
    """Return dollars for one unit of a currency, of what the ECB gave for a euro."""
    if currency == INTO:
        return "1"
    if currency == BASE:
        return got
    if given is None or got is None:
        return None
    return str(TWELVE_DIGITS_DOWN.divide(Decimal(got), Decimal(given)))


def _totals(parts: pl.DataFrame, converted: pl.DataFrame, key: str, scale: int) -> dict[str | None, Money]:
    """Return the money of each code; zero needs no rate."""
    terms = ["currency", "valued_on", "planned"]
    priced = parts.join(converted, on=terms, how="left", nulls_equal=True)
    has_amount = (pl.col("amount") != 0).alias("has_amount")
    names = [key, "figure", "currency", "rate", "provisional", has_amount]
    totals: dict[str | None, Money] = {}
    for code, figure, currency, rate, provisional, counts, units in (
        priced.group_by(names).agg(pl.col("amount").sum()).iter_rows()
    ):
        money, amount = totals.setdefault(code, Money()), Decimal(units).scaleb(-scale, EXACT)
        if rate is None and counts:
            lost = money.missing.get((figure, currency), Decimal(0))
            money.missing[figure, currency] = EXACT.add(lost, amount)
            continue
        value = EXACT.multiply(amount, Decimal(rate or 1))
        for name in (figure, "spend") if figure in SPEND else (figure,):
            money.figures[name] = EXACT.add(money.figures.get(name, Decimal(0)), value)
        if provisional and counts:
            money.provisional.add(figure)
    return totals
