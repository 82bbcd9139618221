"""The locks that are stored, and what they refuse of a framework that somebody writes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.copies import FIELD_OFFICE
from services.monitoring.locks.aggregates import PERIOD_LOCKS
from services.monitoring.locks.changes import faults_of_changes
from services.monitoring.locks.domain import LIFECYCLE, Found
from services.monitoring.models import Copy, FrameworkRow, PeriodLockRow
from services.monitoring.names import is_among
from shared.chassis.copies import copies_of
from shared.chassis.documents import Actor
from shared.chassis.errors import NotFound
from shared.chassis.scoping import project_ids, project_places, required_permit
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import PeriodLock, ResultsFramework
from shared.contracts.projects.v1 import FieldOffice
from shared.policy.places import Place, place, together


async def locks_of(session: AsyncSession, iati_identifier: str) -> list[PeriodLock]:
    """Return the locks in force on an activity, of its own and of all, in order of identifier."""
    rows = await rows_of_locks(session, iati_identifier)
    return [PeriodLock.from_json(row.document) for row in rows]


async def rows_of_locks(session: AsyncSession, iati_identifier: str) -> list[PeriodLockRow]:
    """Return the rows of the locks in force on an activity, in order of identifier."""
    statement = (
        select(PeriodLockRow)
        .where(
            col(PeriodLockRow.state) == LIFECYCLE.initial,
            or_(
                col(PeriodLockRow.iati_identifier).is_(None),
                col(PeriodLockRow.iati_identifier) == iati_identifier,
            ),
        )
        .order_by(col(PeriodLockRow.identifier))
    )
    return list(await session.exec(statement))


async def require_in_scope(session: AsyncSession, iati_identifier: str) -> None:
    """Check that the session's permit holds for an activity, whose locks and those of all it is then told.

    Raises:
        NotFound: it does not, or the activity is not known.

    """
    permit = required_permit(session, PERIOD_LOCKS.noun)
    if not permit.is_everywhere and not permit.covers(await _place_of(session, iati_identifier)):
        raise NotFound(f"No activity has the identifier {iati_identifier!r}.")


async def own_office(
    session: AsyncSession, actor: Actor, iati_identifier: str, office: str | None
) -> str | None:
    """Return the office that something is reported for, None where the actor does not speak for it.

    Their grants have to hold for the activity and, where they are restricted to countries, for one that the office is
    known to serve: leave of an office is no leave of others who name it.
    """
    permit = actor.permit
    if office is None or permit is None or permit.is_everywhere:
        return office
    known = await copies_of(session, Copy, FieldOffice, FIELD_OFFICE.aggregate)
    countries = {code for each in known if is_among(office, [each.code]) for code in each.countries}
    at = replace(await _place_of(session, iati_identifier), countries=frozenset(countries))
    return office if permit.covers(at) else None


async def _place_of(session: AsyncSession, iati_identifier: str) -> Place:
    project = place(projects=[iati_identifier])
    known = await project_places(session, Copy, project_ids(project))
    return together([project, *known.values()])


async def faults_of_locked_values(session: AsyncSession, framework: ResultsFramework) -> Iterable[Found]:
    """Return which values of locked periods a framework adds, changes or takes away; nobody has leave here."""
    locks = await locks_of(session, framework.iati_identifier)
    if not locks:
        return ()
    row = await session.get(FrameworkRow, activity_id(framework.iati_identifier))
    stored = ResultsFramework.from_json(row.document) if row else None
    return list(faults_of_changes(locks, stored, framework, at=datetime.now(UTC)))
