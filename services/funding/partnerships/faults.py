"""What keeps partnerships from being written, as (pointer, code, detail).

Sources: IATI code list CollaborationType (8 needs a South-South element); ISO 4217; ILO PARDEV for the supplementary
account, whose money is un-earmarked. A draft may lack what signing needs, but says nothing that can not be.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from shared.contracts.funding.v1 import Agreement, MobilisationTarget, PartnerProfile, Pledge, Pool
from shared.contracts.iati import Money
from shared.figures.currencies import exists
from shared.figures.partnerships import sum_of
from shared.figures.triangular import faults_of_roles

Faults: TypeAlias = Iterator[tuple[str, str, str]]

READ_OTHERWISE = "progress"
"""Where the progress towards a target is read: a code does not end so."""
TIGHT = ("3", "4")


def faults_of_agreement(agreement: Agreement) -> Faults:
    """Yield what is wrong with an agreement by itself, in whatever state."""
    yield from _period(agreement)
    if agreement.amount is not None:
        yield from _money("/amount", agreement.amount, positive=True)
    yield from _tranches(agreement)
    yield from _once("/tranches", "number", [each.number for each in agreement.tranches])
    yield from _once("/reporting_duties", "code", [each.code for each in agreement.reporting_duties])
    named = [
        (each.organisation.ref, each.role) if each.organisation.ref else None for each in agreement.partners
    ]
    yield from _once("/partners", "organisation", named)
    yield from _once("/proposals", "", agreement.proposals)
    yield from faults_of_roles(agreement)
    earmarking = agreement.earmarking
    if agreement.pool is not None and earmarking is not None and earmarking.category in TIGHT:
        yield "/aid_types", "pool-earmarked", "Money for a pool is un-earmarked, or softly earmarked at most."


def _period(agreement: Agreement) -> Faults:
    start, end = agreement.effective_from, agreement.effective_to
    if start is not None and end is not None and end < start:
        yield "/effective_to", "period-ends-before-start", "The agreement ends before it takes effect."


def _tranches(agreement: Agreement) -> Faults:
    start, end = agreement.effective_from, agreement.effective_to
    for place, tranche in enumerate(agreement.tranches):
        if (start is not None and tranche.due_on < start) or (end is not None and tranche.due_on > end):
            detail = f"Tranche {tranche.number} is not due while the agreement is in effect."
            yield f"/tranches/{place}/due_on", "tranche-outside-period", detail
    if agreement.tranches and agreement.amount is not None:
        total = sum_of(tranche.amount for tranche in agreement.tranches)
        if total != agreement.amount.amount:
            detail = f"The tranches add up to {total:f}, the amount is {agreement.amount.amount:f}."
            yield "/tranches", "tranches-differ-from-amount", detail


def faults_of_profile(profile: PartnerProfile) -> Faults:
    """Yield what is wrong with the profile of a partner."""
    yield from _once("/kinds", "", profile.kinds)


def faults_of_pool(pool: Pool) -> Faults:
    """Yield what is wrong with a pool."""
    yield from _currency("/currency", pool.currency)
    yield from _once("/countries", "", pool.countries)


def faults_of_pledge(pledge: Pledge) -> Faults:
    """Yield what is wrong with a pledge."""
    yield from _money("/amount", pledge.amount, positive=True)


def faults_of_target(target: MobilisationTarget) -> Faults:
    """Yield what is wrong with a mobilisation target."""
    yield from _money("/amount", target.amount, positive=True)
    if target.code.rpartition("/")[2] == READ_OTHERWISE:
        detail = f"A code does not end in {READ_OTHERWISE!r}, where the progress is read."
        yield "/code", "reserved-identifier", detail


def _money(pointer: str, money: Money, *, positive: bool = False) -> Faults:
    if money.currency is None:
        yield f"{pointer}/currency", "missing-currency", "The amount names no currency."
    else:
        yield from _currency(f"{pointer}/currency", money.currency)
    if positive and money.amount <= 0:
        yield f"{pointer}/amount", "amount-not-positive", "The amount is not above zero."


def _currency(pointer: str, code: str) -> Faults:
    if not exists(code):
        yield pointer, "unknown-currency", f"ISO 4217 has no currency {code[:40]!r}."


def _once(pointer: str, member: str, keys: Iterable[object]) -> Faults:
    """Yield each item whose key an earlier one has; None is no key."""
    seen: set[object] = set()
    for place, key in enumerate(keys):
        if key is not None and key in seen:
            at = f"{pointer}/{place}/{member}" if member else f"{pointer}/{place}"
            yield at, "duplicate-item", "An earlier item says the same."
        seen.add(key)
