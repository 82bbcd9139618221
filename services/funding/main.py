"""The funding service: the money of activities, and the partners it comes from and goes to."""

from pathlib import Path

from services.funding.api import routers
from services.funding.settings import Settings
from shared.chassis.app import Service, serve

SERVICE = Service(
    name="funding",
    title="DevCoop funding",
    description="Budgets, planned disbursements and transactions of activities, and partner organisations.",
    routers=routers,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    owner="funding",
)

if __name__ == "__main__":
    serve(SERVICE)
