"""Due diligence: the scrutiny of a private partner, which has a life of its own within an agreement."""

from datetime import date, datetime

from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Agreement, DueDiligence, DueDiligenceAction
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import TakenStep
from shared.figures.lifecycle import Lifecycle, Step

LIFECYCLE = Lifecycle(
    initial="not-started",
    steps=(
        Step("begin", ("not-started",), "under-review"),
        Step("clear", ("under-review",), "cleared"),
        Step("refuse", ("under-review",), "refused"),
        Step("expire", ("cleared",), "expired"),
        Step("reopen", ("refused", "expired"), "under-review"),
    ),
)
WITH_REASONS = ("refuse", "expire", "reopen")

Found = tuple[str, str, str]


class DueDiligenceForm(Contract):
    """A step in the scrutiny of a private partner; who clears tells until when that is good, if not for ever."""

    partner: Identifier
    action: DueDiligenceAction
    by: Identifier
    reasons: Sentence | None = None
    valid_to: date | None = None


def scrutiny_of(agreement: Agreement, partner: str) -> DueDiligence:
    """Return where the scrutiny of a partner stands; before anything was done it has not started."""
    held = (each for each in agreement.due_diligence if each.partner == partner)
    return next(held, DueDiligence(partner=partner))


def is_cleared(agreement: Agreement, partner: str | None, today: date) -> bool:
    """Tell whether a partner is cleared, and that has not run out; one without an identifier can not be."""
    if partner is None:
        return False
    scrutiny = scrutiny_of(agreement, partner)
    return scrutiny.state == "cleared" and (scrutiny.valid_to is None or scrutiny.valid_to >= today)


def faults_of_form(agreement: Agreement, form: DueDiligenceForm, today: date) -> list[Found]:
    """Return what keeps a step from being taken, as (pointer, code, detail)."""
    faults: list[Found] = []
    private = {each.organisation.ref for each in agreement.partners if each.role == "private"}
    if agreement.state == "draft" and form.partner not in private:  # later on one may be to come by amendment
        detail = f"The agreement has no private partner {form.partner!r}."
        faults.append(("/partner", "unknown-private-partner", detail))
    if form.action in WITH_REASONS and form.reasons is None:
        faults.append(("/reasons", "reasons-missing", f"To {form.action} takes reasons."))
    if form.valid_to is not None and (form.action != "clear" or form.valid_to < today):
        faults.append(
            ("/valid_to", "invalid-validity", "Who clears tells a day to come; no other step does.")
        )
    return faults


def scrutinised(agreement: Agreement, form: DueDiligenceForm, at: datetime) -> Agreement:
    """Return the agreement after a step in the scrutiny of a partner.

    Raises:
        IllegalStep: where the scrutiny stands does not allow it.

    """
    scrutiny = scrutiny_of(agreement, form.partner)
    state = LIFECYCLE.after(scrutiny.state, form.action)
    step = TakenStep(
        action=form.action,
        from_state=scrutiny.state,
        to_state=state,
        at=max(at, scrutiny.history[-1].at) if scrutiny.history else at,
        by=form.by,
        reasons=form.reasons,
    )
    after = scrutiny.model_copy(
        update={
            "state": state,
            "valid_to": form.valid_to if form.action == "clear" else None,
            "history": (*scrutiny.history, step),
        }
    )
    others = tuple(each for each in agreement.due_diligence if each.partner != form.partner)
    return agreement.model_copy(update={"due_diligence": (*others, after)})
