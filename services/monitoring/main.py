"""The monitoring service: results, what they contribute to, and how they are reported on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.monitoring.aggregates import FRAMEWORKS
from services.monitoring.alerts import watch
from services.monitoring.alerts.aggregates import ALERTS
from services.monitoring.api import routers
from services.monitoring.contributions.aggregates import CONTRIBUTIONS, PROGRAMME_FRAMEWORKS
from services.monitoring.copies import WANTED
from services.monitoring.learning import planner
from services.monitoring.learning.aggregates import (
    EVALUATION_POLICIES,
    EVALUATIONS,
    PUBLICATIONS,
    TRAININGS,
)
from services.monitoring.locks.aggregates import PERIOD_LOCKS
from services.monitoring.models import COPY_TABLES, Copy
from services.monitoring.reports.aggregates import REPORTS
from services.monitoring.settings import Settings
from shared.chassis.app import Runtime, Service, serve
from shared.chassis.copies import Copies, copies_check
from shared.chassis.meters import copies_meter
from shared.chassis.personal.erasure import Keeper
from shared.chassis.personal.routes import personal_data_routers


@asynccontextmanager
async def extend(_app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Add the workers that keep copies of other owners' documents, plan evaluations, and watch what is due."""
    copies = Copies(runtime.database, runtime.bus, WANTED, COPY_TABLES)
    runtime.checks["copies"] = copies_check(copies)
    runtime.meters.append(copies_meter(runtime.database, copies))
    for worker in (copies, *planner.workers(runtime), *watch.workers(runtime)):
        runtime.supervisor.start(worker)
    yield


AGGREGATES = (
    FRAMEWORKS,
    CONTRIBUTIONS,
    PROGRAMME_FRAMEWORKS,
    REPORTS,
    PERIOD_LOCKS,
    EVALUATIONS,
    EVALUATION_POLICIES,
    TRAININGS,
    PUBLICATIONS,
    ALERTS,
)

SERVICE = Service(
    name="monitoring",
    title="DevCoop monitoring",
    description=(
        "Results frameworks of activities: what was planned to change, and what did; what activities contribute to;"
        " progress reports and locks; evaluations, training, publications and alerts."
    ),
    routers=[*routers, *personal_data_routers(Keeper("monitoring", AGGREGATES, "monitoring"))],
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    aggregates=AGGREGATES,
    projects=Copy,
    owner="monitoring",
    extend=extend,
)

if __name__ == "__main__":
    serve(SERVICE)
