"""Which evaluations a policy makes of an activity, and which of those that are stored may be planned anew.

What somebody wrote or began is never touched, and nothing is taken back: an evaluation that a policy no longer asks
for is cancelled by a person, with reasons.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.monitoring.copies import KnownActivity, KnownFinance
from services.monitoring.learning.content import FOLLOW_UPS
from shared.contracts.ids import MAX_IDENTIFIER, evaluation_id
from shared.contracts.monitoring.v1 import Evaluation, EvaluationPolicy
from shared.figures.evaluations import NeededEvaluation, due_on, needed_evaluations, project_budget
from shared.figures.rates import RateTable

CANCELLED = "5"
"""The IATI ActivityStatus of what does not take place."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What plans are made by: the policy in force, the rates of one source, and the day."""

    policy: EvaluationPolicy
    table: RateTable
    today: date


def is_planned_for(activity: KnownActivity, today: date) -> bool:
    """Tell whether evaluations of an activity are planned: its dates are told, and its end is at most a year past."""
    if activity.start is None or activity.end is None or activity.status == CANCELLED:
        return False
    return today <= due_on("ex-post", activity.start, activity.end)


def plans(
    basis: Basis, activity: KnownActivity, finance: KnownFinance, stored: Sequence[Evaluation]
) -> Iterator[Evaluation]:
    """Yield the evaluations of an activity that are new, or planned otherwise than they are stored.

    Args:
        basis: what plans are made by.
        activity: as it is known by copy.
        finance: its money, of which only budgets count.
        stored: every evaluation of the activity, whoever planned it.

    """
    start, end, policy = activity.start, activity.end, basis.policy
    if start is None or end is None or not is_planned_for(activity, basis.today):
        return
    budget = project_budget(
        finance.budgets, finance.default_currency, policy.currency, basis.table, today=basis.today
    )
    if budget is None:
        return
    for needed in needed_evaluations(policy, budget, start, end):
        known = [each for each in stored if each.timing == needed.timing]
        planned = _planned(policy, activity.iati_identifier, needed)
        own = next((each for each in known if each.identifier == planned.identifier), None)
        if own is not None:
            is_new = own.as_planned and own.state == "planned" and own != planned
        else:
            is_new = not known and not _comes_too_late(needed, end, basis.today)
        if is_new:
            yield planned


def value_dates(finances: Iterable[KnownFinance], into: str) -> set[date | None]:
    """Return the value dates of budgets in other currencies than one, None where one has none."""
    return {
        budget.value.value_date
        for finance in finances
        for budget in finance.budgets
        if (budget.value.currency or finance.default_currency) != into
    }


def planned_identifier(iati_identifier: str, timing: str) -> str:
    """Return how an evaluation is named that a policy asks for: ``<activity>/<timing>``, or its id if that can not be."""
    identifier = f"{iati_identifier}/{timing}"
    is_one = len(identifier) <= MAX_IDENTIFIER and FOLLOW_UPS not in identifier
    return identifier if is_one else str(evaluation_id(identifier))


def _planned(policy: EvaluationPolicy, iati_identifier: str, needed: NeededEvaluation) -> Evaluation:
    return Evaluation(
        identifier=planned_identifier(iati_identifier, needed.timing),
        iati_identifier=iati_identifier,
        kind=needed.kind,
        timing=needed.timing,
        due_on=needed.due_on,
        policy=policy.reference,
        because=needed.because,
        as_planned=True,
    )


def _comes_too_late(needed: NeededEvaluation, end: date, today: date) -> bool:
    """Tell whether it is to be in the middle of what is over."""
    return needed.timing == "mid-term" and end < today
