"""Evaluations and their policies over the wire: the whole path, each refusal, and that a refusal leaves nothing."""

import asyncio
from urllib.parse import quote

import pytest

from services.monitoring.main import SERVICE
from shared.contracts.ids import evaluation_id
from shared.testing.streams import await_published, published

PATH = "/v1/evaluations"
POLICIES = "/v1/evaluation-policies"
TEXT = [{"text": "So it is", "lang": "en"}]


@pytest.fixture(scope="module")
async def monitoring(serve):
    async with serve(SERVICE) as client:
        yield client


@pytest.fixture
def address(identifier):
    return f"{PATH}/{quote(identifier, safe='')}"


def evaluation(identifier, **members):
    return {
        "identifier": identifier,
        "iati_identifier": f"A-{identifier}",
        "kind": "independent",
        "timing": "final",
        "due_on": "2031-06-30",
        **members,
    }


CONTENT = {
    "evaluators": ["e.valuator"],
    "findings": [{"code": "1", "narratives": TEXT}],
    "recommendations": [
        {"code": "R1", "narratives": TEXT, "priority": "high"},
        {"code": "R 2/b", "narratives": TEXT},
    ],
}


@pytest.fixture
async def planned(monitoring, identifier):
    answer = await monitoring.post(PATH, json=evaluation(identifier, **CONTENT))
    assert answer.status_code == 201, answer.text
    return identifier


async def post(client, address, below, body, status=201, **headers):
    answer = await client.post(f"{address}/{below}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def act(client, address, *actions, status=201, **members):
    for action in actions:
        answer = await post(client, address, "actions", {"action": action, "by": "clerk", **members}, status)
    return answer


async def respond(client, address, recommendation, decision="accepted", status=201):
    body = {"recommendation": recommendation, "decision": decision, "narratives": TEXT, "by": "boss"}
    return await post(client, address, "responses", body, status)


async def follow_up(client, address, recommendation, code, status=201):
    follow = {"code": code, "narratives": TEXT, "responsible": "unit", "due_on": "2031-12-31"}
    body = {"recommendation": recommendation, "follow_up": follow}
    return await post(client, address, "follow-ups", body, status)


async def move(client, address, code, *actions, status=201, **members):
    below = f"follow-ups/{quote(code, safe='')}/actions"
    for action in actions:
        answer = await post(client, address, below, {"action": action, "by": "unit", **members}, status)
    return answer


async def read(client, address):
    answer = await client.get(address)
    assert answer.status_code == 200
    return answer.json()


def faults(problem):
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


async def responded(client, address):
    await act(client, address, "begin", "complete")
    await respond(client, address, "R1")
    await respond(client, address, "R 2/b", "rejected")
    await act(client, address, "respond")


@pytest.mark.usefixtures("planned")
async def test_the_whole_path(monitoring, address, identifier, nats):
    await responded(monitoring, address)
    await follow_up(monitoring, address, "R1", "F1")
    await follow_up(monitoring, address, "R1", "F/2")
    await move(monitoring, address, "F1", "start", "finish")
    await move(monitoring, address, "F/2", "drop", reasons="Overtaken")
    await act(monitoring, address, "close")
    item = await read(monitoring, address)
    document = item["document"]
    assert (item["version"], document["state"]) == (12, "closed")
    assert [step["action"] for step in document["history"]] == ["begin", "complete", "respond", "close"]
    first, second = document["recommendations"]
    assert (first["response"]["decision"], second["response"]["decision"]) == ("accepted", "rejected")
    done, dropped = first["follow_up"]
    assert (done["state"], dropped["state"]) == ("done", "dropped")
    assert done["completed_on"] == done["history"][-1]["at"][:10]
    assert dropped["history"][-1]["reasons"] == "Overtaken"
    await await_published(monitoring)
    events = await published(nats, "monitoring", evaluation_id(identifier))
    assert [event.aggregate_version for event in events] == list(range(1, 13))
    assert events[-1].data == document
    assert events[-2].rationale == "Overtaken"


@pytest.mark.usefixtures("planned")
async def test_what_the_service_owns_is_not_taken_from_a_caller(monitoring, address, identifier):
    forged = {
        "state": "closed",
        "policy": {"code": "forged", "version": 1},
        "because": "I say so",
        "as_planned": True,
        "recommendations": [
            {**each, "response": {"decision": "accepted", "by": "me", "at": "2026-01-01T00:00:00Z"}}
            for each in CONTENT["recommendations"]
        ],
    }
    for method, body in (("PUT", evaluation(identifier, **CONTENT) | forged), ("PATCH", forged)):
        answer = await monitoring.request(method, address, json=body)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "unchanged")
    await responded(monitoring, address)
    await follow_up(monitoring, address, "R1", "F1")
    same = await monitoring.put(address, json=evaluation(identifier, **CONTENT) | forged)
    assert same.json()["outcome"] == "unchanged"


@pytest.mark.usefixtures("planned")
async def test_content_is_locked_once_it_is_completed(monitoring, address):
    await act(monitoring, address, "begin", "complete")
    answer = await monitoring.patch(address, json={"due_on": "2032-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "content-locked")
    assert (await read(monitoring, address))["version"] == 3


async def test_each_step_needs_what_is_before_it(monitoring, address, identifier):
    await monitoring.post(PATH, json=evaluation(identifier))
    problem = await act(monitoring, address, "begin", status=422)
    assert faults(problem) == [("/evaluators", "evaluators-missing")]
    await monitoring.patch(address, json={"evaluators": ["e.valuator"]})
    await act(monitoring, address, "begin")
    problem = await act(monitoring, address, "complete", status=422)
    assert faults(problem) == [
        ("/findings", "findings-missing"),
        ("/recommendations", "recommendations-missing"),
    ]
    await monitoring.patch(address, json=CONTENT)
    await act(monitoring, address, "complete")
    problem = await act(monitoring, address, "respond", status=422)
    assert faults(problem) == [(f"/recommendations/{place}/response", "response-missing") for place in (0, 1)]
    problem = await respond(monitoring, address, "R9", status=422)
    assert faults(problem) == [("/recommendation", "unknown-recommendation")]
    await respond(monitoring, address, "R1", "partially-accepted")
    await respond(monitoring, address, "R 2/b", "rejected")
    await act(monitoring, address, "respond")
    problem = await act(monitoring, address, "close", status=422)
    assert faults(problem) == [("/recommendations/0/follow_up", "follow-up-missing")]
    problem = await follow_up(monitoring, address, "R 2/b", "F1", status=422)
    assert faults(problem) == [("/recommendation", "recommendation-rejected")]
    await follow_up(monitoring, address, "R1", "F1")
    problem = await follow_up(monitoring, address, "R1", "F1", status=422)
    assert faults(problem) == [("/follow_up/code", "duplicate-code")]
    problem = await act(monitoring, address, "close", status=422)
    assert faults(problem) == [("/recommendations/0/follow_up/0", "follow-up-unfinished")]
    problem = await move(monitoring, address, "F1", "drop", status=422)
    assert faults(problem) == [("/reasons", "reasons-missing")]
    await move(monitoring, address, "F1", "drop", reasons="Overtaken")
    await act(monitoring, address, "close")


@pytest.mark.usefixtures("planned")
async def test_illegal_steps_tell_what_is_allowed(monitoring, address):
    problem = await act(monitoring, address, "close", status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["begin", "cancel"])
    problem = await respond(monitoring, address, "R1", status=409)
    assert problem["allowed"] == ["begin", "cancel"]
    problem = await follow_up(monitoring, address, "R1", "F1", status=409)
    assert problem["allowed"] == ["begin", "cancel"]
    problem = await act(monitoring, address, "cancel", status=422)
    assert faults(problem) == [("/reasons", "reasons-missing")]
    await responded(monitoring, address)
    await follow_up(monitoring, address, "R1", "F1")
    problem = await move(monitoring, address, "F1", "finish", status=409)
    assert problem["allowed"] == ["start", "drop"]
    assert (await move(monitoring, address, "F9", "start", status=404))["code"] == "not-found"
    assert (await read(monitoring, address))["version"] == 7


@pytest.mark.usefixtures("planned")
async def test_a_stale_version_changes_nothing(monitoring, address):
    await act(monitoring, address, "begin")
    step = {"action": "complete", "by": "clerk"}
    problem = await post(monitoring, address, "actions", step, 412, **{"If-Match": '"1"'})
    assert problem["code"] == "stale-version"


@pytest.mark.usefixtures("planned")
async def test_of_two_steps_at_once_one_is_taken(monitoring, address):
    step = {"action": "begin", "by": "clerk"}
    answers = await asyncio.gather(*(monitoring.post(f"{address}/actions", json=step) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.usefixtures("planned")
async def test_there_is_no_batch(monitoring, identifier):
    answer = await monitoring.post(f"{PATH}/upserts", json=evaluation(identifier))
    assert answer.status_code == 405


async def test_who_reported_is_no_independent_evaluator(monitoring, address, identifier):
    report = {
        "identifier": f"R-{identifier}",
        "iati_identifier": f"A-{identifier}",
        "period_start": "2026-01-01",
        "period_end": "2026-06-30",
        "due_on": "2026-07-31",
        "written_by": ["E.Valuator "],
    }
    await monitoring.post(PATH, json=evaluation(identifier, **CONTENT))
    answer = await monitoring.post("/v1/reports", json=report)
    assert answer.status_code == 201, answer.text
    problem = await act(monitoring, address, "begin", status=422)
    assert faults(problem) == [("/evaluators/0", "conflict-of-interest")]
    answer = await monitoring.patch(address, json={"evaluators": ["other", "e.valuator"]})
    assert answer.status_code == 200  # as wrong as what is stored
    answer = await monitoring.patch(address, json={"evaluators": ["other"]})
    await act(monitoring, address, "begin")
    answer = await monitoring.patch(address, json={"evaluators": ["e.VALUATOR"]})
    assert faults(answer.json()) == [("/evaluators/0", "conflict-of-interest")]


async def test_lists_are_filtered(monitoring, identifier):
    for place, (kind, day) in enumerate([("self", "2031-01-01"), ("internal", "2031-02-01")]):
        document = evaluation(f"{identifier}/{place}", kind=kind, due_on=day, iati_identifier=identifier)
        await monitoring.post(PATH, json=document)

    async def listed(**filters):
        answer = await monitoring.get(PATH, params={"activity": identifier, **filters})
        return [item["document"]["kind"] for item in answer.json()["items"]]

    assert await listed() == ["self", "internal"]
    assert await listed(kind="self") == ["self"]
    assert await listed(due_before="2031-02-01") == ["self"]
    assert await listed(state="planned") == ["self", "internal"]
    assert await listed(state="closed") == []
    assert await listed(updated_since="2099-01-01T00:00:00Z") == []


def policy(code, version=1, amount="0", **members):
    return {
        "code": code,
        "version": version,
        "titles": TEXT,
        "valid_from": "2099-01-01",
        "currency": "USD",
        "thresholds": [{"from_amount": amount, "kind": "self", "timing": "final"}],
        **members,
    }


async def test_a_version_of_a_policy_is_for_good(monitoring, identifier):
    code = identifier
    address = f"{POLICIES}/{code}%2F1"
    assert (await monitoring.put(address, json=policy(code))).status_code == 201
    assert (await monitoring.put(address, json=policy(code))).json()["outcome"] == "unchanged"
    refused = await monitoring.put(address, json=policy(code, amount="1"))
    assert (refused.status_code, refused.json()["code"]) == (409, "version-for-good")
    again = await monitoring.post(POLICIES, json=policy(code))
    assert (again.status_code, again.json()["code"]) == (409, "already-exists")
    assert (await monitoring.patch(address, json={"valid_from": "2026-01-01"})).status_code == 405
    assert (await monitoring.post(POLICIES, json=policy(code, 2, "1"))).status_code == 201
    listed = (await monitoring.get(POLICIES, params={"code": code})).json()["items"]
    assert [item["identifier"] for item in listed] == [f"{code}/1", f"{code}/2"]
    wrong = await monitoring.post(POLICIES, json=policy(code, 3, currency="USX"))
    assert faults(wrong.json()) == [("/currency", "unknown-currency")]
