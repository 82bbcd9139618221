"""How gaps could be filled with money that is not allocated yet, in order of priority and within its earmarking.

Source: ILO outcome-based work plans; the procedure is ours. For each gap in order of priority the most tightly earmarked
money that covers it goes first and un-earmarked money last, so that what can be used for anything is left for longest.
Money never goes where its scope does not reach, never beyond what is left of it, and never beyond the gap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context, Decimal
from typing import Literal

from shared.contracts.funding.v1 import Agreement, EarmarkingScope, Pool
from shared.figures.biennium import Biennium
from shared.figures.exact import EXACT
from shared.figures.inflows import rounded
from shared.figures.partnerships import unallocated
from shared.figures.priorities import Priority
from shared.figures.rates import Conversion
from shared.figures.shares import currency_places

ALLOCATING = ("signed", "active")
"""States of an agreement whose money may be allocated."""

_DOWN = Context(prec=400, rounding=ROUND_DOWN)
_ZERO = Decimal(0)
_RESTRICTED, _UNRESTRICTED = 3, 2
"""How tight money is taken to be whose aid types do not say it: by whether its scope restricts it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is: its country and the regions that it belongs to; of a global product neither is known."""

    country: str | None
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """Money that is left of an agreement or a pool, in its own currency.

    ``conversion`` leads into the currency of the gaps, None without a rate: such money is not used. ``tightness`` is the
    earmarking category, 1 to 4, and 0 for a pool.
    """

    kind: Literal["agreement", "pool"]
    identifier: str
    currency: str
    left: Decimal
    scope: EarmarkingScope
    tightness: int
    conversion: Conversion | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is told by."""
        return self.kind, self.identifier


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap to be filled, its place, and how much of it no firm money of the outcome waits for already."""

    priority: Priority
    place: Place
    gap: Decimal
    fillable: Decimal

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is told by."""
        return self.priority.candidate.key


@dataclass(frozen=True, slots=True)
class Filling:
    """An amount for a gap: ``amount`` in the currency of the source, ``value`` in that of the gaps."""

    gap: tuple[str, str, str]
    source: tuple[str, str]
    amount: Decimal
    value: Decimal


def covers(scope: EarmarkingScope, outcome: str, place: Place) -> bool:
    """Tell whether money of a scope may be spent on an outcome in a place (Grand Bargain: earmarking).

    A place fits by its country or one of its regions; what is in no place is covered by no scope that names places.
    """
    if scope.programme_outcomes and outcome not in scope.programme_outcomes:
        return False
    if not scope.countries and not scope.regions:
        return True
    return place.country in scope.countries or not place.regions.isdisjoint(scope.regions)


def source_of_agreement(agreement: Agreement, biennium: Biennium) -> Source | None:
    """Return what is left of an agreement, None where nothing may be allocated for the biennium (ours).

    That is so before it is signed and once it is suspended or over, outside its effective period, and where it
    contributes to a pool.
    """
    money = agreement.amount
    if agreement.state not in ALLOCATING or money is None or not money.currency:
        return None
    begins_later = agreement.effective_from is not None and agreement.effective_from > biennium.end
    ended = agreement.effective_to is not None and agreement.effective_to < biennium.start
    left = unallocated(agreement)
    if begins_later or ended or left <= 0:
        return None
    return Source("agreement", agreement.number, money.currency, left, agreement.scope, _tightness(agreement))


def source_of_pool(pool: Pool, left: Decimal) -> Source | None:
    """Return what is left of a pool, None where nothing is."""
    scope = EarmarkingScope(countries=pool.countries)
    return Source("pool", pool.identifier, pool.currency, left, scope, 0) if left > 0 else None


def open_gaps(
    ordered: Sequence[Priority], places: Mapping[tuple[str, str, str], Place], unplaced: Mapping[str, Decimal]
) -> list[OpenGap]:
    """Return the gaps above zero that have a priority, in that order.

    Firm money that is for an outcome and none of its items is taken to wait for its first gaps, so that an outcome is
    not given more than it lacks (ours).

    Args:
        ordered: from ``priorities``.
        places: where each item is, by the key of its candidate.
        unplaced: that money by outcome, in the currency of the gaps.

    """
    waiting = dict(unplaced)
    found = []
    for priority in ordered:
        candidate = priority.candidate
        if priority.score is None or candidate.gap is None or candidate.gap <= 0:
            continue
        taken = min(waiting.get(candidate.outcome, _ZERO), candidate.gap)
        waiting[candidate.outcome] = EXACT.subtract(waiting.get(candidate.outcome, _ZERO), taken)
        fillable = EXACT.subtract(candidate.gap, taken)
        found.append(OpenGap(priority, places[candidate.key], candidate.gap, fillable))
    return found


def fillings(gaps: Iterable[OpenGap], sources: Iterable[Source], currency: str) -> list[Filling]:
    """Return how sources would fill gaps (ours).

    A source gives all that is left of it, or what is lacking, in its currency rounded down to the minor unit: neither a
    source nor a gap is exceeded.

    Args:
        gaps: in any order; they are filled from the highest priority on, ties by key.
        sources: in any order; those without a rate are passed over.
        currency: of the gaps.

    """
    convertible = sorted((each for each in sources if each.conversion is not None), key=_order)
    left = {source.key: _down(source.left, source.currency) for source in convertible}
    made = []
    for gap in sorted(gaps, key=lambda each: (-(each.priority.score or _ZERO), each.key)):
        lacking = _down(gap.fillable, currency)
        for source in convertible:
            if not covers(source.scope, gap.priority.candidate.outcome, gap.place):
                continue
            amount, value = _draft(lacking, left[source.key], source, currency)
            if value <= 0 or amount <= 0:
                continue
            left[source.key] = EXACT.subtract(left[source.key], amount)
            lacking = EXACT.subtract(lacking, value)
            made.append(Filling(gap.key, source.key, amount, value))
    return made


def left_over(sources: Iterable[Source], made: Iterable[Filling]) -> list[Source]:
    """Return the sources with what would be left of each, those of which nothing is among them."""
    used: dict[tuple[str, str], Decimal] = {}
    for filling in made:
        used[filling.source] = EXACT.add(used.get(filling.source, _ZERO), filling.amount)
    return [
        replace(source, left=EXACT.subtract(source.left, used.get(source.key, _ZERO))) for source in sources
    ]


def _order(source: Source) -> tuple[int, int, bool, int, tuple[str, str]]:
    """Return what sources are sorted by: the tightest first, of these the one with the narrowest scope.

    Narrower is what is bound to outcome and place, then what is bound to countries alone, then to fewer of them.
    """
    scope = source.scope
    restrictions = bool(scope.programme_outcomes) + bool(scope.countries or scope.regions)
    breadth = len(scope.programme_outcomes) + len(scope.countries) + len(scope.regions)
    return -source.tightness, -restrictions, bool(scope.regions), breadth, source.key


def _tightness(agreement: Agreement) -> int:
    if agreement.earmarking is not None:
        return int(agreement.earmarking.category)
    scope = agreement.scope
    is_restricted = bool(scope.programme_outcomes or scope.countries or scope.regions)
    return _RESTRICTED if is_restricted else _UNRESTRICTED


def _draft(lacking: Decimal, left: Decimal, source: Source, currency: str) -> tuple[Decimal, Decimal]:
    """Return what a source gives for what is lacking, in its own currency and in that of the gaps.

    All that is left if that is not too much; else what is lacking, rounded down in both.
    """
    if source.conversion is None:
        raise ValueError(f"{source.identifier} has no rate")
    value = rounded(left, source.conversion, currency)
    if value <= lacking:
        return left, value
    amount = _down(_DOWN.divide(lacking, source.conversion.rate), source.currency)
    return min(amount, left), lacking


def _down(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-currency_places(currency)), context=_DOWN)
