"""Agreements as a donor's page tells them: tranches against receipts, what is owed, and what it was allocated to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from pydantic import BaseModel, Field

from gateway.money import Exact
from gateway.projection.documents import country_outcome_key, outcome_key
from gateway.results.accountability.amounts import AmountTold, amounts
from gateway.results.accountability.schemas import overdue
from gateway.results.terms import Terms
from shared.contracts.funding.v1 import Agreement, Allocation, Tranche
from shared.figures.classifications import title_of
from shared.figures.converted import Dated
from shared.figures.exact import EXACT
from shared.figures.partnerships import IN_FORCE, OWING_REPORTS, sum_of

Titles: TypeAlias = Mapping[tuple[str, str], str | None]
"""Titles of what money is allocated to, by relation and code."""


class TrancheTold(BaseModel):
    """A tranche and what came in for it, in the currency of its agreement."""

    number: int
    due_on: date
    amount: Exact
    received: Exact
    outstanding: Exact = Field(description="What of it has not come in")
    overdue_days: int | None = Field(description="Since it was due; null where nothing of it is overdue")


class DutyTold(BaseModel):
    """A report that is owed to the donor; without ``delivered_on`` it was not delivered."""

    agreement: str
    code: str
    kind: str
    due_on: date
    delivered_on: date | None
    overdue_days: int | None = Field(description="Since it was due; null where it is not overdue")
    days_late: int | None = Field(description="Of a delivered report: days after it was due, 0 where in time")


class AgreedEarmarking(BaseModel):
    """How tightly an agreement is earmarked: EarmarkingCategory and EarmarkingModality (IATI code lists)."""

    category: str
    modality: str | None


class DonorAgreement(BaseModel):
    """An agreement that the donor funds, alone or with others; amounts are in its currency, and all of it.

    ``levy`` is the coordination levy (A/RES/72/279), null where it cannot be told.
    """

    number: str
    title: str | None
    kind: str
    state: str
    funded_with_others: bool
    signed_on: date | None
    effective_from: date | None
    effective_to: date | None
    currency: str | None
    amount: Exact | None
    received: Exact
    allocated: Exact
    overdue: Exact = Field(description="What of its tranches is overdue")
    earmarking: AgreedEarmarking | None
    pool: str | None
    proposals: tuple[str, ...]
    amendments: int
    tranches: list[TrancheTold]
    levy: Exact | None


class AllocatedTo(BaseModel):
    """What was allocated to one project or outcome; ``funded_with_others`` is not the donor's alone."""

    code: str
    title: str | None
    own: list[AmountTold]
    funded_with_others: list[AmountTold]


@dataclass(frozen=True, slots=True)
class Funded:
    """The agreements that a donor funds alone, and those that it funds with others."""

    own: Sequence[Agreement]
    others: Sequence[Agreement]

    @property
    def all(self) -> list[Agreement]:
        """All of them in order of number."""
        return sorted((*self.own, *self.others), key=lambda each: each.number)

    def allocations(self) -> Iterator[Allocation]:
        """Yield every allocation."""
        for agreement in self.all:
            yield from agreement.allocations


def told_agreement(
    agreement: Agreement, today: date, *, with_others: bool, levy: Decimal | None
) -> DonorAgreement:
    """Return an agreement as of a day."""
    tranches = [_tranche(agreement, tranche, today) for tranche in agreement.tranches]
    money = agreement.amount
    return DonorAgreement(
        number=agreement.number,
        title=title_of(agreement.titles),
        kind=agreement.kind,
        state=agreement.state,
        funded_with_others=with_others,
        signed_on=agreement.signed_on,
        effective_from=agreement.effective_from,
        effective_to=agreement.effective_to,
        currency=money.currency if money else None,
        amount=money.amount if money else None,
        received=sum_of(each.amount for each in agreement.receipts),
        allocated=sum_of(each.amount for each in agreement.allocations),
        overdue=sum_of(each.outstanding for each in tranches if each.overdue_days is not None),
        earmarking=AgreedEarmarking(
            category=agreement.earmarking.category, modality=agreement.earmarking.modality
        )
        if agreement.earmarking
        else None,
        pool=agreement.pool,
        proposals=agreement.proposals,
        amendments=len(agreement.amendments),
        tranches=tranches,
        levy=levy,
    )


def _tranche(agreement: Agreement, tranche: Tranche, today: date) -> TrancheTold:
    received = sum_of(each.amount for each in agreement.receipts if each.tranche == tranche.number)
    outstanding = max(EXACT.subtract(tranche.amount, received), Decimal(0))
    is_owed = bool(outstanding) and agreement.state in IN_FORCE
    return TrancheTold(
        number=tranche.number,
        due_on=tranche.due_on,
        amount=tranche.amount,
        received=received,
        outstanding=outstanding,
        overdue_days=overdue(tranche.due_on, today) if is_owed else None,
    )


def duties(agreements: Iterable[Agreement], today: date) -> list[DutyTold]:
    """Return the reports that agreements owe, in order of the day that they are due.

    Those of an agreement that was never signed, or is over, are not owed any more if they were not delivered.
    """
    told = []
    for agreement in agreements:
        for duty in agreement.reporting_duties:
            is_owed = duty.delivered_on is None and agreement.state in OWING_REPORTS
            late = None if duty.delivered_on is None else max((duty.delivered_on - duty.due_on).days, 0)
            told.append(
                DutyTold(
                    agreement=agreement.number,
                    code=duty.code,
                    kind=duty.kind,
                    due_on=duty.due_on,
                    delivered_on=duty.delivered_on,
                    overdue_days=overdue(duty.due_on, today) if is_owed else None,
                    days_late=late,
                )
            )
    return sorted(told, key=lambda each: (each.due_on, each.agreement, each.code))


def allocated_to(funded: Funded, relation: str, titles: Titles, terms: Terms) -> list[AllocatedTo]:
    """Return what was allocated to each project, outcome or country outcome, in order of its code.

    An allocation that names several of them is told at each, so lists of different relations are never added up.
    """
    own, others = _by_target(funded.own, relation), _by_target(funded.others, relation)
    return [
        AllocatedTo(
            code=code,
            title=titles.get((relation, code)),
            own=amounts(own.get(code, ()), terms),
            funded_with_others=amounts(others.get(code, ()), terms),
        )
        for code in sorted(own.keys() | others.keys())
    ]


def _by_target(agreements: Iterable[Agreement], relation: str) -> dict[str, list[Dated]]:
    found: dict[str, list[Dated]] = {}
    for agreement in agreements:
        currency = agreement.amount.currency if agreement.amount else None
        for allocation in agreement.allocations:
            code = _code(allocation, relation)
            if code is not None:
                money = Dated(currency, allocation.decided_on, allocation.amount)
                found.setdefault(code, []).append(money)
    return found


def _code(allocation: Allocation, relation: str) -> str | None:
    if relation == "activity":
        return allocation.activity
    if relation == "outcome":
        return outcome_key(allocation.programme_outcome) if allocation.programme_outcome else None
    return country_outcome_key(allocation.country_outcome) if allocation.country_outcome else None
