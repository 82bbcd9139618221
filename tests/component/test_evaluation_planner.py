"""Evaluations plan themselves by the policy in force, once each, and never over what somebody wrote or began."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.funding.main import SERVICE as FUNDING
from services.monitoring.copies import KnownActivity, KnownFinance
from services.monitoring.learning import planner
from services.monitoring.learning.plans import Basis, plans
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.contracts.monitoring.v1 import EvaluationPolicy
from shared.figures.rates import RateTable
from shared.testing.documents import put

SECONDS = 15
TODAY = datetime.now(UTC).date()
TEXT = [{"text": "So it is"}]
POLICY = {
    "code": "evaluation",
    "version": 1,
    "titles": TEXT,
    "valid_from": "2020-01-01",
    "currency": "USD",
    "thresholds": [
        {"from_amount": "0", "kind": "self", "timing": "final"},
        {"from_amount": "1000000", "kind": "independent", "timing": "final"},
        {"from_amount": "1000000", "kind": "independent", "timing": "mid-term"},
    ],
}


def day(days):
    return (TODAY + timedelta(days=days)).isoformat()


class Owners:
    """The three owners, and what is done with them."""

    def __init__(self, projects, funding, monitoring):
        self.projects, self.funding, self.monitoring = projects, funding, monitoring

    async def activity(self, identifier, start=-100, end=300, **members):
        document = {
            "iati_identifier": identifier,
            "reporting_organisation": {"ref": "XM-TEST"},
            "titles": TEXT,
            "status": "2",
            "dates": [{"type": "1", "date": day(start)}, {"type": "3", "date": day(end)}],
            **members,
        }
        answer = await put(self.projects, f"/v1/activities/{identifier}", document)
        assert answer.status_code in (200, 201), answer.text

    async def finance(self, identifier, amount, currency="USD"):
        budget = {
            "period_start": day(-100),
            "period_end": day(200),
            "value": {"amount": amount, "currency": currency},
        }
        document = {"iati_identifier": identifier, "budgets": [budget]}
        answer = await put(self.funding, f"/v1/finances/{identifier}", document)
        assert answer.status_code in (200, 201), answer.text

    async def adopt(self, version=1, **members):
        document = {**POLICY, "version": version, **members}
        answer = await self.monitoring.put(f"/v1/evaluation-policies/evaluation%2F{version}", json=document)
        assert answer.status_code == 201, answer.text

    async def planned(self, identifier):
        answer = await self.monitoring.get("/v1/evaluations", params={"activity": identifier})
        return {item["document"]["timing"]: item for item in answer.json()["items"]}

    async def until(self, identifier, **kinds):
        found = None
        async with asyncio.timeout(SECONDS):
            while found != kinds:
                planned = await self.planned(identifier)
                found = {
                    timing.replace("-", "_"): item["document"]["kind"] for timing, item in planned.items()
                }
                await asyncio.sleep(0.05)
        return await self.planned(identifier)


@pytest.fixture(scope="module")
async def owners(serve):
    async with AsyncExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(planner, "PAGE", 2)
        served = [await stack.enter_async_context(serve(each)) for each in (PROJECTS, FUNDING, MONITORING)]
        owners = Owners(*served)
        await owners.adopt()
        yield owners


async def test_what_a_policy_asks_for_is_planned_and_planned_anew(owners):
    await owners.activity("A-1")
    await owners.finance("A-1", "2000000")
    await owners.activity("A-2")
    first = await owners.until("A-1", mid_term="independent", final="independent")
    document = first["final"]["document"]
    assert (document["identifier"], document["due_on"]) == ("A-1/final", day(300))
    assert document["policy"] == {"code": "evaluation", "version": 1}
    assert "2000000 USD" in document["because"]
    assert document["as_planned"] is True
    assert await owners.planned("A-2") == {}  # nothing is known of its money
    await owners.finance("A-2", "10")
    await owners.until("A-2", final="self")
    await owners.activity("A-1", end=310)
    async with asyncio.timeout(SECONDS):
        while (await owners.planned("A-1"))["final"]["document"]["due_on"] != day(310):
            await asyncio.sleep(0.05)
    again = await owners.planned("A-1")
    assert {item["version"] for item in again.values()} == {2}
    assert (await owners.planned("A-2"))["final"]["version"] == 1


async def test_what_somebody_wrote_or_began_is_left_alone(owners):
    by_hand = {
        "identifier": "BY-HAND",
        "iati_identifier": "B-3",
        "kind": "internal",
        "timing": "final",
        "due_on": day(250),
    }
    assert (await owners.monitoring.post("/v1/evaluations", json=by_hand)).status_code == 201
    for identifier in ("B-1", "B-2", "B-3"):
        await owners.activity(identifier)
        await owners.finance(identifier, "2000000")
    await owners.until("B-1", mid_term="independent", final="independent")
    await owners.until("B-2", mid_term="independent", final="independent")
    await owners.until("B-3", mid_term="independent", final="internal")
    changed = await owners.monitoring.patch("/v1/evaluations/B-1%2Ffinal", json={"due_on": day(280)})
    assert changed.status_code == 200
    step = {"action": "cancel", "by": "clerk", "reasons": "Joined to another"}
    answer = await owners.monitoring.post("/v1/evaluations/B-2%2Ffinal/actions", json=step)
    assert answer.status_code == 201
    for identifier in ("B-1", "B-2", "B-3"):
        await owners.activity(identifier, end=400)
    async with asyncio.timeout(SECONDS):
        for identifier in ("B-1", "B-2", "B-3"):
            while (await owners.planned(identifier))["mid-term"]["version"] != 2:
                await asyncio.sleep(0.05)
    first, second, third = [(await owners.planned(each))["final"] for each in ("B-1", "B-2", "B-3")]
    assert (first["document"]["due_on"], first["version"]) == (day(280), 2)
    assert "as_planned" not in first["document"]
    assert (second["document"]["state"], second["version"]) == ("cancelled", 2)
    assert (third["identifier"], third["version"]) == ("BY-HAND", 1)


async def test_a_name_that_somebody_took_is_left_to_them(owners):
    taken = {
        "identifier": "C-1/final",
        "iati_identifier": "C-2",
        "kind": "internal",
        "timing": "ex-post",
        "due_on": day(250),
    }
    assert (await owners.monitoring.post("/v1/evaluations", json=taken)).status_code == 201
    await owners.activity("C-1")
    await owners.finance("C-1", "2000000")
    await owners.until("C-1", mid_term="independent")
    found = (await owners.monitoring.get("/v1/evaluations/C-1%2Ffinal")).json()
    assert (found["version"], found["document"]) == (1, taken)


async def test_without_a_rate_the_strictest_applies_until_there_is_one(owners):
    await owners.activity("E-1")
    await owners.finance("E-1", "400", "EUR")
    found = await owners.until("E-1", mid_term="independent", final="independent")
    assert "no rate" in found["final"]["document"]["because"]
    month = f"{TODAY:%Y-%m}"
    sheet = {
        "source": "ECB",
        "kind": "ecb-daily",
        "base": "EUR",
        "month": month,
        "rates": [{"currency": "USD", "date": f"{month}-01", "rate": "1.1"}],
    }
    assert (await owners.funding.put(f"/v1/exchange-rates/ECB%2F{month}", json=sheet)).status_code == 201
    found = await owners.until("E-1", mid_term="independent", final="self")  # the first nobody took back
    assert "no rate" not in found["final"]["document"]["because"]


async def test_another_version_in_force_plans_anew(owners):
    await owners.activity("F-1")
    await owners.finance("F-1", "10")
    await owners.until("F-1", final="self")
    thresholds = [{"from_amount": "0", "kind": "internal", "timing": "final"}]
    await owners.adopt(2, valid_from="2099-01-01", thresholds=thresholds)
    await owners.adopt(3, valid_from="2021-01-01", thresholds=thresholds)
    found = await owners.until("F-1", final="internal")
    assert found["final"]["document"]["policy"] == {"code": "evaluation", "version": 3}


def planned_for(start, end, **members):
    dates = [{"type": "1", "date": day(start)}, {"type": "3", "date": day(end)}]
    known = {"iati_identifier": f"A-{uuid4()}", "status": "2", "dates": dates, **members}
    activity = KnownActivity.model_validate(known)
    value = {"amount": "2000000", "currency": "USD"}
    budget = {"period_start": day(-100), "period_end": day(200), "value": value}
    finance = KnownFinance.model_validate({"iati_identifier": activity.iati_identifier, "budgets": [budget]})
    basis = Basis(EvaluationPolicy.model_validate(POLICY), RateTable(()), TODAY)
    return [each.timing for each in plans(basis, activity, finance, [])]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-100, 300, ["mid-term", "final"]),
        (-300, 10, ["mid-term", "final"]),
        (-300, 0, ["mid-term", "final"]),
        (-300, -1, ["final"]),
        (-900, -360, ["final"]),
        (-900, -370, []),
    ],
)
def test_what_is_long_over_is_not_planned_for(start, end, expected):
    assert planned_for(start, end) == expected


def test_nothing_is_planned_for_what_does_not_take_place():
    assert planned_for(-100, 300, status="5") == []
    assert planned_for(-100, 300, dates=[{"type": "1", "date": day(-100)}]) == []


def test_a_name_that_would_be_too_long_becomes_an_id():
    activity = KnownActivity.model_validate(
        {
            "iati_identifier": "A" * 248,
            "status": "2",
            "dates": [{"type": "1", "date": day(-10)}, {"type": "3", "date": day(10)}],
        }
    )
    finance = KnownFinance.model_validate(
        {
            "iati_identifier": activity.iati_identifier,
            "budgets": [
                {"period_start": day(-10), "period_end": day(10), "value": {"amount": "1", "currency": "USD"}}
            ],
        }
    )
    basis = Basis(EvaluationPolicy.model_validate(POLICY), RateTable(()), TODAY)
    (planned,) = plans(basis, activity, finance, [])
    assert len(planned.identifier) == 36
