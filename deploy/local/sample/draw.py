"""Draws of whole numbers that come out the same on every machine and version of Python."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A sequence of draws that one number seeds."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random  # noqa: S311

    def below(self, end: int) -> int:
        """Return a whole number from 0 to ``end`` - 1."""
        return int(self._random() * end)

    def between(self, first: int, last: int) -> int:
        """Return a whole number from ``first`` to ``last``, both included."""
        return first + int(self._random() * (last - first + 1))

    def chance(self, percent: int) -> bool:
        """Return True in so many cases of a hundred."""
        return self._random() * 100 < percent

    def pick(self, items: Sequence[T]) -> T:
        """Return one item."""
        return items[int(self._random() * len(items))]

    def several(self, items: Sequence[T], count: int) -> list[T]:
        """Return so many different items, in the order they were drawn."""
        left = list(items)
        return [left.pop(int(self._random() * len(left))) for _ in range(min(count, len(left)))]

    def percentages(self, count: int) -> list[int]:
        """Return so many whole percentages above zero that add up to 100."""
        cuts = sorted(self.several(range(5, 100, 5), count - 1))
        return [end - start for start, end in zip([0, *cuts], [*cuts, 100], strict=True)]
