"""HTTP interface of locks of periods.

There is neither batch nor patch of locks: what is locked is not changed, but released and locked anew.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import col

from services.monitoring.locks import handlers
from services.monitoring.locks.aggregates import PERIOD_LOCKS
from services.monitoring.locks.domain import ExceptionForm, LockStep, exceptions_at, holds
from services.monitoring.locks.held import require_in_scope, rows_of_locks
from services.monitoring.models import PeriodLockRow
from shared.chassis.bodies import JsonRoute
from shared.chassis.db import ReadSession, Uow
from shared.chassis.documents.listing import list_page
from shared.chassis.documents.routes import (
    CurrentActor,
    ExpectedVersion,
    add_reads,
    receipt,
    require_same,
)
from shared.chassis.documents.schemas import ItemPage, Receipt
from shared.chassis.pagination import Cursor, Cursors, Limit
from shared.chassis.parameters import FilterText, Moment
from shared.contracts.monitoring.v1 import LockException, LockState, PeriodLock

router = APIRouter(prefix="/v1/period-locks", tags=["period-locks"], route_class=JsonRoute)


class LockInForce(BaseModel):
    """A lock that holds, why, and who has leave from it."""

    identifier: str
    iati_identifier: str | None = Field(description="The activity; null for a lock of all")
    period_start: date
    period_end: date
    reason: str
    locked_by: str
    since: AwareDatetime
    exceptions: list[LockException] = Field(description="Exceptions that are not over")


class LocksInForce(BaseModel):
    """Which locks hold on the values of a period of an activity."""

    iati_identifier: str
    start: date | None
    end: date | None
    locked: bool
    locks: list[LockInForce]


@router.get("", response_model=ItemPage, summary="List locks of periods in order of identifier")
async def list_period_locks(
    session: ReadSession,
    cursors: Cursors,
    activity: Annotated[
        FilterText | None, Query(description="IATI identifier of the locked activity")
    ] = None,
    state: Annotated[LockState | None, Query(description="Whether the lock is in force")] = None,
    on: Annotated[date | None, Query(description="A day that is in the locked period")] = None,
    updated_since: Annotated[Moment | None, Query(description="Changed at or after this time")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Return one page of locks as they are stored here."""
    row = PeriodLockRow
    conditions = []
    if activity is not None:
        conditions.append(col(row.iati_identifier) == activity)
    if state is not None:
        conditions.append(col(row.state) == state)
    if on is not None:
        conditions += [col(row.period_start) <= on, col(row.period_end) >= on]
    if updated_since is not None:
        conditions.append(col(row.updated_at) >= updated_since)
    return await list_page(session, PERIOD_LOCKS, conditions, cursors=cursors, cursor=cursor, limit=limit)


@router.get("/in-force", summary="Which locks hold on a period of an activity, why, and who has leave")
async def locks_in_force(
    session: ReadSession,
    iati_identifier: Annotated[FilterText, Query(description="IATI identifier of the activity")],
    start: Annotated[date | None, Query(description="First day of the period")] = None,
    end: Annotated[date | None, Query(description="Last day of the period")] = None,
) -> LocksInForce:
    """Return the locks of the activity and those of all activities that have a day in common with the period.

    Whose grants hold for the activity has to know of both, because both keep them from reporting.
    """
    await require_in_scope(session, iati_identifier)
    now, found = datetime.now(UTC), []
    for row in await rows_of_locks(session, iati_identifier):
        lock = PeriodLock.from_json(row.document)
        if holds(lock, iati_identifier, start or date.min, end or date.max):
            since = lock.history[-1].at if lock.history else row.created_at
            told = lock.model_dump(include=set(LockInForce.model_fields) - {"since", "exceptions"})
            found.append(LockInForce(**told, since=since, exceptions=list(exceptions_at(lock, now))))
    return LocksInForce(
        iati_identifier=iati_identifier, start=start, end=end, locked=bool(found), locks=found
    )


@router.post("", status_code=201, summary="Set one lock of periods")
async def create_period_lock(
    session: Uow, actor: CurrentActor, document: PeriodLock, response: Response
) -> Receipt:
    """Set a lock, which is in force from now on; state and exceptions begin anew, whatever is sent."""
    return receipt(response, await handlers.create_lock(session, actor, document))


@router.post("/{identifier:path}/actions", status_code=201, summary="Release one lock, or lock again")
async def act_on_period_lock(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    step: LockStep,
    response: Response,
) -> Receipt:
    """Take a step that the state of the lock allows, and keep it in the history."""
    return receipt(response, await handlers.act(session, actor, identifier, step, version))


@router.post("/{identifier:path}/exceptions", status_code=201, summary="Grant one exception from a lock")
async def except_from_period_lock(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    leave: ExceptionForm,
    response: Response,
) -> Receipt:
    """Let a person or an office report within the lock until a moment."""
    return receipt(response, await handlers.except_from(session, actor, identifier, leave, version))


@router.put("/{identifier:path}", summary="Set one lock of periods, or find it set")
async def put_period_lock(
    session: Uow,
    actor: CurrentActor,
    version: ExpectedVersion,
    identifier: str,
    document: PeriodLock,
    response: Response,
) -> Receipt:
    """Set a lock; one that is there already must say the same."""
    require_same(PERIOD_LOCKS, identifier, document)
    return receipt(response, await handlers.put_lock(session, actor, document, version))


add_reads(router, PERIOD_LOCKS)
routers = [router]
