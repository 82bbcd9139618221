"""Types of ResultsFramework, ActualReport; written by ``python -m client.generate``."""

from typing import Literal, NotRequired, TypedDict


class Narrative(TypedDict):
    """Text in one language; ``lang`` is None where the publisher's default language applies."""

    lang: NotRequired[str | None]
    text: str


class VocabularyCode(TypedDict):
    """A code of a vocabulary, with the narratives that a publisher's own vocabulary needs."""

    code: str
    narratives: NotRequired[list[Narrative]]
    vocabulary: NotRequired[str | None]
    vocabulary_uri: NotRequired[str | None]


class Document(TypedDict):
    """A document link."""

    categories: NotRequired[list[str]]
    descriptions: NotRequired[list[Narrative]]
    document_date: NotRequired[str | None]
    format: NotRequired[str | None]
    languages: NotRequired[list[str]]
    recipient_countries: NotRequired[list[VocabularyCode]]
    titles: NotRequired[list[Narrative]]
    url: str


class Dimension(TypedDict):
    """One side of a disaggregation, such as sex = female."""

    name: NotRequired[str | None]
    value: NotRequired[str | None]


class Reading(TypedDict):
    """A value that IATI types as text, kept verbatim beside the number it unambiguously states.

    ``reading`` tells how the number came about: ``plain`` (the text is a decimal number), ``grouped``
    (thousands separators that admit one reading only), ``blank`` (nothing but blanks) or ``unreadable``
    (a person may understand it; no number is guessed).
    """

    number: NotRequired[str | None]
    raw: str
    reading: Literal["plain", "grouped", "blank", "unreadable"]


class Baseline(TypedDict):
    """The state before; ``year`` is the year it was measured."""

    comments: NotRequired[list[Narrative]]
    denominator: NotRequired[str | None]
    dimensions: NotRequired[list[Dimension]]
    documents: NotRequired[list[Document]]
    iso_date: NotRequired[str | None]
    locations: NotRequired[list[str]]
    numerator: NotRequired[str | None]
    value: NotRequired[Reading | None]
    year: int


class IndicatorReference(TypedDict):
    """The indicator in a vocabulary, 9 being the SDG indicators."""

    code: str
    indicator_uri: NotRequired[str | None]
    vocabulary: NotRequired[str | None]


class Measurement(TypedDict):
    """A target or an actual; ``value`` is None where only a comment was reported.

    A percentage may tell what it was made of: then ``value`` is numerator over denominator, times 100.
    """

    comments: NotRequired[list[Narrative]]
    denominator: NotRequired[str | None]
    dimensions: NotRequired[list[Dimension]]
    documents: NotRequired[list[Document]]
    locations: NotRequired[list[str]]
    numerator: NotRequired[str | None]
    value: NotRequired[Reading | None]


class Period(TypedDict):
    """A reporting period with its targets and actuals."""

    actuals: NotRequired[list[Measurement]]
    end: str
    start: str
    targets: NotRequired[list[Measurement]]


class Indicator(TypedDict):
    """An indicator; ``measure`` is the IndicatorMeasure (1 unit, 2 percentage, 3 nominal, 4 ordinal, 5 qualitative).

    ``over_time`` tells how the values of its periods belong together: each period stands for itself
    (``periodic``), targets are cumulative and actuals what was added in the period (``summing-cumulative``), or
    every value takes the place of the one before (``latest``, also where nothing is told).
    """

    aggregation_status: NotRequired[bool | None]
    ascending: NotRequired[bool]
    baselines: NotRequired[list[Baseline]]
    descriptions: NotRequired[list[Narrative]]
    documents: NotRequired[list[Document]]
    measure: str
    over_time: NotRequired[Literal["periodic", "summing-cumulative", "latest"] | None]
    periods: NotRequired[list[Period]]
    references: NotRequired[list[IndicatorReference]]
    titles: NotRequired[list[Narrative]]


class Result(TypedDict):
    """A result of a ResultType: 1 output, 2 outcome, 3 impact, 9 other."""

    aggregation_status: NotRequired[bool | None]
    descriptions: NotRequired[list[Narrative]]
    documents: NotRequired[list[Document]]
    indicators: NotRequired[list[Indicator]]
    references: NotRequired[list[VocabularyCode]]
    titles: NotRequired[list[Narrative]]
    type: str


class ResultsFramework(TypedDict):
    """The results of an IATI activity: the part that ``monitoring`` owns."""

    iati_identifier: str
    results: NotRequired[list[Result]]


class ActualReport(TypedDict):
    """An actual for one period; who reports it, and for which office, is told where a lock has an exception for them."""

    actual: Measurement
    by: NotRequired[str | None]
    indicator: int
    office: NotRequired[str | None]
    period: int
    result: int
