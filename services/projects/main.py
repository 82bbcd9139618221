"""The projects service: what an activity is, who takes part, where and in which sectors."""

from pathlib import Path

from services.projects.aggregates import ACTIVITIES
from services.projects.api import routers
from services.projects.models import ActivityRow
from services.projects.programming.aggregates import (
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FIELD_OFFICES,
    FRAGILITY_LISTS,
    PROGRAMME_BUDGETS,
)
from services.projects.proposals.aggregates import CRITERIA_SETS, PROPOSALS
from services.projects.settings import Settings
from shared.chassis.app import Service, serve
from shared.chassis.personal.erasure import Keeper
from shared.chassis.personal.routes import personal_data_routers

AGGREGATES = (
    ACTIVITIES,
    PROGRAMME_BUDGETS,
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FRAGILITY_LISTS,
    FIELD_OFFICES,
    CRITERIA_SETS,
    PROPOSALS,
)

SERVICE = Service(
    name="projects",
    title="DevCoop projects",
    description="Activities as IATI 2.03 describes them, without their money and their results; programming frameworks; proposals and their appraisal.",
    routers=[*routers, *personal_data_routers(Keeper("projects", AGGREGATES, "projects"))],
    migrations=Path(__file__).parent / "migrations",
    settings=Settings,
    aggregates=AGGREGATES,
    projects=ActivityRow,
    owner="projects",
)

if __name__ == "__main__":
    serve(SERVICE)
