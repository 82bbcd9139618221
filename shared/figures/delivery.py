"""Delivery rate: how much of what was allocated has been spent.

Source: ILO GB.267/TC/1, appendix I ("Alloc., Expend., Delivery rate").
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shared.figures.exact import ratio
from shared.figures.money import Stage

Convention = Literal["expenditure", "disbursement-and-expenditure"]

EXPENDITURE_ONLY: Convention = "expenditure"
"""Only expenditure (type 4) is delivery: an advance counts when its receiver has spent it."""

DISBURSEMENT_AND_EXPENDITURE: Convention = "disbursement-and-expenditure"
"""Disbursements (type 3) count as well: an advance is expensed when it is paid."""

STAGES_OF: dict[Convention, frozenset[Stage]] = {
    EXPENDITURE_ONLY: frozenset({"expenditure"}),
    DISBURSEMENT_AND_EXPENDITURE: frozenset({"disbursement", "expenditure"}),
}
"""The stages whose amounts make up the numerator under each convention."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio beside the two amounts it was made of; 1 is the whole."""

    numerator: Decimal
    denominator: Decimal
    ratio: Decimal
    convention: Convention


def delivery_rate(
    expenditure: Decimal | None,
    allocation: Decimal | None,
    *,
    convention: Convention = DISBURSEMENT_AND_EXPENDITURE,
) -> Ratio | None:
    """Return expenditure over allocation of the same period and currency (ILO GB.267/TC/1, appendix I).

    Args:
        expenditure: amount of the stages in ``STAGES_OF[convention]``, None where none was reported.
        allocation: the revised budget of the period, None where there is none.
        convention: which stages the expenditure is made of; recorded with the ratio.

    Returns:
        None where there is nothing to divide, or nothing above zero to divide by: that is not a rate of 0.

    """
    if expenditure is None or allocation is None or allocation <= 0:
        return None
    rate = ratio(expenditure, allocation)
    return None if rate is None else Ratio(expenditure, allocation, rate, convention)
