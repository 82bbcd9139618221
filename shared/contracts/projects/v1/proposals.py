"""Proposals and their appraisal: what is asked for, and the versioned criteria that it is judged by.

Of a proposal the content is its authors'. State, history, appraisals, turnaround and who ever wrote it are the owner's;
whatever a caller makes of them, they stay as they are.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, LiteralString

from pydantic import AwareDatetime, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.contracts.base import Contract
from shared.contracts.iati import Amount, Code, Money, Narratives, Organisation
from shared.contracts.ids import Identifier
from shared.contracts.personal import APPRAISER, AUTHOR, DECIDER, WORDS
from shared.contracts.projects.v1.programming import CountryCode, ItemCode, ProgrammeOutcomeLink, Titles

ProposalState = Literal[
    "concept",
    "draft",
    "submitted-for-appraisal",
    "returned",
    "rejected",
    "passed",
    "submitted-to-donor",
    "approved",
    "declined",
    "active",
    "suspended",
    "operationally-closed",
    "financially-closed",
    "cancelled",
]
ProposalAction = Literal[
    "develop",
    "submit",
    "return",
    "reject",
    "pass",
    "submit-to-donor",
    "approve",
    "decline",
    "activate",
    "suspend",
    "resume",
    "close-operations",
    "close-finances",
    "cancel",
]
Day = date
Significance = Literal[0, 1, 2, 3]
"""0 not targeted, 1 and 2 to some and to a good extent, 3 the principal objective."""
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""Words that somebody has to give: not blank."""


class ProposalAuthor(Contract):
    """Who writes a proposal: a person or a unit, by the name that the organisation knows them by."""

    kind: Literal["person", "unit"] = "person"
    name: Annotated[Identifier, AUTHOR]


class Appraiser(Contract):
    """A person who appraises, and the unit that the person is of."""

    person: Annotated[Identifier, APPRAISER]
    unit: Identifier | None = None


class ProposalPeriod(Contract):
    """The days that a proposal is for, the first and the last among them."""

    start: date
    end: date


class ProposalValue(Contract):
    """What an indicator stands at or is to reach: a number, or words where it is qualitative."""

    date: Day | None = None
    value: Amount | None = None
    narratives: Narratives = ()


class ProposalMilestone(ProposalValue):
    """What is to be reached by a day on the way to the target."""

    date: Day


class ProposalIndicator(Contract):
    """How a result is to be measured."""

    titles: Titles
    measure: Code | None = None
    baseline: ProposalValue | None = None
    target: ProposalValue | None = None
    milestones: tuple[ProposalMilestone, ...] = ()
    means_of_verification: Narratives = ()


class ProposalResult(Contract):
    """A result of a ResultType (1 output, 2 outcome, 3 impact), with what has to hold for it to come about."""

    type: Code
    titles: Titles
    assumptions: Narratives = ()
    indicators: tuple[ProposalIndicator, ...] = ()


class ProposalBudgetLine(Contract):
    """A part of the amount, in its currency; ``monitoring-and-evaluation`` is the category that is reserved."""

    category: ItemCode
    amount: Amount
    narratives: Narratives = ()


class ProposalRisk(Contract):
    """What may go wrong, and what is done about it."""

    narratives: Titles
    likelihood: Code | None = None
    impact: Code | None = None
    mitigation: Narratives = ()


class ProposalMarkers(Contract):
    """How far the proposal is about each of the themes that run through all work; None is not told, 0 is not at all."""

    gender: Significance | None = None
    labour_standards: Significance | None = None
    social_dialogue: Significance | None = None
    environment: Significance | None = None


class CountryOutcomeLink(Contract):
    """An outcome of a country programme."""

    programme: Identifier
    code: ItemCode


class CriteriaReference(Contract):
    """A version of a set of criteria."""

    code: ItemCode
    version: int


class ProposalStep(Contract):
    """A step that was taken, by whom and why; ``revision`` is the text that it was about."""

    action: ProposalAction
    from_state: ProposalState
    to_state: ProposalState
    at: AwareDatetime
    by: Annotated[Identifier, DECIDER]
    reasons: Annotated[Sentence | None, WORDS] = None
    revision: int = 0
    criteria: CriteriaReference | None = None


class CriterionScore(Contract):
    """What an appraiser gives for one criterion, and why."""

    criterion: ItemCode
    score: ItemCode
    comment: Annotated[Sentence, WORDS]


class AppraisalForm(Contract):
    """What an appraiser sends."""

    appraiser: Appraiser
    scores: Annotated[tuple[CriterionScore, ...], Field(min_length=1, max_length=200)]
    recommendation: Literal["pass", "return", "reject"]
    comment: Annotated[Sentence | None, WORDS] = None


class Appraisal(AppraisalForm):
    """An appraisal of one revision by one version of the criteria."""

    revision: int
    criteria: CriteriaReference
    at: AwareDatetime


class Turnaround(Contract):
    """How long a revision was under appraisal, in days of the calendar (UTC); until it is decided there is no end."""

    revision: int
    submitted_at: AwareDatetime
    decided_at: AwareDatetime | None = None
    decision: ProposalState | None = None
    days: int | None = None


class Proposal(Contract):
    """A proposal for a project, from concept to financial closure.

    ``written_by`` are all who were authors at any time, ``revision`` counts the submissions for appraisal, and
    ``criteria`` is what the last of them is judged by.
    """

    identifier: Identifier
    titles: Titles
    descriptions: Narratives = ()
    authors: Annotated[tuple[ProposalAuthor, ...], Field(min_length=1, max_length=200)]
    countries: tuple[CountryCode, ...] = ()
    period: ProposalPeriod | None = None
    amount: Money | None = None
    donor: Organisation | None = None
    results: tuple[ProposalResult, ...] = ()
    budget: tuple[ProposalBudgetLine, ...] = ()
    risks: tuple[ProposalRisk, ...] = ()
    markers: ProposalMarkers = ProposalMarkers()
    programme_outcomes: tuple[ProgrammeOutcomeLink, ...] = ()
    country_outcomes: tuple[CountryOutcomeLink, ...] = ()
    state: ProposalState = "concept"
    revision: int = 0
    criteria: CriteriaReference | None = None
    written_by: tuple[ProposalAuthor, ...] = ()
    history: tuple[ProposalStep, ...] = ()
    appraisals: tuple[Appraisal, ...] = ()
    turnaround: tuple[Turnaround, ...] = ()


class ScaleStep(Contract):
    """A score that may be given; without a value it says that the criterion is not relevant."""

    code: ItemCode
    titles: Titles
    value: Annotated[Amount, Field(ge=0)] | None = None
    unsatisfactory: bool = False


class Criterion(Contract):
    """What is judged, and how much it weighs; a required one is given a value by every appraiser."""

    code: ItemCode
    titles: Titles
    weight: Annotated[Amount, Field(gt=0)]
    required: bool = False


class AppraisalThreshold(Contract):
    """What it takes to pass from an amount on, in the currency of the set."""

    from_amount: Annotated[Amount, Field(ge=0)]
    appraisers: Annotated[int, Field(ge=1, le=100)]
    weighted_score: Annotated[Amount, Field(ge=0)]
    required_satisfactory: bool = True


class CriteriaSet(Contract):
    """A version of the criteria of an appraisal, which is for good: what was appraised by it can be explained.

    ``monitoring_share`` is the least percentage of the amount that is reserved for monitoring and evaluation.
    """

    code: ItemCode
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    titles: Titles
    valid_from: date
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    monitoring_share: Annotated[Amount, Field(ge=0, le=100)]
    scale: Annotated[tuple[ScaleStep, ...], Field(min_length=2, max_length=50)]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=200)]
    thresholds: Annotated[tuple[AppraisalThreshold, ...], Field(min_length=1, max_length=50)]

    @property
    def identifier(self) -> str:
        """The name of the version, as in ``evaluability/1``."""
        return f"{self.code}/{self.version}"

    @property
    def reference(self) -> CriteriaReference:
        """How a proposal names the version."""
        return CriteriaReference(code=self.code, version=self.version)

    @field_validator("code")
    @classmethod
    def _of_one_segment(cls, code: str) -> str:
        if "/" in code:
            raise _fault("slash_in_code", "a slash parts code and version: {value}", code)
        return code

    @field_validator("scale")
    @classmethod
    def _scale_once(cls, scale: tuple[ScaleStep, ...]) -> tuple[ScaleStep, ...]:
        _require_once(step.code for step in scale)
        return scale

    @field_validator("criteria")
    @classmethod
    def _criteria_once(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        _require_once(criterion.code for criterion in criteria)
        return criteria

    @field_validator("thresholds")
    @classmethod
    def _thresholds_whole(
        cls, thresholds: tuple[AppraisalThreshold, ...], info: ValidationInfo
    ) -> tuple[AppraisalThreshold, ...]:
        """Sort the thresholds, which begin at zero and can be reached by the best score."""
        _require_once(str(threshold.from_amount) for threshold in thresholds)
        ordered = tuple(sorted(thresholds, key=lambda threshold: threshold.from_amount))
        if ordered[0].from_amount != 0:
            raise _fault(
                "thresholds_from_zero",
                "the first threshold is from 0, not from {value}",
                str(ordered[0].from_amount),
            )
        best = max((step.value or 0 for step in info.data.get("scale", ())), default=None)
        for threshold in ordered:
            if best is not None and threshold.weighted_score > best:
                raise _fault("score_out_of_reach", "no score reaches {value}", str(threshold.weighted_score))
        return ordered


def _require_once(codes: Iterable[str]) -> None:
    seen = set()
    for code in codes:
        if code in seen:
            raise _fault("duplicate_code", "{value} stands twice", code)
        seen.add(code)


def _fault(kind: LiteralString, template: LiteralString, value: str) -> PydanticCustomError:
    return PydanticCustomError(kind, template, {"value": value})
