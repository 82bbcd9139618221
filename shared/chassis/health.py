"""Is the process alive, is it ready, and how far behind is it?

``/livez`` answers while the process does. ``/readyz`` is 503 while a part is missing without which requests
fail; a part that only delays (the broker, to a service that stages its facts) makes it ``degraded``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from itertools import chain
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text

from shared.chassis.bus import BrokerAway, Bus
from shared.chassis.db import AWAY, Database
from shared.chassis.guard import CurrentPermit, GuardedRoute
from shared.chassis.workers import Supervisor
from shared.policy.permits import may

State = Literal["ok", "degraded", "down"]

_OUTBOX = text(
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(recorded_at)), 0)"
    " FROM (SELECT recorded_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 10000) AS waiting"
)
LATE_SECONDS = 30.0
_ORDER: tuple[State, ...] = ("ok", "degraded", "down")


class Check(BaseModel):
    """One part: its state, and what tells of it."""

    state: State
    detail: dict[str, Any] = {}


class Readiness(BaseModel):
    """The process as a whole is as well as its worst part; ``checks`` are told to operators."""

    status: State
    checks: dict[str, Check] = {}


CheckFunction = Callable[[], Awaitable[Check]]

router = APIRouter(tags=["health"], route_class=GuardedRoute)


@router.get("/livez", summary="The process answers")
async def livez() -> dict[str, str]:
    """Tell that the process is alive."""
    return {"status": "ok"}


@router.get("/readyz", summary="The process can do its work", responses={503: {"model": Readiness}})
async def readyz(request: Request, response: Response, permit: CurrentPermit) -> Readiness:
    """Check every part; 503 if one is down."""
    checks = {name: await check() for name, check in request.state.runtime.checks.items()}
    status = _ORDER[max((_ORDER.index(check.state) for check in checks.values()), default=0)]
    if status == "down":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    told = checks if may(permit.principal, "operation", "read") else {}
    return Readiness(status=status, checks=told)


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return the metrics of this process; those of its checks are of this moment."""
    runtime = request.state.runtime
    states = await asyncio.gather(*(check() for check in runtime.checks.values()))
    checks = dict(zip(runtime.checks, states, strict=True))
    samples = await asyncio.gather(*(meter(checks) for meter in runtime.meters))
    runtime.metrics.check_values.clear()  # what is not told now is not what it was
    for name, told in checks.items():
        runtime.metrics.note_check(name, _ORDER.index(told.state), told.detail)
    runtime.metrics.moment.show(chain.from_iterable(samples))
    return Response(generate_latest(runtime.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def database_check(database: Database) -> CheckFunction:
    """Return a check of a database."""

    async def check() -> Check:
        try:
            async with database.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except AWAY as error:
            return Check(state="down", detail={"error": type(error).__name__})
        return Check(state="ok")

    return check


def broker_check(bus: Bus) -> CheckFunction:
    """Return a check of the broker; without it facts are delayed, and no request fails.

    A process that leads nothing connects by being asked.
    """

    async def check() -> Check:
        try:
            await bus.connect()
        except BrokerAway:
            return Check(state="degraded")
        return Check(state="ok")

    return check


def outbox_check(database: Database) -> CheckFunction:
    """Return a check of how long facts have been waiting to be published."""

    async def check() -> Check:
        try:
            async with database.engine.connect() as connection:
                waiting, seconds = (await connection.execute(_OUTBOX)).one()
        except AWAY as error:
            return Check(state="down", detail={"error": type(error).__name__})
        detail = {"waiting": waiting, "oldest_seconds": round(float(seconds), 3)}
        return Check(state="degraded" if seconds > LATE_SECONDS else "ok", detail=detail)

    return check


def workers_check(supervisor: Supervisor) -> CheckFunction:
    """Return a check of the workers of this process."""

    async def check() -> Check:
        detail = {
            each.worker.name: {
                "running": each.running,
                "failures": each.failures,
                "last_error": each.last_error,
            }
            for each in supervisor.workers
        }
        return Check(
            state="ok" if all(each.running for each in supervisor.workers) else "down", detail=detail
        )

    return check
