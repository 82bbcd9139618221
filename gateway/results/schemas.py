"""What the results endpoints answer. Amounts are decimal numbers as strings; null is unknown, zero is zero."""

from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from gateway.money import MoneyByStage


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


class SummaryRow(BaseModel):
    """One country, region, sector, donor, status or year; ``code`` is null where it is not stated."""

    code: str | None
    label: str | None
    projects: int
    finance: FinanceCounts
    results: IndicatorCounts
    money: list[MoneyByStage]


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


class ProjectPage(Asked):
    """A page of projects in order of identifier, and the cursor of the next (null on the last)."""

    items: list[ProjectListing]
    next: str | None


class Part(BaseModel):
    """One owner's part of a project: the facts as told, and the figures made of them."""

    version: int
    recorded_at: AwareDatetime
    data: JsonValue
    figures: JsonValue


class Project(Asked):
    """One project whole; a part is null until its owner has told of it."""

    iati_identifier: str
    activity: Part | None
    finance: Part | None
    results: Part | None
