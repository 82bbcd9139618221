"""In which order gaps matter, by a stated rule: the weighted mean of what criteria give, from 0 to 1.

Source: ILO outcome-based work plans (gaps are prioritised); the criteria are those of ``PriorityWeight``, the formula is
ours: the sum of weight times value over the sum of the weights. Lists of fragile contexts change, so the newest one that
was published by a day is read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from shared.contracts.funding.v1 import PriorityCriterion, PriorityRule, PriorityWeight, WorkplanItem
from shared.contracts.projects.v1 import CountryProgramme, FragilityList
from shared.figures.exact import EXACT, ratio
from shared.figures.inflows import Terms, rounded
from shared.figures.rates import Conversion
from shared.figures.resources import PlanResources

PLACES = Decimal("0.000001")
"""Scores and values are told to six decimals, so that what looks like a tie is one."""

_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the work plans: country programmes by code, and the fragile contexts as of a day.

    ``fragile`` is None where no list was published by then; ``edition`` names the list that was read.
    """

    on: date
    programmes: Mapping[str, CountryProgramme]
    fragile: frozenset[str] | None = None
    edition: str | None = None

    def country_of(self, item: WorkplanItem) -> str | None:
        """Return the country of an item: its own, or that of its country programme."""
        if item.country is not None or item.country_outcome is None:
            return item.country
        programme = self.programmes.get(item.country_outcome.programme)
        return programme.country if programme else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the work plan of an outcome with its cost and gap, in a currency that all candidates have."""

    biennium: str
    outcome: str
    item: WorkplanItem
    cost: Decimal | None
    gap: Decimal | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is told by, and put in order by where priorities are the same."""
        return self.biennium, self.outcome, self.item.code


@dataclass(frozen=True, slots=True)
class Part:
    """What a criterion gives, 0 to 1, and its weight; ``value`` is None where it cannot be told."""

    criterion: PriorityCriterion
    weight: Decimal
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Priority:
    """A candidate with its score, 0 to 1, None where a part of it cannot be told."""

    candidate: Candidate
    score: Decimal | None
    parts: tuple[Part, ...]

    @property
    def unknown(self) -> tuple[PriorityCriterion, ...]:
        """Criteria that cannot be told."""
        return tuple(part.criterion for part in self.parts if part.value is None)


def context_on(on: date, lists: Iterable[FragilityList], programmes: Iterable[CountryProgramme]) -> Context:
    """Return what is known as of a day: the newest list that was published by then, of two on a day the later edition."""
    published = [each for each in lists if each.published <= on]
    newest = max(published, key=lambda each: (each.published, each.edition), default=None)
    return Context(
        on,
        {programme.code: programme for programme in programmes},
        None if newest is None else frozenset(context.country for context in newest.contexts),
        None if newest is None else newest.edition,
    )


def candidates_of(
    plans: Iterable[PlanResources], currency: str, terms: Terms
) -> tuple[list[Candidate], dict[str, Decimal]]:
    """Return the items of plans in one currency, and by outcome what is firm for it and none of its items.

    A plan in another currency is told at the latest rate, provisionally; without one its costs and gaps are not known.
    """
    found: list[Candidate] = []
    unplaced: dict[str, Decimal] = {}
    for made in plans:
        plan = made.plan
        conversion = terms.table.planned(plan.currency, currency, None, terms.today)
        unplaced[plan.outcome] = _converted(made.unplaced, conversion, currency) or _ZERO
        for each in made.items:
            amounts = (each.resources.cost, each.resources.gap)
            cost, gap = (_converted(amount, conversion, currency) for amount in amounts)
            found.append(Candidate(plan.biennium, plan.outcome, each.item, cost, gap))
    return found, unplaced


def priorities(candidates: Sequence[Candidate], rule: PriorityRule, context: Context) -> list[Priority]:
    """Return the candidates with their priority, the highest first, ties by key, those without a score last (ours).

    Args:
        candidates: all that are compared with one another: the largest gap among them measures ``gap-size``.
        rule: criteria and weights.
        context: what is known beside.

    """
    largest = max((each.gap for each in candidates if each.gap is not None), default=_ZERO)
    made = [_priority(each, rule, context, largest) for each in candidates]
    return sorted(made, key=lambda each: (each.score is None, -(each.score or _ZERO), each.candidate.key))


def _converted(amount: Decimal | None, conversion: Conversion | None, currency: str) -> Decimal | None:
    return None if amount is None or conversion is None else rounded(amount, conversion, currency)


def _priority(candidate: Candidate, rule: PriorityRule, context: Context, largest: Decimal) -> Priority:
    parts = tuple(
        Part(weight.criterion, weight.weight, _VALUES[weight.criterion](candidate, weight, context, largest))
        for weight in rule.weights
    )
    if candidate.gap is None:
        return Priority(candidate, None, parts)
    total, weights = _ZERO, _ZERO
    for part in parts:
        if part.value is None:
            return Priority(candidate, None, parts)
        total = EXACT.add(total, EXACT.multiply(part.weight, part.value))
        weights = EXACT.add(weights, part.weight)
    return Priority(candidate, _told(ratio(total, weights)), parts)


def _gap_share(
    candidate: Candidate, _weight: PriorityWeight, _context: Context, _largest: Decimal
) -> Decimal | None:
    if candidate.gap is None or candidate.cost is None:
        return None
    return _told(ratio(max(candidate.gap, _ZERO), candidate.cost))


def _gap_size(
    candidate: Candidate, _weight: PriorityWeight, _context: Context, largest: Decimal
) -> Decimal | None:
    if candidate.gap is None:
        return None
    return _told(ratio(max(candidate.gap, _ZERO), max(largest, _ZERO)))


def _fragile_context(
    candidate: Candidate, _weight: PriorityWeight, context: Context, _largest: Decimal
) -> Decimal | None:
    """Return 1 for a country of the list; what is in no country is in no fragile context."""
    country = context.country_of(candidate.item)
    if country is None and candidate.item.country_outcome is None:
        return _ZERO
    if country is None or context.fragile is None:
        return None
    return _ONE if country in context.fragile else _ZERO


def _country_programme_active(
    candidate: Candidate, _weight: PriorityWeight, context: Context, _largest: Decimal
) -> Decimal | None:
    """Return 1 if the item's country programme, or one of its country where it names none, is active on the day."""
    item = candidate.item
    if item.country_outcome is not None:
        programme = context.programmes.get(item.country_outcome.programme)
        return None if programme is None else _flag(_is_active(programme, context.on))
    return _flag(
        any(
            each.country == item.country and _is_active(each, context.on)
            for each in context.programmes.values()
        )
    )


def _programme_outcome(
    candidate: Candidate, weight: PriorityWeight, _context: Context, _largest: Decimal
) -> Decimal:
    told = {each.programme_outcome: each.value for each in weight.outcomes}
    return told.get(candidate.outcome, _ZERO)


_VALUES: Mapping[
    PriorityCriterion, Callable[[Candidate, PriorityWeight, Context, Decimal], Decimal | None]
] = {
    "gap-share": _gap_share,
    "gap-size": _gap_size,
    "fragile-context": _fragile_context,
    "country-programme-active": _country_programme_active,
    "programme-outcome": _programme_outcome,
}


def _is_active(programme: CountryProgramme, on: date) -> bool:
    return programme.status == "active" and programme.period_start <= on <= programme.period_end


def _flag(value: bool) -> Decimal:
    return _ONE if value else _ZERO


def _told(value: Decimal | None) -> Decimal:
    """Return a value to six decimals; nothing of nothing is nothing."""
    return _ZERO if value is None else value.quantize(PLACES, ROUND_HALF_EVEN)
