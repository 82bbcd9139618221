"""What the pages about programming answer. Amounts are decimal numbers as strings; null is unknown, zero is zero."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gateway.money import ConvertedMoney, Exact, ExcludedMoney, MoneyByStage
from gateway.results.programming.gap_schemas import GapFigures, GapItem
from gateway.results.schemas import Asked
from shared.contracts.iati import Narratives

Money = list[ConvertedMoney | MoneyByStage]


class LinkedOutcome(BaseModel):
    """An outcome of a programme and budget; ``known`` is whether its document has it, and without it has no title."""

    biennium: str
    code: str
    percentage: Exact | None = None
    known: bool
    titles: Narratives


class LinkedTarget(BaseModel):
    """A target of a development agenda; ``known`` is whether its document has it."""

    agenda: str
    code: str
    percentage: Exact | None = None
    known: bool
    titles: Narratives


class ReachedTarget(BaseModel):
    """A target that an outcome serves by country outcomes; a project that reaches it by several counts once."""

    agenda: str
    code: str
    known: bool
    titles: Narratives
    country_outcomes: int
    projects: int


class ReachedCounts(BaseModel):
    """The projects that contribute, each once, and their indicators; ``results`` is how many have told of results."""

    projects: int = 0
    results: int = 0
    indicators: int = 0
    reported: int = 0
    with_progress: int = 0
    on_track: int = 0


class OutcomeMoney(BaseModel):
    """Money of projects that is attributed here by percentage: as reported, and with each amount once."""

    money: Money = []
    counted_once: Money = []
    exclusions: list[ExcludedMoney] = []


class RolledInput(BaseModel):
    """An indicator of a project that is linked to one of an outcome, with its value and the last day that it is of.

    ``reason`` is why it does not count.
    """

    iati_identifier: str
    result: int
    indicator: int
    value: Exact | None
    as_of: date | None
    counted: bool
    reason: str | None


class RolledUp(BaseModel):
    """What projects' indicators come to; ``whole`` is false if something is left out that nobody opted out."""

    operator: str
    value: Exact | None
    numerator: Exact | None
    denominator: Exact | None
    whole: bool
    inputs: list[RolledInput]


class IndicatorProgress(BaseModel):
    """Where a value stands between baseline and target; ``flags`` tell what is missing or assumed."""

    model_config = ConfigDict(from_attributes=True)

    baseline: Exact | None
    target: Exact | None
    actual: Exact | None
    progress: Exact | None
    state: str | None
    expected: Exact | None
    on_track: bool | None
    flags: list[str]


class MeasuredIndicator(BaseModel):
    """An indicator of an outcome: what was planned, its own figures, and what projects add up to.

    ``planned`` is null where the programme has no such indicator, ``own`` and ``rolled_up`` where no framework measures it
    or nothing is linked to it.
    """

    code: str
    titles: Narratives
    unit: str | None
    baseline: Exact | None
    target: Exact | None
    own: IndicatorProgress | None
    rolled_up: RolledUp | None
    progress: IndicatorProgress | None = Field(description="Of what is rolled up, on the way to the target")


class ContributionShown(BaseModel):
    """A link of a project: to which outcome, how, and with which percentage of its money."""

    type: str
    outcome: str | None = Field(description="As in `2024-25/3`")
    country_outcome: str | None = Field(description="As in `SAMPLE-DWCP-KE-2024/KEN 101`")
    percentage: Exact | None


class ContributingProject(BaseModel):
    """A project that contributes, with the links by which it does; ``results`` are its counts of indicators."""

    iati_identifier: str
    titles: Narratives
    status: str | None
    links: list[ContributionShown]
    results: JsonValue


class ContributingProjects(BaseModel):
    """The first of the projects that contribute, and the address of all of them in pages."""

    count: int
    items: list[ContributingProject]
    address: str


class ContributingPage(Asked):
    """A page of projects that contribute, in order of identifier."""

    items: list[ContributingProject]
    next: str | None


class PeopleBySex(BaseModel):
    """How many people took part; what is not stated is a part of the whole, and none of the sexes."""

    participants: int
    by_sex: dict[str, int]


class TrainingSum(PeopleBySex):
    """The training events that are linked, with their participants."""

    events: int


class PublicationBrief(BaseModel):
    """A publication in brief."""

    model_config = ConfigDict(from_attributes=True)

    identifier: str
    titles: Narratives
    kind: str
    published_on: date
    languages: list[str]


class EvaluationBrief(BaseModel):
    """An evaluation of a contributing project in brief."""

    model_config = ConfigDict(from_attributes=True)

    identifier: str
    iati_identifier: str
    kind: str
    timing: str
    due_on: date
    state: str


class ReportBrief(BaseModel):
    """A report that is still to be sent, or to be sent again."""

    model_config = ConfigDict(from_attributes=True)

    identifier: str
    iati_identifier: str
    period_start: date
    period_end: date
    due_on: date
    state: str
    overdue: bool


class Publications(BaseModel):
    """The newest publications that are linked, of how many there are."""

    count: int
    items: list[PublicationBrief]


class Evaluations(BaseModel):
    """Evaluations of the projects that contribute, in order of the day they are due, of how many there are."""

    count: int
    items: list[EvaluationBrief]


class ReportsDue(BaseModel):
    """Reports that are due from the projects that contribute, the longest due first, of how many there are."""

    count: int
    overdue: int
    items: list[ReportBrief]


class OutcomeListing(OutcomeMoney):
    """An outcome of a programme and budget in brief; ``resources`` is null without a work plan."""

    code: str
    titles: Narratives
    objective: str | None
    resources: GapFigures | None
    counts: ReachedCounts


class ObjectiveShown(BaseModel):
    """A strategic objective."""

    code: str
    titles: Narratives


class OutcomeList(Asked):
    """All outcomes of a programme and budget; a project of several counts once in ``whole``."""

    biennium: str
    titles: Narratives
    objectives: list[ObjectiveShown]
    outcomes: list[OutcomeListing]
    whole: ReachedCounts


class LinkedCountryOutcome(BaseModel):
    """A country outcome that is linked to an outcome of a programme and budget."""

    programme: str
    country: str
    code: str
    titles: Narratives
    status: str | None
    percentage: Exact | None
    counts: ReachedCounts


class OutcomePage(OutcomeMoney, Asked):
    """One outcome of a programme and budget, with all that is known of it."""

    biennium: str
    code: str
    titles: Narratives
    objective: ObjectiveShown | None
    indicators: list[MeasuredIndicator]
    resources: GapFigures | None
    items: list[GapItem]
    country_outcomes: list[LinkedCountryOutcome]
    targets: list[ReachedTarget]
    counts: ReachedCounts
    projects: ContributingProjects
    trainings: TrainingSum
    publications: Publications
    evaluations: Evaluations


class CountryOutcomeShown(OutcomeMoney):
    """An outcome of a country programme, with what it contributes to, and the items of work plans for it."""

    code: str
    titles: Narratives
    priority: str | None
    status: str | None
    programme_outcomes: list[LinkedOutcome]
    targets: list[LinkedTarget]
    un_outcomes: list[str]
    indicators: list[MeasuredIndicator]
    items: list[GapItem]
    counts: ReachedCounts


class PriorityShown(BaseModel):
    """A priority of a country programme."""

    code: str
    titles: Narratives


class FragileEdition(BaseModel):
    """Whether an edition of a list of fragile contexts has the country, and with which level."""

    edition: str
    publisher: str
    published: date
    listed: bool
    level: str | None


class CountryProgrammePage(OutcomeMoney, Asked):
    """One country programme, with all that is known of it; a project of several outcomes counts once in ``counts``."""

    code: str
    country: str
    titles: Narratives
    period_start: date
    period_end: date
    status: str
    priorities: list[PriorityShown]
    outcomes: list[CountryOutcomeShown]
    counts: ReachedCounts
    projects: ContributingProjects
    reports_due: ReportsDue
    evaluations: Evaluations
    fragility: list[FragileEdition]
