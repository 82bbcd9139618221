"""Use cases of evaluations: taking a step, responding, and following up.

Each locks the evaluation first, so that what is decided is decided about what is stored.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.learning import domain
from services.monitoring.learning.aggregates import EVALUATIONS, faults_of_evaluators
from shared.chassis.documents import Actor, Stored, change, locked, require_reach, require_version
from shared.chassis.documents.refusals import refusals
from shared.chassis.errors import NotFound
from shared.contracts.monitoring.v1 import Evaluation


async def act(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.EvaluationStepForm,
    expected_version: int | None,
) -> Stored:
    """Take a step with an evaluation.

    Raises:
        NotFound: there is no such evaluation.
        Conflict: its state does not allow the step.
        Forbidden: the actor's roles or grants do not allow it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting, or something that has to be there before.

    """
    row = await locked(session, EVALUATIONS, identifier, actor)
    with_reasons = actor.taking(form.action).because(form.reasons)
    actor.require_own_name(form.by, "/by")
    await require_version(session, EVALUATIONS, row, expected_version, actor)
    now = datetime.now(UTC)
    beside = list(await faults_of_evaluators(session, Evaluation.from_json(row.document)))
    return await _change(
        session,
        with_reasons,
        identifier,
        lambda each: domain.acted(each, form, at=now, beside=beside),
        expected_version,
    )


async def respond(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.ManagementResponseForm,
    expected_version: int | None,
) -> Stored:
    """Record management's response to a recommendation.

    Raises:
        NotFound: there is no such evaluation.
        Conflict: its state does not allow it.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: it has no such recommendation.

    """
    await require_reach(session, EVALUATIONS, identifier, actor)
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)
    return await _change(
        session, actor, identifier, lambda each: domain.responded(each, form, at=now), expected_version
    )


async def follow_up(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.FollowUpForm,
    expected_version: int | None,
) -> Stored:
    """Add a follow-up to a recommendation.

    Raises:
        NotFound: there is no such evaluation.
        Conflict: its state does not allow it.
        Forbidden: the actor's grants do not hold for it.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: it has no such recommendation, or one that was rejected, or the code is taken.

    """
    return await _change(
        session, actor, identifier, lambda each: domain.followed_up(each, form), expected_version
    )


async def move_follow_up(  # noqa: PLR0913
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    code: str,
    form: domain.FollowUpStepForm,
    expected_version: int | None,
) -> Stored:
    """Take a step with a follow-up.

    Raises:
        NotFound: there is no such evaluation, or no such follow-up of it.
        Conflict: the state of either does not allow it.
        Forbidden: the actor's grants do not hold for it, or a person names somebody else.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting.

    """
    await require_reach(session, EVALUATIONS, identifier, actor)
    actor.require_own_name(form.by, "/by")
    now = datetime.now(UTC)
    try:
        return await _change(
            session,
            actor.because(form.reasons),
            identifier,
            lambda each: domain.moved(each, code, form, at=now),
            expected_version,
        )
    except domain.UnknownFollowUp:
        raise NotFound(f"The evaluation {identifier!r} has no follow-up {code!r}.") from None


async def _change(
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    apply: Callable[[Evaluation], Evaluation],
    expected_version: int | None,
) -> Stored:
    with refusals():
        return await change(
            session, EVALUATIONS, identifier, apply, actor=actor, expected_version=expected_version
        )
