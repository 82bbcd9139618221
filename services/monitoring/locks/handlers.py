"""Use cases of locks: setting one, releasing it and locking again, and granting exceptions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.locks import domain
from services.monitoring.locks.aggregates import PERIOD_LOCKS
from services.monitoring.models import PeriodLockRow
from shared.chassis.documents import Actor, Stored, change, put_one, require_reach
from shared.chassis.documents.refusals import refusals
from shared.chassis.errors import Conflict
from shared.contracts.ids import period_lock_id
from shared.contracts.monitoring.v1 import PeriodLock


async def create_lock(session: AsyncSession, actor: Actor, content: PeriodLock) -> Stored:
    """Set a new lock.

    Raises:
        Conflict: it exists.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        Invalid: its content breaks a rule.

    """
    actor.require_own_name(content.locked_by, "/locked_by")
    return await put_one(session, PERIOD_LOCKS, domain.begun(content), actor=actor, must_be_new=True)


async def put_lock(
    session: AsyncSession, actor: Actor, content: PeriodLock, expected_version: int | None
) -> Stored:
    """Set a new lock, or find it set.

    Raises:
        Conflict: it says something else already.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: its content breaks a rule.

    """
    row = await session.get(PeriodLockRow, period_lock_id(content.identifier), with_for_update=True)
    await require_reach(session, PERIOD_LOCKS, content.identifier, actor)
    if row is None:
        actor.require_own_name(content.locked_by, "/locked_by")
        return await put_one(
            session,
            PERIOD_LOCKS,
            domain.begun(content),
            actor=actor,
            expected_version=expected_version,
            must_be_new=True,
        )
    return await _change(
        session,
        actor,
        content.identifier,
        lambda lock: domain.put_again(lock, content),
        expected_version,
    )


async def act(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.LockStep,
    expected_version: int | None,
) -> Stored:
    """Release a lock, or lock again.

    Raises:
        NotFound: there is no such lock.
        IllegalTransition: its state does not allow the step.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting.

    """
    await require_reach(session, PERIOD_LOCKS, identifier, actor)
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)
    with_reasons = actor.because(form.reasons)
    return await _change(
        session,
        with_reasons,
        identifier,
        lambda lock: domain.acted(lock, form, at=now),
        expected_version,
    )


async def except_from(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.ExceptionForm,
    expected_version: int | None,
) -> Stored:
    """Grant an exception from a lock.

    Raises:
        NotFound: there is no such lock.
        IllegalTransition: it is released.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: the exception would be over already or last too long, or somebody grants it to themselves.

    """
    await require_reach(session, PERIOD_LOCKS, identifier, actor)
    actor.require_own_name(form.granted_by, "/granted_by")
    now = datetime.now(UTC)
    with_reason = actor.because(form.reason)
    return await _change(
        session,
        with_reason,
        identifier,
        lambda lock: domain.excepted(lock, form, at=now, own_names=actor.own_names),
        expected_version,
    )


async def _change(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    apply: Callable[[PeriodLock], PeriodLock],
    expected_version: int | None,
) -> Stored:
    with _refusals():
        return await change(
            session, PERIOD_LOCKS, identifier, apply, actor=actor, expected_version=expected_version
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what the rules refuse as problems; to change a lock is a conflict."""
    with refusals():
        try:
            yield
        except domain.LockFixed as error:
            detail = "A lock is never changed; release it, and set another."
            raise Conflict(detail, code="content-locked") from error
