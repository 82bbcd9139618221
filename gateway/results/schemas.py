"""What the results endpoints answer. Amounts are decimal numbers as strings; null is unknown, zero is zero."""

from datetime import date
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from gateway.money import ConvertedMoney, Exact, ExcludedMoney, MoneyByStage
from shared.figures.formulas import Formula
from shared.figures.rates import Conversion


class Asked(BaseModel):
    """Up to where the answer knows the events of each owner."""

    as_of: AwareDatetime | None = Field(description="When the newest event in this answer was recorded")
    position: dict[str, int] = Field(description="Last event taken in, by owner: its sequence in the stream")


class IndicatorCounts(BaseModel):
    """How many indicators there are and how they stand."""

    results: int
    indicators: int
    reported: int
    with_progress: int
    on_track: int
    baselines: int
    periods: int
    targets: int
    actuals: int
    values_unreadable: int = Field(
        description="Values that were kept as written because they state no number"
    )


class FinanceCounts(BaseModel):
    """How many of each the projects of a row have, as reported."""

    budgets: int
    planned_disbursements: int
    transactions: int


class RateLeg(BaseModel):
    """A rate as its source published it: units of ``currency`` for one unit of ``base``."""

    base: str
    currency: str
    date: date
    units: Exact


class RateUsed(BaseModel):
    """An exchange rate of an explanation: units of the reporting currency for one unit of the amount's."""

    rate: Exact
    date: date
    source: str | None
    kind: str | None
    provisional: bool
    legs: list[RateLeg]

    @classmethod
    def of(cls, conversion: Conversion) -> Self:
        """Return what is told of a conversion."""
        return cls(
            rate=conversion.rate,
            date=conversion.date,
            source=conversion.source,
            kind=conversion.kind,
            provisional=conversion.provisional,
            legs=[
                RateLeg(base=r.base, currency=r.currency, date=r.date, units=r.units) for r in conversion.legs
            ],
        )


class ExplainedProject(BaseModel):
    """A project of an explanation: the versions of its facts, and how many of each it has.

    It is ``counted`` if its counts are in those of the row; otherwise only some of its money is.
    """

    iati_identifier: str
    counted: bool
    versions: dict[str, int | None]
    counts: dict[str, int | None]


class Input(BaseModel):
    """One value that a figure of money was added up from.

    ``pointer`` tells it in the ``data`` of the project's finance. ``part`` is what of ``amount`` belongs to the row,
    and ``value`` the part as it was added up: converted, and null where there is no rate, so that it is missing.
    ``rate`` is the place of the exchange rate in ``rates``. Of ``value``, ``excluded_value`` is not in ``counted_once``,
    for the reason ``excluded``; ``because`` is the activity that counts it, where one does.
    """

    iati_identifier: str
    pointer: str
    figure: str
    currency: str | None
    amount: Exact
    part: Exact
    value_date: date | None
    rate: int | None
    value: Exact | None
    excluded_value: Exact | None
    excluded: str | None
    because: str | None


class SupersededBudget(BaseModel):
    """An original budget that does not count, because there is a revised one for its period."""

    iati_identifier: str
    pointer: str
    currency: str | None
    amount: Exact


class ExplainedValue(BaseModel):
    """A baseline, target or actual; ``reason`` is why it does not count, null where it does."""

    model_config = ConfigDict(from_attributes=True)

    role: str
    pointer: str
    raw: str | None
    number: Exact | None
    numerator: Exact | None
    denominator: Exact | None
    start: date | None
    end: date | None
    reason: str | None


class ExplainedIndicator(BaseModel):
    """Everything that the progress of an indicator was made of.

    ``first_day`` to ``due_on`` is the way that is expected to be gone, and ``at`` the day up to which.
    """

    model_config = ConfigDict(from_attributes=True)

    pointer: str
    measure: str
    ascending: bool
    over_time: str | None
    scale: str | None
    first_day: date | None
    due_on: date | None
    at: date | None
    values: list[ExplainedValue]


class Explanation(BaseModel):
    """How the figures of a row or a project came about; they can be made anew from it alone."""

    formulas: list[Formula]
    projects: list[ExplainedProject]
    inputs: list[Input]
    superseded: list[SupersededBudget]
    indicators: list[ExplainedIndicator]
    rates: list[RateUsed]


class SummaryRow(BaseModel):
    """One code of what the summary groups by, as a country; ``code`` is null where it is not stated.

    ``money`` is what the projects report. In ``counted_once`` each amount belongs to one project; ``exclusions`` are
    what lies between the two, by reason.
    """

    code: str | None
    label: str | None
    projects: int
    finance: FinanceCounts
    results: IndicatorCounts
    money: list[ConvertedMoney | MoneyByStage]
    counted_once: list[ConvertedMoney | MoneyByStage]
    exclusions: list[ExcludedMoney]
    explain: str = Field(default="", description="Address of the explanation of this row")
    explanation: Explanation | None = None


class Summary(Asked):
    """All projects that match, by group and as a whole. A project in two groups counts once in the whole."""

    group_by: str
    groups: list[SummaryRow]
    whole: SummaryRow


class ProjectListing(BaseModel):
    """One project in brief."""

    iati_identifier: str
    activity: JsonValue
    money: JsonValue
    results: JsonValue
    explanation: Explanation | None = None


class ProjectPage(Asked):
    """A page of projects in order of identifier, and the cursor of the next (null on the last)."""

    items: list[ProjectListing]
    next: str | None


class Part(BaseModel):
    """One owner's part of a project: the facts as told, and the figures made of them.

    ``withheld`` names the members of the facts that the caller may not see, whether or not there are any.
    """

    version: int
    recorded_at: AwareDatetime
    data: JsonValue
    figures: JsonValue
    withheld: tuple[str, ...] = ()


class Project(Asked):
    """One project whole; a part is null until its owner has told of it."""

    iati_identifier: str
    activity: Part | None
    finance: Part | None
    results: Part | None
    money: list[ConvertedMoney | MoneyByStage] | None = Field(
        default=None,
        description="The project's money in the terms asked for, where they are not those it is kept in",
    )
    explanation: Explanation | None = None
