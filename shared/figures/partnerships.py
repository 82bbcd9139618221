"""What partnerships bring: new donors, approvals and receipts against a target, and what is in a pool.

Sources: ILO PARDEV (approvals are newly signed voluntary agreements; the supplementary account is un-earmarked, with a
target per biennium); IATI activity standard (the day of the value determines the exchange rate). Pledges bind nobody and
are in none of these. What has no rate, or can not be divided, is told and not counted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from shared.contracts.funding.v1 import (
    Agreement,
    AgreementKind,
    AgreementState,
    Allocation,
    EarmarkingScope,
    Pool,
)
from shared.figures.biennium import Biennium
from shared.figures.exact import EXACT, ratio
from shared.figures.rates import Conversion, RateTable

COMMITTED: tuple[AgreementState, ...] = ("signed", "active", "suspended", "completed", "terminated")
"""States of agreements that were signed: what they bring is no longer only hoped for."""

IN_FORCE: tuple[AgreementState, ...] = ("signed", "active", "suspended")
"""States in which money comes in, and the content changes by amendment."""
OWING_REPORTS: tuple[AgreementState, ...] = (*IN_FORCE, "completed")
"""States in which reports are owed: the final one is often due when all else is done."""

_WHOLE = Decimal(1)
_Fits: TypeAlias = Callable[[Allocation], bool]


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    """Return a sum that loses no digit, zero of nothing."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def unallocated(agreement: Agreement) -> Decimal:
    """Return how much of an agreement's amount is not allocated, in its currency; money for a pool is the pool's."""
    if agreement.amount is None or agreement.pool is not None:
        return Decimal(0)
    return EXACT.subtract(agreement.amount.amount, sum_of(each.amount for each in agreement.allocations))


def first_contribution(told: date | None, received: Iterable[date]) -> date | None:
    """Return the day of a partner's first contribution: the earlier of what is told and the earliest receipt.

    None where neither is known.
    """
    return min((*received, *(() if told is None else (told,))), default=None)


def is_new_donor(first: date | None, start: date, end: date) -> bool | None:
    """Tell whether a partner contributes for the first time in a period; None where its first contribution is not known."""
    return None if first is None else start <= first <= end


class Inflow(NamedTuple):
    """Money that an agreement brought on a day; a reduction is below zero."""

    agreement: str
    on: date
    amount: Decimal
    currency: str | None


def approvals_of(agreement: Agreement) -> Iterator[Inflow]:
    """Yield what was approved by signing (ILO PARDEV): the first amount on the day of signature, a change on its own."""
    signed, money = agreement.signed_on, agreement.amount
    if agreement.state not in COMMITTED or signed is None or money is None:
        return
    changes = [
        (each.signed_on, each.amount_before, each.amount_after)
        for each in agreement.amendments
        if each.amount_before is not None and each.amount_after is not None
    ]
    first = changes[0][1] if changes else money.amount
    yield Inflow(agreement.number, signed, first, money.currency)
    for on, before, after in changes:
        yield Inflow(agreement.number, on, EXACT.subtract(after, before), money.currency)


def receipts_of(agreement: Agreement) -> Iterator[Inflow]:
    """Yield what came in, on the days that it did."""
    currency = agreement.amount.currency if agreement.amount else None
    for receipt in agreement.receipts:
        yield Inflow(agreement.number, receipt.received_on, receipt.amount, currency)


@dataclass(frozen=True, slots=True)
class Geography:
    """Where things are, as far as it is known: country of a programme by its code, regions of a country."""

    countries: Mapping[str, str]
    regions: Mapping[str, frozenset[str]]

    def country_of(self, allocation: Allocation) -> str | None:
        """Return the country of the outcome that money is allocated to."""
        link = allocation.country_outcome
        return self.countries.get(link.programme) if link else None

    def is_in(self, country: str | None, region: str) -> bool:
        """Tell whether a country is known to be in a region."""
        return country is not None and region in self.regions.get(country, ())


class Slice(NamedTuple):
    """The part of all partnerships that a target is about; None restricts nothing."""

    outcome: str | None = None
    region: str | None = None
    kind: AgreementKind | None = None


def share_of(agreement: Agreement, part: Slice, where: Geography) -> tuple[Decimal, Decimal] | None:
    """Return how much of an agreement belongs to a part, as numerator and denominator.

    All of it where its scope lies within the part, nothing where it lies outside; else what is allocated within, of the
    amount. None where it may be spent within and without, and nothing is allocated yet.
    """
    if part.kind not in (None, agreement.kind):
        return Decimal(0), _WHOLE
    tests: list[_Fits] = []
    for lies_within, fits in _restrictions(agreement.scope, part, where):
        if lies_within is False:
            return Decimal(0), _WHOLE
        if lies_within is None:
            tests.append(fits)
    if not tests:
        return _WHOLE, _WHOLE
    if not agreement.allocations or agreement.amount is None:
        return None
    within = sum_of(each.amount for each in agreement.allocations if all(fits(each) for fits in tests))
    return within, agreement.amount.amount


def _restrictions(
    scope: EarmarkingScope, part: Slice, where: Geography
) -> Iterator[tuple[bool | None, _Fits]]:
    """Yield for each restriction of a part whether the scope lies within it, outside (False) or astride (None)."""
    if (outcome := part.outcome) is not None:
        codes = set(scope.programme_outcomes)

        def is_for(allocation: Allocation) -> bool:
            return allocation.programme_outcome is not None and allocation.programme_outcome.code == outcome

        yield _lies_within([code == outcome for code in codes]), is_for
    if (region := part.region) is not None:
        inside: list[bool | None] = [code == region for code in set(scope.regions)]
        inside += [
            where.is_in(country, region) if country in where.regions else None
            for country in set(scope.countries)
        ]

        def is_there(allocation: Allocation) -> bool:
            return where.is_in(where.country_of(allocation), region)

        yield _lies_within(inside), is_there


def _lies_within(inside: list[bool] | list[bool | None]) -> bool | None:
    """Return what all say; None where they differ, or one does not know, or there are none."""
    told = set(inside)
    return told.pop() if len(told) == 1 else None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a target is reached, in its currency; 1 is the whole.

    ``reached`` is None where nothing could be counted though there is something. ``without_rate`` could not be converted,
    and of ``undivided`` agreements it is not known how much belongs to the target.
    """

    target: Decimal
    reached: Decimal | None
    share: Decimal | None
    values: int
    without_rate: tuple[Inflow, ...] = ()
    undivided: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything there is was counted."""
        return not self.without_rate and not self.undivided


@dataclass(frozen=True, slots=True)
class Measured:
    """What a target is measured in and by: amount, currency, first and last day, and the part that it is about."""

    target: Decimal
    currency: str
    start: date
    end: date
    part: Slice = field(default_factory=Slice)


def progress(
    measured: Measured,
    agreements: Iterable[tuple[Agreement, Iterable[Inflow]]],
    table: RateTable,
    where: Geography,
) -> Progress:
    """Return how far a mobilisation target is reached (ILO PARDEV: approvals or receipts of a biennium).

    Args:
        measured: the target.
        agreements: each with what it brought, from ``approvals_of`` or ``receipts_of``.
        table: the rates of one source; that of the day applies.
        where: what is known of places.

    """
    total, values = Decimal(0), 0
    without_rate: list[Inflow] = []
    undivided: list[str] = []
    for agreement, inflows in agreements:
        within = [each for each in inflows if measured.start <= each.on <= measured.end]
        share = share_of(agreement, measured.part, where) if within else (Decimal(0), _WHOLE)
        if share is None:
            undivided.append(agreement.number)
            continue
        for inflow in within if share[0] else ():
            conversion = table.at(inflow.currency, measured.currency, inflow.on)
            if conversion is None:
                without_rate.append(inflow)
                continue
            total = EXACT.add(total, _part(inflow.amount, conversion, share))
            values += 1
    reached = None if not values and (without_rate or undivided) else total
    reached_share = None if reached is None else ratio(reached, measured.target)
    return Progress(
        measured.target, reached, reached_share, values, tuple(without_rate), tuple(sorted(undivided))
    )


def _part(amount: Decimal, conversion: Conversion, share: tuple[Decimal, Decimal]) -> Decimal:
    converted = EXACT.multiply(amount, conversion.rate)
    numerator, denominator = share
    if numerator == denominator:
        return converted
    return ratio(EXACT.multiply(converted, numerator), denominator) or Decimal(0)


@dataclass(frozen=True, slots=True)
class PoolContribution:
    """What an agreement brings into a pool: in its own currency, and in the pool's if there is a rate."""

    agreement: str
    tranches: tuple[int, ...]
    amount: Decimal
    currency: str | None
    signed_on: date | None
    conversion: Conversion | None

    @property
    def converted(self) -> Decimal | None:
        """The amount in the currency of the pool, None where there is no rate."""
        return None if self.conversion is None else EXACT.multiply(self.amount, self.conversion.rate)


@dataclass(frozen=True, slots=True)
class PoolBalance:
    """What is in a pool, what of it is allocated, and what is left, in its currency; a share of 1 is the whole.

    ``contributed`` is what could be converted. ``available`` is below zero where an agreement brought less than was
    allocated before.
    """

    contributions: tuple[PoolContribution, ...]
    carried_over: Decimal | None
    contributed: Decimal
    allocated: Decimal
    available: Decimal
    target: Decimal | None
    share_of_target: Decimal | None

    @property
    def money(self) -> Decimal:
        """What is in the pool, whether it is allocated or not."""
        return EXACT.add(self.allocated, self.available)


def pool_balance(
    pool: Pool, agreements: Iterable[Agreement], biennium: Biennium, table: RateTable
) -> PoolBalance:
    """Return what is in a pool (ILO PARDEV: supplementary account).

    It is what was carried over, and the tranches that contributing agreements owe in the biennium, converted at the rate
    of their signature. Of an agreement that was terminated only what was received for these tranches is in it. The
    target is reached by contributions alone.
    """
    contributions = tuple(
        contribution
        for agreement in agreements
        if agreement.pool == pool.code and agreement.state in COMMITTED
        for contribution in _contribution(agreement, pool, biennium, table)
    )
    contributed = sum_of(each.converted for each in contributions if each.converted is not None)
    allocated = sum_of(each.amount for each in pool.allocations)
    available = EXACT.subtract(EXACT.add(contributed, pool.carried_over or Decimal(0)), allocated)
    share = None if pool.target is None else ratio(contributed, pool.target)
    return PoolBalance(
        contributions, pool.carried_over, contributed, allocated, available, pool.target, share
    )


def _contribution(
    agreement: Agreement, pool: Pool, biennium: Biennium, table: RateTable
) -> Iterator[PoolContribution]:
    due = [each for each in agreement.tranches if biennium.start <= each.due_on <= biennium.end]
    numbers = tuple(sorted(each.number for each in due))
    if agreement.state == "terminated":
        amount = sum_of(each.amount for each in agreement.receipts if each.tranche in numbers)
    else:
        amount = sum_of(each.amount for each in due)
    if not amount:
        return
    currency = agreement.amount.currency if agreement.amount else None
    signed = agreement.signed_on
    conversion = table.at(currency, pool.currency, signed) if signed else None
    yield PoolContribution(agreement.number, numbers, amount, currency, signed, conversion)
