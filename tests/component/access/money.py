"""Projects and funding served together, with money of three countries and organisations, in all states."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from services.funding.aggregates import FINANCES, PARTNERS, RATE_SHEETS
from services.funding.alerts.aggregates import ALERTS
from services.funding.main import SERVICE as FUNDING
from services.funding.partnerships.aggregates import (
    AGREEMENTS,
    MOBILISATION_TARGETS,
    PARTNER_PROFILES,
    PLEDGES,
    POOLS,
)
from services.funding.workplans.aggregates import PRIORITY_RULES, SCENARIOS, WORKPLANS
from services.projects.aggregates import ACTIVITIES
from services.projects.main import SERVICE as PROJECTS
from services.projects.programming.aggregates import COUNTRY_PROGRAMMES
from services.projects.proposals.aggregates import PROPOSALS
from shared.contracts.projects.v1 import Activity
from shared.testing import partnerships as sample
from shared.testing import proposals, workplans
from shared.testing.streams import await_copied, await_published
from tests.component.access.comparing import Stores, drawing

COUNTRIES = ("KE", "UG", "TZ")
ORGANISATIONS = ("XM-1", "XM-2", "XM-3")
KNOWN = tuple(f"P-{number}" for number in range(8))
PROJECT_NAMES = (*KNOWN, "P-unknown")
BIENNIUM = "2088-89"
TITLES = [{"text": "Decent work"}]
STATES = ("draft", "signed", "active", "suspended", "completed", "terminated", "cancelled")
AT = "2026-03-01T00:00:00Z"

AGGREGATES = {
    "/v1/finances": FINANCES,
    "/v1/partners": PARTNERS,
    "/v1/exchange-rates": RATE_SHEETS,
    "/v1/partner-profiles": PARTNER_PROFILES,
    "/v1/agreements": AGREEMENTS,
    "/v1/pools": POOLS,
    "/v1/pledges": PLEDGES,
    "/v1/mobilisation-targets": MOBILISATION_TARGETS,
    "/v1/workplans": WORKPLANS,
    "/v1/priority-rules": PRIORITY_RULES,
    "/v1/scenarios": SCENARIOS,
    "/v1/funding-alerts": ALERTS,
}


@dataclass
class Money:
    """A client of funding, what stores documents as funding itself does, and the activities that funding knows."""

    client: httpx.AsyncClient
    stores: Stores
    projects: dict[str, Activity]


@asynccontextmanager
async def money(serve, postgres):
    quiet = {"alert_seconds": 86400, "overdue_days": 36500, "delivery_threshold": "0.000001"}
    async with (
        Stores(postgres) as stores,
        Stores(postgres) as others,
        serve(PROJECTS, **others.settings) as projects,
        serve(FUNDING, **stores.settings, **quiet) as client,
    ):
        draw = drawing(6)
        activities = [an_activity(name, draw) for name in KNOWN]
        activities += [own_project("P-KE", "KE", "2"), own_project("P-KE-PLANNED", "KE", "1")]
        await others.put(ACTIVITIES, *activities)
        await others.put(PROPOSALS, *(passed(country) for country in COUNTRIES))
        await others.put(COUNTRY_PROGRAMMES, *(draft_programme(country) for country in COUNTRIES))
        await store(stores, draw)
        await await_published(projects)
        await await_copied(client, "projects")
        known = {each["iati_identifier"]: Activity.model_validate(each) for each in activities}
        yield Money(client, stores, known)


async def store(stores: Stores, draw) -> None:
    await stores.put(FINANCES, *({"iati_identifier": name} for name in PROJECT_NAMES))
    await stores.put(
        PARTNERS, *({"organisation_identifier": each, "names": TITLES} for each in ORGANISATIONS)
    )
    await stores.put(
        PARTNER_PROFILES, *({"organisation_identifier": each, "names": TITLES} for each in ORGANISATIONS)
    )
    await stores.put(RATE_SHEETS, {"source": "ECB", "kind": "donor", "base": "EUR", "month": "2026-01"})
    await stores.put(AGREEMENTS, *(an_agreement(draw, n, state) for n, state in enumerate(STATES * 2)))
    await stores.put(POOLS, sample.pool("RBSA"))
    await stores.put(PLEDGES, *(a_pledge(draw, number) for number in range(6)))
    await stores.put(MOBILISATION_TARGETS, sample.target("ALL"))
    await stores.put(WORKPLANS, workplans.workplan(BIENNIUM, workplans.product("GP", "1000")))
    await stores.put(PRIORITY_RULES, workplans.priority_rule())
    await stores.put(SCENARIOS, {**workplans.scenario("S", BIENNIUM), "made_at": AT})
    await stores.put(ALERTS, *(an_alert(draw, number) for number in range(8)))


def some(draw, values, most=2) -> list[str]:
    return draw.sample(values, draw.randint(0, most))


def an_activity(name, draw) -> dict[str, Any]:
    return {
        "iati_identifier": name,
        "titles": TITLES,
        "status": draw.choice("123"),
        "reporting_organisation": {"ref": draw.choice(ORGANISATIONS)},
        "recipient_countries": [{"code": code} for code in some(draw, COUNTRIES)],
        "participating_organisations": [{"role": "1", "ref": ref} for ref in some(draw, ORGANISATIONS)],
    }


def own_project(name, country, status) -> dict[str, Any]:
    return {
        "iati_identifier": name,
        "titles": TITLES,
        "status": status,
        "reporting_organisation": {"ref": "XM-OFFICE"},
        "recipient_countries": [{"code": country}],
    }


def passed(country) -> dict[str, Any]:
    return proposals.proposal(f"PROP-{country}", countries=[country], state="passed")


def draft_programme(country) -> dict[str, Any]:
    outcome = {"code": "101", "titles": TITLES}
    return proposals.country_programme(
        code=f"CP-{country}", country=country, status="draft", outcomes=[outcome]
    )


def an_agreement(draw, number, state) -> dict[str, Any]:
    scrutiny = {"partner": draw.choice(ORGANISATIONS), "state": "under-review"}
    step = {"action": "sign", "from_state": "draft", "to_state": "signed", "at": AT, "by": "clerk"}
    return sample.agreement(
        f"A-{number}",
        state=state,
        scope={"countries": some(draw, COUNTRIES)},
        partners=[sample.partner(draw.choice(ORGANISATIONS), "funding")],
        reporting_duties=[],
        due_diligence=[scrutiny],
        history=[step],
        allocations=[sample.allocation("AL", "1")],
        amendments=[
            {"number": 1, "signed_on": "2026-03-01", "reasons": "Why", "by": "x", "at": AT, "members": []}
        ],
    )


def a_pledge(draw, number) -> dict[str, Any]:
    return sample.pledge(
        f"PL-{number}",
        partner={"ref": draw.choice(ORGANISATIONS)},
        scope={"countries": some(draw, COUNTRIES)},
        history=[{"action": "withdraw", "from_state": "open", "to_state": "withdrawn", "at": AT, "by": "x"}],
        state="withdrawn",
    )


def an_alert(draw, number) -> dict[str, Any]:
    return {
        "identifier": f"tranche-overdue/GONE-{number}/1",
        "kind": "tranche-overdue",
        "subject": {"aggregate": "agreement", "identifier": f"GONE-{number}", "part": "1"},
        "raised_at": AT,
        "countries": some(draw, COUNTRIES),
        "partners": some(draw, ORGANISATIONS),
        "activities": some(draw, PROJECT_NAMES),
        "text": "Late",
    }
