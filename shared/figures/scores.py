"""Values that are not amounts: qualitative, nominal and ordinal indicators.

Source: IATI guidance: results; code list IndicatorMeasure 3 nominal, 4 ordinal, 5 qualitative. What was told is
counted, and how often each score was given; scores are never added up or averaged.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from shared.figures.readings import read_number


class Told(NamedTuple):
    """One update: its score, if it gives one, and whether it was reported and approved."""

    score: str | None
    reported: bool = True
    approved: bool = True


@dataclass(frozen=True, slots=True)
class Scores:
    """How many updates there are, and of each score how many; those in words alone have no score."""

    counted: int
    distribution: tuple[tuple[str, int], ...]

    @property
    def without_score(self) -> int:
        """How many updates are in words alone."""
        return self.counted - sum(count for _, count in self.distribution)


def scores(updates: Iterable[Told]) -> Scores:
    """Return how many updates were reported and approved, and how their scores are spread.

    Source: IATI code list IndicatorMeasure. Numbers go first, by size, then texts; ``3`` and ``3.0`` are one score
    only where they are written alike, since a score is a name.
    """
    counting = [update.score for update in updates if update.reported and update.approved]
    given = Counter(score.strip() for score in counting if score and score.strip())
    return Scores(len(counting), tuple(sorted(given.items(), key=lambda item: _order(item[0]))))


def _order(score: str) -> tuple[bool, object, str]:
    number = read_number(score).number
    return number is None, score if number is None else number, score
