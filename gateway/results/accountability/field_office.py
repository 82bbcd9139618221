"""One field office: what is due from it, and how the projects of its countries stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import (
    ALERTS,
    EVALUATIONS,
    FIELD_OFFICES,
    PERIOD_LOCKS,
    REPORTS,
    TRAININGS,
)
from gateway.results.accountability.answers import known
from gateway.results.accountability.delivered import Yardstick, group_rows, named, whole_of
from gateway.results.accountability.projects import indicator_stand, projects_of
from gateway.results.accountability.queries import FieldOfficeQuery
from gateway.results.accountability.schemas import (
    MOST,
    OWED,
    UNFINISHED,
    AlertTold,
    DeliveryRow,
    EvaluationTold,
    FollowUpTold,
    IndicatorStand,
    LockTold,
    ProjectTold,
    ReportTold,
    ShortList,
    TrainingTold,
    overdue,
)
from gateway.results.documents import Keys, Wanted, every, having, select
from gateway.results.filters import SummaryQuery
from gateway.results.schemas import Asked
from gateway.results.scope import permit_in, projects_seen
from gateway.results.summary import summarise
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.chassis.errors import NotFound
from shared.contracts.monitoring.v1 import FollowUp
from shared.contracts.projects.v1 import FieldOffice
from shared.figures.classifications import title_of
from shared.policy.places import place

IMPLEMENTATION = "2"
"""ActivityStatus of a project that is carried out."""
FOLLOWED_UP = ("completed", "responded", "closed")
"""States of an evaluation whose recommendations are acted on."""
OPEN_FOLLOW_UPS = ("open", "in-progress")

_PROJECTS = (
    "SELECT a.id, a.iati_identifier, a.status FROM project_activity a WHERE a.id IN"
    " (SELECT project_id FROM project_membership WHERE dimension = 'country' AND code = ANY(:countries))"
    " AND {seen} ORDER BY a.iati_identifier"
)
_FOLLOW_UPS = (
    "SELECT d.identifier, e.data ->> 'iati_identifier', r.value ->> 'code', CAST(u.value AS text), count(*) OVER ()"
    " FROM document d JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " CROSS JOIN LATERAL (SELECT CAST(f.data AS json) AS data) e"
    " CROSS JOIN LATERAL json_array_elements(coalesce(e.data -> 'recommendations', '[]')) r"
    " CROSS JOIN LATERAL json_array_elements(coalesce(r.value -> 'follow_up', '[]')) u"
    " WHERE d.aggregate = :aggregate{has} AND coalesce(u.value ->> 'state', 'open') = ANY(:states)"
    " AND u.value ->> 'due_on' <= :up_to ORDER BY u.value ->> 'due_on', d.identifier, 3, u.value ->> 'code' LIMIT :limit"
)


class OfficeRegion(BaseModel):
    """The region of an office, by a code of a vocabulary."""

    code: str
    vocabulary: str | None


class OfficeTold(BaseModel):
    """A field office in brief."""

    code: str
    name: str | None
    kind: str
    region: OfficeRegion | None
    parent: str | None
    countries: tuple[str, ...]

    @classmethod
    def of(cls, office: FieldOffice) -> "OfficeTold":
        """Return what is told of an office."""
        return cls(
            code=office.code,
            name=title_of(office.names),
            kind=office.kind,
            region=OfficeRegion(code=office.region.code, vocabulary=office.region.vocabulary)
            if office.region
            else None,
            parent=office.parent,
            countries=office.countries,
        )


class OfficeReports(BaseModel):
    """Progress reports by what they wait for; a report may be returned and overdue."""

    due: ShortList[ReportTold] = Field(description="To be submitted within the days that are asked for")
    overdue: ShortList[ReportTold]
    returned: ShortList[ReportTold] = Field(description="Returned, with the reasons")
    submitted: ShortList[ReportTold] = Field(description="Waiting to be validated")
    done: ShortList[ReportTold] = Field(description="Validated and published, the newest first")


class OfficeEvaluations(BaseModel):
    """Evaluations that are planned or under way."""

    due: ShortList[EvaluationTold] = Field(description="Within the days that are asked for")
    overdue: ShortList[EvaluationTold]


class OfficeDelivery(BaseModel):
    """Delivery of the year: money of the office's countries, each by itself and all together."""

    countries: list[DeliveryRow]
    whole: list[DeliveryRow] = Field(description="One row for each currency")


class FieldOfficeAnswer(Asked):
    """What is due from a field office: of its own countries and those of the offices below it.

    It is for who may see all of these countries. Projects without country are no office's. The delivery is that of the part of each project's money that belongs to
    the countries.
    """

    on: date
    until: date = Field(description="The last day of what is told to be due")
    office: OfficeTold
    below: ShortList[OfficeTold]
    countries: list[str]
    projects: int
    in_implementation: ShortList[ProjectTold]
    results: IndicatorStand
    reports: OfficeReports
    evaluations: OfficeEvaluations
    follow_ups: ShortList[FollowUpTold] = Field(description="Open and due, or overdue")
    locks: ShortList[LockTold] = Field(description="Periods that nobody may report on")
    alerts: ShortList[AlertTold] = Field(description="Open ones")
    delivery: OfficeDelivery
    trainings: ShortList[TrainingTold] = Field(description="The newest first")


@dataclass(frozen=True, slots=True)
class _Duties:
    """Where an office's duties are looked for, and as of which days."""

    session: AsyncSession
    places: Keys
    today: date
    until: date

    async def reports(self) -> OfficeReports:
        """Return the reports of the office, or on projects of its countries."""
        return OfficeReports(
            due=await self._reports(OWED, since=self.today, up_to=self.until),
            overdue=await self._reports(OWED, before=self.today),
            returned=await self._reports(("returned",)),
            submitted=await self._reports(("submitted",)),
            done=await self._reports(("validated", "published"), newest=True),
        )

    async def _reports(
        self,
        states: Sequence[str],
        *,
        since: date | None = None,
        up_to: date | None = None,
        before: date | None = None,
        newest: bool = False,
    ) -> ShortList[ReportTold]:
        wanted = Wanted(
            [self.places, {"state": states}], since=since, up_to=up_to, before=before, newest=newest
        )
        found = await select(self.session, REPORTS, wanted, MOST)
        return ShortList(
            count=found.count, items=[ReportTold.of(each, self.today) for each in found.documents]
        )

    async def evaluations(self) -> OfficeEvaluations:
        """Return the evaluations of projects of the office's countries that are to be completed."""
        return OfficeEvaluations(
            due=await self._evaluations(since=self.today, up_to=self.until),
            overdue=await self._evaluations(before=self.today),
        )

    async def _evaluations(
        self, *, since: date | None = None, up_to: date | None = None, before: date | None = None
    ) -> ShortList[EvaluationTold]:
        places = [self.places, {"state": UNFINISHED}]
        wanted = Wanted(places, since=since, up_to=up_to, before=before)
        found = await select(self.session, EVALUATIONS, wanted, MOST)
        return ShortList(
            count=found.count, items=[EvaluationTold.of(each, self.today) for each in found.documents]
        )

    async def follow_ups(self) -> ShortList[FollowUpTold]:
        """Return what is to be done about recommendations, in order of the day that it is due."""
        has, parameters = having([self.places, {"state": FOLLOWED_UP}])
        rows = (
            await execute(
                self.session,
                text(_FOLLOW_UPS.format(has=has)),
                aggregate=EVALUATIONS.aggregate,
                states=list(OPEN_FOLLOW_UPS),
                up_to=self.until.isoformat(),
                limit=MOST,
                **parameters,
            )
        ).all()
        told = [self._follow_up(row[0], row[1], row[2], FollowUp.from_event(row[3])) for row in rows]
        return ShortList(count=rows[0][4] if rows else 0, items=told)

    def _follow_up(
        self, evaluation: str, activity: str, recommendation: str, follow_up: FollowUp
    ) -> FollowUpTold:
        return FollowUpTold(
            evaluation=evaluation,
            iati_identifier=activity,
            recommendation=recommendation,
            code=follow_up.code,
            title=title_of(follow_up.narratives),
            responsible=follow_up.responsible,
            due_on=follow_up.due_on,
            state=follow_up.state,
            overdue_days=overdue(follow_up.due_on, self.today),
        )

    async def locks(self, moment: datetime) -> ShortList[LockTold]:
        """Return the locks that are in force on the projects, those of all activities among them."""
        places = {**self.places, "kind": ["all"]}
        wanted = Wanted([places, {"state": ["locked"]}], "period_start")
        found = await select(self.session, PERIOD_LOCKS, wanted, MOST)
        return ShortList(count=found.count, items=[LockTold.of(each, moment) for each in found.documents])


async def field_office_answer(
    session: AsyncSession, code: str, query: FieldOfficeQuery, terms: Terms, yardstick: Yardstick
) -> FieldOfficeAnswer:
    """Return the page of a field office.

    Raises:
        NotFound: no document has such an office, or it is not seen.

    """
    office, below = await _offices(session, code)
    countries = sorted({country for each in (office, *below) for country in each.countries})
    if not permit_in(session).covers_all([place(countries=[each]) for each in countries]):
        raise _no_office(code)
    projects = await _projects(session, countries)
    in_implementation = [id_ for id_, _, status in projects if status == IMPLEMENTATION]
    activities = [identifier for _, identifier, _ in projects]
    until = terms.today + timedelta(days=query.days)
    places = {"activity": activities, "office": [code, *(each.code for each in below)]}
    duties = _Duties(session, places, terms.today, until)
    own_places: Keys = {**places, "country": countries}
    carried_out = await projects_of(session, in_implementation[:MOST])
    return FieldOfficeAnswer(
        **await known(session),
        on=terms.today,
        until=until,
        office=OfficeTold.of(office),
        below=ShortList.of(OfficeTold.of(each) for each in below),
        countries=countries,
        projects=len(projects),
        in_implementation=ShortList(count=len(in_implementation), items=list(carried_out.values())),
        results=await indicator_stand(session, [id_ for id_, _, _ in projects]),
        reports=await duties.reports(),
        evaluations=await duties.evaluations(),
        follow_ups=await duties.follow_ups(),
        locks=await duties.locks(query.as_of or datetime.now(UTC)),
        alerts=await _alerts(session, own_places),
        delivery=await _delivery(session, countries, terms, yardstick),
        trainings=await _trainings(session, own_places),
    )


async def _offices(session: AsyncSession, code: str) -> tuple[FieldOffice, list[FieldOffice]]:
    """Return an office and those below it."""
    offices = {each.code: each for each in await every(session, FIELD_OFFICES)}
    if code not in offices:
        raise _no_office(code)
    return offices[code], [offices[each] for each in offices_below(code, offices.values())]


def _no_office(code: str) -> NotFound:
    return NotFound(f"There is no field office {code!r}.")


async def _projects(session: AsyncSession, countries: Sequence[str]) -> Sequence[Any]:
    """Return id, identifier and status of the projects of countries that are seen."""
    seen = projects_seen(session)
    statement = text(_PROJECTS.format(seen=seen.sql))
    return (await execute(session, statement, countries=countries, **seen.parameters)).all()


async def _alerts(session: AsyncSession, places: Keys) -> ShortList[AlertTold]:
    found = await select(session, ALERTS, Wanted([places, {"state": ["raised"]}]), MOST)
    return ShortList(count=found.count, items=[AlertTold.of(each) for each in found.documents])


async def _trainings(session: AsyncSession, places: Keys) -> ShortList[TrainingTold]:
    found = await select(session, TRAININGS, Wanted([places], "start", newest=True), MOST)
    return ShortList(count=found.count, items=[TrainingTold.of(each) for each in found.documents])


def offices_below(code: str, offices: Iterable[FieldOffice]) -> list[str]:
    """Return the codes of the offices below one, at any depth, in order; offices that name each other end there."""
    children: dict[str | None, list[str]] = {}
    for office in offices:
        children.setdefault(office.parent, []).append(office.code)
    found: set[str] = set()
    waiting = list(children.get(code, ()))
    while waiting:
        name = waiting.pop()
        if name not in found and name != code:
            found.add(name)
            waiting += children.get(name, ())
    return sorted(found)


async def _delivery(
    session: AsyncSession, countries: Sequence[str], terms: Terms, yardstick: Yardstick
) -> OfficeDelivery:
    if not countries:
        return OfficeDelivery(countries=[], whole=[])
    year = terms.today.year
    asked = SummaryQuery(group_by="country", country=list(countries), year=[year])
    groups, _ = await summarise(session, asked, terms)
    rows = [
        row
        for group in groups
        if group.code in countries
        for row in group_rows(named(group.code, group.label, year), group.counted_once, yardstick)
    ]
    return OfficeDelivery(countries=rows, whole=whole_of(rows, yardstick))
