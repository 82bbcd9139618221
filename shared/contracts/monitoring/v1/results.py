"""Contract of ``services/monitoring``: results, indicators, baselines, periods, targets and actuals."""

from datetime import date
from typing import Annotated, Literal

from shared.contracts.base import Contract
from shared.contracts.iati import Amount, Code, Document, Narratives, Reading, VocabularyCode
from shared.contracts.ids import Identifier
from shared.contracts.personal import WORDS


class Dimension(Contract):
    """One side of a disaggregation, such as sex = female."""

    name: str | None = None
    value: str | None = None


class Measurement(Contract):
    """A target or an actual; ``value`` is None where only a comment was reported.

    A percentage may tell what it was made of: then ``value`` is numerator over denominator, times 100.
    """

    value: Reading | None = None
    numerator: Amount | None = None
    denominator: Amount | None = None
    locations: tuple[str, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    comments: Annotated[Narratives, WORDS] = ()
    documents: tuple[Document, ...] = ()


class Baseline(Measurement):
    """The state before; ``year`` is the year it was measured."""

    year: int
    iso_date: date | None = None


class Period(Contract):
    """A reporting period with its targets and actuals."""

    start: date
    end: date
    targets: tuple[Measurement, ...] = ()
    actuals: tuple[Measurement, ...] = ()


class IndicatorReference(Contract):
    """The indicator in a vocabulary, 9 being the SDG indicators."""

    code: Code
    vocabulary: Code | None = None
    indicator_uri: str | None = None


class Indicator(Contract):
    """An indicator; ``measure`` is the IndicatorMeasure (1 unit, 2 percentage, 3 nominal, 4 ordinal, 5 qualitative).

    ``over_time`` tells how the values of its periods belong together: each period stands for itself
    (``periodic``), targets are cumulative and actuals what was added in the period (``summing-cumulative``), or
    every value takes the place of the one before (``latest``, also where nothing is told).
    """

    measure: Code
    ascending: bool = True
    over_time: Literal["periodic", "summing-cumulative", "latest"] | None = None
    aggregation_status: bool | None = None
    titles: Narratives = ()
    descriptions: Narratives = ()
    documents: tuple[Document, ...] = ()
    references: tuple[IndicatorReference, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    periods: tuple[Period, ...] = ()


class Result(Contract):
    """A result of a ResultType: 1 output, 2 outcome, 3 impact, 9 other."""

    type: Code
    aggregation_status: bool | None = None
    titles: Narratives = ()
    descriptions: Narratives = ()
    documents: tuple[Document, ...] = ()
    references: tuple[VocabularyCode, ...] = ()
    indicators: tuple[Indicator, ...] = ()


class ResultsFramework(Contract):
    """The results of an IATI activity: the part that ``monitoring`` owns."""

    iati_identifier: Identifier
    results: tuple[Result, ...] = ()
