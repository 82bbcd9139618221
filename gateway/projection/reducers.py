"""What the owners' facts do to the read model.

A batch of events, of all owners together, is taken in by the caller's transaction. Every version is kept as a fact;
all else is made of the newest of each aggregate, so neither order nor repetition changes the outcome. A version may be
told again without the names of a person.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import text
from sqlmodel import SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection import exclusions, facts, totals
from gateway.projection.classifications import take_classifications
from gateway.projection.contributions import (
    Known,
    contributed_of,
    contributors,
    take_contributions,
)
from gateway.projection.documents import Document, take_documents
from gateway.projection.events import Event
from gateway.projection.money import finance_figures, finance_listing, money_rows
from gateway.projection.placing import told_columns
from gateway.projection.results import framework_rows
from gateway.projection.tables import (
    Fact,
    Partner,
    ProjectActivity,
    ProjectFinance,
    ProjectLink,
    ProjectMembership,
    ProjectMoney,
    ProjectResults,
    RateSheet,
)
from shared.chassis.db import bulk_insert, bulk_upsert, execute, is_one_of
from shared.chassis.scoping import place_columns
from shared.contracts.catalog import (
    ACTIVITY,
    CONTRIBUTIONS,
    COUNTRY_PROGRAMME,
    FINANCE,
    FRAMEWORK,
    OWNERS,
    PARTNER,
    PROGRAMMING,
    RATES,
    AggregateFacts,
)
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.funding.v1 import Partner as PartnerContract
from shared.contracts.funding.v1 import RateSheet as RateSheetContract
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity
from shared.policy.placing import is_published, place_of_activity

REFRESH_MOST = 500

Row = dict[str, Any]

_ALONE = text("LOCK TABLE position IN SHARE ROW EXCLUSIVE MODE")
"""Keeps everybody else from taking events in until the transaction ends, should two processes think they lead;
readers are not held up."""

_HAS_FORMER = text(
    "SELECT EXISTS (SELECT FROM fact WHERE owner = ANY(CAST(:owners AS text[])) AND sequence < 0)"
)
_FORMER = text(
    "DELETE FROM fact f"
    " USING unnest(CAST(:aggregates AS text[]), CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS k(aggregate, id, version)"
    " WHERE f.aggregate = k.aggregate AND f.id = k.id AND f.version = k.version AND f.sequence < 0"
)
_COLUMNS = ("listing", "figures", "figures_on", "settles_on", *totals.RESULTS_COUNTS)
_REFRESHED = text(
    f"UPDATE project_results SET {', '.join(f'{name} = :{name}' for name in _COLUMNS)} WHERE id = :id"  # noqa: S608
)
_DUE = text(
    "SELECT r.id, f.data FROM project_results r"
    " JOIN fact f ON f.aggregate = 'framework' AND f.id = r.id AND f.version = r.version"
    " WHERE r.figures_on < :today AND r.settles_on > r.figures_on LIMIT :most"
)
_STORED = (
    "SELECT p.id, f.data FROM {table} p"
    " JOIN fact f ON f.aggregate = :aggregate AND f.id = p.id AND f.version = p.version WHERE p.id = ANY(:ids)"
)


async def reduce(session: AsyncSession, events: Sequence[Event], *, today: date) -> None:
    """Take a batch of events in.

    Raises:
        pydantic.ValidationError: an event's data breaks its contract.

    """
    await execute(session, _ALONE)
    await _keep(session, events)
    await take(session, events, today=today)


async def _keep(session: AsyncSession, events: Sequence[Event]) -> None:
    """Keep every version as a fact; one from which names of persons were erased takes the place of what was told."""
    erased_last = sorted(events, key=attrgetter("erased"))
    by_key = {(event.aggregate, event.id, event.version): event for event in erased_last}
    told: dict[bool, list[Row]] = {False: [], True: []}
    for event in by_key.values():
        told[event.erased].append(asdict(event) | told_columns(event))
    key = ["aggregate", "id", "version"]
    await _leave_former_streams(session, by_key)
    await bulk_upsert(session, Fact, told[False], key=key, newer="version")
    await bulk_upsert(session, Fact, told[True], key=key)


async def _leave_former_streams(session: AsyncSession, keys: Collection[tuple[str, UUID, int]]) -> None:
    """Drop those facts of a stream that is no more which its successor tells: they get their place in that."""
    if (await execute(session, _HAS_FORMER, owners=list(OWNERS))).scalar_one():
        aggregates, ids, versions = zip(*keys, strict=True)
        await execute(session, _FORMER, aggregates=list(aggregates), ids=list(ids), versions=list(versions))


async def take(session: AsyncSession, events: Sequence[Event], *, today: date) -> None:
    """Make what follows from facts that are kept already."""
    told: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        told[event.aggregate].append(event)
    activities = await _newest(session, told, ACTIVITY, ProjectActivity)
    finances = await _newest(session, told, FINANCE, ProjectFinance)
    frameworks = await _newest(session, told, FRAMEWORK, ProjectResults)
    again = await _take_linked(session, told, events)
    projects = activities.keys() | finances.keys() | frameworks.keys() | again
    if projects:
        async with totals.replaced(session, projects):
            await _take_projects(session, activities, finances, again)
            await _take_frameworks(session, frameworks, today)
    await _take_partners(session, await _newest(session, told, PARTNER, Partner))
    await _take_rates(session, await _newest(session, told, RATES, RateSheet))


async def refresh(session: AsyncSession, *, today: date) -> int:
    """Bring figures that change by the passing of time to a day; return how many frameworks that were."""
    await execute(session, _ALONE)
    due = [tuple(row) for row in await execute(session, _DUE, today=today, most=REFRESH_MOST)]
    async with totals.replaced(session, [id_ for id_, _ in due]):
        for id_, data in due:
            columns = framework_rows(ResultsFramework.from_event(data), on=today)
            await execute(session, _REFRESHED, id=id_, **columns)
    return len(due)


async def _newest(
    session: AsyncSession,
    told: Mapping[str, Sequence[Event]],
    kind: AggregateFacts,
    model: type[SQLModel],
) -> dict[UUID, Event]:
    """Return the newest event of each aggregate of a kind, of those that are newer than what is stored."""
    newest: dict[UUID, Event] = {}
    for event in told.get(kind.created.aggregate, ()):
        known = newest.get(event.id)
        if known is None or known.version < event.version:
            newest[event.id] = event
    if not newest:
        return {}
    statement = select(model.id, model.version).where(is_one_of(model.id, newest))  # type: ignore[attr-defined]
    stored = dict((await session.exec(statement)).all())
    return {id_: event for id_, event in newest.items() if event.version > stored.get(id_, 0)}


async def _take_linked(
    session: AsyncSession, told: Mapping[str, Sequence[Event]], events: Sequence[Event]
) -> set[UUID]:
    """Take in documents beside the projects' own parts, and return the projects whose outcomes are told anew."""
    programming = [
        event for kind in PROGRAMMING for event in (await _newest(session, told, kind, Document)).values()
    ]
    contributions = await _newest(session, told, CONTRIBUTIONS, Document)
    await take_documents(session, events)
    await take_classifications(session, programming)
    of_programmes = [each for each in programming if each.aggregate == COUNTRY_PROGRAMME.created.aggregate]
    again = await contributors(session, of_programmes)
    return again | await take_contributions(session, contributions.values())


async def _take_projects(
    session: AsyncSession,
    activities: Mapping[UUID, Event],
    finances: Mapping[UUID, Event],
    again: Collection[UUID],
) -> None:
    """Take in what projects and funding tell, and attribute the money where both parts of a project are known.

    One project after the other: contracts take a hundred times the memory of their text. ``again`` are projects that
    are attributed anew although neither part is new.
    """
    ids = activities.keys() | finances.keys() | set(again)
    if not ids:
        return
    affected = await exclusions.related(session, ids)
    stored_activities = await _stored(session, "activity", ids - activities.keys())
    stored_finances = await _stored(session, "finance", ids - finances.keys())
    contributed = await contributed_of(session, ids)
    rows = _ProjectRows()
    for id_ in ids:
        rows.add(
            id_,
            _Told.of(activities.get(id_), stored_activities.get(id_)),
            _Told.of(finances.get(id_), stored_finances.get(id_)),
            contributed.get(id_),
        )
    await bulk_upsert(session, ProjectActivity, rows.activities, key=["id"])
    await bulk_upsert(session, ProjectFinance, rows.finances, key=["id"])
    parts = {"activity": activities, "finance": finances, "contributions": contributed}
    for model, made in ((ProjectMembership, rows.memberships), (ProjectLink, rows.links)):
        for part, replaced in parts.items():
            if replaced:
                of_part = (is_one_of(model.project_id, replaced), col(model.part) == part)
                await session.exec(delete(model).where(*of_part))
        await bulk_insert(session, model, made)
    if rows.attributed:
        await session.exec(delete(ProjectMoney).where(is_one_of(ProjectMoney.project_id, rows.attributed)))
    await bulk_insert(session, ProjectMoney, rows.money)
    await exclusions.exclude(session, affected | await exclusions.related(session, ids))


class _Told(NamedTuple):
    """A part of a project: its event if it is new, and the data of the newest version known, if any."""

    new: Event | None
    data: str | None

    @classmethod
    def of(cls, new: Event | None, stored: str | None) -> Self:
        return cls(new, new.data if new else stored)


@dataclass(slots=True)
class _ProjectRows:
    """The rows that projects become; ``attributed`` are those whose money is told anew."""

    activities: list[Row] = field(default_factory=list)
    finances: list[Row] = field(default_factory=list)
    memberships: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    money: list[Row] = field(default_factory=list)
    attributed: list[UUID] = field(default_factory=list)

    def add(self, id_: UUID, of_projects: _Told, of_funding: _Told, known: Known | None) -> None:
        """Add a project of which something is new."""
        activity = Activity.from_event(of_projects.data) if of_projects.data is not None else None
        finance = ActivityFinance.from_event(of_funding.data) if of_funding.data is not None else None
        contributed = known.contributed if known else None
        if of_projects.new and activity:
            self._add_activity(of_projects.new, activity)
        if of_funding.new and finance:
            self._add_finance(of_funding.new, finance)
        if contributed:
            memberships = facts.contribution_memberships(contributed, activity, finance)
            self.memberships += facts.membership_rows(id_, "contributions", memberships)
        if activity and finance:
            self.attributed.append(id_)
            self.money += money_rows(id_, activity, finance, contributed)

    def _add_activity(self, event: Event, activity: Activity) -> None:
        memberships = facts.activity_memberships(activity)
        self.memberships += facts.membership_rows(event.id, "activity", memberships)
        self.links += exclusions.activity_links(event.id, activity)
        self.activities.append(
            {
                **_part(event),
                "iati_identifier": activity.iati_identifier,
                "status": activity.status,
                "humanitarian": activity.humanitarian,
                "reporter": activity.reporting_organisation.ref,
                "secondary": bool(activity.reporting_organisation.secondary_reporter),
                "listing": facts.activity_listing(activity, memberships),
                "words": facts.words_of(activity),
                **place_columns(place_of_activity(activity), is_public=is_published(activity)),
            }
        )

    def _add_finance(self, event: Event, finance: ActivityFinance) -> None:
        memberships = facts.finance_memberships(finance)
        self.memberships += facts.membership_rows(event.id, "finance", memberships)
        self.links += exclusions.finance_links(event.id, finance)
        figures = finance_figures(finance)
        self.finances.append(
            {
                **_part(event),
                "iati_identifier": finance.iati_identifier,
                "listing": finance_listing(figures),
                "figures": figures.model_dump_json(),
                **figures.counts.model_dump(),
            }
        )


async def _take_frameworks(session: AsyncSession, frameworks: Mapping[UUID, Event], today: date) -> None:
    rows = []
    for event in frameworks.values():
        framework = ResultsFramework.from_event(event.data)
        identifier = framework.iati_identifier
        rows.append({**_part(event), "iati_identifier": identifier, **framework_rows(framework, on=today)})
    await bulk_upsert(session, ProjectResults, rows, key=["id"])


async def _take_partners(session: AsyncSession, partners: Mapping[UUID, Event]) -> None:
    rows = []
    for event in partners.values():
        partner = PartnerContract.from_event(event.data)
        rows.append({**_part(event), "organisation_identifier": partner.organisation_identifier})
    await bulk_upsert(session, Partner, rows, key=["id"])


async def _take_rates(session: AsyncSession, sheets: Mapping[UUID, Event]) -> None:
    rows = []
    for event in sheets.values():
        sheet = RateSheetContract.from_event(event.data)
        rows.append({**_part(event), "source": sheet.source, "month": sheet.month})
    await bulk_upsert(session, RateSheet, rows, key=["id"])


async def _stored(session: AsyncSession, aggregate: str, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the data of the other owner's part of these projects, where it is known already."""
    if not ids:
        return {}
    statement = text(_STORED.format(table=f"project_{aggregate}"))
    rows = await execute(session, statement, aggregate=aggregate, ids=list(ids))
    return {row[0]: row[1] for row in rows}


def _part(event: Event) -> Row:
    return {"id": event.id, "version": event.version, "recorded_at": event.recorded_at}
