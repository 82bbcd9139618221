"""The monitoring service: results, what they contribute to, and how they are reported on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.monitoring.alerts import watch
from services.monitoring.api import routers
from services.monitoring.copies import WANTED
from services.monitoring.learning import planner
from services.monitoring.models import COPY_TABLES
from services.monitoring.settings import Settings
from shared.chassis.app import Runtime, Service, serve
from shared.chassis.copies import Copies, copies_check


@asynccontextmanager
async def extend(_app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Add the workers that keep copies of other owners' documents, plan evaluations, and watch what is due."""
    copies = Copies(runtime.database, runtime.bus, WANTED, COPY_TABLES)
    runtime.checks["copies"] = copies_check(copies)
    for worker in (copies, *planner.workers(runtime), *watch.workers(runtime)):
        runtime.supervisor.start(worker)
    yield


SERVICE = Service(
    name="monitoring",
    title="DevCoop monitoring",
    description=(
        "Results frameworks of activities: what was planned to change, and what did; what activities contribute to;"
        " progress reports and locks; evaluations, training, publications and alerts."
    ),
    routers=routers,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    owner="monitoring",
    extend=extend,
)

if __name__ == "__main__":
    serve(SERVICE)
