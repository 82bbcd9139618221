"""Rules of locks: what a lock keeps from being changed, and whom it lets do so for a time.

A lock holds on the values (targets and actuals) of every period that has a day in common with its own, of one activity
or of all. It is never changed: it is released, and another is set. Source: DHIS2 (data approval and lock exceptions).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

from pydantic import AwareDatetime

from services.monitoring.names import is_among
from shared.contracts.base import Contract
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1 import LockAction, LockException, PeriodLock
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import IllegalStep, StepRefused, TakenStep
from shared.figures.lifecycle import Lifecycle, Step

Found: TypeAlias = tuple[str, str, str]

LIFECYCLE = Lifecycle(
    initial="locked",
    steps=(Step("release", ("locked",), "released"), Step("lock", ("released",), "locked")),
)
IN_FORCE = "in-force"
"""Below the address of all locks: which of them hold, not a lock."""
OWNED = ("state", "exceptions", "history")
"""Members that follow from what was done, whatever a caller makes of them."""
LONGEST_EXCEPTION = timedelta(days=90)
USUAL_EXCEPTION = timedelta(days=7)
"""How long an exception lasts whose end is not told."""


class LockStep(Contract):
    """A step that somebody takes with a lock, always for reasons."""

    action: LockAction
    by: Identifier
    reasons: Sentence | None = None


class ExceptionForm(Contract):
    """Leave for a person or an office, as it is granted; for a week where its end is not told."""

    who: Identifier
    until: AwareDatetime | None = None
    reason: Sentence
    granted_by: Identifier


class LockFixed(Exception):
    """A lock is never changed."""


def period_lock_columns(lock: PeriodLock) -> dict[str, Any]:
    """Return the columns of a lock that it is found by."""
    return {
        "iati_identifier": lock.iati_identifier,
        "state": lock.state,
        "period_start": lock.period_start,
        "period_end": lock.period_end,
    }


def faults_of_lock(lock: PeriodLock) -> Iterator[Found]:
    """Yield what is wrong with a lock."""
    if lock.identifier == IN_FORCE:
        yield "/identifier", "reserved-identifier", "What holds on a period has this address."
    if lock.period_end < lock.period_start:
        yield "/period_end", "period-ends-before-start", "A period ends on the day that it starts or later."


def begun(content: PeriodLock) -> PeriodLock:
    """Return a new lock: in force and without exceptions, whatever its author makes of it."""
    return content.model_copy(update={name: PeriodLock.model_fields[name].default for name in OWNED})


def put_again(lock: PeriodLock, content: PeriodLock) -> PeriodLock:
    """Return the lock as it stands.

    Raises:
        LockFixed: the content says something else.

    """
    if content.model_copy(update={name: getattr(lock, name) for name in OWNED}) != lock:
        raise LockFixed
    return lock


def acted(lock: PeriodLock, form: LockStep, *, at: datetime) -> PeriodLock:
    """Return the lock after a step.

    Raises:
        IllegalStep: the state does not allow it.
        StepRefused: reasons are wanting.

    """
    state = LIFECYCLE.after(lock.state, form.action)
    if form.reasons is None:
        raise StepRefused([("/reasons", "reasons-missing", f"To {form.action} takes reasons.")])
    at = max(at, lock.history[-1].at) if lock.history else at
    step = TakenStep(
        action=form.action,
        from_state=lock.state,
        to_state=state,
        at=at,
        by=form.by,
        reasons=form.reasons,
    )
    return lock.model_copy(update={"state": state, "history": (*lock.history, step)})


def excepted(
    lock: PeriodLock, form: ExceptionForm, *, at: datetime, own_names: Sequence[str] = ()
) -> PeriodLock:
    """Return the lock with one more exception; ``own_names`` is what else the person is called who grants it.

    Raises:
        IllegalStep: the lock is released, and needs none.
        StepRefused: it would be over already or last too long, or somebody grants it to themselves.

    """
    if lock.state != LIFECYCLE.initial:
        raise IllegalStep(lock.state, "grant an exception", LIFECYCLE.allowed(lock.state))
    until = form.until or at + USUAL_EXCEPTION
    if faults := list(_faults_of_exception(form, until, at, own_names)):
        raise StepRefused(faults)
    granted = LockException(
        who=form.who,
        until=until.astimezone(UTC),
        reason=form.reason,
        granted_by=form.granted_by,
        granted_at=at,
    )
    return lock.model_copy(update={"exceptions": (*lock.exceptions, granted)})


def holds(lock: PeriodLock, iati_identifier: str, start: date, end: date) -> bool:
    """Tell whether a lock is on the values of a period of an activity, whoever has leave."""
    return (
        lock.state == LIFECYCLE.initial
        and lock.iati_identifier in (None, iati_identifier)
        and lock.period_start <= end
        and start <= lock.period_end
    )


def exceptions_at(lock: PeriodLock, at: datetime) -> tuple[LockException, ...]:
    """Return the exceptions that are not over at a moment."""
    return tuple(each for each in lock.exceptions if each.until > at)


def refusals(  # noqa: PLR0913
    locks: Iterable[PeriodLock],
    iati_identifier: str,
    start: date,
    end: date,
    *,
    who: Sequence[str] = (),
    at: datetime,
) -> list[PeriodLock]:
    """Return the locks that keep the values of a period from being changed.

    Args:
        locks: any that there are.
        iati_identifier: the activity.
        start: first day of the period.
        end: last day of the period.
        who: names of those who would change them, of whom one with leave is enough for a lock.
        at: the moment.

    """
    return [
        lock
        for lock in locks
        if holds(lock, iati_identifier, start, end)
        and not any(is_among(each.who, who) for each in exceptions_at(lock, at))
    ]


def told_of(lock: PeriodLock) -> str:
    """Return why values may not change, for a person to read."""
    return (
        f"{lock.locked_by} locked {lock.period_start} to {lock.period_end} ({lock.identifier}): {lock.reason}"
    )


def _faults_of_exception(
    form: ExceptionForm, until: datetime, at: datetime, own_names: Sequence[str]
) -> Iterator[Found]:
    if until <= at:
        yield "/until", "exception-over", "An exception ends in the future."
    elif until > at + LONGEST_EXCEPTION:
        yield "/until", "exception-too-long", f"An exception lasts {LONGEST_EXCEPTION.days} days at most."
    if is_among(form.who, (form.granted_by, *own_names)):
        yield "/granted_by", "conflict-of-interest", "Nobody grants an exception to themselves."
