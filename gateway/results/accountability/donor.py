"""One donor: what its money did, from the agreement to the results of the projects that it went to."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import Exact
from gateway.projection.documents import (
    AGREEMENTS,
    ALERTS,
    COUNTRY_PROGRAMMES,
    EVALUATIONS,
    PARTNER_PROFILES,
    PLEDGES,
    PROGRAMME_BUDGETS,
    REPORTS,
    Kind,
)
from gateway.projection.facts import bounded
from gateway.results.accountability.agreements import (
    AllocatedTo,
    DonorAgreement,
    DutyTold,
    Funded,
    Titles,
    allocated_to,
    duties,
    told_agreement,
)
from gateway.results.accountability.amounts import AmountTold, amounts
from gateway.results.accountability.answers import known
from gateway.results.accountability.donors import DonorRow, Partnerships
from gateway.results.accountability.funders import funds, funds_alone, levy_of
from gateway.results.accountability.projects import humanitarian_flags, indicator_stand, projects_of
from gateway.results.accountability.schemas import (
    MOST,
    AlertTold,
    EvaluationTold,
    IndicatorStand,
    ProjectTold,
    ReportTold,
    ShortList,
)
from gateway.results.documents import Keys, Wanted, about, by_ids, select
from gateway.results.filters import SummaryQuery
from gateway.results.schemas import Asked, SummaryRow
from gateway.results.scope import kind_seen, permit_in, projects_seen, withheld
from gateway.results.summary import summarise
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.chassis.errors import NotFound
from shared.contracts.alerts import AlertKind
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Agreement, Pledge
from shared.contracts.ids import activity_id, country_programme_id, programme_budget_id
from shared.figures.biennium import Biennium
from shared.figures.classifications import title_of
from shared.figures.converted import Dated
from shared.figures.outcomes import country_outcome_code, outcome_code
from shared.figures.partnerships import COMMITTED
from shared.policy.places import place
from shared.policy.placing import placing_of

C = TypeVar("C", bound=Contract)

_OF_DONOR = "SELECT DISTINCT project_id FROM project_membership WHERE dimension = 'donor' AND code = :code"
_OF_SEEN = " AND project_id IN (SELECT a.id FROM project_activity a WHERE {seen})"
PUBLISHED = ("validated", "published")
OF_PROJECTS: tuple[AlertKind, ...] = (
    "delivery-rate-below-threshold",
    "report-overdue",
    "evaluation-due",
    "follow-up-overdue",
)
"""Kinds of alerts that concern everybody whose money is in a project."""


class PledgeTold(BaseModel):
    """What the donor said it would give; it binds nobody."""

    identifier: str
    state: str
    pledged_on: date
    biennium: str | None
    amount: Exact
    currency: str | None
    probability: Exact | None
    agreement: str | None
    withheld: tuple[str, ...] = Field(default=(), description="Members that the caller may not see")


class DonorProject(ProjectTold):
    """A project that the donor's money went to, and where that is told: in an allocation, the project, or both."""

    by_allocation: bool
    by_project: bool


class AllocatedMoney(BaseModel):
    """What the donor's agreements were allocated to; an allocation may be in several of the lists."""

    outcomes: ShortList[AllocatedTo]
    country_outcomes: ShortList[AllocatedTo]
    projects: ShortList[AllocatedTo]


class LevyTold(BaseModel):
    """The coordination levy (A/RES/72/279) on agreements that the donor funds alone, by signature."""

    amounts: list[AmountTold]
    not_told: int = Field(description="Signed agreements of which it cannot be told whether they are levied")


class DonorAnswer(Asked):
    """What a donor's money did.

    ``portfolio`` is what projects report of the donor's money by stage, and ``allocated`` what agreements say. They are
    two sources of the same money and are never added up. ``portfolio`` is null where no project names the donor.
    """

    biennium: str
    donor: DonorRow
    agreements: ShortList[DonorAgreement]
    pledges: ShortList[PledgeTold]
    allocated: AllocatedMoney
    portfolio: SummaryRow | None
    projects: ShortList[DonorProject]
    more_projects: str = Field(description="Address of the projects that name the donor themselves")
    results: IndicatorStand
    reports: ShortList[ReportTold] = Field(description="Validated and published, the newest first")
    evaluations: ShortList[EvaluationTold] = Field(description="The newest first")
    reporting_duties: ShortList[DutyTold] = Field(description="What is owed to the donor, and when it came")
    levy: LevyTold
    alerts: ShortList[AlertTold] = Field(description="Open ones, of the donor's agreements and its projects")


class _Projects(NamedTuple):
    """The projects of a donor, by where they are told, and in brief those whose owner has told of them."""

    allocated: dict[UUID, str]
    reported: set[UUID]
    in_brief: dict[UUID, ProjectTold]

    @property
    def ids(self) -> list[UUID]:
        return sorted(self.allocated.keys() | self.reported)

    @property
    def activities(self) -> set[str]:
        return {*self.allocated.values(), *(each.iati_identifier for each in self.in_brief.values())}


class _Told(NamedTuple):
    """What is told of a donor."""

    donor: Partnerships
    funded: Funded
    pledges: list[Pledge]
    portfolio: SummaryRow | None


async def donor_answer(
    session: AsyncSession, identifier: str, biennium: Biennium, terms: Terms
) -> DonorAnswer:
    """Return a donor's page: what is seen of its agreements, pledges and projects.

    Raises:
        NotFound: nobody tells of such a donor, or it is not seen.

    """
    if not permit_in(session).covers_all([place(organisations=[identifier])]):
        raise _no_donor(identifier)
    told = await _told(session, identifier, terms)
    funded, today = told.funded, terms.today
    projects = await _projects(session, identifier, funded)
    levies = await _levies(session, funded.all)
    titles = await _titles(session, funded, projects)
    return DonorAnswer(
        **await known(session),
        biennium=biennium.label,
        donor=told.donor.row(identifier, biennium, terms),
        agreements=_agreements(funded, levies, today),
        pledges=ShortList.of(_pledge(session, each) for each in told.pledges),
        allocated=_allocated(funded, titles, terms),
        portfolio=told.portfolio,
        projects=_project_list(projects),
        more_projects=terms.address("/v1/results/projects", donor=identifier),
        results=await indicator_stand(session, projects.ids),
        reports=await _reports(session, projects.activities, today),
        evaluations=await _evaluations(session, projects.activities, today),
        reporting_duties=ShortList.of(duties(funded.all, today)),
        levy=_levy(funded, levies, terms),
        alerts=await _alerts(session, identifier, projects.activities),
    )


async def _told(session: AsyncSession, identifier: str, terms: Terms) -> _Told:
    named = await _of_partner(session, AGREEMENTS, identifier)
    agreements = [each for each in named if funds(each, identifier)]
    pledges = await _of_partner(session, PLEDGES, identifier)
    profiles = await _of_partner(session, PARTNER_PROFILES, identifier)
    portfolio = await _portfolio(session, identifier, terms)
    if not (agreements or pledges or profiles or portfolio):
        raise _no_donor(identifier)
    funded = Funded(
        [each for each in agreements if funds_alone(each, identifier)],
        [each for each in agreements if not funds_alone(each, identifier)],
    )
    return _Told(Partnerships(profiles, agreements, pledges), funded, pledges, portfolio)


async def _of_partner(session: AsyncSession, kind: Kind[C], identifier: str) -> list[C]:
    return await about(session, kind, "partner", [identifier], kind_seen(session, kind))


def _no_donor(identifier: str) -> NotFound:
    return NotFound(f"Nobody tells of a donor {identifier!r}.")


async def _projects(session: AsyncSession, identifier: str, funded: Funded) -> _Projects:
    """Return the projects; of what money is allocated to, those that are not seen are known by the allocation alone."""
    seen = projects_seen(session)
    statement = _OF_DONOR if seen.is_always else _OF_DONOR + _OF_SEEN.format(seen=seen.sql)
    rows = await execute(session, text(statement), code=bounded(identifier), **seen.parameters)
    reported = {row[0] for row in rows}
    allocated = {activity_id(a.activity): a.activity for a in funded.allocations() if a.activity}
    return _Projects(allocated, reported, await projects_of(session, allocated.keys() | reported))


def _agreements(funded: Funded, levies: dict[str, Decimal | None], today: date) -> ShortList[DonorAgreement]:
    alone = {each.number for each in funded.own}
    return ShortList.of(
        told_agreement(each, today, with_others=each.number not in alone, levy=levies[each.number])
        for each in funded.all
    )


async def _portfolio(session: AsyncSession, identifier: str, terms: Terms) -> SummaryRow | None:
    asked = {"group_by": "donor", "code": bounded(identifier)}
    rows, _ = await summarise(session, SummaryQuery.model_validate(asked), terms)
    if terms.currency:
        asked |= {"currency": terms.currency, "rate_source": terms.rate_source}
    for row in rows:
        row.explain = terms.address("/v1/results/summary", **asked, explain="true")
    return next((row for row in rows if row.code is not None), None)


async def _levies(session: AsyncSession, agreements: Iterable[Agreement]) -> dict[str, Decimal | None]:
    """Return the levy on each agreement by its number."""
    listed = list(agreements)
    projects = {
        each.number: {activity_id(a.activity) for a in each.allocations if a.activity} for each in listed
    }
    flags = await humanitarian_flags(session, {id_ for ids in projects.values() for id_ in ids})
    return {each.number: levy_of(each, (flags.get(id_) for id_ in projects[each.number])) for each in listed}


async def _titles(session: AsyncSession, funded: Funded, projects: _Projects) -> Titles:
    """Return the titles of what money is allocated to, where a document has them."""
    allocations = list(funded.allocations())
    bienniums = {a.programme_outcome.biennium for a in allocations if a.programme_outcome}
    programmes = {a.country_outcome.programme for a in allocations if a.country_outcome}
    titles = {("activity", each.iati_identifier): each.title for each in projects.in_brief.values()}
    for budget in await by_ids(session, PROGRAMME_BUDGETS, [programme_budget_id(b) for b in bienniums]):
        titles |= {
            ("outcome", outcome_code(budget.biennium, each.code)): title_of(each.titles)
            for each in budget.outcomes
        }
    ids = [country_programme_id(each) for each in programmes]
    seen = kind_seen(session, COUNTRY_PROGRAMMES)
    for programme in await by_ids(session, COUNTRY_PROGRAMMES, ids, seen):
        titles |= {
            ("country-outcome", country_outcome_code(programme.code, each.code)): title_of(each.titles)
            for each in programme.outcomes
        }
    return titles


def _allocated(funded: Funded, titles: Titles, terms: Terms) -> AllocatedMoney:
    return AllocatedMoney(
        outcomes=ShortList.of(allocated_to(funded, "outcome", titles, terms)),
        country_outcomes=ShortList.of(allocated_to(funded, "country-outcome", titles, terms)),
        projects=ShortList.of(allocated_to(funded, "activity", titles, terms)),
    )


def _project_list(projects: _Projects) -> ShortList[DonorProject]:
    """Return the projects in order of identifier; one whose owner has not told of it is known by its allocation."""
    told = {
        id_: ProjectTold(iati_identifier=identifier, title=None, status=None)
        for id_, identifier in projects.allocated.items()
    }
    told |= projects.in_brief
    in_order = sorted(told.items(), key=lambda item: item[1].iati_identifier)
    return ShortList(
        count=len(told),
        items=[
            DonorProject(
                iati_identifier=each.iati_identifier,
                title=each.title,
                status=each.status,
                by_allocation=id_ in projects.allocated,
                by_project=id_ in projects.reported,
            )
            for id_, each in in_order[:MOST]
        ],
    )


async def _reports(session: AsyncSession, activities: set[str], today: date) -> ShortList[ReportTold]:
    wanted = Wanted([{"activity": activities}, {"state": PUBLISHED}], "period_end", newest=True)
    found = await select(session, REPORTS, wanted, MOST, kind_seen(session, REPORTS))
    return ShortList(count=found.count, items=[ReportTold.of(each, today) for each in found.documents])


async def _evaluations(session: AsyncSession, activities: set[str], today: date) -> ShortList[EvaluationTold]:
    wanted = Wanted([{"activity": activities}], newest=True)
    found = await select(session, EVALUATIONS, wanted, MOST, kind_seen(session, EVALUATIONS))
    return ShortList(count=found.count, items=[EvaluationTold.of(each, today) for each in found.documents])


async def _alerts(session: AsyncSession, identifier: str, activities: set[str]) -> ShortList[AlertTold]:
    """Return what is open about the donor's own agreements, and about the projects whatever the agreement."""
    own: Keys = {"partner": [identifier]}
    having: list[Keys] = [
        {**own, "activity": activities},
        {**own, "kind": OF_PROJECTS},
        {"state": ["raised"]},
    ]
    found = await select(session, ALERTS, Wanted(having), MOST, kind_seen(session, ALERTS))
    return ShortList(count=found.count, items=[AlertTold.of(each) for each in found.documents])


def _levy(funded: Funded, levies: dict[str, Decimal | None], terms: Terms) -> LevyTold:
    signed = [each for each in funded.own if each.state in COMMITTED]
    values = []
    for agreement in signed:
        levy = levies[agreement.number]
        if levy is not None:
            currency = agreement.amount.currency if agreement.amount else None
            values.append(Dated(currency, agreement.signed_on, levy))
    return LevyTold(amounts=amounts(values, terms), not_told=len(signed) - len(values))


def _pledge(session: AsyncSession, pledge: Pledge) -> PledgeTold:
    hidden = withheld(session, PLEDGES.aggregate, placing_of(PLEDGES.aggregate).place(pledge))
    kept_back = tuple(each for each in hidden if each in PledgeTold.model_fields)
    return PledgeTold(
        identifier=pledge.identifier,
        state=pledge.state,
        pledged_on=pledge.pledged_on,
        biennium=pledge.biennium,
        amount=pledge.amount.amount,
        currency=pledge.amount.currency,
        probability=None if "probability" in kept_back else pledge.probability,
        agreement=pledge.agreement,
        withheld=kept_back,
    )
