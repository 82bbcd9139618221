"""What the work for an outcome costs, what is firm, what may come, and the gap: by item and for the outcome.

Source: ILO outcome-based work plans; the formula is ours and that of ``shared.figures.workplan``: cost less what is firm.
Nothing counts twice: an allocation to an item counts there and in the outcome once, one to the outcome alone in no item.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.contracts.funding.v1 import Workplan, WorkplanItem
from shared.figures.converted import Missing
from shared.figures.exact import EXACT
from shared.figures.inflows import (
    FIRM_SOURCES,
    Converted,
    FirmInput,
    FirmSource,
    Known,
    PipelineInput,
    Terms,
    firm_inputs,
    pipeline_inputs,
)
from shared.figures.workplan import firm_and_gap


@dataclass(frozen=True, slots=True)
class SourceAmount:
    """What comes from a source: ``amount`` is None where a part of it is not known, ``known`` is what is."""

    source: FirmSource
    amount: Decimal | None
    known: Decimal


@dataclass(frozen=True, slots=True)
class Expected:
    """What may come, of one probability; that is None where nobody tells it, and nothing is then expected."""

    probability: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What may come, pledges apart from agreements and proposals: whole, and weighed by its probability.

    Amounts are of what is known: ``missing`` is what has no rate, and ``unknown`` names what has no amount or period.
    """

    amount: Decimal
    weighted: Decimal
    pledged: Decimal
    pledged_weighted: Decimal
    by_probability: tuple[Expected, ...]
    missing: tuple[Missing, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """Cost, firm resources, gap and pipeline, in the currency of the plan; a gap below zero is a surplus.

    ``firm`` and ``gap`` are None where something that they need is not known: ``unknown`` names it, and ``missing`` are
    the amounts that have no rate.
    """

    cost: Decimal | None
    firm: Decimal | None
    gap: Decimal | None
    by_source: tuple[SourceAmount, ...]
    missing: tuple[Missing, ...]
    unknown: tuple[str, ...]
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class ItemResources:
    """An item with its resources."""

    item: WorkplanItem
    resources: Resources


@dataclass(frozen=True, slots=True)
class PlanResources:
    """A plan with its resources: of each item, of the outcome whole, and every input that they were added up from."""

    plan: Workplan
    items: tuple[ItemResources, ...]
    whole: Resources
    firm: tuple[FirmInput, ...]
    pipeline: tuple[PipelineInput, ...]

    @property
    def unplaced(self) -> Decimal:
        """What is firm for the outcome and for none of its items, as far as it is known."""
        return _sum(each.money.value for each in self.firm if each.item is None)


def plan_resources(plan: Workplan, known: Known, terms: Terms) -> PlanResources:
    """Return the resources of a work plan (ILO outcome-based work plans; formula ours).

    Args:
        plan: costs, and what is planned from the regular budget.
        known: agreements, pools, pledges and proposals, each once; those for other outcomes are passed over.
        terms: rates, the day, and probabilities.

    """
    firm = tuple(firm_inputs(plan, known, terms))
    pipeline = tuple(pipeline_inputs(plan, known, terms))
    items = tuple(
        ItemResources(
            item,
            _resources(
                [item],
                [each for each in firm if each.item == item.code],
                [each for each in pipeline if each.item == item.code],
            ),
        )
        for item in plan.items
    )
    return PlanResources(plan, items, _resources(plan.items, firm, pipeline), firm, pipeline)


def _resources(
    items: Sequence[WorkplanItem], firm: Sequence[FirmInput], pipeline: Sequence[PipelineInput]
) -> Resources:
    costs = [item.cost for item in items]
    cost = None if None in costs or not costs else _sum(costs)
    total, gap = firm_and_gap(cost, [each.money.value for each in firm])
    unknown = [f"cost/{item.code}" for item in items if item.cost is None] if items else ["cost"]
    unknown += [_name(each) for each in firm if each.money.amount is None]
    return Resources(
        cost=cost,
        firm=total,
        gap=gap,
        by_source=tuple(
            _of_source(source, [each.money for each in firm if each.source == source])
            for source in FIRM_SOURCES
        ),
        missing=_missing(each.money for each in firm),
        unknown=tuple(unknown),
        pipeline=_pipeline(pipeline),
    )


def _of_source(source: FirmSource, money: Sequence[Converted]) -> SourceAmount:
    values = [each.value for each in money]
    known = _sum(values)
    return SourceAmount(source, None if None in values else known, known)


def _pipeline(inputs: Sequence[PipelineInput]) -> Pipeline:
    pledges = [each for each in inputs if each.kind == "pledge"]
    others = [each for each in inputs if each.kind != "pledge"]
    probabilities = {each.probability for each in inputs}
    in_order = sorted(probabilities, key=lambda each: Decimal(-1) if each is None else each, reverse=True)
    return Pipeline(
        amount=_sum(each.money.value for each in others),
        weighted=_sum(each.weighted for each in others),
        pledged=_sum(each.money.value for each in pledges),
        pledged_weighted=_sum(each.weighted for each in pledges),
        by_probability=tuple(
            Expected(
                probability, _sum(each.money.value for each in inputs if each.probability == probability)
            )
            for probability in in_order
        ),
        missing=_missing(each.money for each in inputs),
        unknown=tuple(f"{each.kind}/{each.identifier}" for each in inputs if each.money.amount is None),
    )


def _missing(money: Iterable[Converted]) -> tuple[Missing, ...]:
    """Return what is known in a currency that has no rate, by currency."""
    sums: dict[str | None, tuple[Decimal, int]] = {}
    for each in money:
        if each.amount is not None and each.value is None:
            amount, values = sums.get(each.currency, (Decimal(0), 0))
            sums[each.currency] = EXACT.add(amount, each.amount), values + 1
    return tuple(Missing(currency, *sums[currency]) for currency in sorted(sums, key=lambda each: each or ""))


def _name(each: FirmInput) -> str:
    return f"{each.source}/{each.item or each.identifier}"


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount or Decimal(0))
    return total
