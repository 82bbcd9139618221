"""What pages tell of work plans: costs, firm resources, gaps, what may come, and priorities."""

from pydantic import BaseModel, ConfigDict, Field

from gateway.money import Exact
from gateway.results.schemas import Asked
from shared.contracts.iati import Narratives


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class GapSource(_Told):
    """Firm money of a source; ``amount`` is null where a part of it is not known, ``known`` is what is."""

    source: str
    amount: Exact | None
    known: Exact


class GapMissing(_Told):
    """Amounts in a currency that has no rate; they are in no figure."""

    currency: str | None
    amount: Exact
    values: int


class GapExpected(_Told):
    """What may come, of one probability (0 to 1); null where nobody tells it."""

    probability: Exact | None
    amount: Exact


class GapPipeline(_Told):
    """What may come and closes no gap: whole and weighted by probability, pledges apart from the rest."""

    amount: Exact
    weighted: Exact
    pledged: Exact
    pledged_weighted: Exact
    by_probability: list[GapExpected]
    missing: list[GapMissing]
    unknown: list[str]


class GapFigures(_Told):
    """Cost less firm resources is the gap; below zero it is a surplus.

    Each is null where a part of it is not known: ``unknown`` names these, and ``missing`` are amounts without a rate.
    ``provisional`` is true where the plan has another currency: its figures are then converted at the latest rate. Without
    that rate only what is unknown and missing is told.
    """

    currency: str
    provisional: bool = False
    cost: Exact | None = None
    firm: Exact | None = None
    gap: Exact | None = None
    by_source: list[GapSource] = []
    missing: list[GapMissing]
    unknown: list[str]
    pipeline: GapPipeline | None = None


class GapPart(_Told):
    """What a criterion of the rule gives, 0 to 1, and its weight; null where it cannot be told."""

    criterion: str
    weight: Exact
    value: Exact | None


class GapPriority(_Told):
    """Where an item stands by the rule: ``score`` 0 to 1, null where a part of it cannot be told."""

    score: Exact | None
    parts: list[GapPart]
    unknown: list[str]


class GapItem(BaseModel):
    """An item of a work plan with its gap."""

    biennium: str
    outcome: str
    code: str
    kind: str
    titles: Narratives
    country: str | None
    country_outcome: str | None = Field(description="As in `SAMPLE-DWCP-KE-2024/KEN 101`")
    resources: GapFigures
    priority: GapPriority | None = None


class GapOutcome(BaseModel):
    """An outcome whole: its work plan's figures, and what is firm for none of its items."""

    outcome: str
    titles: Narratives
    resources: GapFigures
    unplaced: Exact | None


class GapTotal(BaseModel):
    """All outcomes of one currency; ``cost``, ``firm`` and ``gap`` are null where that of an outcome is.

    ``known`` is the sum of those that are known, and ``without`` the outcomes that it lacks, by figure.
    """

    currency: str
    cost: Exact | None
    firm: Exact | None
    gap: Exact | None
    known: dict[str, Exact]
    without: dict[str, list[str]]
    by_source: list[GapSource]
    pipeline_weighted: Exact
    pledged_weighted: Exact


class GapRule(BaseModel):
    """The rule that items are put in order by."""

    code: str
    version: int
    titles: Narratives
    fragility_edition: str | None


class GapList(Asked):
    """What outcomes lack: whole, by outcome, and by item in order of priority where a rule is there to tell it.

    ``without_order`` tells why there is no order: no rule is in force, several are, or plans are in several currencies.
    """

    biennium: str
    rule: GapRule | None
    without_order: str | None
    totals: list[GapTotal]
    outcomes: list[GapOutcome]
    without_workplan: list[str]
    items: list[GapItem]
    is_all: bool
