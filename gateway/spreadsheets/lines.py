"""What a template asks for: a line for each value that can be reported, as the results framework has it.

A line keeps what was reported when the template was made, so that what somebody else reported since is noticed, and a digest
of what its place was about, so that a value does not end up in a place that has moved.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic_core import to_json

from shared.contracts.iati import Narratives
from shared.contracts.monitoring.v1 import (
    Dimension,
    Indicator,
    Measurement,
    Period,
    Result,
    ResultsFramework,
)
from shared.figures.exact import EXACT
from shared.figures.progress import PERCENTAGE, QUALITATIVE

MOST_TEXT = 2000
"""Characters of a text that a cell shows; a longer one is shown in part, and stays as it is unless it is replaced."""

Slice = tuple[tuple[Dimension, ...], tuple[str, ...]]


class Entry(NamedTuple):
    """What is reported of a line, as the texts of its open cells; empty is nothing."""

    value: str = ""
    numerator: str = ""
    denominator: str = ""
    comment: str = ""
    reference: str = ""


OPEN = {PERCENTAGE: (1, 2, 3, 4), QUALITATIVE: (3, 4)}
"""Cells of an entry that a measure leaves open; of others the value and the words."""
_OPEN = (0, 3, 4)


class Place(NamedTuple):
    """Ordinals of result, indicator and period in their framework, from 1."""

    result: int
    indicator: int
    period: int


@dataclass(frozen=True, slots=True)
class ActualLine:
    """A line of the sheet of actuals."""

    place: Place
    shape: str
    measure: str
    dimensions: tuple[Dimension, ...]
    locations: tuple[str, ...]
    base: Entry
    locked: str

    @property
    def slice(self) -> Slice:
        """What tells an actual from others of its period."""
        return self.dimensions, self.locations

    @property
    def open(self) -> tuple[int, ...]:
        """The cells of its entry that may be filled in."""
        return OPEN.get(self.measure, _OPEN)

    def opened(self, entry: Entry) -> Entry:
        """Return an entry without what stands in cells that are locked."""
        return Entry(*(text if place in self.open else "" for place, text in enumerate(entry)))


@dataclass(frozen=True, slots=True)
class Shown:
    """What the locked cells of a line show."""

    result: str
    indicator: str
    period: str
    dimensions: str
    unit: str
    baseline: str
    target: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts in the order of the columns."""
        return (
            self.result,
            self.indicator,
            self.period,
            self.dimensions,
            self.unit,
            self.baseline,
            self.target,
        )


def lines_of(
    framework: ResultsFramework, lang: str, units: dict[str, str]
) -> Iterator[tuple[ActualLine, Shown]]:
    """Yield a line for each indicator, period and slice that has a target or an actual, and for each period as a whole."""
    for at_result, result in enumerate(framework.results, 1):
        for at_indicator, indicator in enumerate(result.indicators, 1):
            for at_period, period in enumerate(indicator.periods, 1):
                place = Place(at_result, at_indicator, at_period)
                for of_slice in _slices(period):
                    shown = _shown(result, indicator, period, of_slice, lang, units)
                    yield (
                        ActualLine(
                            place,
                            shape_of(result, indicator, period),
                            indicator.measure,
                            *of_slice,
                            entry_of(actual_of(period, of_slice), lang),
                            digest(*shown.cells),
                        ),
                        shown,
                    )


def actual_of(period: Period, of_slice: Slice) -> Measurement | None:
    """Return the actual of a slice of a period; of several the last."""
    found = [each for each in period.actuals if (each.dimensions, each.locations) == of_slice]
    return found[-1] if found else None


def entry_of(actual: Measurement | None, lang: str) -> Entry:
    """Return an actual as the open cells of its line show it."""
    if actual is None:
        return Entry()
    raw = actual.value.raw.strip() if actual.value else ""
    number = actual.value.number if actual.value else None
    return Entry(
        value=plain(number) if number is not None else raw,
        numerator="" if actual.numerator is None else plain(actual.numerator),
        denominator="" if actual.denominator is None else plain(actual.denominator),
        comment=text_in(actual.comments, lang),
        reference=actual.documents[0].url[:MOST_TEXT] if actual.documents else "",
    )


def shape_of(result: Result, indicator: Indicator, period: Period) -> str:
    """Return what tells whether a place is about what it was about."""
    titles = [each.model_dump_json() for each in (*result.titles, *indicator.titles)]
    return digest(*titles, indicator.measure, period.start.isoformat(), period.end.isoformat())


def digest(*texts: str) -> str:
    """Return a digest of texts, however their blanks are written."""
    told = to_json([" ".join(text.split()) for text in texts])
    return hashlib.blake2b(told, digest_size=12).hexdigest()


def plain(number: Decimal) -> str:
    """Return a number without exponent or needless zeros."""
    return f"{EXACT.normalize(number) or Decimal(0):f}"


def text_in(narratives: Narratives, lang: str) -> str:
    """Return a text in a language, else in the first that there is."""
    found = [each.text for each in narratives if each.lang == lang] or [each.text for each in narratives]
    return " ".join(found[0].split())[:MOST_TEXT] if found else ""


def packed(line: ActualLine) -> str:
    """Return a line as the text that a template keeps of it."""
    kept = {
        "place": line.place,
        "shape": line.shape,
        "measure": line.measure,
        "dimensions": [[each.name, each.value] for each in line.dimensions],
        "locations": line.locations,
        "base": line.base,
        "locked": line.locked,
    }
    return to_json(kept).decode()


def unpacked(kept: Any) -> ActualLine:  # noqa: ANN401
    """Return the line of what a template keeps of it."""
    return ActualLine(
        Place(*kept["place"]),
        kept["shape"],
        kept["measure"],
        tuple(Dimension(name=name, value=value) for name, value in kept["dimensions"]),
        tuple(kept["locations"]),
        Entry(*kept["base"]),
        kept["locked"],
    )


def _slices(period: Period) -> list[Slice]:
    whole: Slice = ((), ())
    told = [(each.dimensions, each.locations) for each in (*period.targets, *period.actuals)]
    return list(dict.fromkeys([whole, *told]))


def _shown(  # noqa: PLR0913
    result: Result, indicator: Indicator, period: Period, of_slice: Slice, lang: str, units: dict[str, str]
) -> Shown:
    dimensions, locations = of_slice
    sides = [f"{each.name or ''}: {each.value or ''}" for each in dimensions]
    return Shown(
        result=text_in(result.titles, lang),
        indicator=text_in(indicator.titles, lang),
        period=f"{period.start} – {period.end}",  # noqa: RUF001
        dimensions="; ".join([*sides, *locations])[:MOST_TEXT],
        unit=units.get(indicator.measure, indicator.measure),
        baseline=_last(indicator.baselines, of_slice),
        target=_last(period.targets, of_slice),
    )


def _last(measurements: Sequence[Measurement], of_slice: Slice) -> str:
    """Return the value of a slice as it was written, of several the last."""
    found = [
        each.value.raw.strip()
        for each in measurements
        if each.value is not None and (each.dimensions, each.locations) == of_slice
    ]
    return found[-1][:MOST_TEXT] if found else ""
