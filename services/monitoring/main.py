"""The monitoring service: results, indicators, baselines, periods, targets and actuals."""

from pathlib import Path

from services.monitoring.api import routers
from services.monitoring.settings import Settings
from shared.chassis.app import Service, serve

SERVICE = Service(
    name="monitoring",
    title="DevCoop monitoring",
    description="Results frameworks of activities: what was planned to change, and what did.",
    routers=routers,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    owner="monitoring",
)

if __name__ == "__main__":
    serve(SERVICE)
