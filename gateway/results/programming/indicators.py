"""Indicators of outcomes: as planned, by their own values, and what linked indicators of projects come to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.programming.frameworks import linked_frameworks
from gateway.results.programming.schemas import (
    IndicatorProgress,
    MeasuredIndicator,
    RolledInput,
    RolledUp,
)
from shared.contracts.monitoring.v1 import Indicator, ProgrammeFramework
from shared.contracts.projects.v1 import ProgrammeIndicator
from shared.figures.contributed import (
    OutcomeIndicatorFigures,
    RolledFigure,
    programme_figures,
)
from shared.figures.percentages import PERCENT, SHARE, rescaled
from shared.figures.progress import PERCENTAGE, Progress, indicator_progress
from shared.figures.totals import scale_of

Measured = Mapping[str, Sequence[OutcomeIndicatorFigures]]
"""Figures of indicators by outcome."""


async def figures_by_outcome(
    session: AsyncSession, framework: ProgrammeFramework | None, outcomes: Iterable[str], on: date
) -> Measured:
    """Return the figures of the indicators of some outcomes of a framework; nothing where there is none."""
    if framework is None:
        return {}
    wanted = set(outcomes)
    asked = tuple(outcome for outcome in framework.outcomes if outcome.code in wanted)
    part = framework.model_copy(update={"outcomes": asked})
    links = (link for outcome in asked for each in outcome.indicators for link in each.inputs)
    stored = await linked_frameworks(session, links)
    made: dict[str, list[OutcomeIndicatorFigures]] = {}
    for figures in programme_figures(part, stored, on=on):
        made.setdefault(figures.outcome, []).append(figures)
    return made


def measured(
    planned: Sequence[ProgrammeIndicator], figures: Sequence[OutcomeIndicatorFigures]
) -> list[MeasuredIndicator]:
    """Return the indicators of an outcome: those that are planned in their order, then those that are measured only."""
    by_code = {each.indicator.code: each for each in figures}
    made = [_planned(each, by_code.pop(each.code, None)) for each in planned]
    return made + [_unplanned(each) for each in by_code.values()]


def _planned(planned: ProgrammeIndicator, figures: OutcomeIndicatorFigures | None) -> MeasuredIndicator:
    return MeasuredIndicator(
        code=planned.code,
        titles=planned.titles,
        unit=planned.unit,
        baseline=planned.baseline,
        target=planned.target,
        **_measured(figures, planned.baseline, planned.target),
    )


def _unplanned(figures: OutcomeIndicatorFigures) -> MeasuredIndicator:
    own = figures.own.progress
    return MeasuredIndicator(
        code=figures.indicator.code,
        titles=figures.indicator.indicator.titles,
        unit=None,
        baseline=own.baseline,
        target=own.target,
        **_measured(figures, own.baseline, own.target),
    )


def _measured(
    figures: OutcomeIndicatorFigures | None, baseline: Decimal | None, target: Decimal | None
) -> dict[str, IndicatorProgress | RolledUp | None]:
    """Return what an indicator stands at: by its own values, and by those of projects between baseline and target."""
    if figures is None:
        return {"own": None, "rolled_up": None, "progress": None}
    progress = None
    indicator, rolled = figures.indicator.indicator, figures.rolled_up
    if rolled:
        value = _on_scale(indicator, rolled)
        progress = indicator_progress(
            baseline, target, value, ascending=indicator.ascending, measure=indicator.measure
        )
    return {
        "own": _progress(figures.own.progress),
        "rolled_up": None if rolled is None else _rolled_up(rolled),
        "progress": _progress(progress),
    }


def _rolled_up(rolled: RolledFigure) -> RolledUp:
    return RolledUp(
        operator=rolled.operator,
        value=rolled.value,
        numerator=rolled.numerator,
        denominator=rolled.denominator,
        whole=rolled.whole,
        inputs=[
            RolledInput(
                iati_identifier=each.link.iati_identifier,
                result=each.link.result,
                indicator=each.link.indicator,
                value=each.value,
                as_of=each.as_of,
                counted=each.reason is None,
                reason=each.reason,
            )
            for each in rolled.inputs
        ],
    )


def _on_scale(indicator: Indicator, rolled: RolledFigure) -> Decimal | None:
    """Return a rolled-up value as the indicator's own values are written; a ratio is a share of the whole."""
    if rolled.value is None or indicator.measure != PERCENTAGE:
        return rolled.value
    scale = SHARE if rolled.operator == "ratio" else PERCENT
    return rescaled(rolled.value, scale, scale_of(indicator))


def _progress(progress: Progress | None) -> IndicatorProgress | None:
    return None if progress is None else IndicatorProgress.model_validate(progress)
