"""Amendments: how the content of a signed agreement changes, without breaking what was done under it."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.funding.partnerships.allocations import faults_of_allocation
from services.funding.partnerships.domain import (
    lacking,
    require_in_force,
    require_open_gates,
    with_content,
)
from services.funding.partnerships.faults import faults_of_agreement
from services.funding.partnerships.places import Places
from shared.chassis.documents.faults import Found
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Agreement, Amendment
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.proposals import Sentence
from shared.contracts.workflow import StepRefused
from shared.figures.earmarking import earmarking_of
from shared.figures.partnerships import sum_of


class AmendmentForm(Contract):
    """An amendment that was signed: why, and what changes, as a JSON merge patch of the agreement."""

    signed_on: date
    reasons: Sentence
    by: Identifier
    changes: dict[str, Any] = Field(min_length=1, description="JSON merge patch (RFC 7396) of the content")


def amended(  # noqa: PLR0913
    agreement: Agreement,
    content: Agreement,
    form: AmendmentForm,
    *,
    at: datetime,
    places: Places,
    proposals: Mapping[str, str],
) -> Agreement:
    """Return the agreement as an amendment changes it, and the amendment recorded.

    What the owner keeps stays, and so does the day of signature.

    Args:
        agreement: as it stands.
        content: with the changes of the amendment.
        form: the amendment.
        at: when it is recorded.
        places: what is known of the outcomes that money is allocated to.
        proposals: the states of the proposals that are known, by identifier.

    Raises:
        IllegalStep: the agreement is not in force.
        GateClosed: it adds a private partner that is not cleared, or a proposal that did not pass its appraisal.
        StepRefused: nothing changes, or the changed agreement could not have been signed, or breaks with what was done.

    """
    require_in_force(agreement, "amend")
    kept = with_content(agreement, content).model_copy(update={"signed_on": agreement.signed_on})
    after = kept.model_copy(update={"earmarking": earmarking_of(kept.aid_types)})
    members = tuple(
        name for name in Agreement.model_fields if getattr(after, name) != getattr(agreement, name)
    )
    require_open_gates(after, proposals, at.date(), beside=agreement)
    faults = [*_faults_of_form(agreement, form, at.date(), members)]
    faults += [
        (f"/changes{pointer}", code, detail)
        for pointer, code, detail in _faults(agreement, after, at.date(), places)
    ]
    if faults:
        raise StepRefused(faults)
    return after.model_copy(
        update={"amendments": (*agreement.amendments, _record(agreement, after, form, at, members))}
    )


def _faults_of_form(
    agreement: Agreement, form: AmendmentForm, today: date, members: tuple[str, ...]
) -> Iterator[Found]:
    if not members:
        yield "/changes", "nothing-amended", "The agreement stands so already."
    if form.signed_on > today:
        yield "/signed_on", "date-in-future", "An amendment is not signed on a day to come."
    if agreement.signed_on is not None and form.signed_on < agreement.signed_on:
        yield "/signed_on", "amended-before-signed", "The agreement was signed later."


def _faults(before: Agreement, after: Agreement, today: date, places: Places) -> Iterator[Found]:
    """Yield what is wrong with the changed agreement: by itself, and beside what was received and allocated."""
    yield from faults_of_agreement(after)
    yield from lacking(after, today)
    currencies = {each.amount.currency for each in (before, after) if each.amount}
    if len(currencies) > 1:
        yield (
            "/amount/currency",
            "currency-changed",
            "Receipts and allocations are in the currency as it was.",
        )
    if missing := {each.tranche for each in before.receipts} - {each.number for each in after.tranches}:
        detail = f"Money came in for tranche {min(missing)}."
        yield "/tranches", "tranche-with-receipts", detail
    total = sum_of(each.amount for each in before.allocations)
    if after.amount is not None and total > after.amount.amount:
        detail = f"{total:f} is allocated, the amount is {after.amount.amount:f}."
        yield "/amount/amount", "allocation-over-agreement", detail
    for allocation in before.allocations:
        held = faults_of_allocation(before, allocation, places)
        for found in faults_of_allocation(after, allocation, places):
            if found not in held:
                _, code, detail = found
                at = "/pool" if code == "money-in-pool" else "/scope"
                yield at, code, f"Allocation {allocation.code}: {detail}"


def _record(
    before: Agreement, after: Agreement, form: AmendmentForm, at: datetime, members: tuple[str, ...]
) -> Amendment:
    amounts = (before.amount, after.amount) if "amount" in members else (None, None)
    ends = (before.effective_to, after.effective_to) if "effective_to" in members else (None, None)
    return Amendment(
        number=len(before.amendments) + 1,
        signed_on=form.signed_on,
        reasons=form.reasons,
        by=form.by,
        at=max(at, before.amendments[-1].at) if before.amendments else at,
        members=members,
        amount_before=amounts[0] and amounts[0].amount,
        amount_after=amounts[1] and amounts[1].amount,
        end_before=ends[0],
        end_after=ends[1],
    )
