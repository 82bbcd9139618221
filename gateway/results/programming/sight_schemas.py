"""What the pages of lines of sight and of orphans answer."""

from pydantic import BaseModel, Field

from gateway.money import Exact
from gateway.results.schemas import Asked
from shared.contracts.iati import Narratives


class ToldIn(BaseModel):
    """The document that tells something, and which version of it."""

    aggregate: str
    identifier: str
    version: int


class SightNode(BaseModel):
    """A project, country outcome, outcome, objective or target; ``known`` is whether a document has it."""

    id: str = Field(description="As in `country-outcome:SAMPLE-DWCP-KE-2024/KEN 101`")
    kind: str
    code: str
    known: bool
    titles: Narratives


class SightEdge(BaseModel):
    """A link from ``lower``, which contributes, to ``upper``; the percentage is null where it is not told."""

    lower: str
    upper: str
    type: str
    percentage: Exact | None
    told_in: ToldIn


class LineOfSight(Asked):
    """What leads to a start and what it leads to; ``is_all`` is false where there is more than is told."""

    start: str
    nodes: list[SightNode]
    edges: list[SightEdge]
    is_all: bool


class OrphanProject(BaseModel):
    """A project that contributes to nothing."""

    iati_identifier: str
    titles: Narratives
    status: str | None


class OrphanProjects(BaseModel):
    """A page of the projects that contribute to nothing, of how many there are."""

    count: int
    items: list[OrphanProject]
    next: str | None


class UnknownOutcome(BaseModel):
    """An outcome or country outcome that documents name and none has; ``documents`` is how many, by their kind."""

    kind: str
    code: str
    documents: dict[str, int]


class UnknownOutcomes(BaseModel):
    """Outcomes that documents name and none has."""

    count: int
    items: list[UnknownOutcome]


class OrphanCountryOutcome(BaseModel):
    """An outcome of a country programme that leads nowhere."""

    programme: str
    code: str
    titles: Narratives


class OrphanCountryOutcomes(BaseModel):
    """Outcomes of country programmes that lead nowhere."""

    count: int
    items: list[OrphanCountryOutcome]


class OrphanOutcome(BaseModel):
    """An outcome of a programme and budget that no project contributes to."""

    biennium: str
    code: str
    titles: Narratives


class OrphanOutcomes(BaseModel):
    """Outcomes of programmes and budgets that no project contributes to."""

    count: int
    items: list[OrphanOutcome]


class Orphans(Asked):
    """Where the line of sight breaks; each list but that of projects tells the first only, and how many there are."""

    projects: OrphanProjects
    unknown_outcomes: UnknownOutcomes
    country_outcomes_without_outcome: OrphanCountryOutcomes
    country_outcomes_without_target: OrphanCountryOutcomes
    outcomes_without_project: OrphanOutcomes
