"""Rules of pledges: what was said is converted into an agreement or withdrawn, and is never a commitment by itself."""

from datetime import datetime

from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Pledge, PledgeAction
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import ContentLocked, StepRefused, TakenStep
from shared.figures.lifecycle import Lifecycle, Step

LIFECYCLE = Lifecycle(
    initial="open",
    steps=(Step("convert", ("open",), "converted"), Step("withdraw", ("open",), "withdrawn")),
)
WRITABLE = ("open",)
OWNED = ("state", "agreement", "history")


class PledgeStepForm(Contract):
    """A step that somebody takes with a pledge; what it is converted into is an agreement that exists."""

    action: PledgeAction
    by: Identifier
    reasons: Sentence | None = None
    agreement: Identifier | None = None


def begun(content: Pledge) -> Pledge:
    """Return a new pledge: open, whatever its author calls it."""
    fresh = {name: Pledge.model_fields[name].default for name in OWNED}
    return content.model_copy(update=fresh)


def revised(pledge: Pledge, content: Pledge) -> Pledge:
    """Return the pledge with other content.

    Raises:
        ContentLocked: it would change, and is no longer open.

    """
    kept = content.model_copy(update={name: getattr(pledge, name) for name in OWNED})
    if kept != pledge and pledge.state not in WRITABLE:
        raise ContentLocked
    return kept


def acted(pledge: Pledge, form: PledgeStepForm, *, at: datetime, is_known: bool) -> Pledge:
    """Return the pledge after a step.

    Args:
        pledge: as it stands.
        form: the step, who takes it and why.
        at: when.
        is_known: whether there is an agreement of the number that the form tells.

    Raises:
        IllegalStep: the state does not allow it.
        StepRefused: reasons are wanting, or the agreement is.

    """
    state = LIFECYCLE.after(pledge.state, form.action)
    if form.action == "withdraw" and form.reasons is None:
        raise StepRefused([("/reasons", "reasons-missing", "To withdraw takes reasons.")])
    if form.action == "convert" and not is_known:
        detail = "A pledge is converted into an agreement that exists."
        raise StepRefused([("/agreement", "unknown-agreement", detail)])
    step = TakenStep(
        action=form.action,
        from_state=pledge.state,
        to_state=state,
        at=at,
        by=form.by,
        reasons=form.reasons,
    )
    agreement = form.agreement if form.action == "convert" else None
    return pledge.model_copy(
        update={"state": state, "agreement": agreement, "history": (*pledge.history, step)}
    )
