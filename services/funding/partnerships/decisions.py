"""Use cases of single decisions on money: allocating it, and taking an allocation back."""

from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.partnerships.aggregates import AGREEMENTS, POOLS
from services.funding.partnerships.allocations import MoneySource, Source, allocate
from shared.chassis.documents import Actor, Stored, change
from shared.chassis.documents.faults import told
from shared.chassis.errors import Invalid, NotFound
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Allocation
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.proposals import Sentence


class WithdrawalForm(Contract):
    """Why an allocation is taken back, and by whom."""

    by: Identifier
    reasons: Sentence


async def withdraw(  # noqa: PLR0913
    session: AsyncSession,
    actor: Actor,
    source: MoneySource,
    code: str,
    form: WithdrawalForm,
    expected_version: int | None = None,
) -> Stored:
    """Take an allocation back; who did so and why is kept with the event of the change.

    Raises:
        NotFound: there is no such agreement or pool, or it has no such allocation.
        StaleVersion: the stored version is not ``expected_version``.

    """
    actor.require_own_name(form.by, "/by")
    why = actor.because(f"{form.by}: {form.reasons}")
    if source.kind == "agreement":
        return await change(
            session,
            AGREEMENTS,
            source.identifier,
            lambda each: _without(each, code),
            actor=why,
            expected_version=expected_version,
        )
    return await change(
        session,
        POOLS,
        source.identifier,
        lambda each: _without(each, code),
        actor=why,
        expected_version=expected_version,
    )


async def allocate_one(  # noqa: PLR0913
    session: AsyncSession,
    actor: Actor,
    source: MoneySource,
    allocation: Allocation,
    rate_source: str,
    expected_version: int | None,
) -> Stored:
    """Allocate money of an agreement or a pool by a decision of its own, not by a scenario.

    Raises:
        NotFound: there is no such agreement or pool.
        Conflict: its state does not allow it, or another allocation has the code.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: there is not so much, it may not be spent so, or the day is to come.

    """
    actor.require_own_name(allocation.by, "/by")
    if allocation.decided_on > datetime.now(UTC).date():
        faults = told([("/decided_on", "date-in-future", "Nothing is decided on a day to come.")])
        raise Invalid("The money can not be allocated so.", errors=faults)
    return await allocate(
        session,
        actor,
        source,
        [allocation.model_copy(update={"scenario": None})],
        rate_source=rate_source,
        pointers=[""],
        expected_version=expected_version,
    )


def _without(source: Source, code: str) -> Source:
    left = tuple(each for each in source.allocations if each.code != code)
    if left == source.allocations:
        raise NotFound(f"No allocation has the code {code!r}.")
    return source.model_copy(update={"allocations": left})
