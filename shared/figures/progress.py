"""Progress of an indicator from its baseline to its target.

Source: IATI guidance: results. It defines baseline, target, actual and ``ascending``, but no formula of
progress; the one here holds for both directions, is signed, and is never clipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

from shared.figures.exact import EXACT, ratio

UNIT = "1"
PERCENTAGE = "2"
NOMINAL = "3"
ORDINAL = "4"
QUALITATIVE = "5"

State = Literal["regressed", "unchanged", "progressing", "achieved", "maintained", "missed"]
Flag = Literal[
    "baseline-assumed-zero",
    "baseline-missing",
    "baseline-unreadable",
    "baseline-disaggregated-only",
    "baseline-ambiguous",
    "baseline-denominator-zero",
    "target-missing",
    "target-unreadable",
    "target-disaggregated-only",
    "target-ambiguous",
    "target-denominator-zero",
    "target-without-fraction",
    "target-periods-overlap",
    "target-against-direction",
    "actual-missing",
    "actual-unreadable",
    "actual-disaggregated-only",
    "actual-ambiguous",
    "actual-denominator-zero",
    "actual-without-fraction",
    "actual-periods-overlap",
    "actual-in-future",
    "later-period-without-actual",
    "measure-without-progress",
]


class Band(Protocol):
    """A convention of what is on track, judged against the progress that is expected at the date."""

    def grade(self, progress: Decimal, expected: Decimal) -> str:
        """Return the name of where progress falls, both as shares of the way from baseline to target."""

    def holds(self, progress: Decimal, expected: Decimal) -> bool:
        """Tell whether progress is on track, both as shares of the way from baseline to target."""


@dataclass(frozen=True, slots=True)
class OnTrackBand:
    """How far progress may be from what is expected and still be on track.

    ``tolerance`` is a share of the expected progress. The default of 0.15 keeps an indicator on track from
    85 % of what is expected at the date. ``ahead`` is how far it may run ahead, as such a share; being ahead is on
    track however far where it is None. Grades are ``behind``, ``on-track`` and ``ahead``.
    """

    tolerance: Decimal = Decimal("0.15")
    ahead: Decimal | None = None

    def grade(self, progress: Decimal, expected: Decimal) -> str:
        """Return the name of where progress falls, both as shares of the way from baseline to target."""
        if progress < EXACT.multiply(expected, EXACT.subtract(Decimal(1), self.tolerance)):
            return "behind"
        if self.ahead is None or progress <= EXACT.multiply(expected, EXACT.add(Decimal(1), self.ahead)):
            return "on-track"
        return "ahead"

    def holds(self, progress: Decimal, expected: Decimal) -> bool:
        """Tell whether progress is on track, both as shares of the way from baseline to target."""
        return self.grade(progress, expected) == "on-track"


@dataclass(frozen=True, slots=True)
class GradedBand:
    """Named grades by share of the expected progress.

    ``grades`` are names with the share that each begins at, the best first; ``lowest`` is what falls below them
    all. Progress is on track from the grade ``on_track_from``, which has to be one of them.
    """

    grades: tuple[tuple[str, Decimal], ...] = (("high", Decimal("0.85")), ("medium", Decimal("0.50")))
    lowest: str = "low"
    on_track_from: str = "high"

    def grade(self, progress: Decimal, expected: Decimal) -> str:
        """Return the name of where progress falls, both as shares of the way from baseline to target."""
        for name, begins in self.grades:
            if progress >= EXACT.multiply(expected, begins):
                return name
        return self.lowest

    def holds(self, progress: Decimal, expected: Decimal) -> bool:
        """Tell whether progress is on track, both as shares of the way from baseline to target."""
        return progress >= EXACT.multiply(expected, dict(self.grades)[self.on_track_from])


DEFAULT_BAND = OnTrackBand()

TOLA_BAND = OnTrackBand(Decimal("0.15"), ahead=Decimal("0.15"))
"""15 % either way, after Tola: too far ahead is worth a look as well."""

RSR_BAND = GradedBand()
"""High from 85 % and medium from 50 %, after RSR."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an indicator stands.

    ``progress`` is (actual - baseline) / (target - baseline): 1 is the target, below 0 is worse than the
    baseline. ``achievement`` is actual / target, which donors use and which says little where the indicator
    descends. Both are None where they cannot be told. A target equal to the baseline has no progress but the
    state ``maintained`` or ``missed``. ``expected`` is the progress due at the date of the figure,
    and ``grade`` is where the band puts progress against it.
    """

    baseline: Decimal | None = None
    target: Decimal | None = None
    actual: Decimal | None = None
    progress: Decimal | None = None
    achievement: Decimal | None = None
    state: State | None = None
    expected: Decimal | None = None
    on_track: bool | None = None
    flags: tuple[Flag, ...] = ()
    grade: str | None = None


def indicator_progress(  # noqa: PLR0913
    baseline: Decimal | None,
    target: Decimal | None,
    actual: Decimal | None,
    *,
    ascending: bool,
    measure: str,
    expected: Decimal | None = None,
    band: Band = DEFAULT_BAND,
    baseline_may_be_zero: bool = True,
) -> Progress:
    """Return the progress of one indicator (values as in IATI guidance: results).

    A missing baseline counts as zero, with a flag, for an ascending indicator measured in units, unless
    ``baseline_may_be_zero`` is false because there is one that cannot be read. Nominal, ordinal, qualitative
    and unknown measures have no progress.

    Args:
        baseline: value before, None if not reported.
        target: value aimed at, None if not set.
        actual: value achieved, None if not reported; zero is a value.
        ascending: whether larger is better.
        measure: IndicatorMeasure; a percentage (2) has its three values on the same scale.
        expected: progress due at the date, from ``expected_progress``.
        band: what counts as on track, against what is expected.
        baseline_may_be_zero: whether a missing baseline may be taken for zero.

    """
    if measure not in (UNIT, PERCENTAGE):
        return Progress(baseline, target, actual, flags=("measure-without-progress",))
    from_zero = baseline is None and baseline_may_be_zero and ascending and measure == UNIT
    start = Decimal(0) if from_zero else baseline
    flags = tuple(_flags((baseline, target, actual), start, ascending=ascending))
    achievement = None if target is None or actual is None else ratio(actual, target)
    if start is None or target is None or actual is None:
        return Progress(baseline, target, actual, None, achievement, None, expected, None, flags)
    progress = ratio(EXACT.subtract(actual, start), EXACT.subtract(target, start))
    state = _state(start, target, actual, ascending=ascending)
    on_track = _on_track(progress, state, expected, band)
    grade = None if progress is None or expected is None else band.grade(progress, expected)
    return Progress(baseline, target, actual, progress, achievement, state, expected, on_track, flags, grade)


def _flags(
    values: tuple[Decimal | None, Decimal | None, Decimal | None], start: Decimal | None, *, ascending: bool
) -> Iterator[Flag]:
    baseline, target, actual = values
    if baseline is None:
        yield "baseline-missing" if start is None else "baseline-assumed-zero"
    if target is None:
        yield "target-missing"
    if actual is None:
        yield "actual-missing"
    if start is not None and target is not None and (target < start if ascending else target > start):
        yield "target-against-direction"


def _state(start: Decimal, target: Decimal, actual: Decimal, *, ascending: bool) -> State:
    if target == start:
        return "maintained" if (actual >= target if ascending else actual <= target) else "missed"
    upward = target > start
    if actual == start:
        return "unchanged"
    if (actual < start) if upward else (actual > start):
        return "regressed"
    return "achieved" if (actual >= target if upward else actual <= target) else "progressing"


def _on_track(progress: Decimal | None, state: State, expected: Decimal | None, band: Band) -> bool | None:
    if progress is None:
        return state == "maintained"
    return None if expected is None else band.holds(progress, expected)


def expected_progress(start: date, end: date, on: date) -> Decimal | None:
    """Return the share of the way due on a day: 0 up to the start, 1 from the end, linear between.

    Source: ours; IATI guidance (results) gives periods and targets, no schedule. None where the end is before
    the start.
    """
    if end < start:
        return None
    if on >= end:
        return Decimal(1)
    if on <= start:
        return Decimal(0)
    return ratio(Decimal((on - start).days), Decimal((end - start).days))
