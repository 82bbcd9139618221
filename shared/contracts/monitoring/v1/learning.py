"""What is learned: evaluations and the policy that asks for them, training, publications."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Contract
from shared.contracts.iati import Amount, Code, Document, Narratives
from shared.contracts.ids import Identifier
from shared.contracts.personal import DECIDER, EVALUATOR, RESPONSIBLE, WORDS
from shared.contracts.projects.v1.programming import CountryCode, ItemCode, ProgrammeOutcomeLink, Titles
from shared.contracts.projects.v1.proposals import CountryOutcomeLink, Sentence
from shared.contracts.workflow import TakenStep, VersionReference

EvaluationKind = Literal["self", "internal", "independent"]
EvaluationTiming = Literal["mid-term", "final", "ex-post"]
EvaluationState = Literal["planned", "under-way", "completed", "responded", "closed", "cancelled"]
EvaluationAction = Literal["begin", "complete", "respond", "close", "cancel"]
FollowUpState = Literal["open", "in-progress", "done", "dropped"]
FollowUpAction = Literal["start", "finish", "drop"]
Day = date


class Finding(Contract):
    """What an evaluation found."""

    code: ItemCode
    narratives: Annotated[Titles, WORDS]


class ManagementResponse(Contract):
    """What management makes of a recommendation."""

    decision: Literal["accepted", "partially-accepted", "rejected"]
    narratives: Annotated[Narratives, WORDS] = ()
    by: Annotated[Identifier, DECIDER]
    at: AwareDatetime


class FollowUp(Contract):
    """What is done about a recommendation, by when; state and history are the owner's."""

    code: ItemCode
    narratives: Annotated[Titles, WORDS]
    responsible: Annotated[Identifier, RESPONSIBLE]
    due_on: date
    state: FollowUpState = "open"
    completed_on: Day | None = None
    history: tuple[TakenStep, ...] = ()


class Recommendation(Contract):
    """What an evaluation recommends, management's response, and its follow-up, which are the owner's."""

    code: ItemCode
    narratives: Annotated[Titles, WORDS]
    addressed_to: Annotated[Identifier | None, RESPONSIBLE] = None
    priority: Literal["high", "medium", "low"] | None = None
    response: ManagementResponse | None = None
    follow_up: tuple[FollowUp, ...] = ()


class Evaluation(Contract):
    """An evaluation of an activity, from its plan to the last follow-up.

    ``policy`` is the version of the policy that asked for it, and ``because`` in which words. It is ``as_planned``
    while nobody changed what the policy made of it.
    """

    identifier: Identifier
    iati_identifier: Identifier
    sample: bool = False
    kind: EvaluationKind
    timing: EvaluationTiming
    due_on: date
    policy: VersionReference | None = None
    because: Sentence | None = None
    as_planned: bool = False
    evaluators: Annotated[tuple[Identifier, ...], EVALUATOR] = ()
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    documents: tuple[Document, ...] = ()
    state: EvaluationState = "planned"
    history: tuple[TakenStep, ...] = ()


class EvaluationThreshold(Contract):
    """An evaluation that a project needs whose budget and duration are at least these."""

    from_amount: Annotated[Amount, Field(ge=0)]
    from_months: Annotated[int, Field(ge=0, le=1200)] = 0
    kind: EvaluationKind
    timing: EvaluationTiming


class EvaluationPolicy(Contract):
    """A version of the rules by which evaluations are planned, which is for good.

    Of the thresholds of one timing that a project reaches, the one of the greatest amount decides the kind.
    """

    code: ItemCode
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    titles: Titles
    sample: bool = False
    valid_from: date
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    thresholds: Annotated[tuple[EvaluationThreshold, ...], Field(min_length=1, max_length=100)]

    @property
    def identifier(self) -> str:
        """The name of the version, as in ``evaluation/1``."""
        return f"{self.code}/{self.version}"

    @property
    def reference(self) -> VersionReference:
        """How an evaluation names the version."""
        return VersionReference(code=self.code, version=self.version)


class ParticipantGroup(Contract):
    """How many took part who have these in common; a person is in one group."""

    sex: Literal["female", "male", "other", "not-stated"] = "not-stated"
    constituent: Literal["government", "employers", "workers", "other", "not-stated"] = "not-stated"
    country: CountryCode | None = None
    count: Annotated[int, Field(ge=0, le=10_000_000)]


class Training(Contract):
    """A training event (capacity building), with its participants."""

    identifier: Identifier
    titles: Titles
    sample: bool = False
    start: date
    end: date
    country: CountryCode | None = None
    mode: Literal["in-person", "online", "blended"] = "in-person"
    activities: tuple[Identifier, ...] = ()
    programme_outcomes: tuple[ProgrammeOutcomeLink, ...] = ()
    participants: tuple[ParticipantGroup, ...] = ()


class Publication(Contract):
    """A publication (knowledge product), with the languages that it is there in."""

    identifier: Identifier
    titles: Titles
    sample: bool = False
    kind: Literal["report", "guide", "brief", "study", "dataset", "other"] = "other"
    published_on: date
    languages: Annotated[tuple[Code, ...], Field(min_length=1)]
    url: str | None = None
    activities: tuple[Identifier, ...] = ()
    programme_outcomes: tuple[ProgrammeOutcomeLink, ...] = ()
    country_outcomes: tuple[CountryOutcomeLink, ...] = ()
