"""Rules of proposals: the states they go through, who may write what, and the gate that is the appraisal.

Nothing leads from a concept to a donor but by ``pass``, and ``pass`` needs what the appraisal asks for. A revision that
was returned needs appraisals of its own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from services.projects.proposals.appraisal import faults_of_form, is_by, recorded, verdict
from services.projects.proposals.checks import checks
from shared.contracts.base import Contract
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1 import (
    AppraisalForm,
    CriteriaSet,
    Proposal,
    ProposalAction,
    ProposalAuthor,
    ProposalStep,
    Turnaround,
)
from shared.contracts.projects.v1.programming import ItemCode
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import ContentLocked, IllegalStep, StepRefused
from shared.figures.lifecycle import Lifecycle, Step

Found: TypeAlias = tuple[str, str, str]

SUBMITTED = "submitted-for-appraisal"

LIFECYCLE = Lifecycle(
    initial="concept",
    steps=(
        Step("develop", ("concept",), "draft"),
        Step("submit", ("draft", "returned"), SUBMITTED),
        Step("return", (SUBMITTED, "passed", "submitted-to-donor"), "returned"),
        Step("reject", (SUBMITTED,), "rejected"),
        Step("pass", (SUBMITTED,), "passed"),
        Step("submit-to-donor", ("passed",), "submitted-to-donor"),
        Step("approve", ("submitted-to-donor",), "approved"),
        Step("decline", ("submitted-to-donor",), "declined"),
        Step("activate", ("approved",), "active"),
        Step("suspend", ("active",), "suspended"),
        Step("resume", ("suspended",), "active"),
        Step("close-operations", ("active", "suspended"), "operationally-closed"),
        Step("close-finances", ("operationally-closed",), "financially-closed"),
        Step(
            "cancel",
            (
                "concept",
                "draft",
                SUBMITTED,
                "returned",
                "passed",
                "submitted-to-donor",
                "approved",
                "active",
                "suspended",
            ),
            "cancelled",
        ),
    ),
)
WRITABLE = ("concept", "draft", "returned")
"""States in which the authors may change the content."""
WITH_REASONS = ("return", "reject", "decline", "cancel", "suspend")
DECISIONS = ("return", "reject", "pass")
"""What is decided about a revision under appraisal, by somebody who did not write it."""
OWNED = ("state", "revision", "criteria", "written_by", "history", "appraisals", "turnaround")
"""Members that follow from what was done, whatever a caller makes of them."""


class ProposalStepForm(Contract):
    """A step that somebody takes; ``criteria`` is the code of the set to submit by, where several are in force."""

    action: ProposalAction
    by: Identifier
    reasons: Sentence | None = None
    criteria: ItemCode | None = None


class GateClosed(Exception):
    """The proposal does not pass; its faults point at the members of the proposal."""

    def __init__(self, faults: Sequence[Found]) -> None:
        super().__init__(faults)
        self.faults = faults


def proposal_columns(proposal: Proposal) -> dict[str, Any]:
    """Return the columns of a proposal that a list may filter by."""
    return {"state": proposal.state, "countries": sorted(set(proposal.countries))}


def criteria_columns(criteria: CriteriaSet) -> dict[str, Any]:
    """Return the columns of a set of criteria that it is found by."""
    return {"code": criteria.code, "number": criteria.version, "valid_from": criteria.valid_from}


def begun(content: Proposal) -> Proposal:
    """Return a new proposal: a concept, whatever its author calls it."""
    fresh = {name: Proposal.model_fields[name].default for name in OWNED}
    return content.model_copy(update={**fresh, "written_by": _together((), content.authors)})


def revised(proposal: Proposal, content: Proposal) -> Proposal:
    """Return the proposal with other content, and with everything that is not its authors' as it stands.

    Raises:
        ContentLocked: it would change, and may not in its state.

    """
    kept = content.model_copy(update={name: getattr(proposal, name) for name in OWNED})
    if kept == proposal:
        return proposal
    if proposal.state not in WRITABLE:
        raise ContentLocked
    return kept.model_copy(update={"written_by": _together(proposal.written_by, content.authors)})


def signed(proposal: Proposal, own_names: Sequence[str]) -> Proposal:
    """Return the proposal with a person who wrote of it among its authors; ``own_names`` is what they are called."""
    if not own_names or any(is_by(name, proposal.written_by) for name in own_names):
        return proposal
    writer = ProposalAuthor(kind="person", name=own_names[0])
    return proposal.model_copy(update={"written_by": (*proposal.written_by, writer)})


def acted(  # noqa: PLR0913
    proposal: Proposal,
    form: ProposalStepForm,
    *,
    at: datetime,
    criteria: CriteriaSet | None = None,
    beside: Sequence[Found] = (),
    own_names: Sequence[str] = (),
) -> Proposal:
    """Return the proposal after a step.

    Args:
        proposal: as it stands.
        form: the step, who takes it and why.
        at: when.
        criteria: to submit by, or what the proposal was submitted by; other steps need none.
        beside: what is wrong with the outcomes that it is linked to, by the documents that hold them.
        own_names: what the person is called who takes it, where that is known.

    Raises:
        IllegalStep: the state does not allow it.
        StepRefused: reasons are wanting, or the one who decides wrote the proposal.
        GateClosed: it does not pass.

    """
    state = LIFECYCLE.after(proposal.state, form.action)
    if faults := _faults_of_step(proposal, form, (form.by, *own_names)):
        raise StepRefused(faults)
    updates: dict[str, Any] = {"state": state}
    if form.action == "submit":
        updates |= {"revision": proposal.revision + 1, "criteria": _required(criteria).reference}
    if form.action == "pass" and (faults := lacking(proposal, criteria, beside)):
        raise GateClosed(faults)
    at = max(at, proposal.history[-1].at) if proposal.history else at
    after = proposal.model_copy(update=updates)
    step = ProposalStep(
        action=form.action,
        from_state=proposal.state,
        to_state=after.state,
        at=at,
        by=form.by,
        reasons=form.reasons,
        revision=after.revision,
        criteria=after.criteria,
    )
    turnaround = _turnaround(proposal.turnaround, step)
    return after.model_copy(update={"history": (*proposal.history, step), "turnaround": turnaround})


def appraised(
    proposal: Proposal,
    form: AppraisalForm,
    *,
    at: datetime,
    criteria: CriteriaSet,
    own_names: Sequence[str] = (),
) -> Proposal:
    """Return the proposal with one more appraisal.

    Args:
        proposal: as it stands.
        form: the appraisal.
        at: when.
        criteria: what the proposal was submitted by.
        own_names: what the person is called who appraises, where that is known; by the first of them it is recorded,
            so that nobody counts twice.

    Raises:
        IllegalStep: the proposal is not under appraisal.
        StepRefused: the appraiser wrote it, or the scores do not fit the criteria.

    """
    require_under_appraisal(proposal)
    if faults := faults_of_form(form, proposal, _own(proposal, criteria), own_names):
        raise StepRefused(faults)
    if own_names:
        appraiser = form.appraiser.model_copy(update={"person": own_names[0]})
        form = form.model_copy(update={"appraiser": appraiser})
    return recorded(form, proposal, criteria, at)


def require_under_appraisal(proposal: Proposal) -> None:
    """Check that a proposal may be appraised.

    Raises:
        IllegalStep: it is not under appraisal.

    """
    if proposal.state != SUBMITTED:
        raise IllegalStep(proposal.state, "appraise", LIFECYCLE.allowed(proposal.state))


def lacking(proposal: Proposal, criteria: CriteriaSet | None, beside: Sequence[Found]) -> list[Found]:
    """Return what keeps a proposal from passing: of its content, its links, and its appraisals."""
    own = _own(proposal, _required(criteria))
    return [*checks(proposal, own), *beside, *verdict(proposal, own)]


def _faults_of_step(proposal: Proposal, form: ProposalStepForm, names: Sequence[str]) -> list[Found]:
    faults: list[Found] = []
    if form.action in WITH_REASONS and form.reasons is None:
        faults.append(("/reasons", "reasons-missing", f"To {form.action} takes reasons."))
    decides = proposal.state == SUBMITTED and form.action in DECISIONS
    if decides and any(is_by(name, (*proposal.authors, *proposal.written_by)) for name in names):
        faults.append(("/by", "conflict-of-interest", f"{form.by!r} wrote the proposal."))
    return faults


def _turnaround(before: tuple[Turnaround, ...], step: ProposalStep) -> tuple[Turnaround, ...]:
    """Return the turnaround times after a step: one begins with a submission and ends when the state is left."""
    if step.to_state == SUBMITTED:
        return (*before, Turnaround(revision=step.revision, submitted_at=step.at))
    if step.from_state != SUBMITTED:
        return before
    days = (step.at.date() - before[-1].submitted_at.date()).days
    decided = {"decided_at": step.at, "decision": step.to_state, "days": days}
    return (*before[:-1], before[-1].model_copy(update=decided))


def _together(
    before: tuple[ProposalAuthor, ...], authors: tuple[ProposalAuthor, ...]
) -> tuple[ProposalAuthor, ...]:
    """Return all authors that there ever were: taking one's name out does not make one impartial."""
    return tuple(dict.fromkeys((*before, *authors)))


def _required(criteria: CriteriaSet | None) -> CriteriaSet:
    if criteria is None:
        raise ValueError("a proposal is submitted and passed by criteria")
    return criteria


def _own(proposal: Proposal, criteria: CriteriaSet) -> CriteriaSet:
    if criteria.reference != proposal.criteria:
        raise ValueError("the criteria are not those that the proposal was submitted by")
    return criteria
