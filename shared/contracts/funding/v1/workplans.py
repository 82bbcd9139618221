"""Outcome-based work plans: what the work for an outcome costs, and how its gaps could be filled."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, field_validator
from pydantic_core import PydanticCustomError

from shared.contracts.base import Contract
from shared.contracts.funding.v1.partnerships import AllocationTarget, PositiveAmount
from shared.contracts.funding.v1.rates import CurrencyCode
from shared.contracts.iati import Amount
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.programming import (
    BienniumLabel,
    CountryCode,
    ItemCode,
    Titles,
)
from shared.contracts.projects.v1.proposals import CountryOutcomeLink
from shared.contracts.workflow import TakenStep, VersionReference

ScenarioState = Literal["draft", "adopted", "discarded"]
ScenarioAction = Literal["adopt", "discard"]
PriorityCriterion = Literal[
    "gap-share", "gap-size", "fragile-context", "country-programme-active", "programme-outcome"
]
NotNegative = Annotated[Amount, Field(ge=0)]
Fraction = Annotated[Amount, Field(ge=0, le=1)]


class RegularResource(Contract):
    """Money of the regular budget (RB) or its technical cooperation (RBTC); no amount is unknown, not zero."""

    source: Literal["RB", "RBTC"]
    amount: NotNegative | None = None


class WorkplanItem(Contract):
    """What is to be done for an outcome, in a country or as a global product; no cost is unknown, not zero."""

    code: ItemCode
    kind: Literal["country-outcome", "global-product"]
    titles: Titles
    country_outcome: CountryOutcomeLink | None = None
    country: CountryCode | None = None
    region: ItemCode | None = None
    cost: NotNegative | None = None
    resources: tuple[RegularResource, ...] = ()

    @field_validator("resources")
    @classmethod
    def _sources_once(cls, resources: tuple[RegularResource, ...]) -> tuple[RegularResource, ...]:
        _require_once(resource.source for resource in resources)
        return resources


class Workplan(Contract):
    """The work plan of an outcome of the programme and budget of a biennium; amounts are in its currency.

    A country outcome stands in one item, so that what is allocated to it counts once.
    """

    biennium: BienniumLabel
    outcome: ItemCode
    sample: bool = False
    currency: CurrencyCode
    items: tuple[WorkplanItem, ...] = ()

    @property
    def identifier(self) -> str:
        """The name of the work plan, as in ``2024-25/3``."""
        return f"{self.biennium}/{self.outcome}"

    @field_validator("items")
    @classmethod
    def _items_once(cls, items: tuple[WorkplanItem, ...]) -> tuple[WorkplanItem, ...]:
        _require_once(item.code for item in items)
        links = (item.country_outcome for item in items)
        _require_once(f"{link.programme}/{link.code}" for link in links if link is not None)
        return items


class OutcomeWeight(Contract):
    """How much an outcome matters, 0 to 1."""

    programme_outcome: ItemCode
    value: Fraction


class PriorityWeight(Contract):
    """How much a criterion weighs; each gives an item a value from 0 to 1.

    ``gap-share`` is gap over cost, ``gap-size`` the gap over the largest one, ``fragile-context`` and
    ``country-programme-active`` are 1 or 0, and ``programme-outcome`` is what ``outcomes`` say, 0 where they say nothing.
    """

    criterion: PriorityCriterion
    weight: PositiveAmount
    outcomes: tuple[OutcomeWeight, ...] = ()

    @field_validator("outcomes")
    @classmethod
    def _outcomes_once(cls, outcomes: tuple[OutcomeWeight, ...]) -> tuple[OutcomeWeight, ...]:
        _require_once(outcome.programme_outcome for outcome in outcomes)
        return outcomes


class PriorityRule(Contract):
    """A version of the rule by which gaps are put in order, which is for good."""

    code: ItemCode
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    titles: Titles
    sample: bool = False
    valid_from: date
    weights: Annotated[tuple[PriorityWeight, ...], Field(min_length=1, max_length=20)]

    @property
    def identifier(self) -> str:
        """The name of the version, as in ``office-wide/1``."""
        return f"{self.code}/{self.version}"

    @property
    def reference(self) -> VersionReference:
        """How a scenario names the version."""
        return VersionReference(code=self.code, version=self.version)

    @field_validator("weights")
    @classmethod
    def _criteria_once(cls, weights: tuple[PriorityWeight, ...]) -> tuple[PriorityWeight, ...]:
        _require_once(weight.criterion for weight in weights)
        return weights


class ScenarioSource(Contract):
    """Where money would come from: an agreement, or a pool of a biennium."""

    kind: Literal["agreement", "pool"]
    identifier: Identifier


class ScenarioAllocation(AllocationTarget):
    """An amount that a scenario would allocate, in the currency of its source and in that of the scenario."""

    source: ScenarioSource
    amount: PositiveAmount
    amount_in_plan: PositiveAmount


class ScenarioGap(AllocationTarget):
    """The gap of an item before and after a scenario, in its currency, with the priority that it had, 0 to 1."""

    priority: Fraction
    before: Amount
    after: Amount


class ScenarioForm(Contract):
    """What a scenario is asked for: the rule, and the sources to draw on (all where none is named)."""

    identifier: Identifier
    titles: Titles
    sample: bool = False
    biennium: BienniumLabel
    currency: CurrencyCode
    rule: VersionReference
    sources: tuple[ScenarioSource, ...] = ()


class Scenario(ScenarioForm):
    """A proposal how to fill gaps with what is not allocated yet; it is made once, and adopted or discarded."""

    made_at: AwareDatetime
    state: ScenarioState = "draft"
    allocations: tuple[ScenarioAllocation, ...] = ()
    gaps: tuple[ScenarioGap, ...] = ()
    history: tuple[TakenStep, ...] = ()


def _require_once(codes: Iterable[str]) -> None:
    seen = set()
    for code in codes:
        if code in seen:
            raise PydanticCustomError("duplicate_code", "{value} stands twice", {"value": code})
        seen.add(code)
