"""Who funds an agreement, and what it brought whom.

An agreement that several partners fund tells no shares, so its money is nobody's own: it is told beside, whole, and is in
no donor's figures. In figures of all donors together each agreement counts once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from pydantic import BaseModel, Field

from gateway.results.accountability.amounts import (
    AmountTold,
    EarmarkedAmounts,
    FlexibleShare,
    amounts,
    by_category,
    flexible_shares,
)
from gateway.results.terms import Terms
from shared.contracts.funding.v1 import Agreement, AgreementPartner, PartnerProfile, PartnerRole, Pledge
from shared.figures.biennium import Biennium
from shared.figures.converted import Dated
from shared.figures.earmarking import coordination_levy
from shared.figures.partnerships import (
    Inflow,
    approvals_of,
    first_contribution,
    is_new_donor,
    receipts_of,
)

FUNDING_ROLES: tuple[PartnerRole, ...] = ("funding", "provider", "private")
"""Who funds is told by the first of these roles that any partner has."""

GOVERNMENTS = ("10", "11")
"""Organisation types (IATI code list) that may pay for a programme in their own country."""

_Source: TypeAlias = Callable[[Agreement], Iterator[Inflow]]


class Contributed(BaseModel):
    """What some agreements brought in a biennium; approvals and receipts are stages, and are never added up."""

    approvals: list[AmountTold] = Field(description="Amounts of agreements by the day of their signature")
    receipts: list[AmountTold] = Field(description="What came in, by the day that it did")
    by_earmarking: list[EarmarkedAmounts] = Field(description="Approvals by earmarking category")
    flexible: list[FlexibleShare] = Field(description="Share of flexible funding in approvals")


class FirstContribution(NamedTuple):
    """Since when a partner contributes, and whether that is within a biennium; None where it is not known."""

    on: date | None
    is_new: bool | None


def funders(agreement: Agreement) -> list[AgreementPartner]:
    """Return the partners that fund an agreement."""
    for role in FUNDING_ROLES:
        if found := [each for each in agreement.partners if each.role == role]:
            return found
    return []


def funds_alone(agreement: Agreement, identifier: str) -> bool:
    """Tell whether a partner is the only one that funds an agreement."""
    return {each.organisation.ref for each in funders(agreement)} == {identifier}


def funds(agreement: Agreement, identifier: str) -> bool:
    """Tell whether a partner is one of those that fund an agreement."""
    return any(each.organisation.ref == identifier for each in funders(agreement))


def inflows(agreements: Iterable[Agreement], source: _Source, biennium: Biennium) -> Iterator[Dated]:
    """Yield what agreements brought in a biennium, valued on the day that it did."""
    for agreement in agreements:
        for inflow in source(agreement):
            if biennium.start <= inflow.on <= biennium.end:
                yield Dated(inflow.currency, inflow.on, inflow.amount)


def contributed(agreements: Sequence[Agreement], biennium: Biennium, terms: Terms) -> Contributed:
    """Return what agreements brought in a biennium, each once."""
    categories: dict[str | None, list[Dated]] = defaultdict(list)
    for agreement in agreements:
        category = agreement.earmarking.category if agreement.earmarking else None
        categories[category] += inflows([agreement], approvals_of, biennium)
    told = {category: values for category, values in categories.items() if values}
    return Contributed(
        approvals=amounts((value for values in told.values() for value in values), terms),
        receipts=amounts(inflows(agreements, receipts_of, biennium), terms),
        by_earmarking=by_category(told, terms),
        flexible=flexible_shares(told, terms),
    )


def pledged(pledges: Iterable[Pledge], terms: Terms) -> list[AmountTold]:
    """Return what open pledges promise, by the day that they did."""
    return amounts(
        (
            Dated(each.amount.currency, each.pledged_on, each.amount.amount)
            for each in pledges
            if each.state == "open"
        ),
        terms,
    )


def first_of(
    identifier: str, profile: PartnerProfile | None, agreements: Iterable[Agreement], biennium: Biennium
) -> FirstContribution:
    """Return since when a partner contributes.

    A receipt of an agreement that others fund too need not be the partner's. Where there is one before all that is the
    partner's own, it is not known whether the partner is new.
    """
    own: list[date] = []
    shared: list[date] = []
    for agreement in agreements:
        if funds(agreement, identifier):
            days = own if funds_alone(agreement, identifier) else shared
            days += [receipt.received_on for receipt in agreement.receipts]
    first = first_contribution(profile.first_contribution if profile else None, own)
    if shared and (first is None or min(shared) < first):
        return FirstContribution(first, is_new=None)
    return FirstContribution(first, is_new_donor(first, biennium.start, biennium.end))


def levy_of(agreement: Agreement, humanitarian: Iterable[bool | None]) -> Decimal | None:
    """Return the coordination levy on an agreement, in its currency (A/RES/72/279); None where it cannot be told.

    Args:
        agreement: with its amount.
        humanitarian: whether each of the projects that it is allocated to is flagged so, None where that is not known.

    """
    if agreement.amount is None:
        return None
    flags = set(humanitarian)
    is_humanitarian = flags.pop() if len(flags) == 1 else None
    return coordination_levy(
        agreement.amount.amount,
        agreement.earmarking.category if agreement.earmarking else None,
        third_party=_is_third_party(agreement),
        development=None if is_humanitarian is None else not is_humanitarian,
    )


def _is_third_party(agreement: Agreement) -> bool | None:
    """Tell whether others than the countries where the money is spent pay it; None where that is not known."""
    told = {_pays_for_others(each, agreement.scope.countries) for each in funders(agreement)}
    return told.pop() if len(told) == 1 else None


def _pays_for_others(partner: AgreementPartner, countries: Sequence[str]) -> bool | None:
    type_ = partner.organisation.type
    if type_ is not None and type_ not in GOVERNMENTS:
        return True
    if type_ is None or partner.country is None or not countries:
        return None
    if partner.country not in countries:
        return True
    return False if len(countries) == 1 else None
