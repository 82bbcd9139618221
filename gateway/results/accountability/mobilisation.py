"""Mobilisation of resources in a biennium: targets, what was approved and received, new donors, and pools."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import Exact
from gateway.projection.documents import COUNTRY_PROGRAMMES, FIELD_OFFICES, MOBILISATION_TARGETS, POOLS
from gateway.results.accountability.amounts import AmountTold, amounts
from gateway.results.accountability.answers import known
from gateway.results.accountability.donors import AllDonors, Partnerships
from gateway.results.accountability.funders import Contributed, contributed
from gateway.results.accountability.schemas import ShortList
from gateway.results.documents import about, every, narrow
from gateway.results.schemas import Asked
from gateway.results.terms import Rates, Terms
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Agreement, MobilisationTarget, Pledge, Pool
from shared.contracts.ids import Identifier
from shared.contracts.projects.v1.programming import CountryCode
from shared.figures.biennium import Biennium, biennium_named
from shared.figures.classifications import title_of
from shared.figures.converted import Dated
from shared.figures.exact import EXACT
from shared.figures.partnerships import (
    Geography,
    Inflow,
    Measured,
    PoolContribution,
    Slice,
    approvals_of,
    pool_balance,
    progress,
    receipts_of,
)
from shared.figures.rates import RateTable

_HUNDRED = Decimal(100)


class ProgrammePlace(Contract):
    """What of a country programme a target needs."""

    code: Identifier
    country: CountryCode


class InflowTold(BaseModel):
    """Money of an agreement that could not be converted."""

    agreement: str
    amount: Exact
    currency: str | None


class ProgressTold(BaseModel):
    """How far a target is reached, in its currency; 1 is the whole.

    ``reached`` is null where nothing could be counted though there is something. ``without_rate`` is not in it, and of
    ``undivided`` agreements it is not known how much belongs to the target.
    """

    reached: Exact | None
    share: Exact | None
    values: int
    without_rate: ShortList[InflowTold]
    undivided: list[str]


class TargetTold(BaseModel):
    """A target with its progress by approvals and by receipts, of which ``measured_by`` tells the one that decides."""

    identifier: str
    title: str | None
    amount: Exact
    currency: str | None
    measured_by: str
    programme_outcome: str | None
    region: str | None
    kind: str | None
    approvals: ProgressTold
    receipts: ProgressTold


class KindRow(BaseModel):
    """Agreements of one kind that brought something in the biennium."""

    kind: str
    agreements: int
    contributed: Contributed


class PledgesTold(BaseModel):
    """Open pledges for the biennium; they bind nobody and count towards no target."""

    pledges: int
    amounts: list[AmountTold]
    weighted: list[AmountTold] = Field(description="Amounts times probability, of those that tell one")
    without_probability: int


class PoolContributionTold(BaseModel):
    """What an agreement brings into a pool: in its own currency, and in the pool's (null without a rate)."""

    agreement: str
    amount: Exact
    currency: str | None
    converted: Exact | None


class PoolTold(BaseModel):
    """A pool, as the supplementary account (RBSA), in its currency; ``contributed`` is what could be converted."""

    identifier: str
    title: str | None
    currency: str
    target: Exact | None
    share_of_target: Exact | None
    carried_over: Exact | None
    contributed: Exact
    allocated: Exact
    available: Exact
    allocations: int
    countries: tuple[str, ...]
    contributions: ShortList[PoolContributionTold]
    without_rate: int = Field(description="Contributions that are in no figure, because there is no rate")


class MobilisationAnswer(Asked):
    """What was mobilised in a biennium. Approvals, receipts and pledges stand apart and are never added up."""

    biennium: str
    rate_source: str | None = Field(
        description="Whose rates targets and pools are told at; null: none are known"
    )
    targets: ShortList[TargetTold]
    donors: AllDonors
    by_kind: list[KindRow]
    pledges: PledgesTold
    pools: ShortList[PoolTold]


async def mobilisation_answer(
    session: AsyncSession, biennium: Biennium, terms: Terms, rates: Rates
) -> MobilisationAnswer:
    """Return what was mobilised in a biennium; targets and pools in their own currencies, at ``rates``."""
    partnerships = await Partnerships.read(session)
    targets = await about(session, MOBILISATION_TARGETS, "biennium", [biennium.label])
    pools = await about(session, POOLS, "biennium", [biennium.label])
    where = await _geography(session) if targets else Geography({}, {})
    agreements = partnerships.agreements
    return MobilisationAnswer(
        **await known(session),
        biennium=biennium.label,
        rate_source=rates.source,
        targets=ShortList.of(_target(each, agreements, rates.table, where) for each in targets),
        donors=partnerships.whole(biennium, terms),
        by_kind=_by_kind(agreements, biennium, terms),
        pledges=_pledges([each for each in partnerships.pledges if each.biennium == biennium.label], terms),
        pools=ShortList.of(_pool(each, agreements, biennium, rates.table) for each in pools),
    )


async def _geography(session: AsyncSession) -> Geography:
    """Return the country of each programme, and the regions of each country by the offices that serve it."""
    regions: dict[str, set[str]] = {}
    for office in await every(session, FIELD_OFFICES):
        if office.region is not None:
            for country in office.countries:
                regions.setdefault(country, set()).add(office.region.code)
    programmes = await narrow(session, COUNTRY_PROGRAMMES, ProgrammePlace, ())
    return Geography(
        {each.code: each.country for each in programmes},
        {country: frozenset(codes) for country, codes in regions.items()},
    )


def _target(
    target: MobilisationTarget, agreements: Sequence[Agreement], table: RateTable, where: Geography
) -> TargetTold:
    biennium = biennium_named(target.biennium)
    part = Slice(target.programme_outcome, target.region, target.kind)
    measured = Measured(
        target.amount.amount, target.amount.currency or "", biennium.start, biennium.end, part
    )
    approvals = ((each, approvals_of(each)) for each in agreements)
    receipts = ((each, receipts_of(each)) for each in agreements)
    return TargetTold(
        identifier=target.identifier,
        title=title_of(target.titles),
        amount=target.amount.amount,
        currency=target.amount.currency,
        measured_by=target.measured_by,
        programme_outcome=target.programme_outcome,
        region=target.region,
        kind=target.kind,
        approvals=_progress(measured, approvals, table, where),
        receipts=_progress(measured, receipts, table, where),
    )


def _progress(
    measured: Measured,
    agreements: Iterable[tuple[Agreement, Iterable[Inflow]]],
    table: RateTable,
    where: Geography,
) -> ProgressTold:
    made = progress(measured, agreements, table, where)
    return ProgressTold(
        reached=made.reached,
        share=made.share,
        values=made.values,
        without_rate=ShortList.of(
            InflowTold(agreement=each.agreement, amount=each.amount, currency=each.currency)
            for each in made.without_rate
        ),
        undivided=list(made.undivided),
    )


def _by_kind(agreements: Iterable[Agreement], biennium: Biennium, terms: Terms) -> list[KindRow]:
    kinds: dict[str, list[Agreement]] = {}
    for agreement in agreements:
        kinds.setdefault(agreement.kind, []).append(agreement)
    rows = (
        KindRow(kind=kind, agreements=len(listed), contributed=contributed(listed, biennium, terms))
        for kind, listed in sorted(kinds.items())
    )
    return [row for row in rows if row.contributed.approvals or row.contributed.receipts]


def _pledges(pledges: Sequence[Pledge], terms: Terms) -> PledgesTold:
    open_ones = [each for each in pledges if each.state == "open"]
    dated = [(each, Dated(each.amount.currency, each.pledged_on, each.amount.amount)) for each in open_ones]
    weighted = [
        money._replace(amount=EXACT.divide(EXACT.multiply(money.amount, pledge.probability), _HUNDRED))
        for pledge, money in dated
        if pledge.probability is not None
    ]
    return PledgesTold(
        pledges=len(open_ones),
        amounts=amounts((money for _, money in dated), terms),
        weighted=amounts(weighted, terms),
        without_probability=len(open_ones) - len(weighted),
    )


def _pool(pool: Pool, agreements: Iterable[Agreement], biennium: Biennium, table: RateTable) -> PoolTold:
    balance = pool_balance(pool, agreements, biennium, table)
    return PoolTold(
        identifier=pool.identifier,
        title=title_of(pool.titles),
        currency=pool.currency,
        target=balance.target,
        share_of_target=balance.share_of_target,
        carried_over=balance.carried_over,
        contributed=balance.contributed,
        allocated=balance.allocated,
        available=balance.available,
        allocations=len(pool.allocations),
        countries=pool.countries,
        contributions=ShortList.of(_contribution(each) for each in balance.contributions),
        without_rate=sum(each.converted is None for each in balance.contributions),
    )


def _contribution(contribution: PoolContribution) -> PoolContributionTold:
    return PoolContributionTold(
        agreement=contribution.agreement,
        amount=contribution.amount,
        currency=contribution.currency,
        converted=contribution.converted,
    )
