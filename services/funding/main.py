"""The funding service: the money of activities, partnerships and what they bring, work plans, and exchange rates."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.funding.aggregates import FINANCES, PARTNERS, RATE_SHEETS
from services.funding.alerts.aggregates import ALERTS
from services.funding.alerts.watch import Watch
from services.funding.api import routers
from services.funding.models import Copy
from services.funding.partnerships.aggregates import (
    AGREEMENTS,
    MOBILISATION_TARGETS,
    PARTNER_PROFILES,
    PLEDGES,
    POOLS,
)
from services.funding.partnerships.copies import TABLES, WANTED
from services.funding.rates.seed import RateSeed
from services.funding.settings import Settings
from services.funding.workplans.aggregates import PRIORITY_RULES, SCENARIOS, WORKPLANS
from shared.chassis.app import Runtime, Service, serve
from shared.chassis.copies import Copies, copies_check
from shared.chassis.meters import copies_meter
from shared.chassis.personal.erasure import Keeper
from shared.chassis.personal.routes import personal_data_routers


@asynccontextmanager
async def extend(_app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Add what keeps copies of other owners, the watch, and what takes in the shipped rates if that is wanted."""
    settings = runtime.settings_as(Settings)
    if settings.seed_rates:
        runtime.supervisor.start(RateSeed(runtime.database))
    copies = Copies(runtime.database, runtime.bus, WANTED, TABLES)
    runtime.supervisor.start(copies)
    runtime.checks["copies"] = copies_check(copies)
    runtime.meters.append(copies_meter(runtime.database, copies))
    runtime.supervisor.start(Watch(runtime.database, settings))
    yield


AGGREGATES = (
    FINANCES,
    PARTNERS,
    RATE_SHEETS,
    PARTNER_PROFILES,
    AGREEMENTS,
    POOLS,
    PLEDGES,
    MOBILISATION_TARGETS,
    WORKPLANS,
    PRIORITY_RULES,
    SCENARIOS,
    ALERTS,
)

SERVICE = Service(
    name="funding",
    title="DevCoop funding",
    description=(
        "Budgets, planned disbursements and transactions of activities, partner organisations and their agreements, "
        "pools, pledges and targets, work plans of outcomes, alerts about money, and exchange rates."
    ),
    routers=[*routers, *personal_data_routers(Keeper("funding", AGGREGATES, "funding"))],
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    aggregates=AGGREGATES,
    projects=Copy,
    owner="funding",
    extend=extend,
)

if __name__ == "__main__":
    serve(SERVICE)
