"""Projects served with activities, programming frameworks and proposals of three countries and organisations, in all states."""

from contextlib import asynccontextmanager

from services.projects.aggregates import ACTIVITIES
from services.projects.main import SERVICE
from services.projects.programming.aggregates import (
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FIELD_OFFICES,
    FRAGILITY_LISTS,
    PROGRAMME_BUDGETS,
)
from services.projects.proposals.aggregates import CRITERIA_SETS, PROPOSALS
from services.projects.proposals.domain import LIFECYCLE
from shared.testing import proposals as sample
from shared.testing import workplans
from tests.component.access.comparing import Stores, drawing

COUNTRIES = ("KE", "UG", "TZ")
ORGANISATIONS = ("XM-1", "XM-2", "XM-3")
PROJECTS = tuple(f"P-{number}" for number in range(8))
TITLES = [{"text": "Decent work"}]
STEP = {
    "action": "submit",
    "from_state": "draft",
    "to_state": "submitted-for-appraisal",
    "at": "2026-02-01T00:00:00Z",
    "by": "a.author",
}
AGGREGATES = {
    "/v1/activities": ACTIVITIES,
    "/v1/programme-budgets": PROGRAMME_BUDGETS,
    "/v1/country-programmes": COUNTRY_PROGRAMMES,
    "/v1/development-agendas": DEVELOPMENT_AGENDAS,
    "/v1/fragility-lists": FRAGILITY_LISTS,
    "/v1/field-offices": FIELD_OFFICES,
    "/v1/criteria-sets": CRITERIA_SETS,
    "/v1/proposals": PROPOSALS,
}


@asynccontextmanager
async def projects(serve, postgres):
    async with Stores(postgres) as stores, serve(SERVICE, **stores.settings) as client:
        draw = drawing(6)
        await stores.put(ACTIVITIES, *(an_activity(name, draw) for name in PROJECTS))
        await stores.put(PROGRAMME_BUDGETS, workplans.programme_budget("2026-27"))
        await stores.put(COUNTRY_PROGRAMMES, *(a_programme(number) for number in range(6)))
        await stores.put(
            DEVELOPMENT_AGENDAS, {"code": "AGENDA", "titles": TITLES, "valid_from": "2026-01-01"}
        )
        await stores.put(FRAGILITY_LISTS, workplans.fragility_list())
        await stores.put(FIELD_OFFICES, workplans.field_office())
        await stores.put(CRITERIA_SETS, sample.criteria_set())
        states = [LIFECYCLE.initial, *dict.fromkeys(step.after for step in LIFECYCLE.steps)]
        await stores.put(PROPOSALS, *(a_proposal(draw, state) for state in states))
        yield client, stores


def some(draw, values, most=2):
    return draw.sample(values, draw.randint(0, most))


def an_activity(name, draw):
    return {
        "iati_identifier": name,
        "titles": TITLES,
        "status": draw.choice("123"),
        "reporting_organisation": {"ref": draw.choice(ORGANISATIONS)},
        "recipient_countries": [{"code": code} for code in some(draw, COUNTRIES)],
        "participating_organisations": [{"role": "1", "ref": ref} for ref in some(draw, ORGANISATIONS)],
        "contacts": [{"emails": [f"{name}@example.org"]}],
    }


def a_programme(number):
    status = ("draft", "active")[number % 2]
    country = COUNTRIES[number // 2]
    return {**sample.country_programme(code=f"CP-{number}", country=country), "status": status}


def a_proposal(draw, state):
    appraisal = {**sample.appraisal("b.appraiser"), "revision": 1, "at": "2026-03-01T00:00:00Z"}
    return sample.proposal(
        f"PROP-{state}",
        state=state,
        countries=some(draw, COUNTRIES),
        donor={"ref": draw.choice(ORGANISATIONS)},
        history=[STEP],
        written_by=[{"name": "a.author"}],
        appraisals=[{**appraisal, "criteria": {"code": "evaluability", "version": 1}}],
    )
