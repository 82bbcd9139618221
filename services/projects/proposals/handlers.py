"""Use cases of proposals: taking a step, appraising, and looking at the machine checks.

Each locks the proposal first, so that what is decided is decided about what is stored. A version of criteria is never
changed, so it can be read without a lock.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.projects.models import CriteriaSetRow
from services.projects.programming.aggregates import COUNTRY_PROGRAMMES, PROGRAMME_BUDGETS
from services.projects.proposals import domain
from services.projects.proposals.aggregates import CRITERIA_SETS, PROPOSALS
from services.projects.proposals.checks import checks, checks_beside
from shared.chassis.db import is_one_of
from shared.chassis.documents import (
    Actor,
    Aggregate,
    DocumentRow,
    Stored,
    change,
    find,
    locked,
    require_version,
)
from shared.chassis.documents.aggregates import C
from shared.chassis.documents.faults import Found, told
from shared.chassis.documents.refusals import refusals
from shared.chassis.errors import Conflict
from shared.chassis.scoping import required_permit, visible
from shared.contracts.projects.v1 import AppraisalForm, CriteriaSet, Proposal
from shared.contracts.workflow import StepRefused
from shared.policy.permits import reading
from shared.policy.principals import Principal


async def act(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.ProposalStepForm,
    expected_version: int | None,
) -> Stored:
    """Take a step with a proposal.

    Raises:
        NotFound: there is no such proposal.
        Conflict: its state does not allow the step, or it does not pass.
        Forbidden: the actor's roles or grants do not allow it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting, or the one who decides wrote the proposal.

    """
    row = await locked(session, PROPOSALS, identifier, actor)
    with_reasons = actor.taking(form.action).because(form.reasons)
    actor.require_own_name(form.by, "/by")
    await require_version(session, PROPOSALS, row, expected_version, actor)
    proposal, now = Proposal.from_json(row.document), datetime.now(UTC)
    with _refusals():
        domain.LIFECYCLE.after(proposal.state, form.action)
        criteria = await _criteria_of_step(session, proposal, form)
        beside = await _beside(session, proposal, actor.reader) if form.action == "pass" else []
        return await change(
            session,
            PROPOSALS,
            identifier,
            lambda each: domain.acted(
                each, form, at=now, criteria=criteria, beside=beside, own_names=actor.own_names
            ),
            actor=with_reasons,
            expected_version=expected_version,
        )


async def appraise(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: AppraisalForm,
    expected_version: int | None,
) -> Stored:
    """Record an appraisal of the revision as it stands.

    Raises:
        NotFound: there is no such proposal.
        Conflict: it is not under appraisal.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: the appraiser wrote the proposal, or the scores do not fit the criteria.

    """
    row = await locked(session, PROPOSALS, identifier, actor)
    actor.require_own_name(form.appraiser.person, "/appraiser/person")
    await require_version(session, PROPOSALS, row, expected_version, actor)
    proposal, now = Proposal.from_json(row.document), datetime.now(UTC)
    with _refusals():
        domain.require_under_appraisal(proposal)
        criteria = await _own_criteria(session, proposal)
        return await change(
            session,
            PROPOSALS,
            identifier,
            lambda each: domain.appraised(each, form, at=now, criteria=criteria, own_names=actor.own_names),
            actor=actor,
            expected_version=expected_version,
        )


async def look(
    session: AsyncSession, identifier: str
) -> tuple[DocumentRow, Proposal, CriteriaSet | None, list[Found]]:
    """Return a proposal that the session's permit lets see, with the criteria that apply to it and what it lacks by them.

    Raises:
        NotFound: there is no such proposal.

    """
    row = await find(session, PROPOSALS, identifier)
    proposal = Proposal.from_json(row.document)
    if proposal.criteria is not None:
        criteria: CriteriaSet | None = await _own_criteria(session, proposal)
    else:
        in_force = await _in_force(session)
        criteria = next(iter(in_force.values())) if len(in_force) == 1 else None
    reader = required_permit(session, PROPOSALS.noun).principal
    return row, proposal, criteria, [*checks(proposal, criteria), *await _beside(session, proposal, reader)]


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what the rules refuse as problems; that a proposal does not pass is a conflict."""
    with refusals():
        try:
            yield
        except domain.GateClosed as error:
            detail = "The proposal does not pass the appraisal."
            raise Conflict(detail, code="appraisal-not-passed", errors=told(error.faults)) from error


async def _criteria_of_step(
    session: AsyncSession, proposal: Proposal, form: domain.ProposalStepForm
) -> CriteriaSet | None:
    if form.action == "pass":
        return await _own_criteria(session, proposal)
    if form.action != "submit":
        return None
    in_force = await _in_force(session)
    if not in_force:
        raise Conflict("No criteria are in force to appraise by.", code="no-criteria-in-force")
    if form.criteria is None and len(in_force) == 1:
        return next(iter(in_force.values()))
    if form.criteria not in in_force:
        known = ", ".join(sorted(in_force))
        raise StepRefused([("/criteria", "unknown-criteria", f"These are in force: {known}.")])
    return in_force[form.criteria]


async def _in_force(session: AsyncSession) -> dict[str, CriteriaSet]:
    """Return of each set of criteria the version that is in force, which nobody chooses, by code."""
    statement = (
        select(CriteriaSetRow)
        .where(col(CriteriaSetRow.valid_from) <= datetime.now(UTC).date())
        .order_by(CriteriaSetRow.code, col(CriteriaSetRow.valid_from), col(CriteriaSetRow.number))
    )
    rows = await session.exec(statement)
    return {row.code: CriteriaSet.from_json(row.document) for row in rows}


async def _own_criteria(session: AsyncSession, proposal: Proposal) -> CriteriaSet:
    reference = proposal.criteria
    if reference is None:
        raise ValueError("a proposal that was never submitted has no criteria")
    row = await find(session, CRITERIA_SETS, f"{reference.code}/{reference.version}")
    return CriteriaSet.from_json(row.document)


async def _beside(session: AsyncSession, proposal: Proposal, reader: Principal | None) -> list[Found]:
    """Return what is wrong with the outcomes that a proposal is linked to, by the stored frameworks that one may read.

    A draft of another country's programme is told to nobody by what is linked to it.
    """
    bienniums = (link.biennium for link in proposal.programme_outcomes)
    codes = (link.programme for link in proposal.country_outcomes)
    return checks_beside(
        proposal,
        await _known(session, PROGRAMME_BUDGETS, bienniums, reader),
        await _known(session, COUNTRY_PROGRAMMES, codes, reader),
    )


async def _known(
    session: AsyncSession, aggregate: Aggregate[C], identifiers: Iterable[str], reader: Principal | None
) -> dict[str, C]:
    """Return those of the documents that are stored and that one may read, by identifier."""
    model = aggregate.model
    statement = select(model.identifier, model.document).where(
        is_one_of(model.id, {aggregate.id_of(identifier) for identifier in identifiers})
    )
    if reader is not None:
        statement = statement.where(visible(model, reading(reader, aggregate.noun), aggregate.projects))
    rows = await session.exec(statement)
    return {identifier: aggregate.contract.from_json(document) for identifier, document in rows}
