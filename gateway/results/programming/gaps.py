"""Gaps of work plans, by the rules of ``shared/figures/resources`` and ``priorities``, and the page of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import AGREEMENTS, PLEDGES, POOLS, PROPOSALS, country_outcome_key
from gateway.results.documents import about
from gateway.results.programming.gap_schemas import (
    GapExpected,
    GapFigures,
    GapItem,
    GapMissing,
    GapOutcome,
    GapPipeline,
    GapPriority,
    GapSource,
)
from gateway.results.terms import Terms
from shared.contracts.funding.v1 import Agreement, Workplan
from shared.contracts.iati import Narratives
from shared.figures.inflows import Known, rounded
from shared.figures.inflows import Terms as PlanTerms
from shared.figures.priorities import Priority
from shared.figures.rates import Conversion, RateTable
from shared.figures.resources import ItemResources, Pipeline, PlanResources, Resources, plan_resources

ZERO = Decimal(0)
Key = tuple[str, str, str]
"""Biennium, outcome and item."""


@dataclass(frozen=True, slots=True)
class Lens:
    """How a page looks at money: in which terms, at which rates, and how likely what may come is.

    Work plans are told in the reporting currency of the terms, without one in their own.
    """

    terms: Terms
    table: RateTable
    probabilities: Mapping[str, Decimal]

    @property
    def plan_terms(self) -> PlanTerms:
        """The terms that the rule of resources takes."""
        return PlanTerms(self.table, self.terms.today, self.probabilities)


@dataclass(frozen=True, slots=True)
class Seen:
    """A work plan with its resources, and the currency that they are told in; ``conversion`` is None without a rate."""

    made: PlanResources
    currency: str
    conversion: Conversion | None

    @property
    def plan(self) -> Workplan:
        """The work plan."""
        return self.made.plan

    def told(self, resources: Resources) -> GapFigures:
        """Return resources as pages tell them: in the reporting currency as ``shared/figures/priorities`` has it."""
        if self.conversion is None:
            unknown = (*resources.unknown, f"rate/{self.plan.currency}")
            return GapFigures(currency=self.currency, missing=_missing(resources), unknown=list(unknown))
        amounts = {name: self.amount(getattr(resources, name)) for name in ("cost", "firm", "gap")}
        return GapFigures(
            currency=self.currency,
            provisional=self.conversion.provisional,
            by_source=[
                GapSource(
                    source=each.source,
                    amount=self.amount(each.amount),
                    known=self.amount(each.known) or ZERO,
                )
                for each in resources.by_source
            ],
            missing=_missing(resources),
            unknown=list(resources.unknown),
            pipeline=self._pipeline(resources.pipeline),
            **amounts,
        )

    def amount(self, amount: Decimal | None) -> Decimal | None:
        """Return an amount of the plan in the currency that it is told in, None without a rate."""
        if amount is None or self.conversion is None:
            return None
        return rounded(amount, self.conversion, self.currency)

    def _pipeline(self, pipeline: Pipeline) -> GapPipeline:
        sums = {
            name: self.amount(getattr(pipeline, name)) or ZERO
            for name in ("amount", "weighted", "pledged", "pledged_weighted")
        }
        return GapPipeline(
            by_probability=[
                GapExpected(probability=each.probability, amount=self.amount(each.amount) or ZERO)
                for each in pipeline.by_probability
            ],
            missing=[GapMissing.model_validate(each) for each in pipeline.missing],
            unknown=list(pipeline.unknown),
            **sums,
        )


async def seen(session: AsyncSession, plans: Sequence[Workplan], lens: Lens) -> list[Seen]:
    """Return work plans with their resources, in the order that they come in; the money is read once for all."""
    if not plans:
        return []
    known, terms = await _known(session, plans), lens.plan_terms
    made = []
    for plan in plans:
        currency = lens.terms.currency or plan.currency
        conversion = lens.table.planned(plan.currency, currency, None, terms.today)
        made.append(Seen(plan_resources(plan, known, terms), currency, conversion))
    return made


async def _known(session: AsyncSession, plans: Sequence[Workplan]) -> Known:
    """Return the money that may be for some work plans: what is allocated to them, drafts, pools, pledges, proposals."""
    outcomes = sorted({plan.identifier for plan in plans})
    bienniums = sorted({plan.biennium for plan in plans})
    proposals = await about(session, PROPOSALS, "outcome", outcomes)
    agreements: dict[str, Agreement] = {}
    for relation, keys in (
        ("outcome", outcomes),
        ("state", ["draft"]),
        ("proposal", [each.identifier for each in proposals]),
    ):
        agreements |= {each.number: each for each in await about(session, AGREEMENTS, relation, keys)}
    return Known(
        agreements=list(agreements.values()),
        pools=await about(session, POOLS, "biennium", bienniums),
        pledges=await about(session, PLEDGES, "biennium", bienniums),
        proposals=proposals,
    )


def _missing(resources: Resources) -> list[GapMissing]:
    return [GapMissing.model_validate(each) for each in resources.missing]


def gap_item(
    view: Seen, made: ItemResources, country: str | None, priority: Priority | None = None
) -> GapItem:
    """Return an item of a work plan as pages tell it."""
    item = made.item
    return GapItem(
        biennium=view.plan.biennium,
        outcome=view.plan.outcome,
        code=item.code,
        kind=item.kind,
        titles=item.titles,
        country=country or item.country,
        country_outcome=country_outcome_key(item.country_outcome) if item.country_outcome else None,
        resources=view.told(made.resources),
        priority=None if priority is None else GapPriority.model_validate(priority),
    )


def gap_outcome(view: Seen, titles: Mapping[str, Narratives]) -> GapOutcome:
    """Return the figures of an outcome whole."""
    return GapOutcome(
        outcome=view.plan.outcome,
        titles=titles.get(view.plan.outcome, ()),
        resources=view.told(view.made.whole),
        unplaced=view.amount(view.made.unplaced),
    )


def items_of(views: Iterable[Seen], country_outcomes: Iterable[str]) -> dict[str, list[GapItem]]:
    """Return the items that are for some country outcomes, by the key of the country outcome."""
    wanted = set(country_outcomes)
    made: dict[str, list[GapItem]] = {}
    for view in views:
        for each in view.made.items:
            link = each.item.country_outcome
            if link and (key := country_outcome_key(link)) in wanted:
                made.setdefault(key, []).append(gap_item(view, each, each.item.country))
    return made
