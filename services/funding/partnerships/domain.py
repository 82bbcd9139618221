"""Rules of agreements: the states they go through, who may write what, and what signing takes.

The content is its authors' until it is signed; then it changes by amendment alone. Nothing is signed without a partner that
gives the money, tranches that make up the amount, private partners that were cleared, and proposals that passed their
appraisal.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from pydantic import Field

from services.funding.partnerships.due_diligence import is_cleared
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import (
    Agreement,
    AgreementAction,
    MoneyReceipt,
    ReportingDuty,
)
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.programming import ItemCode
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import ContentLocked, IllegalStep, StepRefused, TakenStep
from shared.figures.lifecycle import Lifecycle, Step
from shared.figures.partnerships import IN_FORCE, OWING_REPORTS

Found: TypeAlias = tuple[str, str, str]

LIFECYCLE = Lifecycle(
    initial="draft",
    steps=(
        Step("sign", ("draft",), "signed"),
        Step("activate", ("signed",), "active"),
        Step("suspend", ("active",), "suspended"),
        Step("resume", ("suspended",), "active"),
        Step("complete", ("active", "suspended"), "completed"),
        Step("terminate", ("signed", "active", "suspended"), "terminated"),
        Step("cancel", ("draft",), "cancelled"),
    ),
)
WRITABLE = ("draft",)
"""States in which the authors may change the content."""
WITH_REASONS = ("suspend", "terminate", "cancel")
OWNED = ("state", "receipts", "allocations", "amendments", "due_diligence", "history")
"""Members that follow from what was done, whatever a caller makes of them."""
PASSED = (
    "passed",
    "submitted-to-donor",
    "approved",
    "active",
    "suspended",
    "operationally-closed",
    "financially-closed",
)
"""States of a proposal that nothing but passing the appraisal leads to, and that the donor did not decline."""
FUNDING: Final = "funding"
PRIVATE: Final = "private"


class AgreementStepForm(Contract):
    """A step that somebody takes."""

    action: AgreementAction
    by: Identifier
    reasons: Sentence | None = None


class DeliveryForm(Contract):
    """A report that was delivered to the partners."""

    code: ItemCode
    delivered_on: date
    by: Identifier = Field(description="Who tells of it")


class GateClosed(Exception):
    """The agreement can not be signed; its faults point at its members."""

    def __init__(self, code: str, detail: str, faults: Sequence[Found]) -> None:
        super().__init__(code)
        self.code, self.detail, self.faults = code, detail, faults


class ReceiptExists(Exception):
    """Another receipt has the reference."""


def begun(content: Agreement) -> Agreement:
    """Return a new agreement: a draft, whatever its author calls it."""
    fresh = {name: Agreement.model_fields[name].default for name in OWNED}
    return _with_deliveries(content.model_copy(update=fresh), ())


def revised(agreement: Agreement, content: Agreement) -> Agreement:
    """Return the agreement with other content, and with everything that is not its authors' as it stands.

    Raises:
        ContentLocked: it would change, and may not in its state.

    """
    kept = with_content(agreement, content)
    if kept == agreement:
        return agreement
    if agreement.state not in WRITABLE:
        raise ContentLocked
    return kept


def with_content(agreement: Agreement, content: Agreement) -> Agreement:
    """Return the agreement with other content, and with what the owner keeps, or follows from it, as it stands."""
    owned = {name: getattr(agreement, name) for name in OWNED}
    kept = content.model_copy(update={**owned, "earmarking": agreement.earmarking})
    return _with_deliveries(kept, agreement.reporting_duties)


def _with_deliveries(agreement: Agreement, held: Sequence[ReportingDuty]) -> Agreement:
    """Return the agreement with each report delivered when it was by what is held, whatever an author says."""
    delivered = {each.code: each.delivered_on for each in held}
    duties = tuple(
        each.model_copy(update={"delivered_on": delivered.get(each.code)})
        for each in agreement.reporting_duties
    )
    return agreement.model_copy(update={"reporting_duties": duties})


def acted(
    agreement: Agreement, form: AgreementStepForm, *, at: datetime, proposals: Mapping[str, str] | None = None
) -> Agreement:
    """Return the agreement after a step.

    Args:
        agreement: as it stands.
        form: the step, who takes it and why.
        at: when.
        proposals: the states of the proposals that are known, by identifier; only signing asks for them.

    Raises:
        IllegalStep: the state does not allow it.
        StepRefused: reasons are wanting.
        GateClosed: it can not be signed.

    """
    state = LIFECYCLE.after(agreement.state, form.action)
    if form.action in WITH_REASONS and form.reasons is None:
        raise StepRefused([("/reasons", "reasons-missing", f"To {form.action} takes reasons.")])
    updates: dict[str, Any] = {"state": state}
    if form.action == "sign":
        require_signable(agreement, proposals or {}, at.date())
        updates["signed_on"] = agreement.signed_on or at.date()
    at = max(at, agreement.history[-1].at) if agreement.history else at
    step = TakenStep(
        action=form.action,
        from_state=agreement.state,
        to_state=state,
        at=at,
        by=form.by,
        reasons=form.reasons,
    )
    return agreement.model_copy(update={**updates, "history": (*agreement.history, step)})


def require_signable(agreement: Agreement, proposals: Mapping[str, str], today: date) -> None:
    """Check that an agreement may be signed.

    Raises:
        GateClosed: it lacks something, or a private partner is not cleared, or a proposal did not pass.

    """
    if faults := list(lacking(agreement, today)):
        raise GateClosed("agreement-incomplete", "The agreement lacks what signing takes.", faults)
    require_open_gates(agreement, proposals, today)


def require_open_gates(
    agreement: Agreement,
    proposals: Mapping[str, str],
    today: date,
    *,
    beside: Agreement | None = None,
) -> None:
    """Check that private partners are cleared, and proposals passed, but for those of the agreement as it was signed.

    Raises:
        GateClosed: one of them is not, or did not.

    """
    if faults := list(_not_cleared(agreement, today, beside)):
        raise GateClosed("due-diligence-not-cleared", "A private partner is not cleared.", faults)
    if faults := list(_not_passed(agreement, proposals, beside)):
        raise GateClosed("proposal-not-passed", "A proposal did not pass its appraisal.", faults)


def lacking(agreement: Agreement, today: date) -> Iterator[Found]:
    """Yield what an agreement lacks for being signed, beside what no agreement may say."""
    if agreement.amount is None:
        yield "/amount", "amount-missing", "The agreement tells no amount."
    if agreement.effective_from is None or agreement.effective_to is None:
        yield "/effective_from", "period-missing", "The agreement tells no period in which it is in effect."
    if not agreement.tranches:
        yield (
            "/tranches",
            "tranches-missing",
            "The agreement does not tell when which part of the amount is due.",
        )
    if FUNDING not in {each.role for each in agreement.partners}:
        yield "/partners", "funding-partner-missing", f"No partner has the role {FUNDING!r}."
    if agreement.kind == "supplementary-account" and agreement.pool is None:
        yield "/pool", "pool-missing", "The agreement tells no pool that the money is for."
    if agreement.kind == "public-private" and PRIVATE not in {each.role for each in agreement.partners}:
        yield "/partners", "private-partner-missing", f"No partner has the role {PRIVATE!r}."
    if agreement.signed_on is not None and agreement.signed_on > today:
        yield "/signed_on", "date-in-future", "An agreement is not signed on a day to come."


def _not_cleared(agreement: Agreement, today: date, beside: Agreement | None) -> Iterator[Found]:
    held = beside.partners if beside else ()
    for place, partner in enumerate(agreement.partners):
        if partner.role != PRIVATE or partner in held:
            continue
        if not is_cleared(agreement, partner.organisation.ref, today):
            detail = "The due diligence of the partner is not cleared, or has run out."
            yield f"/partners/{place}", "due-diligence-not-cleared", detail


def _not_passed(
    agreement: Agreement, proposals: Mapping[str, str], beside: Agreement | None
) -> Iterator[Found]:
    held = beside.proposals if beside else ()
    for place, identifier in enumerate(agreement.proposals):
        state = proposals.get(identifier)
        if identifier not in held and state not in PASSED:
            stands = "is not known here" if state is None else f"is in the state {state!r}"
            yield f"/proposals/{place}", "proposal-not-passed", f"The proposal {identifier!r} {stands}."


def received(agreement: Agreement, receipt: MoneyReceipt, today: date) -> Agreement:
    """Return the agreement with one more receipt; the same again changes nothing.

    More than the tranche, or than all of them, may come in: what came in is a fact.

    Raises:
        ReceiptExists: another receipt has its reference.
        IllegalStep: no money comes in in the state of the agreement.
        StepRefused: there is no such tranche, or its day is to come.

    """
    held = next((each for each in agreement.receipts if each.reference == receipt.reference), None)
    if held == receipt:
        return agreement
    if held is not None:
        raise ReceiptExists
    require_in_force(agreement, "record a receipt")
    faults: list[Found] = []
    if receipt.tranche not in {each.number for each in agreement.tranches}:
        faults.append(("/tranche", "unknown-tranche", f"There is no tranche {receipt.tranche}."))
    if receipt.received_on > today:
        faults.append(("/received_on", "date-in-future", "Money does not come in on a day to come."))
    if faults:
        raise StepRefused(faults)
    return agreement.model_copy(update={"receipts": (*agreement.receipts, receipt)})


def delivered(agreement: Agreement, form: DeliveryForm, today: date) -> Agreement:
    """Return the agreement with a report delivered.

    Raises:
        IllegalStep: no reports are delivered in the state of the agreement.
        StepRefused: no such report is owed, or its day is to come.

    """
    _require_one_of(OWING_REPORTS, agreement, "deliver a report")
    faults: list[Found] = []
    if form.code not in {each.code for each in agreement.reporting_duties}:
        faults.append(("/code", "unknown-reporting-duty", f"No report {form.code!r} is owed."))
    if form.delivered_on > today:
        faults.append(("/delivered_on", "date-in-future", "A report is not delivered on a day to come."))
    if faults:
        raise StepRefused(faults)
    duties = tuple(
        each.model_copy(update={"delivered_on": form.delivered_on}) if each.code == form.code else each
        for each in agreement.reporting_duties
    )
    return agreement.model_copy(update={"reporting_duties": duties})


def require_in_force(agreement: Agreement, what: str) -> None:
    """Check that an agreement was signed and has not ended.

    Raises:
        IllegalStep: it was not, or has.

    """
    _require_one_of(IN_FORCE, agreement, what)


def _require_one_of(states: Sequence[str], agreement: Agreement, what: str) -> None:
    if agreement.state not in states:
        raise IllegalStep(agreement.state, what, LIFECYCLE.allowed(agreement.state))
