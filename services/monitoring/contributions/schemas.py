"""What the routes of contributions answer beyond documents. Numbers are decimals as strings; null is unknown."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, Field, PlainSerializer

from services.monitoring.contributions.orphans import Orphan as FoundOrphan
from services.monitoring.contributions.orphans import OrphanKind
from shared.contracts.monitoring.v1 import FrameworkLevel, IndicatorLink
from shared.figures.contributed import OutcomeIndicatorFigures, RolledFigure, Why
from shared.figures.framework import IndicatorFigures
from shared.figures.hierarchy import Operator

Number = Annotated[Decimal, PlainSerializer(lambda number: f"{number:f}", return_type=str)]


class Orphan(BaseModel):
    """Something without line of sight."""

    kind: OrphanKind
    identifier: str = Field(description="The activity, or the code of the country programme")
    outcome: str | None = Field(description="Code of the country outcome, or `<programme>/<code>` of a link")

    @classmethod
    def of(cls, found: FoundOrphan) -> Self:
        """Return an orphan as it is told."""
        return cls.model_validate({**found._asdict(), "outcome": found.outcome or None})


class OrphanPage(BaseModel):
    """One page of orphans, and the cursor of the next (null on the last)."""

    items: list[Orphan]
    next: str | None


class CountedInput(BaseModel):
    """An indicator of a project that is in the figure, with its latest actual."""

    link: IndicatorLink
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    as_of: date | None = Field(description="Last day of the period that the value is of")


class LeftOutInput(BaseModel):
    """An indicator of a project that is not in the figure, and why."""

    link: IndicatorLink
    reason: Why


class RolledUpValue(BaseModel):
    """What the indicators of projects come to."""

    operator: Operator
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    whole: bool = Field(description="Whether nothing is missing but what was left out by choice")
    counted: list[CountedInput]
    left_out: list[LeftOutInput]

    @classmethod
    def of(cls, made: RolledFigure) -> Self:
        """Return a figure as it is told."""
        counted = [
            CountedInput(
                link=each.link,
                value=each.value,
                numerator=each.numerator,
                denominator=each.denominator,
                as_of=each.as_of,
            )
            for each in made.inputs
            if each.reason is None
        ]
        return cls(
            operator=made.operator,
            value=made.value,
            numerator=made.numerator,
            denominator=made.denominator,
            whole=made.whole,
            counted=counted,
            left_out=[
                LeftOutInput(link=each.link, reason=each.reason) for each in made.inputs if each.reason
            ],
        )


class OwnValues(BaseModel):
    """Where the indicator of the outcome itself stands, by its own baseline, target and actual."""

    baseline: Number | None
    target: Number | None
    actual: Number | None
    progress: Number | None
    achievement: Number | None
    expected: Number | None
    state: str | None
    on_track: bool | None
    flags: list[str]

    @classmethod
    def of(cls, figures: IndicatorFigures) -> Self:
        """Return figures as they are told."""
        made = figures.progress
        return cls(
            baseline=made.baseline,
            target=made.target,
            actual=made.actual,
            progress=made.progress,
            achievement=made.achievement,
            expected=made.expected,
            state=made.state,
            on_track=made.on_track,
            flags=list(made.flags),
        )


class OutcomeIndicatorValues(BaseModel):
    """An indicator of an outcome: its own values, and what is rolled up (null where no operator is told)."""

    outcome: str
    code: str
    own: OwnValues
    rolled_up: RolledUpValue | None

    @classmethod
    def of(cls, figures: OutcomeIndicatorFigures) -> Self:
        """Return figures as they are told."""
        made = figures.rolled_up
        return cls(
            outcome=figures.outcome,
            code=figures.indicator.code,
            own=OwnValues.of(figures.own),
            rolled_up=RolledUpValue.of(made) if made else None,
        )


class ProgrammeFigures(BaseModel):
    """The figures of a programme framework as it stands on a day."""

    identifier: str
    level: FrameworkLevel
    programme: str
    version: int
    on: date
    indicators: list[OutcomeIndicatorValues]
