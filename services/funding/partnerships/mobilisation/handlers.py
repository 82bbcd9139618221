"""Use cases of pledges and mobilisation targets."""

from datetime import UTC, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import AgreementRow
from services.funding.partnerships.aggregates import AGREEMENTS, MOBILISATION_TARGETS, PLEDGES
from services.funding.partnerships.mobilisation import pledges
from services.funding.partnerships.places import known_places
from services.funding.rates.tables import rate_table
from shared.chassis.documents import Actor, DocumentRow, Stored, change, find
from shared.chassis.documents.reach import is_seen
from shared.chassis.documents.refusals import refusals
from shared.contracts.funding.v1 import Agreement, MobilisationTarget
from shared.figures.biennium import biennium_named
from shared.figures.partnerships import (
    COMMITTED,
    Measured,
    Progress,
    Slice,
    approvals_of,
    progress,
    receipts_of,
)


async def act_on_pledge(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: pledges.PledgeStepForm,
    expected_version: int | None,
) -> Stored:
    """Take a step with a pledge.

    Raises:
        NotFound: there is no such pledge.
        Conflict: its state does not allow it.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting, or there is no such agreement that the actor may read.

    """
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)
    is_known = form.agreement is not None and await is_seen(session, AGREEMENTS, form.agreement, actor)
    with refusals():
        return await change(
            session,
            PLEDGES,
            identifier,
            lambda each: pledges.acted(each, form, at=now, is_known=is_known),
            actor=actor.because(form.reasons),
            expected_version=expected_version,
        )


async def look(
    session: AsyncSession, identifier: str, rate_source: str
) -> tuple[DocumentRow, MobilisationTarget, Progress]:
    """Return a target and how far it is reached, converted by the rates of a source.

    Raises:
        NotFound: there is no such target.

    """
    row = await find(session, MOBILISATION_TARGETS, identifier)
    target = MobilisationTarget.from_json(row.document)
    statement = select(AgreementRow.document).where(col(AgreementRow.state).in_(COMMITTED))
    if target.kind is not None:
        statement = statement.where(AgreementRow.kind == target.kind)
    agreements = [
        Agreement.from_json(document)
        for document in await session.exec(statement.order_by(AgreementRow.identifier))
    ]
    allocations = (each for agreement in agreements for each in agreement.allocations)
    places = await known_places(session, allocations if target.region else ())
    brought = approvals_of if target.measured_by == "approvals" else receipts_of
    figure = progress(
        measured(target),
        ((agreement, brought(agreement)) for agreement in agreements),
        await rate_table(session, rate_source),
        places.geography,
    )
    return row, target, figure


def measured(target: MobilisationTarget) -> Measured:
    """Return what a target is measured in and by."""
    biennium = biennium_named(target.biennium)
    part = Slice(target.programme_outcome, target.region, target.kind)
    currency = target.amount.currency or ""
    return Measured(target.amount.amount, currency, biennium.start, biennium.end, part)
