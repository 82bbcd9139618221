"""The projects service: what an activity is, who takes part, where and in which sectors."""

from pathlib import Path

from services.projects.api import routers
from services.projects.settings import Settings
from shared.chassis.app import Service, serve

SERVICE = Service(
    name="projects",
    title="DevCoop projects",
    description="Activities as IATI 2.03 describes them, without their money and their results; programming frameworks; proposals and their appraisal.",
    routers=routers,
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    owner="projects",
)

if __name__ == "__main__":
    serve(SERVICE)
