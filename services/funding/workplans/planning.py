"""What is known of the gaps of a biennium and of the money that could fill them, read in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.models import AgreementRow, Copy, PledgeRow, PoolRow, PriorityRuleRow, WorkplanRow
from services.funding.partnerships.balances import balance_of
from services.funding.partnerships.copies import KnownProposal
from services.funding.partnerships.places import Places, known_places
from services.funding.rates.tables import rate_table
from services.funding.workplans.aggregates import targets_of
from shared.chassis.copies import copies_of
from shared.chassis.errors import Fault, Invalid
from shared.contracts.funding.v1 import (
    Agreement,
    AllocationTarget,
    Pledge,
    Pool,
    PriorityRule,
    ScenarioSource,
    Workplan,
)
from shared.contracts.ids import priority_rule_id
from shared.contracts.projects.v1 import CountryProgramme, FragilityList
from shared.contracts.workflow import VersionReference
from shared.figures.biennium import biennium_named
from shared.figures.inflows import Known, Terms
from shared.figures.priorities import Candidate, Priority, candidates_of, context_on, priorities
from shared.figures.resources import PlanResources, plan_resources
from shared.figures.scenarios import (
    OpenGap,
    Place,
    Source,
    open_gaps,
    source_of_agreement,
    source_of_pool,
)
from shared.policy.grants import covered
from shared.policy.permits import reading
from shared.policy.placing import placing_of
from shared.policy.principals import Principal

Key: TypeAlias = tuple[str, str, str]
"""An item: biennium, outcome and code."""


@dataclass(frozen=True, slots=True)
class Basis:
    """By whose rates money is converted, and how likely what may come is, by state."""

    rate_source: str
    probabilities: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Gaps:
    """The items of a biennium's work plans in one currency, and what their money is allocated to.

    ``unplaced`` is by outcome what is firm for it and none of its items.
    """

    plans: tuple[PlanResources, ...]
    candidates: tuple[Candidate, ...]
    unplaced: Mapping[str, Decimal]
    targets: Mapping[Key, AllocationTarget]
    places: Places

    def place_of(self, key: Key) -> Place:
        """Return where an item is, as far as money that is allocated to it can tell."""
        country = self.places.country_of(self.targets[key])
        return Place(country, self.places.regions.get(country, frozenset()) if country else frozenset())


@dataclass(frozen=True, slots=True)
class Ranked:
    """Gaps in order of priority; ``edition`` is the list of fragile contexts that was read."""

    gaps: Gaps
    priorities: tuple[Priority, ...]
    open: tuple[OpenGap, ...]
    edition: str | None


async def known_money(session: AsyncSession, reader: Principal | None = None) -> Known:
    """Return all agreements that are not cancelled, all pools, open pledges, and the proposals that are known.

    Pledges are told to a ``reader`` without their probability where the policy withholds it; it closes no gap.
    """
    agreements = select(AgreementRow.document).where(col(AgreementRow.state) != "cancelled")
    pledges = select(PledgeRow.document).where(col(PledgeRow.state) == "open")
    return Known(
        agreements=[Agreement.from_json(text) for text in await session.exec(agreements)],
        pools=[Pool.from_json(text) for text in await session.exec(select(PoolRow.document))],
        pledges=_told([Pledge.from_json(text) for text in await session.exec(pledges)], reader),
        proposals=await copies_of(session, Copy, KnownProposal, "proposal"),
    )


def _told(pledges: list[Pledge], reader: Principal | None) -> list[Pledge]:
    """Return pledges without what a reader may not see of them."""
    if reader is None:
        return pledges
    withheld, place = reading(reader, "pledge").withheld(), placing_of("pledge").place
    return [
        each.model_copy(
            update={
                name: Pledge.model_fields[name].default
                for name, grants in withheld
                if not covered(grants, place(each))
            }
        )
        for each in pledges
    ]


async def terms_of(session: AsyncSession, basis: Basis) -> Terms:
    """Return the terms in which money is told today."""
    table = await rate_table(session, basis.rate_source)
    return Terms(table, datetime.now(UTC).date(), basis.probabilities)


async def rule_named(session: AsyncSession, reference: VersionReference) -> PriorityRule:
    """Return a version of a rule of priority.

    Raises:
        Invalid: there is no such version; the pointer is ``/rule``.

    """
    identifier = f"{reference.code}/{reference.version}"
    row = await session.get(PriorityRuleRow, priority_rule_id(identifier))
    if row is None:
        detail = f"No rule of priority has the identifier {identifier!r}."
        fault = Fault(pointer="/rule", code="unknown-priority-rule", detail=detail)
        raise Invalid(detail, errors=[fault])
    return PriorityRule.from_json(row.document)


async def gaps_of(session: AsyncSession, biennium: str, currency: str, known: Known, terms: Terms) -> Gaps:
    """Return the gaps of a biennium in a currency, by the money that is known of."""
    plans = await plans_of(session, biennium)
    made = tuple(plan_resources(plan, known, terms) for plan in plans)
    candidates, unplaced = candidates_of(made, currency, terms)
    listed = [target for plan in plans for target in targets_of(plan)]
    targets = {each.key: target for each, target in zip(candidates, listed, strict=True)}
    return Gaps(made, tuple(candidates), unplaced, targets, await known_places(session, listed))


async def plans_of(session: AsyncSession, biennium: str, *, lock: bool = False) -> list[Workplan]:
    """Return the work plans of a biennium, in order of id, in which they are locked if they are."""
    statement = (
        select(WorkplanRow.document)
        .where(col(WorkplanRow.biennium) == biennium)
        .order_by(col(WorkplanRow.id))
    )
    if lock:
        statement = statement.with_for_update()
    return [Workplan.from_json(text) for text in await session.exec(statement)]


async def ranked(session: AsyncSession, gaps: Gaps, rule: PriorityRule, terms: Terms) -> Ranked:
    """Return gaps in order of priority, by the frameworks that are known today."""
    lists = await copies_of(session, Copy, FragilityList, "fragility-list")
    programmes = await copies_of(session, Copy, CountryProgramme, "country-programme")
    context = context_on(terms.today, lists, programmes)
    ordered = priorities(gaps.candidates, rule, context)
    places = {each.key: gaps.place_of(each.key) for each in gaps.candidates}
    return Ranked(gaps, tuple(ordered), tuple(open_gaps(ordered, places, gaps.unplaced)), context.edition)


async def sources_of(
    session: AsyncSession, biennium: str, currency: str, known: Known, terms: Terms
) -> list[Source]:
    """Return the money that could be allocated for a biennium, with its rate into a currency where there is one."""
    found = [source_of_agreement(each, biennium_named(biennium)) for each in known.agreements]
    for pool in known.pools:
        if pool.biennium == biennium:
            balance = await balance_of(session, pool, terms.table)
            found.append(source_of_pool(pool, balance.available))
    return [
        replace(each, conversion=terms.table.planned(each.currency, currency, None, terms.today))
        for each in found
        if each is not None
    ]


def chosen(
    sources: Iterable[Source], wanted: Sequence[ScenarioSource], biennium: str, known: Known
) -> list[Source]:
    """Return the sources that are wanted, all where none is named.

    Raises:
        Invalid: there is no such agreement, or no such pool of the biennium.

    """
    there = {("agreement", each.number) for each in known.agreements}
    there |= {("pool", each.identifier) for each in known.pools if each.biennium == biennium}
    faults = [
        Fault(
            pointer=f"/sources/{place}",
            code="unknown-source",
            detail=f"There is no {each.kind} {each.identifier!r} of that biennium.",
        )
        for place, each in enumerate(wanted)
        if (each.kind, each.identifier) not in there
    ]
    if faults:
        raise Invalid("A source is not known.", errors=faults)
    named = {(each.kind, each.identifier) for each in wanted}
    return [each for each in sources if not named or each.key in named]
