"""What the routes of work plans and scenarios answer."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.funding.v1 import AllocationTarget, Scenario, ScenarioGap
from shared.contracts.projects.v1 import CountryOutcomeLink, ProgrammeOutcomeLink
from shared.contracts.projects.v1.programming import Titles
from shared.figures.exact import EXACT
from shared.figures.formulas import FORMULAS, Formula
from shared.figures.inflows import FirmSource, InflowKind
from shared.figures.rates import RateKind
from shared.figures.resources import PlanResources


class Figure(BaseModel):
    """A figure as it is told."""

    model_config = ConfigDict(from_attributes=True)


class AppliedRate(Figure):
    """The exchange rate that was applied; a provisional one is the latest, for money to come."""

    rate: Decimal
    date: date
    source: str | None
    kind: RateKind | None
    provisional: bool


class InputMoney(Figure):
    """An amount in its own currency; ``value`` is that in the plan's, null where it is not known or has no rate."""

    amount: Decimal | None
    currency: str | None
    valued_on: date | None
    value: Decimal | None
    conversion: AppliedRate | None


class FirmResource(Figure):
    """A firm resource: where it is from, by which allocation, and for which item (null for the outcome alone)."""

    source: FirmSource
    identifier: str
    allocation: str | None
    item: str | None
    money: InputMoney


class PipelineResource(Figure):
    """What may come; ``probability`` is 0 to 1, null for a pledge of which it is not told."""

    kind: InflowKind
    identifier: str
    state: str
    item: str | None
    probability: Decimal | None
    money: InputMoney
    weighted: Decimal | None


class MissingRate(Figure):
    """Money of a currency that has no rate, and of how many values it is."""

    currency: str | None
    amount: Decimal
    values: int


class SourceTotal(Figure):
    """What comes from a source; ``amount`` is null where a part is not known, ``known`` is what is."""

    source: FirmSource
    amount: Decimal | None
    known: Decimal


class ProbabilityTotal(Figure):
    """What may come with one probability."""

    probability: Decimal | None
    amount: Decimal


class PipelineTotals(Figure):
    """What may come, pledges apart; it closes no gap."""

    amount: Decimal
    weighted: Decimal
    pledged: Decimal
    pledged_weighted: Decimal
    by_probability: list[ProbabilityTotal]
    missing: list[MissingRate]
    unknown: list[str]


class ResourceFigures(Figure):
    """Cost, firm resources and gap (below zero a surplus), null where ``unknown`` or ``missing`` keep it from being told."""

    cost: Decimal | None
    firm: Decimal | None
    gap: Decimal | None
    by_source: list[SourceTotal]
    missing: list[MissingRate]
    unknown: list[str]
    pipeline: PipelineTotals


class ItemResourceFigures(BaseModel):
    """The figures of one item."""

    code: str
    titles: Titles
    country_outcome: CountryOutcomeLink | None
    resources: ResourceFigures


class WorkplanResources(BaseModel):
    """The figures of a work plan and everything that they are made of, in the currency of the plan."""

    identifier: str
    version: int
    currency: str
    as_of: date
    rate_source: str
    items: list[ItemResourceFigures]
    whole: ResourceFigures
    firm: list[FirmResource]
    pipeline: list[PipelineResource]
    formulas: list[Formula]

    @classmethod
    def of(cls, made: PlanResources, *, version: int, as_of: date, rate_source: str) -> "WorkplanResources":
        """Return the figures of a plan as they are told."""
        return cls(
            identifier=made.plan.identifier,
            version=version,
            currency=made.plan.currency,
            as_of=as_of,
            rate_source=rate_source,
            items=[
                ItemResourceFigures(
                    code=each.item.code,
                    titles=each.item.titles,
                    country_outcome=each.item.country_outcome,
                    resources=ResourceFigures.model_validate(each.resources),
                )
                for each in made.items
            ],
            whole=ResourceFigures.model_validate(made.whole),
            firm=[FirmResource.model_validate(each) for each in made.firm],
            pipeline=[PipelineResource.model_validate(each) for each in made.pipeline],
            formulas=[FORMULAS[name] for name in ("resource-gap", "pipeline", "conversion")],
        )


class ComparedGap(BaseModel):
    """A gap in two scenarios, null in one that does not have it; ``difference`` is the other's ``after`` less the one's."""

    programme_outcome: ProgrammeOutcomeLink | None
    country_outcome: CountryOutcomeLink | None
    item: str | None
    before: Decimal | None
    after: Decimal | None
    other_before: Decimal | None
    other_after: Decimal | None
    difference: Decimal | None


class ScenarioTotals(BaseModel):
    """What all gaps of a scenario come to, and what it would close of them."""

    before: Decimal
    after: Decimal
    closed: Decimal
    gaps_closed: int = Field(description="Gaps of which nothing is left")


class ScenarioComparison(BaseModel):
    """Two scenarios of a biennium side by side, in their currency; ``difference`` is the other's closed less the one's."""

    scenario: str
    other: str
    biennium: str
    currency: str
    gaps: list[ComparedGap]
    totals: ScenarioTotals
    other_totals: ScenarioTotals
    difference: Decimal

    @classmethod
    def of(cls, one: Scenario, other: Scenario) -> "ScenarioComparison":
        """Return the comparison of two scenarios, the gaps in order of what they are of."""
        mine, theirs = _by_target(one), _by_target(other)
        totals, others = _totals(one), _totals(other)
        return cls(
            scenario=one.identifier,
            other=other.identifier,
            biennium=one.biennium,
            currency=one.currency,
            gaps=[_compared(mine.get(key), theirs.get(key)) for key in sorted({*mine, *theirs})],
            totals=totals,
            other_totals=others,
            difference=EXACT.subtract(others.closed, totals.closed),
        )


def _by_target(scenario: Scenario) -> Mapping[tuple[str, str, str, str], ScenarioGap]:
    return {_key(gap): gap for gap in scenario.gaps}


def _key(target: AllocationTarget) -> tuple[str, str, str, str]:
    outcome, link = target.programme_outcome, target.country_outcome
    return (
        outcome.code if outcome else "",
        link.programme if link else "",
        link.code if link else "",
        target.item or "",
    )


def _compared(mine: ScenarioGap | None, theirs: ScenarioGap | None) -> ComparedGap:
    target = mine or theirs
    return ComparedGap(
        programme_outcome=target.programme_outcome if target else None,
        country_outcome=target.country_outcome if target else None,
        item=target.item if target else None,
        before=mine.before if mine else None,
        after=mine.after if mine else None,
        other_before=theirs.before if theirs else None,
        other_after=theirs.after if theirs else None,
        difference=EXACT.subtract(theirs.after, mine.after) if mine and theirs else None,
    )


def _totals(scenario: Scenario) -> ScenarioTotals:
    before, after = Decimal(0), Decimal(0)
    for gap in scenario.gaps:
        before, after = EXACT.add(before, gap.before), EXACT.add(after, gap.after)
    return ScenarioTotals(
        before=before,
        after=after,
        closed=EXACT.subtract(before, after),
        gaps_closed=sum(1 for gap in scenario.gaps if not gap.after),
    )
