"""How a figure of money came about: the values it was added up from, and those that were left out.

Source: the rules that the formulas name. An explanation recomputes to the figure that it explains, from nothing but
itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Literal

from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.projects.v1 import Activity
from shared.figures.attribution import Dimension, attribute_to
from shared.figures.converted import Dated, conversion_of
from shared.figures.double_counting import Exclusion, Reason
from shared.figures.exact import EXACT
from shared.figures.money import PLANNED, Flow, Stage, flows
from shared.figures.outcomes import Contributed
from shared.figures.rates import Conversion, RateTable
from shared.figures.shares import currency_places, proportion

Grouping = Dimension | Literal["all", "status", "year"]


@dataclass(frozen=True, slots=True)
class MoneyInput:
    """One value of an activity as it counts towards a figure.

    ``amount`` is the value as reported, ``part`` what of it belongs to ``code`` (empty where no code is known), and
    ``value`` the part as it was added up: converted, or None where there is no rate. ``excluded_part`` of the part, or
    ``excluded_value`` of the value, is not counted once: ``excluded`` is why, and ``because`` the activity that
    counts it, where one does.
    """

    pointer: str
    stage: Stage
    code: str
    currency: str | None
    amount: Decimal
    part: Decimal
    year: int
    valued_on: date | None
    value: Decimal | None
    conversion: Conversion | None = None
    excluded_part: Decimal = Decimal(0)
    excluded_value: Decimal | None = Decimal(0)
    excluded: Reason | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Superseded:
    """A budget that a revised one of the same period takes the place of."""

    pointer: str
    currency: str | None
    amount: Decimal
    year: int


def money_inputs(
    activity: Activity | None,
    finance: ActivityFinance,
    grouping: Grouping,
    exclusions: Iterable[Exclusion] = (),
    contributed: Contributed | None = None,
) -> Iterator[MoneyInput]:
    """Yield what an activity's money adds to the figures of a grouping, in its own currencies.

    Without the activity nothing is known of its codes: only the grouping ``all`` can be told. What it has
    ``contributed`` to tells its outcomes.
    """
    excluded = {exclusion.pointer: exclusion for exclusion in exclusions}
    for _, grouped in groupby(
        _grouped(activity, finance, grouping, contributed), key=lambda each: each[1].pointer
    ):
        parts = list(grouped)
        flow = parts[0][1]
        exclusion = excluded.get(flow.pointer)
        for (code, _, part), left_out in zip(parts, _left_out(flow, parts, exclusion), strict=True):
            yield MoneyInput(
                flow.pointer,
                flow.stage,
                code,
                flow.currency,
                flow.amount,
                part,
                flow.year,
                flow.valued_on,
                part,
                excluded_part=left_out,
                excluded_value=left_out,
                excluded=exclusion.reason if exclusion else None,
                because=exclusion.because if exclusion else None,
            )


def _left_out(
    flow: Flow, parts: Sequence[tuple[str, Flow, Decimal]], exclusion: Exclusion | None
) -> Sequence[Decimal]:
    """Return what of each part of a value is excluded."""
    amounts = [part for _, _, part in parts]
    if exclusion is None:
        return [Decimal(0)] * len(amounts)
    if exclusion.amount == flow.amount:
        return amounts
    return proportion(exclusion.amount, amounts, places=currency_places(flow.currency))


def _grouped(
    activity: Activity | None,
    finance: ActivityFinance,
    grouping: Grouping,
    contributed: Contributed | None,
) -> Iterator[tuple[str, Flow, Decimal]]:
    if grouping == "year":
        for flow in flows(finance):
            yield str(flow.year), flow, flow.amount
    elif grouping == "all" or activity is None:
        for flow in flows(finance):
            yield "", flow, flow.amount
    elif grouping == "status":
        for flow in flows(finance):
            yield activity.status, flow, flow.amount
    else:
        for part in attribute_to(grouping, activity, finance, contributed):
            yield part.code or "", part.flow, part.amount


def in_currency(money: MoneyInput, into: str, table: RateTable, *, today: date) -> MoneyInput:
    """Return an input in a reporting currency, at the rate that applies to it; zero needs none."""
    dated = Dated(money.currency, money.valued_on, money.part, money.stage in PLANNED)
    conversion = conversion_of(dated, into, table, today=today)
    return replace(
        money,
        conversion=conversion,
        value=_converted(money.part, conversion),
        excluded_value=_converted(money.excluded_part, conversion),
    )


def _converted(amount: Decimal, conversion: Conversion | None) -> Decimal | None:
    if conversion is None:
        return None if amount else Decimal(0)
    return EXACT.multiply(amount, conversion.rate)


def superseded_budgets(finance: ActivityFinance) -> Iterator[Superseded]:
    """Yield the original budgets that do not count because a revised one of the same period does."""
    counted = {flow.pointer for flow in flows(finance)}
    for place, budget in enumerate(finance.budgets):
        pointer = f"/budgets/{place}"
        if pointer not in counted:
            currency = budget.value.currency or finance.default_currency
            yield Superseded(pointer, currency, budget.value.amount, budget.period_start.year)


def recomputed(
    inputs: Iterable[MoneyInput], into: str | None = None, *, once: bool = False
) -> Mapping[tuple[str | None, Stage], Decimal]:
    """Return the figures that inputs add up to, by currency and stage.

    Args:
        inputs: what an explanation lists for one code.
        into: the reporting currency, None for figures as reported.
        once: whether to leave out what is counted elsewhere.

    """
    totals: dict[tuple[str | None, Stage], Decimal] = {}
    for money in inputs:
        if money.value is not None:
            less = money.excluded_value or Decimal(0) if once else Decimal(0)
            key = (into or money.currency, money.stage)
            counts = EXACT.subtract(money.value, less)
            totals[key] = EXACT.add(totals.get(key, Decimal(0)), counts)
    return totals
