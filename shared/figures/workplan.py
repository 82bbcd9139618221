"""What an outcome-based work plan still lacks: its estimated cost less the resources that are firm.

Source: ILO outcome-based work plans, which identify resource gaps; the formula is ours. Firm are the regular
budget (RB), regular-budget technical cooperation (RBTC), the regular budget supplementary account (RBSA) and signed
extra-budgetary agreements (XBTC), these by the share of them that falls within the biennium. What is in the pipeline
or pledged binds nobody: it stands apart and reduces no gap. All amounts are in one currency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.figures.biennium import Biennium, by_biennium
from shared.figures.exact import EXACT
from shared.figures.shares import WHOLE, split

Standing = Literal["signed", "pipeline", "pledged"]
STANDINGS: tuple[Standing, ...] = ("signed", "pipeline", "pledged")

XBTC = "XBTC"


class AllocationRefused(ValueError):
    """An agreement gives its outcomes more than 100 %, or one of them less than nothing."""


@dataclass(frozen=True, slots=True)
class OutcomePlan:
    """An outcome of a work plan: its estimated cost in a biennium, and its regular resources.

    ``budgets`` are the amounts of RB, RBTC and RBSA. An amount is None where it is not known.
    """

    outcome: str
    biennium: Biennium
    cost: Decimal | None
    budgets: Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Agreement:
    """An extra-budgetary agreement; ``allocations`` are percentages (0 to 100) by outcome.

    An amount or a day is None where it is not known.
    """

    reference: str
    standing: Standing
    amount: Decimal | None
    start: date | None
    end: date | None
    allocations: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ResourceGap:
    """What an outcome costs in a biennium, what is firm, and what it lacks; below zero is a surplus.

    ``by_source`` are the parts of ``firm``. ``unknown`` names the sources and agreements whose amount is not known:
    where one of them is firm, neither ``firm`` nor ``gap`` can be told.
    """

    cost: Decimal | None
    firm: Decimal | None
    gap: Decimal | None
    by_source: dict[str, Decimal | None]
    pipeline: Decimal
    pledged: Decimal
    unknown: tuple[str, ...]


def resource_gap(plan: OutcomePlan, agreements: Iterable[Agreement], *, places: int = 2) -> ResourceGap:
    """Return what an outcome lacks in a biennium (ILO outcome-based work plans; formula ours).

    Args:
        plan: the outcome, as agreements name it, with its cost and regular resources.
        agreements: all that may fall within the biennium, each once.
        places: decimals of the currency, from ``currency_places``.

    Raises:
        AllocationRefused: an agreement allocates more than 100 %, or a negative percentage.

    """
    parts: dict[Standing, list[Decimal | None]] = {standing: [] for standing in STANDINGS}
    unknown = [source for source in sorted(plan.budgets) if plan.budgets[source] is None]
    for agreement in agreements:
        part = allocated(agreement, plan.outcome, plan.biennium, places=places)
        parts[agreement.standing].append(part)
        if part is None:
            unknown.append(agreement.reference)
    by_source = {**plan.budgets, XBTC: _sum(parts["signed"])}
    firm, gap = firm_and_gap(plan.cost, [*plan.budgets.values(), *parts["signed"]])
    pipeline, pledged = _sum(parts["pipeline"]), _sum(parts["pledged"])
    return ResourceGap(plan.cost, firm, gap, by_source, pipeline, pledged, tuple(unknown))


def firm_and_gap(
    cost: Decimal | None, parts: Iterable[Decimal | None]
) -> tuple[Decimal | None, Decimal | None]:
    """Return what is firm and what is lacking (ILO outcome-based work plans; formula ours).

    Args:
        cost: estimated, None where it is not known.
        parts: firm resources, None for one whose amount is not known.

    Returns:
        The sum of the parts and the cost less it, each None where something that it needs is not known.

    """
    known = list(parts)
    firm = None if None in known else _sum(known)
    return firm, None if cost is None or firm is None else EXACT.subtract(cost, firm)


def allocated(agreement: Agreement, outcome: str, biennium: Biennium, *, places: int = 2) -> Decimal | None:
    """Return what of an agreement belongs to an outcome in a biennium (ours).

    The amount is divided among bienniums by days and then among outcomes by percentage, both by the
    largest-remainder method, so that parts add up.

    Returns:
        None where it cannot be told because the amount or a day is not known; zero if nothing is allocated.

    Raises:
        AllocationRefused: the allocations come to more than 100 %, or one is negative.

    """
    check_allocations(agreement)
    if not agreement.allocations.get(outcome):
        return Decimal(0)
    if agreement.amount is None or agreement.start is None or agreement.end is None:
        return None
    parts = by_biennium(agreement.amount, agreement.start, agreement.end, places=places)
    if not parts:
        return None
    within = dict(parts).get(biennium, Decimal(0))
    shares = list(agreement.allocations.items())
    return dict(split(within, shares, places=places).parts).get(outcome, Decimal(0))


def check_allocations(agreement: Agreement) -> None:
    """Refuse allocations of one agreement that come to more than 100 % (ours).

    Raises:
        AllocationRefused: they do, or one is negative.

    """
    total = _sum(agreement.allocations.values())
    if any(percentage < 0 for percentage in agreement.allocations.values()):
        raise AllocationRefused(f"{agreement.reference} allocates a negative percentage.")
    if total > WHOLE:
        raise AllocationRefused(f"{agreement.reference} allocates {total:f} %, which is more than 100 %.")


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount or Decimal(0))
    return total
