"""Use cases of agreements: writing content, taking a step, and recording what happens under an agreement.

Each locks the agreement first, so that what is decided is decided about what is stored.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.partnerships import domain, due_diligence
from services.funding.partnerships.aggregates import AGREEMENTS
from services.funding.partnerships.amendments import AmendmentForm, amended
from services.funding.partnerships.copies import proposal_states
from services.funding.partnerships.places import known_places
from shared.chassis.documents import Actor, Stored, change, locked, require_version
from shared.chassis.documents.faults import told
from shared.chassis.documents.refusals import refusals
from shared.chassis.documents.routes import patched
from shared.chassis.errors import Conflict, Invalid
from shared.contracts.funding.v1 import Agreement, MoneyReceipt
from shared.contracts.workflow import StepRefused

Rewrite = Callable[[Agreement], Agreement]


async def act(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.AgreementStepForm,
    expected_version: int | None,
) -> Stored:
    """Take a step with an agreement.

    Raises:
        NotFound: there is no such agreement.
        Conflict: its state does not allow the step, or it may not be signed as it stands.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting.

    """
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)
    proposals: dict[str, str] = {}
    if form.action == "sign":
        row = await locked(session, AGREEMENTS, identifier, actor)
        await require_version(session, AGREEMENTS, row, expected_version, actor)
        held = Agreement.from_json(row.document)
        proposals = await proposal_states(session, held.proposals, actor.reader)
    return await _change(
        session,
        actor.because(form.reasons),
        identifier,
        lambda each: domain.acted(each, form, at=now, proposals=proposals),
        expected_version,
    )


async def scrutinise(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: due_diligence.DueDiligenceForm,
    expected_version: int | None,
) -> Stored:
    """Take a step in the due diligence of a private partner of an agreement that has not ended.

    Raises:
        NotFound: there is no such agreement.
        Conflict: it has ended, or where the due diligence stands does not allow the step.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: there is no such partner, or something is wanting.

    """
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)

    def apply(agreement: Agreement) -> Agreement:
        if agreement.state != "draft":
            domain.require_in_force(agreement, "scrutinise")
        if faults := due_diligence.faults_of_form(agreement, form, now.date()):
            raise StepRefused(faults)
        return due_diligence.scrutinised(agreement, form, now)

    why = actor.because(form.reasons)
    return await _change(session, why, identifier, apply, expected_version)


async def receive(
    session: AsyncSession, actor: Actor, identifier: str, receipt: MoneyReceipt, expected_version: int | None
) -> Stored:
    """Record money that came in.

    Raises:
        NotFound: there is no such agreement.
        Conflict: its state does not allow it, or another receipt has the reference.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: there is no such tranche, or the day is to come.

    """
    today = datetime.now(UTC).date()
    return await _change(
        session, actor, identifier, lambda each: domain.received(each, receipt, today), expected_version
    )


async def amend(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: AmendmentForm,
    expected_version: int | None,
) -> Stored:
    """Change the content of a signed agreement, and record the amendment.

    Raises:
        NotFound: there is no such agreement.
        Conflict: its state does not allow it, or what it adds may not be signed.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: the changes break the contract, a rule, or what was done under the agreement.

    """
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)
    row = await locked(session, AGREEMENTS, identifier, actor)
    await require_version(session, AGREEMENTS, row, expected_version, actor)
    held = Agreement.from_json(row.document)
    places = await known_places(session, held.allocations, actor.reader)
    try:
        content = patched(AGREEMENTS, identifier, held, form.changes)
    except Invalid as error:
        within = [each.model_copy(update={"pointer": f"/changes{each.pointer}"}) for each in error.errors]
        raise Invalid(error.detail, code=error.code, errors=within) from error
    proposals = await proposal_states(session, content.proposals, actor.reader)
    return await _change(
        session,
        actor.because(form.reasons),
        identifier,
        lambda each: amended(each, content, form, at=now, places=places, proposals=proposals),
        expected_version,
    )


async def deliver(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.DeliveryForm,
    expected_version: int | None,
) -> Stored:
    """Record that a report was delivered to the partners.

    Raises:
        NotFound: there is no such agreement.
        Conflict: its state does not allow it.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: no such report is owed, or the day is to come.

    """
    actor.require_own_name(form.by, "/by")
    today = datetime.now(UTC).date()
    return await _change(
        session, actor, identifier, lambda each: domain.delivered(each, form, today), expected_version
    )


async def _change(
    session: AsyncSession, actor: Actor, identifier: str, apply: Rewrite, expected_version: int | None
) -> Stored:
    with _refusals():
        return await change(
            session, AGREEMENTS, identifier, apply, actor=actor, expected_version=expected_version
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what the rules refuse as problems; a reference that is taken and a gate that is closed are conflicts."""
    with refusals():
        try:
            yield
        except domain.ReceiptExists as error:
            raise Conflict("Another receipt has the reference.", code="receipt-exists") from error
        except domain.GateClosed as error:
            raise Conflict(error.detail, code=error.code, errors=told(error.faults)) from error
