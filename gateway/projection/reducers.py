"""What the owners' facts do to the read model.

A batch of events, of all owners together, is taken in by the caller's transaction. Of each aggregate the newest
version is kept and what is older is ignored, so neither order nor repetition changes the outcome.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import SQLModel, col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection import facts
from gateway.projection.money import finance_figures, finance_listing, money_rows
from gateway.projection.results import COUNTED, framework_rows
from gateway.projection.tables import (
    Partner,
    ProjectActivity,
    ProjectFinance,
    ProjectMembership,
    ProjectMoney,
    ProjectResults,
)
from shared.chassis.db import bulk_insert, bulk_upsert, execute, is_one_of
from shared.contracts.base import Contract
from shared.contracts.catalog import ACTIVITY, FINANCE, FRAMEWORK, PARTNER, AggregateFacts
from shared.contracts.events import Header
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.funding.v1 import Partner as PartnerContract
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity

REFRESH_MOST = 500

C = TypeVar("C", bound=Contract)
Row = dict[str, Any]

_COLUMNS = ("listing", "figures", "figures_on", "settles_on", *COUNTED)
_REFRESHED = text(
    f"UPDATE project_results SET {', '.join(f'{name} = :{name}' for name in _COLUMNS)} WHERE id = :id"  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was read from its stream; ``data`` is JSON text."""

    owner: str
    sequence: int
    header: Header
    data: bytes


@dataclass(frozen=True, slots=True)
class _New(Generic[C]):
    """The newest state of an aggregate, newer than what is stored."""

    header: Header
    text: str
    contract: C

    def part(self) -> Row:
        return {
            "id": self.header.aggregate_id,
            "version": self.header.aggregate_version,
            "recorded_at": self.header.recorded_at,
            "data": self.text,
        }


async def reduce(session: AsyncSession, events: Sequence[Event], *, today: date) -> None:
    """Take a batch of events in.

    Raises:
        pydantic.ValidationError: an event's data breaks its contract.

    """
    activities = await _newest(session, events, ACTIVITY, Activity, ProjectActivity)
    finances = await _newest(session, events, FINANCE, ActivityFinance, ProjectFinance)
    frameworks = await _newest(session, events, FRAMEWORK, ResultsFramework, ProjectResults)
    partners = await _newest(session, events, PARTNER, PartnerContract, Partner)
    await _take_activities(session, activities)
    await _take_finances(session, finances)
    await _take_frameworks(session, frameworks, today)
    await _take_partners(session, partners)
    await _take_money(session, activities, finances)


async def refresh(session: AsyncSession, *, today: date) -> int:
    """Bring figures that change by the passing of time to a day; return how many frameworks that were."""
    statement = (
        select(ProjectResults.id, ProjectResults.data)
        .where(
            col(ProjectResults.figures_on) < today,
            col(ProjectResults.settles_on) >= col(ProjectResults.figures_on),
        )
        .limit(REFRESH_MOST)
    )
    due = (await session.exec(statement)).all()
    for id_, data in due:
        await execute(
            session, _REFRESHED, id=id_, **framework_rows(ResultsFramework.from_event(data), on=today)
        )
    return len(due)


async def _newest(
    session: AsyncSession,
    events: Iterable[Event],
    kind: AggregateFacts,
    contract: type[C],
    model: type[SQLModel],
) -> dict[UUID, _New[C]]:
    """Return the newest state of each aggregate of a kind, of those that are newer than what is stored."""
    newest: dict[UUID, Event] = {}
    for event in events:
        if event.header.type in (kind.created.name, kind.changed.name):
            known = newest.get(event.header.aggregate_id)
            if known is None or known.header.aggregate_version < event.header.aggregate_version:
                newest[event.header.aggregate_id] = event
    if not newest:
        return {}
    statement = select(model.id, model.version).where(is_one_of(model.id, newest))  # type: ignore[attr-defined]
    stored = dict((await session.exec(statement)).all())
    return {
        id_: _New(event.header, event.data.decode(), contract.from_event(event.data))
        for id_, event in newest.items()
        if event.header.aggregate_version > stored.get(id_, 0)
    }


async def _take_activities(session: AsyncSession, activities: Mapping[UUID, _New[Activity]]) -> None:
    memberships = {id_: facts.activity_memberships(new.contract) for id_, new in activities.items()}
    rows = [
        {
            **new.part(),
            "iati_identifier": new.contract.iati_identifier,
            "status": new.contract.status,
            "humanitarian": new.contract.humanitarian,
            "listing": facts.activity_listing(new.contract, memberships[id_]),
            "words": facts.words_of(new.contract),
        }
        for id_, new in activities.items()
    ]
    await bulk_upsert(session, ProjectActivity, rows, key=["id"])
    await _replace_memberships(session, "activity", memberships)


async def _take_finances(session: AsyncSession, finances: Mapping[UUID, _New[ActivityFinance]]) -> None:
    rows = []
    for new in finances.values():
        figures = finance_figures(new.contract)
        rows.append(
            {
                **new.part(),
                "iati_identifier": new.contract.iati_identifier,
                "listing": finance_listing(figures),
                "figures": figures.model_dump_json(),
                **figures.counts.model_dump(),
            }
        )
    await bulk_upsert(session, ProjectFinance, rows, key=["id"])
    memberships = {id_: facts.finance_memberships(new.contract) for id_, new in finances.items()}
    await _replace_memberships(session, "finance", memberships)


async def _take_frameworks(
    session: AsyncSession, frameworks: Mapping[UUID, _New[ResultsFramework]], today: date
) -> None:
    rows = [
        {
            **new.part(),
            "iati_identifier": new.contract.iati_identifier,
            **framework_rows(new.contract, on=today),
        }
        for new in frameworks.values()
    ]
    await bulk_upsert(session, ProjectResults, rows, key=["id"])


async def _take_partners(session: AsyncSession, partners: Mapping[UUID, _New[PartnerContract]]) -> None:
    rows = [
        {**new.part(), "organisation_identifier": new.contract.organisation_identifier}
        for new in partners.values()
    ]
    await bulk_upsert(session, Partner, rows, key=["id"])


async def _take_money(
    session: AsyncSession,
    new_activities: Mapping[UUID, _New[Activity]],
    new_finances: Mapping[UUID, _New[ActivityFinance]],
) -> None:
    """Attribute the money of every project of which either part is new, and both are known."""
    activities = {id_: new.contract for id_, new in new_activities.items()}
    finances = {id_: new.contract for id_, new in new_finances.items()}
    activities |= await _stored(session, ProjectActivity, Activity, finances.keys() - activities.keys())
    finances |= await _stored(session, ProjectFinance, ActivityFinance, activities.keys() - finances.keys())
    both = activities.keys() & finances.keys()
    if not both:
        return
    await session.exec(delete(ProjectMoney).where(is_one_of(ProjectMoney.project_id, both)))
    rows = [row for id_ in both for row in money_rows(id_, activities[id_], finances[id_])]
    await bulk_insert(session, ProjectMoney, rows)


async def _stored(
    session: AsyncSession, model: type[SQLModel], contract: type[C], ids: Collection[UUID]
) -> dict[UUID, C]:
    """Return the other owner's part of these projects, where it is known already."""
    if not ids:
        return {}
    statement = select(model.id, model.data).where(is_one_of(model.id, ids))  # type: ignore[attr-defined]
    return {id_: contract.from_event(data) for id_, data in await session.exec(statement)}


async def _replace_memberships(
    session: AsyncSession, part: str, memberships: Mapping[UUID, Iterable[facts.Membership]]
) -> None:
    if not memberships:
        return
    await session.exec(
        delete(ProjectMembership).where(
            is_one_of(ProjectMembership.project_id, memberships), col(ProjectMembership.part) == part
        )
    )
    rows = [
        row for id_, of_project in memberships.items() for row in facts.membership_rows(id_, part, of_project)
    ]
    await bulk_insert(session, ProjectMembership, rows)
