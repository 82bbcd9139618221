"""The funding service: the money of activities, partnerships and what they bring, work plans, and exchange rates."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.funding.alerts.watch import Watch
from services.funding.api import routers
from services.funding.partnerships.copies import TABLES, WANTED
from services.funding.rates.seed import RateSeed
from services.funding.settings import Settings
from shared.chassis.app import Runtime, Service, serve
from shared.chassis.copies import Copies, copies_check


@asynccontextmanager
async def extend(_app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Add what keeps copies of other owners, the watch, and what takes in the shipped rates if that is wanted."""
    settings = runtime.settings_as(Settings)
    if settings.seed_rates:
        runtime.supervisor.start(RateSeed(runtime.database))
    copies = Copies(runtime.database, runtime.bus, WANTED, TABLES)
    runtime.supervisor.start(copies)
    runtime.checks["copies"] = copies_check(copies)
    runtime.supervisor.start(Watch(runtime.database, settings))
    yield


SERVICE = Service(
    name="funding",
    title="DevCoop funding",
    description=(
        "Budgets, planned disbursements and transactions of activities, partner organisations and their agreements, "
        "pools, pledges and targets, work plans of outcomes, alerts about money, and exchange rates."
    ),
    routers=routers,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    owner="funding",
    extend=extend,
)

if __name__ == "__main__":
    serve(SERVICE)
