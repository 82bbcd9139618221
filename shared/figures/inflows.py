"""What an outcome's work plan can count on, one by one: firm resources, and what may come.

Source: ILO outcome-based work plans; IATI guidance (financial transactions: stages are never added up). Firm is what was
planned from the regular budget (RB, RBTC) or allocated by a decision, from a pool (RBSA) or an agreement (XBTC). What
may come binds nobody: drafts of agreements, proposals and pledges stand apart, each with its probability.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal, Protocol

from shared.contracts.funding.v1 import Agreement, Allocation, Pledge, Pool, Workplan
from shared.contracts.iati import Money
from shared.contracts.projects.v1 import CountryOutcomeLink, ProgrammeOutcomeLink, ProposalPeriod
from shared.figures.biennium import biennium_named, by_biennium
from shared.figures.converted import Dated, conversion_of
from shared.figures.exact import EXACT
from shared.figures.partnerships import COMMITTED
from shared.figures.rates import Conversion, RateTable
from shared.figures.shares import currency_places

FirmSource = Literal["RB", "RBTC", "RBSA", "XBTC"]
FIRM_SOURCES: tuple[FirmSource, ...] = ("RB", "RBTC", "RBSA", "XBTC")

FIRM_STATES = ("signed", "active", "suspended", "completed")
"""States of an agreement whose allocations are firm, whole."""

DRAFT_AGREEMENT = "agreement"
PROBABILITIES: Mapping[str, Decimal] = {
    "concept": Decimal("0.1"),
    "draft": Decimal("0.2"),
    "returned": Decimal("0.2"),
    "submitted-for-appraisal": Decimal("0.3"),
    "passed": Decimal("0.5"),
    "submitted-to-donor": Decimal("0.7"),
    "approved": Decimal("0.9"),
    DRAFT_AGREEMENT: Decimal("0.8"),
}
"""How likely it is that a proposal of a state, or the draft of an agreement, brings money. A proposal of any other state
is either over or funded. The figures are ours; another table may be given."""

_WHOLE = Decimal(100)
_ROUNDED = Context(prec=400, rounding=ROUND_HALF_EVEN)


class Proposed(Protocol):
    """What is needed of a proposal."""

    @property
    def identifier(self) -> str:
        """Its name."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def amount(self) -> Money | None:
        """What is asked for."""

    @property
    def period(self) -> ProposalPeriod | None:
        """The days that it is for."""

    @property
    def programme_outcomes(self) -> tuple[ProgrammeOutcomeLink, ...]:
        """What it is for."""

    @property
    def country_outcomes(self) -> tuple[CountryOutcomeLink, ...]:
        """What it is for in the countries."""


@dataclass(frozen=True, slots=True)
class Known:
    """The money that is known of, whatever it is for."""

    agreements: Sequence[Agreement] = ()
    pools: Sequence[Pool] = ()
    pledges: Sequence[Pledge] = ()
    proposals: Sequence[Proposed] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """By which rates money is told in the plan's currency, as of which day, and how likely what may come is."""

    table: RateTable
    today: date
    probabilities: Mapping[str, Decimal] = field(default_factory=lambda: PROBABILITIES)


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in its own currency and, as ``value``, in that of the plan, rounded to its minor unit.

    ``value`` is None where the amount is not known or there is no rate.
    """

    amount: Decimal | None
    currency: str | None
    valued_on: date | None
    value: Decimal | None
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True)
class FirmInput:
    """A firm resource of a plan: from where, by which allocation, and for which item (None for the outcome alone)."""

    source: FirmSource
    identifier: str
    item: str | None
    money: Converted
    allocation: str | None = None


InflowKind = Literal["agreement", "proposal", "pledge"]


@dataclass(frozen=True, slots=True)
class PipelineInput:
    """What may come: ``money`` is the part that falls in the biennium, ``probability`` from 0 to 1.

    A pledge without a told probability is listed and never weighed.
    """

    kind: InflowKind
    identifier: str
    state: str
    item: str | None
    money: Converted
    probability: Decimal | None

    @property
    def weighted(self) -> Decimal | None:
        """What of it is expected, None where that cannot be told."""
        if self.money.value is None or self.probability is None:
            return None
        return EXACT.multiply(self.money.value, self.probability)


def firm_inputs(plan: Workplan, known: Known, terms: Terms) -> Iterator[FirmInput]:
    """Yield each firm resource of a plan once, the plan's own first (ILO outcome-based work plans).

    An allocation counts for the item that it names, or whose country outcome it names; else for the outcome alone. Of a
    terminated agreement allocations count in order of decision up to what was received, the rest is not firm (ours).
    """
    for item in plan.items:
        for resource in item.resources:
            money = Converted(resource.amount, plan.currency, None, resource.amount)
            yield FirmInput(resource.source, plan.identifier, item.code, money)
    for pool in sorted(known.pools, key=lambda each: each.identifier):
        yield from _allocated(plan, "RBSA", pool.identifier, pool.currency, pool.allocations, terms)
    for agreement in sorted(known.agreements, key=lambda each: each.number):
        currency = agreement.amount.currency if agreement.amount else None
        yield from _allocated(plan, "XBTC", agreement.number, currency, firm_allocations(agreement), terms)


def firm_allocations(agreement: Agreement) -> Iterator[Allocation]:
    """Yield the allocations of an agreement that are firm, cut where a terminated one did not receive enough (ours)."""
    if agreement.state in FIRM_STATES:
        yield from agreement.allocations
    if agreement.state != "terminated":
        return
    left = Decimal(0)
    for receipt in agreement.receipts:
        left = EXACT.add(left, receipt.amount)
    for allocation in sorted(agreement.allocations, key=lambda each: (each.decided_on, each.code)):
        if part := min(left, allocation.amount):
            left = EXACT.subtract(left, part)
            yield allocation.model_copy(update={"amount": part})


def pipeline_inputs(plan: Workplan, known: Known, terms: Terms) -> Iterator[PipelineInput]:
    """Yield what may come for a plan's outcome and no other (ours).

    What is for several outcomes, or for none that is named, is nobody's yet: no division of it is made up.
    """
    yield from _drafts(plan, known.agreements, terms)
    paid = {
        proposal
        for agreement in known.agreements
        if agreement.state in COMMITTED
        for proposal in agreement.proposals
    }
    for proposal in sorted(known.proposals, key=lambda each: each.identifier):
        probability = terms.probabilities.get(proposal.state)
        links = {(link.biennium, link.code) for link in proposal.programme_outcomes}
        here = {link for link in links if link[0] == plan.biennium}
        if probability is None or proposal.identifier in paid or here != {(plan.biennium, plan.outcome)}:
            continue
        start, end = (proposal.period.start, proposal.period.end) if proposal.period else (None, None)
        money = _within(plan, proposal.amount, start, end, terms)
        if money is not None:
            item = _item_of(plan, proposal.country_outcomes)
            yield PipelineInput("proposal", proposal.identifier, proposal.state, item, money, probability)
    for pledge in sorted(known.pledges, key=lambda each: each.identifier):
        is_here = pledge.biennium == plan.biennium and pledge.scope.programme_outcomes == (plan.outcome,)
        if pledge.state == "open" and pledge.pool is None and is_here:
            dated = (pledge.amount.amount, pledge.amount.currency, pledge.pledged_on)
            money = in_plan(plan, *dated, terms, planned=True)
            yield PipelineInput("pledge", pledge.identifier, pledge.state, None, money, _fraction(pledge))


def in_plan(  # noqa: PLR0913
    plan: Workplan,
    amount: Decimal,
    currency: str | None,
    valued_on: date | None,
    terms: Terms,
    *,
    planned: bool = False,
) -> Converted:
    """Return an amount in the plan's currency, at the rate of its day (IATI: value date); zero needs no rate."""
    dated = Dated(currency, valued_on, amount, planned)
    conversion = conversion_of(dated, plan.currency, terms.table, today=terms.today)
    if conversion is None:
        return Converted(amount, currency, valued_on, None if amount else Decimal(0))
    return Converted(amount, currency, valued_on, rounded(amount, conversion, plan.currency), conversion)


def rounded(amount: Decimal, conversion: Conversion, currency: str) -> Decimal:
    """Return a converted amount in minor units, so that what is listed adds up to its total; none is lost at rate 1."""
    value = EXACT.multiply(amount, conversion.rate)
    if not conversion.legs:
        return value
    return value.quantize(Decimal(1).scaleb(-currency_places(currency)), context=_ROUNDED)


def _allocated(  # noqa: PLR0913
    plan: Workplan,
    source: FirmSource,
    identifier: str,
    currency: str | None,
    allocations: Iterable[Allocation],
    terms: Terms,
) -> Iterator[FirmInput]:
    for allocation in allocations:
        target = allocation.programme_outcome
        if target is not None and (target.biennium, target.code) == (plan.biennium, plan.outcome):
            money = in_plan(plan, allocation.amount, currency, allocation.decided_on, terms)
            yield FirmInput(source, identifier, item_of(plan, allocation), money, allocation.code)


def item_of(plan: Workplan, allocation: Allocation) -> str | None:
    """Return the item that an allocation to a plan's outcome is for, None where it is for the outcome alone."""
    for item in plan.items:
        if allocation.item is not None and item.code == allocation.item:
            return item.code
    if allocation.country_outcome is None:
        return None
    return _item_of(plan, [allocation.country_outcome])


def _item_of(plan: Workplan, links: Sequence[CountryOutcomeLink]) -> str | None:
    if len(links) != 1:
        return None
    return next((item.code for item in plan.items if item.country_outcome == links[0]), None)


def _drafts(plan: Workplan, agreements: Iterable[Agreement], terms: Terms) -> Iterator[PipelineInput]:
    """Yield drafts for this outcome alone; one that names proposals is told by these."""
    for agreement in sorted(agreements, key=lambda each: each.number):
        is_own = agreement.state == "draft" and not agreement.proposals and agreement.pool is None
        if not is_own or agreement.scope.programme_outcomes != (plan.outcome,):
            continue
        period = (agreement.effective_from, agreement.effective_to)
        money = _within(plan, agreement.amount, *period, terms)
        if money is not None:
            probability = terms.probabilities.get(DRAFT_AGREEMENT)
            yield PipelineInput("agreement", agreement.number, "draft", None, money, probability)


def _within(
    plan: Workplan, money: Money | None, start: date | None, end: date | None, terms: Terms
) -> Converted | None:
    """Return what of an amount falls in the plan's biennium by days, None where nothing does.

    An amount that is not known, or whose period is not, is told without a value.
    """
    if money is None or start is None or end is None:
        return Converted(None, money.currency if money else None, None, None)
    biennium = biennium_named(plan.biennium)
    parts = dict(by_biennium(money.amount, start, end, places=currency_places(money.currency)))
    if biennium not in parts:
        return None
    return in_plan(plan, parts[biennium], money.currency, money.value_date, terms, planned=True)


def _fraction(pledge: Pledge) -> Decimal | None:
    return None if pledge.probability is None else EXACT.divide(pledge.probability, _WHOLE)
