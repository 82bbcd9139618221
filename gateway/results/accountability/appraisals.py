"""The pipeline of proposals: where they stand, what they ask for, and how long appraisals take."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from typing import get_args

from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import Exact
from gateway.projection.documents import PROPOSALS, outcome_key
from gateway.results.accountability.amounts import AmountTold, amounts
from gateway.results.accountability.answers import known
from gateway.results.accountability.queries import AppraisalsQuery
from gateway.results.accountability.schemas import ShortList
from gateway.results.documents import Keys, narrow
from gateway.results.schemas import Asked
from gateway.results.terms import Terms
from shared.contracts.base import Contract
from shared.contracts.iati import Money, Organisation
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1 import ProgrammeOutcomeLink, ProposalStep, Turnaround
from shared.contracts.projects.v1.programming import CountryCode, Titles
from shared.contracts.projects.v1.proposals import ProposalState
from shared.figures.classifications import title_of
from shared.figures.converted import Dated

STATES: tuple[ProposalState, ...] = get_args(ProposalState)
WAITING: ProposalState = "submitted-for-appraisal"
RETURNED: ProposalState = "returned"


class ProposalInBrief(Contract):
    """What of a proposal the pipeline needs."""

    identifier: Identifier
    titles: Titles
    countries: tuple[CountryCode, ...] = ()
    amount: Money | None = None
    donor: Organisation | None = None
    programme_outcomes: tuple[ProgrammeOutcomeLink, ...] = ()
    state: ProposalState = "concept"
    revision: int = 0
    history: tuple[ProposalStep, ...] = ()
    turnaround: tuple[Turnaround, ...] = ()


class PipelineRow(BaseModel):
    """Some proposals: how many, and what they ask for; ``code`` is null where it is not stated."""

    code: str | None
    proposals: int
    amounts: list[AmountTold]
    without_amount: int = Field(description="Proposals that tell no amount; they are in no sum")


class TurnaroundTold(BaseModel):
    """How long revisions were, and are, under appraisal, in days of the calendar (UTC)."""

    decided: int
    median_days: Exact | None
    longest_days: int | None
    passed: int
    returned: int
    rejected: int
    waiting: int
    longest_waiting_days: int | None


class WaitingProposal(BaseModel):
    """A proposal that waits for its appraisal."""

    identifier: str
    title: str | None
    revision: int
    amount: Exact | None
    currency: str | None
    submitted_at: AwareDatetime | None
    days: int | None


class ReturnedProposal(BaseModel):
    """A proposal that waits for its authors, with the reasons of the last return."""

    identifier: str
    title: str | None
    revision: int
    returned_at: AwareDatetime | None
    by: str | None
    reasons: str | None


class AppraisalsAnswer(Asked):
    """The proposals that match, each once in ``whole`` and in ``by_state``.

    A proposal for two countries or outcomes is in the rows of both with its whole amount, so these rows do not add up.
    """

    whole: PipelineRow
    by_state: list[PipelineRow] = Field(description="In order of the life of a proposal")
    by_country: ShortList[PipelineRow]
    by_outcome: ShortList[PipelineRow]
    turnaround: TurnaroundTold
    waiting: ShortList[WaitingProposal] = Field(description="The longest waiting first")
    returned: ShortList[ReturnedProposal] = Field(description="The latest first")


async def appraisals_answer(session: AsyncSession, query: AppraisalsQuery, terms: Terms) -> AppraisalsAnswer:
    """Return the pipeline of the proposals that match."""
    asked: dict[str, Sequence[str]] = {
        "state": query.state,
        "country": query.country,
        "outcome": query.outcome,
        "partner": query.donor,
    }
    wanted: list[Keys] = [{relation: keys} for relation, keys in asked.items() if keys]
    proposals = await narrow(session, PROPOSALS, ProposalInBrief, wanted)
    by_state = _groups(proposals, lambda each: [each.state])
    return AppraisalsAnswer(
        **await known(session),
        whole=_row(None, proposals, terms),
        by_state=[_row(state, by_state[state], terms) for state in STATES if state in by_state],
        by_country=_rows(_groups(proposals, lambda each: each.countries), terms),
        by_outcome=_rows(_groups(proposals, lambda each: map(outcome_key, each.programme_outcomes)), terms),
        turnaround=turnaround_of(proposals, terms.today),
        waiting=ShortList.of(_waiting(by_state.get(WAITING, ()), terms.today)),
        returned=ShortList.of(_returned(by_state.get(RETURNED, ()))),
    )


def turnaround_of(proposals: Iterable[ProposalInBrief], today: date) -> TurnaroundTold:
    """Return how long revisions were under appraisal; one that was withdrawn meanwhile was not decided."""
    periods = [period for each in proposals for period in each.turnaround]
    decided = [each for each in periods if each.decision in ("passed", "returned", "rejected")]
    days = [each.days for each in decided if each.days is not None]
    waiting = [_days(each.submitted_at, today) for each in periods if each.decided_at is None]
    decisions = [each.decision for each in decided]
    return TurnaroundTold(
        decided=len(decided),
        median_days=median(Decimal(each) for each in days) if days else None,
        longest_days=max(days, default=None),
        passed=decisions.count("passed"),
        returned=decisions.count("returned"),
        rejected=decisions.count("rejected"),
        waiting=len(waiting),
        longest_waiting_days=max(waiting, default=None),
    )


def _groups(
    proposals: Iterable[ProposalInBrief], codes: Callable[[ProposalInBrief], Iterable[str]]
) -> dict[str, list[ProposalInBrief]]:
    """Return proposals by code, under the empty code those that have none."""
    groups: dict[str, list[ProposalInBrief]] = defaultdict(list)
    for proposal in proposals:
        for code in set(codes(proposal)) or {""}:
            groups[code].append(proposal)
    return groups


def _rows(groups: dict[str, list[ProposalInBrief]], terms: Terms) -> ShortList[PipelineRow]:
    order = sorted(groups, key=lambda code: (code == "", code))
    return ShortList.of(_row(code or None, groups[code], terms) for code in order)


def _row(code: str | None, proposals: Sequence[ProposalInBrief], terms: Terms) -> PipelineRow:
    asked_for = [each.amount for each in proposals if each.amount is not None]
    return PipelineRow(
        code=code,
        proposals=len(proposals),
        amounts=amounts((Dated(m.currency, m.value_date, m.amount, planned=True) for m in asked_for), terms),
        without_amount=len(proposals) - len(asked_for),
    )


def _waiting(proposals: Iterable[ProposalInBrief], today: date) -> list[WaitingProposal]:
    told = []
    for each in proposals:
        submitted_at = each.turnaround[-1].submitted_at if each.turnaround else None
        told.append(
            WaitingProposal(
                identifier=each.identifier,
                title=title_of(each.titles),
                revision=each.revision,
                amount=each.amount.amount if each.amount else None,
                currency=each.amount.currency if each.amount else None,
                submitted_at=submitted_at,
                days=_days(submitted_at, today) if submitted_at else None,
            )
        )
    return sorted(told, key=lambda each: (-(each.days or 0), each.identifier))


def _returned(proposals: Iterable[ProposalInBrief]) -> list[ReturnedProposal]:
    told = []
    for each in proposals:
        step = next((step for step in reversed(each.history) if step.to_state == RETURNED), None)
        told.append(
            ReturnedProposal(
                identifier=each.identifier,
                title=title_of(each.titles),
                revision=each.revision,
                returned_at=step.at if step else None,
                by=step.by if step else None,
                reasons=step.reasons if step else None,
            )
        )
    return sorted(told, key=_latest_first)


def _latest_first(proposal: ReturnedProposal) -> tuple[float, str]:
    return -(proposal.returned_at.timestamp() if proposal.returned_at else 0), proposal.identifier


def _days(since: datetime, today: date) -> int:
    return (today - since.date()).days
