"""Which evaluations a project needs by a policy, when each is due, and why, in a sentence.

Source: ILO EVAL policy guidelines for the kinds and timings; thresholds are data. The budget is that of the whole
project, of each period the revised one if there is any (IATI guidance: activity budgets), converted as planned money
is. Where a part of it has no rate, nobody knows how large the whole is, so the strictest threshold applies, which the
sentence tells.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice

from shared.contracts.funding.v1 import PeriodBudget
from shared.contracts.monitoring.v1 import (
    EvaluationKind,
    EvaluationPolicy,
    EvaluationThreshold,
    EvaluationTiming,
)
from shared.figures.converted import ConvertedTotal, Dated, converted_total
from shared.figures.exact import EXACT
from shared.figures.money import effective_budgets
from shared.figures.rates import RateTable, currency_code

TOLD_CURRENCIES = 5
"""Of more currencies than these a sentence only tells that there are more."""
NO_CURRENCY = "of no currency"
"""No code is told at greater length than this."""
TIMINGS: tuple[EvaluationTiming, ...] = ("mid-term", "final", "ex-post")


@dataclass(frozen=True, slots=True)
class ProjectBudget:
    """The budget of a project: as reported, by currency, and as one total in the currency of a policy.

    The total's amount is the part that could be converted.
    """

    reported: tuple[tuple[str | None, Decimal], ...]
    total: ConvertedTotal


@dataclass(frozen=True, slots=True)
class NeededEvaluation:
    """An evaluation that a policy asks for."""

    kind: EvaluationKind
    timing: EvaluationTiming
    due_on: date
    because: str


def project_budget(
    budgets: Iterable[PeriodBudget], default: str | None, into: str, table: RateTable, *, today: date
) -> ProjectBudget | None:
    """Return the budget of a project (IATI guidance: activity budgets), None where none is told.

    Args:
        budgets: as they are reported.
        default: the currency of those that name none.
        into: the currency of the policy.
        table: the rates of one source; those of planned money apply.
        today: the day up to which rates are known.

    """
    amounts = [
        Dated(
            currency_code(each.value.currency or default),
            each.value.value_date,
            each.value.amount,
            planned=True,
        )
        for _, each in effective_budgets(budgets)
    ]
    if not amounts:
        return None
    reported: dict[str | None, Decimal] = {}
    for each in amounts:
        reported[each.currency] = EXACT.add(reported.get(each.currency, Decimal(0)), each.amount)
    in_order = sorted(reported.items(), key=lambda each: each[0] or "")
    return ProjectBudget(tuple(in_order), converted_total(amounts, into, table, today=today))


def duration_months(start: date, end: date) -> int:
    """Return how many months a project runs, its first and last day among them; a month begun is a month (ours).

    So a project of 30 months and a day has more than 30.
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    return months + (1 if end.day >= start.day else 0)


def due_on(timing: EvaluationTiming, start: date, end: date) -> date:
    """Return when an evaluation is due (ours): in the middle of the period, on its last day, or a year after that."""
    if timing == "mid-term":
        return start + (end - start) // 2
    if timing == "final":
        return end
    year = min(end.year + 1, date.max.year)
    return date(year, end.month, min(end.day, calendar.monthrange(year, end.month)[1]))


def needed_evaluations(
    policy: EvaluationPolicy, budget: ProjectBudget, start: date, end: date
) -> tuple[NeededEvaluation, ...]:
    """Return the evaluations that a project needs by a policy (ILO EVAL policy guidelines), in order of time.

    Of the thresholds of one timing that it reaches, the one of the greatest amount decides the kind, and of several
    of that amount the one of the longest duration. A project that ends before it starts has no duration, and needs
    none.
    """
    if end < start:
        return ()
    months = duration_months(start, end)
    return tuple(
        NeededEvaluation(
            threshold.kind,
            timing,
            due_on(timing, start, end),
            _because(policy, threshold, budget, months),
        )
        for timing in TIMINGS
        if (threshold := _decisive(policy, budget, months, timing)) is not None
    )


def _decisive(
    policy: EvaluationPolicy, budget: ProjectBudget, months: int, timing: EvaluationTiming
) -> EvaluationThreshold | None:
    amount = budget.total.amount or Decimal(0)
    reached = (
        each
        for each in policy.thresholds
        if each.timing == timing
        and each.from_months <= months
        and (budget.total.missing or each.from_amount <= amount)
    )
    return max(reached, key=lambda each: (each.from_amount, each.from_months), default=None)


def _because(
    policy: EvaluationPolicy, threshold: EvaluationThreshold, budget: ProjectBudget, months: int
) -> str:
    """Return why, in words that change only with what they are about: converted amounts are not told."""
    told = ", ".join(_money(budget.reported))
    reached = f"{_plain(threshold.from_amount)} {policy.currency}, {threshold.from_months} months"
    asks = f"By {policy.identifier}, a project of at least {reached} needs {_named(threshold)} evaluation."
    has = f"This one has a budget of {told} and runs {months} months."
    if not budget.total.missing:
        return f"{asks} {has}"
    without = ", ".join(_money((each.currency, each.amount) for each in budget.total.missing))
    return f"{asks} {has} There is no rate for {without}, so the strictest threshold applies."


def _named(threshold: EvaluationThreshold) -> str:
    article = "an" if threshold.kind in ("internal", "independent") else "a"
    return f"{article} {threshold.kind} {threshold.timing}"


def _money(amounts: Iterable[tuple[str | None, Decimal]]) -> Iterator[str]:
    remaining = iter(amounts)
    for currency, amount in islice(remaining, TOLD_CURRENCIES):
        yield f"{_plain(amount)} {(currency or NO_CURRENCY)[: len(NO_CURRENCY)]}"
    if next(remaining, None) is not None:
        yield "more currencies"


def _plain(amount: Decimal) -> str:
    return f"{EXACT.normalize(amount) or Decimal(0):f}"
