"""Types of Report, ReportStep; written by ``python -m client.generate``."""

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


class ReportedActual(TypedDict):
    """An actual, by the ordinals of result, indicator and period in the activity's framework, from 1."""

    actual: Measurement
    indicator: int
    period: int
    result: int


class ReportedIssue(TypedDict):
    """What did go wrong, and what is done about it."""

    action: NotRequired[list[Narrative]]
    narratives: list[Narrative]
    raised_on: str
    state: NotRequired[Literal["open", "resolved"]]


class ReportedRisk(TypedDict):
    """What may go wrong as it stands in the period."""

    impact: NotRequired[str | None]
    likelihood: NotRequired[str | None]
    mitigation: NotRequired[list[Narrative]]
    narratives: list[Narrative]


class TakenStep(TypedDict):
    """A step that was taken, by whom and why."""

    action: str
    at: str
    by: str
    from_state: str
    reasons: NotRequired[str | None]
    to_state: str


class Report(TypedDict):
    """A progress report of an activity on a period; its actuals become the framework's when it is validated."""

    actuals: NotRequired[list[ReportedActual]]
    documents: NotRequired[list[Document]]
    due_on: str
    history: NotRequired[list[TakenStep]]
    iati_identifier: str
    identifier: str
    issues: NotRequired[list[ReportedIssue]]
    narratives: NotRequired[list[Narrative]]
    office: NotRequired[str | None]
    period_end: str
    period_start: str
    rating: NotRequired[Literal["green", "amber", "red"] | None]
    risks: NotRequired[list[ReportedRisk]]
    sample: NotRequired[bool]
    state: NotRequired[Literal["draft", "submitted", "returned", "validated", "published"]]
    written_by: NotRequired[list[str]]


class ReportStep(TypedDict):
    """A step that somebody takes."""

    action: Literal["submit", "return", "validate", "publish"]
    by: str
    reasons: NotRequired[str | None]
