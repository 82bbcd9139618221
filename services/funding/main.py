"""The funding service: the money of activities, the partners it comes from and goes to, and exchange rates."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.funding.api import routers
from services.funding.rates.seed import RateSeed
from services.funding.settings import Settings
from shared.chassis.app import Runtime, Service, serve


@asynccontextmanager
async def extend(_app: FastAPI, runtime: Runtime) -> AsyncIterator[None]:
    """Add the worker that takes in the shipped history of exchange rates, unless it is not wanted."""
    if runtime.settings_as(Settings).seed_rates:
        runtime.supervisor.start(RateSeed(runtime.database))
    yield


SERVICE = Service(
    name="funding",
    title="DevCoop funding",
    description=(
        "Budgets, planned disbursements and transactions of activities, partner organisations, and exchange rates."
    ),
    routers=routers,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    owner="funding",
    extend=extend,
)

if __name__ == "__main__":
    serve(SERVICE)
