"""Sums of money as answers tell them: by currency or in one, with what they lack, and counted once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.money import (
    ConvertedMoney,
    ExcludedMoney,
    MissingMoney,
    MoneyByStage,
    converted_money,
    missing_money,
    money_by_stage,
)
from gateway.results.terms import Terms
from shared.contracts.funding.v1 import ActivityFinance
from shared.figures.converted import ConvertedTotal, Dated, Missing, converted_total
from shared.figures.exact import EXACT
from shared.figures.money import PLANNED, Stage, flows

Money = MoneyByStage | ConvertedMoney


@dataclass(slots=True)
class Figure:
    """Money of one stage: its amount, None where all of it is missing, and of how many values.

    ``provisional`` of them are at a latest rate, and ``missing`` are amounts and numbers of values by the currency
    that has no rate.
    """

    amount: Decimal | None
    values: int
    provisional: int = 0
    missing: dict[str, tuple[Decimal, int]] = field(default_factory=dict)

    def less(self, taken: "Figure") -> "Figure":
        """Return what is left when some of it is taken out; that is zero, not unknown, where all of it is."""
        missing = dict(self.missing)
        for currency, (amount, values) in taken.missing.items():
            rest = EXACT.subtract(missing[currency][0], amount)
            missing[currency] = rest, max(missing[currency][1] - values, 1)
            if not rest:
                del missing[currency]
        amount_left = self.amount
        if taken.amount is not None:
            amount_left = EXACT.subtract(self.amount or Decimal(0), taken.amount)
        if amount_left is None and not missing:
            amount_left = Decimal(0)
        return Figure(amount_left, self.values, max(0, self.provisional - taken.provisional), missing)


Figures = dict[str, dict[Stage, Figure]]
"""By currency, in which they are or into which they were converted; empty where no currency is stated."""


@dataclass(slots=True)
class CodeMoney:
    """The money of one code."""

    money: list[Money] = field(default_factory=list)
    counted_once: list[Money] = field(default_factory=list)
    exclusions: list[ExcludedMoney] = field(default_factory=list)


def told(reported: Figures, excluded: Mapping[str | None, Figures], terms: Terms) -> CodeMoney:
    """Return the money of a code as reported, once per amount, and what is excluded from the latter."""
    money = presented(reported, terms)
    if not excluded:
        return CodeMoney(money, money, [])
    once = reported
    for figures in excluded.values():
        once = _less(once, figures)
    exclusions = [
        ExcludedMoney.model_validate(
            {**each.model_dump(), "reason": reason, "missing": _missing(figures.get(each.currency or "", {}))}
        )
        for reason, figures in sorted(excluded.items(), key=lambda item: item[0] or "")
        for each in presented(figures, terms)
    ]
    return CodeMoney(money, presented(once, terms), exclusions)


def _less(figures: Figures, taken: Figures) -> Figures:
    left = {currency: dict(stages) for currency, stages in figures.items()}
    for currency, stages in taken.items():
        for stage, figure in stages.items():
            left[currency][stage] = left[currency][stage].less(figure)
    return left


def presented(figures: Figures, terms: Terms) -> list[Money]:
    """Return figures as answers tell them, in order of currency."""
    return [_one(currency, figures[currency], terms) for currency in sorted(figures) if figures[currency]]


def _one(currency: str, stages: Mapping[Stage, Figure], terms: Terms) -> Money:
    if terms.currency is None:
        amounts = {stage: figure.amount for stage, figure in stages.items()}
        return money_by_stage(currency or None, amounts, terms.convention)
    totals = {stage: _total(figure) for stage, figure in stages.items()}
    return converted_money(currency, totals, rate_source=terms.rate_source, convention=terms.convention)


def _total(figure: Figure) -> ConvertedTotal:
    missing = tuple(
        Missing(currency or None, amount, values)
        for currency, (amount, values) in sorted(figure.missing.items())
    )
    return ConvertedTotal(figure.amount, missing, figure.provisional > 0)


def _missing(stages: Mapping[Stage, Figure]) -> list[MissingMoney]:
    return missing_money({stage: _total(figure) for stage, figure in stages.items()})


def money_of_finance(finance: ActivityFinance, terms: Terms) -> list[Money]:
    """Return the money of one project from what funding tells of it, whether or not its activity is known."""
    dated: dict[tuple[str, Stage], list[Dated]] = {}
    for flow in flows(finance):
        key = (terms.currency or flow.currency or "", flow.stage)
        value = Dated(flow.currency, flow.valued_on, flow.amount, flow.stage in PLANNED)
        dated.setdefault(key, []).append(value)
    figures: Figures = {}
    for (currency, stage), values in dated.items():
        figures.setdefault(currency, {})[stage] = _figure(values, terms)
    return presented(figures, terms)


def _figure(values: list[Dated], terms: Terms) -> Figure:
    if terms.currency is None or terms.table is None:
        total = Decimal(0)
        for value in values:
            total = EXACT.add(total, value.amount)
        return Figure(total, len(values))
    made = converted_total(values, terms.currency, terms.table, today=terms.today)
    missing = {each.currency or "": (each.amount, each.values) for each in made.missing}
    return Figure(made.amount, len(values), int(made.provisional), missing)
