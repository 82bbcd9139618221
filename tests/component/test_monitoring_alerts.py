"""What is due raises an alert, once, and what is done resolves it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from services.monitoring.alerts import watch
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS

SECONDS = 15
PATH = "/v1/monitoring-alerts"
TODAY = datetime.now(UTC).date()
TEXT = [{"text": "So it is"}]


def day(days):
    return (TODAY + timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
async def projects(serve):
    async with serve(PROJECTS) as client:
        yield client


@pytest.fixture(scope="module")
async def monitoring(serve, projects):
    """Serve monitoring after what it is to know of the activity and its country's office."""
    activity = {
        "iati_identifier": "A-1",
        "reporting_organisation": {"ref": "XM-TEST"},
        "titles": TEXT,
        "status": "2",
        "recipient_countries": [{"code": "KE"}, {"code": "x"}],
    }
    assert (await projects.post("/v1/activities", json=activity)).status_code == 201
    for code, kind, countries in (("CO-1", "country-office", ["KE"]), ("RO", "regional-office", ["KE"])):
        office = {"code": code, "names": TEXT, "kind": kind, "countries": countries}
        assert (await projects.post("/v1/field-offices", json=office)).status_code == 201
    async with AsyncExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(watch, "PAGE", 1)
        client = await stack.enter_async_context(serve(MONITORING, alert_seconds=0.1))
        yield client


async def alert(client, identifier):
    return await client.get(f"{PATH}/{quote(identifier, safe='')}")


async def until(client, identifier, **members):
    """Return the alert once it has these members."""
    item = {"document": {}}
    async with asyncio.timeout(SECONDS):
        while {name: item["document"].get(name) for name in members} != members:
            answer = await alert(client, identifier)
            item = answer.json() if answer.status_code == 200 else {"document": {}}
            await asyncio.sleep(0.05)
    return item


async def write(client, method, path, body, status):
    answer = await client.request(method, path, json=body)
    assert answer.status_code == status, answer.text


def evaluation(identifier, due, **members):
    return {
        "identifier": identifier,
        "iati_identifier": "A-1",
        "kind": "self",
        "timing": "final",
        "due_on": day(due),
        **members,
    }


async def test_an_evaluation_is_due_before_its_day(monitoring, identifier):
    due, later = f"{identifier}/due", f"{identifier}/later"
    await write(monitoring, "POST", "/v1/evaluations", evaluation(later, 61), 201)
    await write(monitoring, "POST", "/v1/evaluations", evaluation(due, 60), 201)
    item = await until(monitoring, f"evaluation-due/{due}", countries=["KE"], offices=["CO-1"])
    document = item["document"]
    assert document["subject"] == {"aggregate": "evaluation", "identifier": due}
    assert (document["due_on"], document["activities"]) == (day(60), ["A-1"])
    assert (await alert(monitoring, f"evaluation-due/{later}")).status_code == 404
    path = f"/v1/evaluations/{quote(due, safe='')}"
    await write(monitoring, "PATCH", path, {"due_on": day(90)}, 200)
    gone = await until(monitoring, f"evaluation-due/{due}", state="resolved")
    assert gone["document"]["resolved_at"] >= document["raised_at"]
    await write(monitoring, "PATCH", path, {"due_on": day(-1)}, 200)
    again = await until(monitoring, f"evaluation-due/{due}", due_on=day(-1), state=None)
    assert again["document"]["raised_at"] > document["raised_at"]
    assert again["version"] == gone["version"] + 1
    await write(monitoring, "POST", f"{path}/actions", {"action": "begin", "by": "clerk"}, 201)
    await until(monitoring, f"evaluation-due/{due}", state="resolved")


async def test_a_report_is_overdue_until_it_is_submitted(monitoring, identifier):
    report = {
        "identifier": identifier,
        "iati_identifier": "A-1",
        "office": "CO-9",
        "period_start": day(-200),
        "period_end": day(-20),
        "due_on": day(-1),
        "written_by": ["ann"],
        "narratives": TEXT,
        "rating": "green",
    }
    await write(monitoring, "POST", "/v1/reports", report, 201)
    item = await until(monitoring, f"report-overdue/{identifier}", offices=["CO-9"])
    assert item["document"]["due_on"] == day(-1)
    await write(monitoring, "PATCH", f"/v1/reports/{identifier}", {"due_on": day(0)}, 200)
    await until(monitoring, f"report-overdue/{identifier}", state="resolved")


async def test_a_follow_up_is_overdue_until_it_is_done(monitoring, identifier):
    path = f"/v1/evaluations/{identifier}"
    content = {
        "findings": [{"code": "1", "narratives": TEXT}],
        "recommendations": [{"code": "R1", "narratives": TEXT}],
    }
    await write(monitoring, "POST", "/v1/evaluations", evaluation(identifier, 90, **content), 201)
    for action in ("begin", "complete"):
        await write(monitoring, "POST", f"{path}/actions", {"action": action, "by": "clerk"}, 201)
    answer = {"recommendation": "R1", "decision": "accepted", "by": "boss"}
    await write(monitoring, "POST", f"{path}/responses", answer, 201)
    await write(monitoring, "POST", f"{path}/actions", {"action": "respond", "by": "boss"}, 201)
    for code, due in (("F1", -1), ("F2", 0)):
        follow = {"code": code, "narratives": TEXT, "responsible": "unit", "due_on": day(due)}
        await write(
            monitoring, "POST", f"{path}/follow-ups", {"recommendation": "R1", "follow_up": follow}, 201
        )
    item = await until(monitoring, f"follow-up-overdue/{identifier}/F1", due_on=day(-1))
    assert item["document"]["subject"]["part"] == "F1"
    assert (await alert(monitoring, f"follow-up-overdue/{identifier}/F2")).status_code == 404
    for action in ("start", "finish"):
        await write(
            monitoring, "POST", f"{path}/follow-ups/F1/actions", {"action": action, "by": "unit"}, 201
        )
    await until(monitoring, f"follow-up-overdue/{identifier}/F1", state="resolved")


async def test_what_does_not_change_is_not_written_again(monitoring, identifier):
    await write(monitoring, "POST", "/v1/evaluations", evaluation(identifier, 1), 201)
    item = await until(monitoring, f"evaluation-due/{identifier}", countries=["KE"], offices=["CO-1"])
    await asyncio.sleep(0.5)
    assert (await alert(monitoring, f"evaluation-due/{identifier}")).json()["version"] == item["version"]


async def test_alerts_are_listed_by_kind_and_state_and_nobody_writes_them(monitoring, identifier):
    await write(monitoring, "POST", "/v1/evaluations", evaluation(identifier, 1), 201)
    name = f"evaluation-due/{identifier}"
    item = await until(monitoring, name, due_on=day(1))

    async def listed(**filters):
        answer = await monitoring.get(PATH, params={"limit": 100, **filters})
        return {each["identifier"] for each in answer.json()["items"]}

    assert name in await listed(kind="evaluation-due", state="raised")
    assert name not in await listed(kind="report-overdue")
    assert name not in await listed(state="resolved")
    assert await listed(updated_since="2099-01-01T00:00:00Z") == set()
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{identifier}"), ("DELETE", f"{PATH}/{identifier}")):
        answer = await monitoring.request(method, path, json=item["document"])
        assert answer.status_code == 405
