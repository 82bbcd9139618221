"""Use cases of the funding service beyond storing a document."""

from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.aggregates import FINANCES
from services.funding.domain import faults_of_record, record_transaction
from shared.chassis.documents import Actor, Stored, change
from shared.chassis.documents.faults import told
from shared.chassis.errors import Invalid
from shared.contracts.funding.v1 import ActivityFinance, Transaction


async def add_transaction(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    transaction: Transaction,
    expected_version: int | None,
) -> Stored:
    """Record one transaction of an activity.

    Raises:
        NotFound: funding knows no money of that activity.
        Invalid: the transaction breaks a rule; each fault has a pointer into the transaction.

    """
    today = datetime.now(UTC).date()

    def apply(finance: ActivityFinance) -> ActivityFinance:
        if faults := told(faults_of_record(finance, transaction, today)):
            raise Invalid("The transaction can not be recorded.", errors=faults)
        return record_transaction(finance, transaction)

    return await change(session, FINANCES, identifier, apply, actor=actor, expected_version=expected_version)
