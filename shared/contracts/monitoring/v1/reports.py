"""Progress reports on a period, and locks of periods.

The content of a report is its authors'. State and history are the owner's, as are exceptions and release of a lock.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Contract
from shared.contracts.iati import Code, Document, Narratives
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1.results import Measurement
from shared.contracts.personal import AUTHOR, DECIDER, GRANTEE, WORDS
from shared.contracts.projects.v1.programming import Titles
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import TakenStep

ReportState = Literal["draft", "submitted", "returned", "validated", "published"]
ReportAction = Literal["submit", "return", "validate", "publish"]
LockState = Literal["locked", "released"]
LockAction = Literal["release", "lock"]
Ordinal = Annotated[int, Field(ge=1)]


class ReportedRisk(Contract):
    """What may go wrong as it stands in the period."""

    narratives: Annotated[Titles, WORDS]
    likelihood: Code | None = None
    impact: Code | None = None
    mitigation: Annotated[Narratives, WORDS] = ()


class ReportedIssue(Contract):
    """What did go wrong, and what is done about it."""

    narratives: Annotated[Titles, WORDS]
    raised_on: date
    state: Literal["open", "resolved"] = "open"
    action: Annotated[Narratives, WORDS] = ()


class ReportedActual(Contract):
    """An actual, by the ordinals of result, indicator and period in the activity's framework, from 1."""

    result: Ordinal
    indicator: Ordinal
    period: Ordinal
    actual: Measurement


class Report(Contract):
    """A progress report of an activity on a period; its actuals become the framework's when it is validated."""

    identifier: Identifier
    iati_identifier: Identifier
    sample: bool = False
    office: Identifier | None = None
    period_start: date
    period_end: date
    due_on: date
    written_by: Annotated[tuple[Identifier, ...], AUTHOR] = ()
    narratives: Annotated[Narratives, WORDS] = ()
    rating: Literal["green", "amber", "red"] | None = None
    risks: tuple[ReportedRisk, ...] = ()
    issues: tuple[ReportedIssue, ...] = ()
    actuals: tuple[ReportedActual, ...] = ()
    documents: tuple[Document, ...] = ()
    state: ReportState = "draft"
    history: tuple[TakenStep, ...] = ()


class LockException(Contract):
    """Leave for a person or an office to report within a lock, until a moment."""

    who: Annotated[Identifier, GRANTEE]
    until: AwareDatetime
    reason: Annotated[Sentence, WORDS]
    granted_by: Annotated[Identifier, DECIDER]
    granted_at: AwareDatetime


class PeriodLock(Contract):
    """A lock on the values of periods that overlap a time, of one activity or (without one) of all."""

    identifier: Identifier
    iati_identifier: Identifier | None = None
    sample: bool = False
    period_start: date
    period_end: date
    reason: Annotated[Sentence, WORDS]
    locked_by: Annotated[Identifier, DECIDER]
    state: LockState = "locked"
    exceptions: tuple[LockException, ...] = ()
    history: tuple[TakenStep, ...] = ()
