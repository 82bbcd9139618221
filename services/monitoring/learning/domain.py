"""Rules of evaluations: the states they go through, who may write what, and what has to be there before a step.

An evaluation is completed with findings and recommendations. Management responds to every recommendation, and what it
accepts is followed up, each follow-up with a life of its own, until all are done or dropped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from shared.contracts.base import Contract
from shared.contracts.iati import Narratives
from shared.contracts.ids import Identifier, known_as
from shared.contracts.monitoring.v1 import (
    Evaluation,
    EvaluationAction,
    FollowUp,
    FollowUpAction,
    ManagementResponse,
    Recommendation,
)
from shared.contracts.projects.v1.programming import ItemCode, Titles
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import ContentLocked, IllegalStep, StepRefused, TakenStep
from shared.figures.lifecycle import Lifecycle, Step

Found: TypeAlias = tuple[str, str, str]

LIFECYCLE = Lifecycle(
    initial="planned",
    steps=(
        Step("begin", ("planned",), "under-way"),
        Step("complete", ("under-way",), "completed"),
        Step("respond", ("completed",), "responded"),
        Step("close", ("responded",), "closed"),
        Step("cancel", ("planned", "under-way"), "cancelled"),
    ),
)
FOLLOW_UP_LIFECYCLE = Lifecycle(
    initial="open",
    steps=(
        Step("start", ("open",), "in-progress"),
        Step("finish", ("in-progress",), "done"),
        Step("drop", ("open", "in-progress"), "dropped"),
    ),
)
WRITABLE = ("planned", "under-way")
"""States in which the content may change."""
TO_RESPOND, TO_FOLLOW_UP = "completed", "responded"
"""States in which management responds, and in which what it accepted is followed up."""
WITH_REASONS = ("cancel", "drop")
OWNED = ("state", "history", "policy", "because", "as_planned")
"""Members that follow from what was done, whatever a caller makes of them."""


class EvaluationStepForm(Contract):
    """A step with an evaluation, who takes it and why."""

    action: EvaluationAction
    by: Identifier
    reasons: Sentence | None = None


class FollowUpStepForm(Contract):
    """A step with a follow-up, who takes it and why."""

    action: FollowUpAction
    by: Identifier
    reasons: Sentence | None = None


class ManagementResponseForm(Contract):
    """What management makes of a recommendation, named by its code."""

    recommendation: ItemCode
    decision: Literal["accepted", "partially-accepted", "rejected"]
    narratives: Narratives = ()
    by: Identifier


class FollowUpContent(Contract):
    """What is to be done about a recommendation, by whom and when."""

    code: ItemCode
    narratives: Titles
    responsible: Identifier
    due_on: date


class FollowUpForm(Contract):
    """A follow-up of a recommendation, named by its code."""

    recommendation: ItemCode
    follow_up: FollowUpContent


class UnknownFollowUp(Exception):
    """The evaluation has no follow-up of that code."""


def begun(content: Evaluation) -> Evaluation:
    """Return a new evaluation: planned, whatever its author calls it."""
    fresh = {name: Evaluation.model_fields[name].default for name in OWNED}
    return content.model_copy(update={**fresh, "recommendations": _with_answers(content.recommendations, ())})


def revised(evaluation: Evaluation, content: Evaluation) -> Evaluation:
    """Return the evaluation with other content, and with everything that is not its authors' as it stands.

    Raises:
        ContentLocked: it would change, and may not in its state.

    """
    kept = content.model_copy(
        update={
            **{name: getattr(evaluation, name) for name in OWNED},
            "recommendations": _with_answers(content.recommendations, evaluation.recommendations),
        }
    )
    if kept == evaluation:
        return evaluation
    if evaluation.state not in WRITABLE:
        raise ContentLocked
    return kept.model_copy(update={"as_planned": False})


def acted(
    evaluation: Evaluation, form: EvaluationStepForm, *, at: datetime, beside: Sequence[Found] = ()
) -> Evaluation:
    """Return the evaluation after a step.

    Args:
        evaluation: as it stands.
        form: the step, who takes it and why.
        at: when.
        beside: what is wrong with its evaluators, by the reports of the activity.

    Raises:
        IllegalStep: the state does not allow it.
        StepRefused: reasons are wanting, or something that has to be there before.

    """
    state = LIFECYCLE.after(evaluation.state, form.action)
    faults = [*_faults_of_reasons(form), *_lacking(evaluation, form.action)]
    if form.action in ("begin", "complete"):
        faults += beside
    if faults:
        raise StepRefused(faults)
    step = _taken(form, evaluation.state, state, at, evaluation.history)
    return evaluation.model_copy(update={"state": state, "history": (*evaluation.history, step)})


def responded(evaluation: Evaluation, form: ManagementResponseForm, *, at: datetime) -> Evaluation:
    """Return the evaluation with management's response to a recommendation, in place of an earlier one.

    Raises:
        IllegalStep: it is not completed, or was responded to as a whole.
        StepRefused: it has no such recommendation.

    """
    _require(evaluation, TO_RESPOND, "respond-to-recommendation")
    place = _place(evaluation, form.recommendation)
    response = ManagementResponse(decision=form.decision, narratives=form.narratives, by=form.by, at=at)
    return _replaced(evaluation, place, {"response": response})


def followed_up(evaluation: Evaluation, form: FollowUpForm) -> Evaluation:
    """Return the evaluation with one more follow-up.

    Raises:
        IllegalStep: management has not responded yet, or the evaluation is closed.
        StepRefused: there is no such recommendation, it was rejected, or the code of the follow-up is taken.

    """
    _require(evaluation, TO_FOLLOW_UP, "follow-up")
    place = _place(evaluation, form.recommendation)
    recommendation = evaluation.recommendations[place]
    faults: list[Found] = []
    if recommendation.response is not None and recommendation.response.decision == "rejected":
        detail = f"The recommendation {recommendation.code!r} was rejected: nothing follows from it."
        faults.append(("/recommendation", "recommendation-rejected", detail))
    follow_up = FollowUp(**dict(form.follow_up))
    if follow_up.code in {each.code for _, each in follow_ups(evaluation)}:
        detail = f"The evaluation has a follow-up {follow_up.code!r} already."
        faults.append(("/follow_up/code", "duplicate-code", detail))
    if faults:
        raise StepRefused(faults)
    return _replaced(evaluation, place, {"follow_up": (*recommendation.follow_up, follow_up)})


def moved(evaluation: Evaluation, code: str, form: FollowUpStepForm, *, at: datetime) -> Evaluation:
    """Return the evaluation after a step with one of its follow-ups.

    Raises:
        IllegalStep: the evaluation is closed, or the state of the follow-up does not allow the step.
        StepRefused: reasons are wanting.
        UnknownFollowUp: there is no such follow-up.

    """
    found = next((each for each in follow_ups(evaluation) if each[1].code == code), None)
    if found is None:
        raise UnknownFollowUp
    place, follow_up = found
    _require(evaluation, TO_FOLLOW_UP, form.action)
    state = FOLLOW_UP_LIFECYCLE.after(follow_up.state, form.action)
    if faults := list(_faults_of_reasons(form)):
        raise StepRefused(faults)
    step = _taken(form, follow_up.state, state, at, follow_up.history)
    completed = step.at.date() if state == "done" else None
    updates = {"state": state, "completed_on": completed, "history": (*follow_up.history, step)}
    changed = tuple(
        each.model_copy(update=updates) if each.code == code else each
        for each in evaluation.recommendations[place].follow_up
    )
    return _replaced(evaluation, place, {"follow_up": changed})


def follow_ups(evaluation: Evaluation) -> Iterator[tuple[int, FollowUp]]:
    """Yield every follow-up of an evaluation, with the place of its recommendation."""
    for place, recommendation in enumerate(evaluation.recommendations):
        for follow_up in recommendation.follow_up:
            yield place, follow_up


def is_finished(follow_up: FollowUp) -> bool:
    """Tell whether nothing more is to be done."""
    return not FOLLOW_UP_LIFECYCLE.allowed(follow_up.state)


def conflicts(evaluation: Evaluation, writers: Iterable[str]) -> Iterator[Found]:
    """Yield the evaluators of an independent evaluation who wrote reports of the activity; ``writers`` are all who did."""
    if evaluation.kind != "independent":
        return
    known = {known_as(writer) for writer in writers}
    for place, evaluator in enumerate(evaluation.evaluators):
        if known_as(evaluator) in known:
            detail = f"{evaluator!r} wrote reports of the activity, so the evaluation is not independent."
            yield f"/evaluators/{place}", "conflict-of-interest", detail


def _require(evaluation: Evaluation, state: str, action: str) -> None:
    if evaluation.state != state:
        raise IllegalStep(evaluation.state, action, LIFECYCLE.allowed(evaluation.state))


def _lacking(evaluation: Evaluation, action: EvaluationAction) -> Iterator[Found]:
    """Yield what has to be there before a step and is not."""
    checks: dict[str, Callable[[Evaluation], Iterator[Found]]] = {
        "begin": _lacking_to_begin,
        "complete": _lacking_to_complete,
        "respond": _lacking_to_respond,
        "close": _lacking_to_close,
    }
    if action in checks:
        yield from checks[action](evaluation)


def _lacking_to_begin(evaluation: Evaluation) -> Iterator[Found]:
    if evaluation.kind == "independent" and not evaluation.evaluators:
        yield "/evaluators", "evaluators-missing", "Who evaluates independently?"


def _lacking_to_complete(evaluation: Evaluation) -> Iterator[Found]:
    yield from _lacking_to_begin(evaluation)
    if not evaluation.findings:
        yield "/findings", "findings-missing", "What did the evaluation find?"
    if not evaluation.recommendations:
        yield "/recommendations", "recommendations-missing", "What does the evaluation recommend?"


def _lacking_to_respond(evaluation: Evaluation) -> Iterator[Found]:
    for place, each in enumerate(evaluation.recommendations):
        if each.response is None:
            detail = f"Management has not responded to the recommendation {each.code!r}."
            yield f"/recommendations/{place}/response", "response-missing", detail


def _lacking_to_close(evaluation: Evaluation) -> Iterator[Found]:
    for place, each in enumerate(evaluation.recommendations):
        if each.response is not None and each.response.decision != "rejected" and not each.follow_up:
            detail = f"The recommendation {each.code!r} was accepted, and nothing follows from it."
            yield f"/recommendations/{place}/follow_up", "follow-up-missing", detail
        for number, follow_up in enumerate(each.follow_up):
            if not is_finished(follow_up):
                detail = f"The follow-up {follow_up.code!r} is {follow_up.state}."
                yield f"/recommendations/{place}/follow_up/{number}", "follow-up-unfinished", detail


def _faults_of_reasons(form: EvaluationStepForm | FollowUpStepForm) -> Iterator[Found]:
    if form.action in WITH_REASONS and form.reasons is None:
        yield "/reasons", "reasons-missing", f"To {form.action} takes reasons."


def _taken(
    form: EvaluationStepForm | FollowUpStepForm,
    before: str,
    after: str,
    at: datetime,
    history: Sequence[TakenStep],
) -> TakenStep:
    """Return a step as it is kept; no step is earlier than the one before it."""
    return TakenStep(
        action=form.action,
        from_state=before,
        to_state=after,
        at=max(at, history[-1].at) if history else at,
        by=form.by,
        reasons=form.reasons,
    )


def _place(evaluation: Evaluation, code: str) -> int:
    for place, recommendation in enumerate(evaluation.recommendations):
        if recommendation.code == code:
            return place
    detail = f"The evaluation has no recommendation {code!r}."
    raise StepRefused([("/recommendation", "unknown-recommendation", detail)])


def _replaced(evaluation: Evaluation, place: int, updates: dict[str, Any]) -> Evaluation:
    listed = list(evaluation.recommendations)
    listed[place] = listed[place].model_copy(update=updates)
    return evaluation.model_copy(update={"recommendations": tuple(listed)})


def _with_answers(
    content: Iterable[Recommendation], stored: Iterable[Recommendation]
) -> tuple[Recommendation, ...]:
    """Return recommendations with the responses and follow-ups that are stored, whatever they came with."""
    answers = {each.code: {"response": each.response, "follow_up": each.follow_up} for each in stored}
    none = {"response": None, "follow_up": ()}
    return tuple(each.model_copy(update=answers.get(each.code, none)) for each in content)
