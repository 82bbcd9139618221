"""From gaps to partners: what is still to be mobilised, and who has said to be interested in it.

Source: ILO outcome-based work plans (they guide the mobilisation of resources); the procedure is ours. A partner fits a gap
by what it stated, and only if nothing that it stated speaks against it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import PartnerProfileRow
from services.funding.workplans.planning import (
    Basis,
    Ranked,
    gaps_of,
    known_money,
    ranked,
    rule_named,
    sources_of,
    terms_of,
)
from services.funding.workplans.schemas import Figure
from shared.chassis.errors import Fault, Invalid
from shared.chassis.scoping import required_permit
from shared.contracts.funding.v1 import (
    AgreementKind,
    EarmarkingScope,
    PartnerProfile,
    Pledge,
    PriorityCriterion,
)
from shared.contracts.iati import Money
from shared.contracts.projects.v1 import CountryOutcomeLink
from shared.contracts.projects.v1.programming import Titles
from shared.contracts.workflow import VersionReference
from shared.figures.currencies import exists
from shared.figures.exact import EXACT
from shared.figures.formulas import FORMULAS, Formula
from shared.figures.inflows import Known, rounded
from shared.figures.priorities import Priority
from shared.figures.scenarios import Filling, OpenGap, Place, Source, covers, fillings, left_over

Because = Literal["programme-outcome", "country", "region"]


class OpenPledge(BaseModel):
    """What a partner said it would give, which binds it to nothing."""

    identifier: str
    amount: Money
    pledged_on: date
    probability: Decimal | None
    scope: EarmarkingScope


class FittingPartner(BaseModel):
    """A partner whose stated interests fit a gap, and which of them do; ``pledges`` are its open ones."""

    organisation_identifier: str
    names: Titles
    because: list[Because]
    kinds: list[AgreementKind]
    pledges: list[OpenPledge]


class PriorityPart(Figure):
    """What a criterion gives, 0 to 1, and its weight."""

    criterion: PriorityCriterion
    weight: Decimal
    value: Decimal | None


class ListedItem(BaseModel):
    """An item of a work plan, with its cost and gap in the currency of the list."""

    outcome: str
    item: str
    titles: Titles
    country_outcome: CountryOutcomeLink | None
    country: str | None
    cost: Decimal | None
    gap: Decimal | None
    parts: list[PriorityPart]


class ListedGap(ListedItem):
    """An open gap; ``in_hand`` is what money that is not allocated yet could fill, ``to_mobilise`` what is then lacking.

    Money that is firm for the outcome and none of its items is taken to fill the first gaps.
    """

    priority: Decimal
    in_hand: Decimal
    to_mobilise: Decimal
    partners: list[FittingPartner]


class UnrankedItem(ListedItem):
    """An item without a priority: its gap, or what criteria ask for, is not known."""

    unknown: list[PriorityCriterion]


class UnusedMoney(BaseModel):
    """Earmarked money that no open gap could use; ``value`` is in the currency of the list, null without a rate."""

    kind: Literal["agreement", "pool"]
    identifier: str
    currency: str
    left: Decimal
    value: Decimal | None
    scope: EarmarkingScope


class MobilisationList(BaseModel):
    """The open gaps of a biennium in order of priority, with the partners that could be asked."""

    biennium: str
    currency: str
    rule: VersionReference
    as_of: date
    rate_source: str
    fragility_edition: str | None
    gaps: list[ListedGap]
    without_priority: list[UnrankedItem]
    unused: list[UnusedMoney]
    formulas: list[Formula]


async def mobilisation_list(
    session: AsyncSession, biennium: str, currency: str, reference: VersionReference, basis: Basis
) -> MobilisationList:
    """Return the mobilisation list of a biennium as of today, as the session's permit lets tell it.

    Raises:
        Invalid: the rule or the currency is not known.

    """
    if not exists(currency):
        detail = f"ISO 4217 has no currency {currency!r}."
        raise Invalid(detail, errors=[Fault(pointer="/currency", code="unknown-currency", detail=detail)])
    reader = required_permit(session, "mobilisation-list").principal
    rule = await rule_named(session, reference)
    known, terms = await known_money(session, reader), await terms_of(session, basis)
    found = await ranked(session, await gaps_of(session, biennium, currency, known, terms), rule, terms)
    sources = await sources_of(session, biennium, currency, known, terms)
    made = fillings(found.open, sources, currency)
    profiles = await _profiles(session)
    return MobilisationList(
        biennium=biennium,
        currency=currency,
        rule=reference,
        as_of=terms.today,
        rate_source=basis.rate_source,
        fragility_edition=found.edition,
        gaps=[_listed(gap, found, made, partners_of(gap, profiles, known, biennium)) for gap in found.open],
        without_priority=[
            UnrankedItem(**_item(each, found), unknown=list(each.unknown))
            for each in found.priorities
            if each.score is None
        ],
        unused=[_unused(each, currency) for each in left_over(sources, made) if _is_bound(each)],
        formulas=[FORMULAS[name] for name in ("resource-gap", "priority", "conversion")],
    )


def fit(interests: EarmarkingScope, outcome: str, place: Place) -> list[Because]:
    """Return which stated interests a gap meets; none where a stated one speaks against it, or nothing is stated."""
    if not covers(interests, outcome, place):
        return []
    because: list[Because] = ["programme-outcome"] if interests.programme_outcomes else []
    if place.country in interests.countries:
        because.append("country")
    if not place.regions.isdisjoint(interests.regions):
        because.append("region")
    return because


def partners_of(
    gap: OpenGap, profiles: Iterable[PartnerProfile], known: Known, biennium: str
) -> list[FittingPartner]:
    """Return the partners whose interests fit a gap: who meets it by most of them first, ties by identifier."""
    outcome = gap.priority.candidate.outcome
    fitting = [
        FittingPartner(
            organisation_identifier=profile.organisation_identifier,
            names=profile.names,
            because=because,
            kinds=list(profile.kinds),
            pledges=[
                _told(each)
                for each in known.pledges
                if _is_of(each, profile, biennium) and _may_go(each, gap)
            ],
        )
        for profile in profiles
        if (because := fit(profile.interests, outcome, gap.place))
    ]
    return sorted(fitting, key=lambda each: (-len(each.because), each.organisation_identifier))


def _is_of(pledge: Pledge, profile: PartnerProfile, biennium: str) -> bool:
    is_open = pledge.state == "open" and pledge.biennium in (None, biennium)
    return is_open and pledge.partner.ref == profile.organisation_identifier


def _may_go(pledge: Pledge, gap: OpenGap) -> bool:
    return covers(pledge.scope, gap.priority.candidate.outcome, gap.place)


def _told(pledge: Pledge) -> OpenPledge:
    return OpenPledge(
        identifier=pledge.identifier,
        amount=pledge.amount,
        pledged_on=pledge.pledged_on,
        probability=pledge.probability,
        scope=pledge.scope,
    )


def _item(priority: Priority, found: Ranked) -> dict[str, object]:
    candidate = priority.candidate
    place = found.gaps.place_of(candidate.key)
    return {
        "outcome": candidate.outcome,
        "item": candidate.item.code,
        "titles": candidate.item.titles,
        "country_outcome": candidate.item.country_outcome,
        "country": place.country or candidate.item.country,
        "cost": candidate.cost,
        "gap": candidate.gap,
        "parts": [PriorityPart.model_validate(part) for part in priority.parts],
    }


def _listed(
    gap: OpenGap, found: Ranked, made: Sequence[Filling], partners: list[FittingPartner]
) -> ListedGap:
    in_hand = Decimal(0)
    for each in made:
        if each.gap == gap.key:
            in_hand = EXACT.add(in_hand, each.value)
    return ListedGap.model_validate(
        {
            **_item(gap.priority, found),
            "priority": gap.priority.score,
            "in_hand": in_hand,
            "to_mobilise": EXACT.subtract(gap.fillable, in_hand),
            "partners": partners,
        }
    )


def _is_bound(source: Source) -> bool:
    scope = source.scope
    return source.left > 0 and bool(scope.programme_outcomes or scope.countries or scope.regions)


def _unused(source: Source, currency: str) -> UnusedMoney:
    conversion = source.conversion
    return UnusedMoney(
        kind=source.kind,
        identifier=source.identifier,
        currency=source.currency,
        left=source.left,
        value=rounded(source.left, conversion, currency) if conversion else None,
        scope=source.scope,
    )


async def _profiles(session: AsyncSession) -> list[PartnerProfile]:
    rows = await session.exec(select(PartnerProfileRow.document).order_by(PartnerProfileRow.identifier))
    return [PartnerProfile.from_json(text) for text in rows]
