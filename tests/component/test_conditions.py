"""Conditions on versions: every change of a document heeds them, and who comes second is told what differs."""

import copy
from contextlib import AsyncExitStack

import pytest

from services.projects.aggregates import ACTIVITIES
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.app import Application
from shared.chassis.db import Database
from shared.chassis.documents import Actor, find, require_version
from shared.chassis.documents.conditions import StaleVersion
from shared.chassis.ids import uuid7
from shared.policy.grants import Grant, Role
from shared.policy.permits import permit
from shared.policy.principals import Principal
from shared.testing.documents import ACTIVITY, FRAMEWORK
from shared.testing.monitoring import framework, value
from tests.component.access.calls import calls_of
from tests.component.access.contracts import OWNERS
from tests.component.access.things import load

STALE = {"If-Match": '"99999"'}
SETTINGS = {
    "projects": {},
    "funding": {"alert_seconds": 86400.0},
    "monitoring": {"alert_seconds": 86400.0, "planning_seconds": 86400.0},
}


@pytest.fixture(scope="module")
async def served(serve):
    async with AsyncExitStack() as stack:
        yield {
            service.name: await stack.enter_async_context(serve(service, **SETTINGS[service.name]))
            for service in OWNERS
        }


@pytest.fixture(scope="module")
async def things(served):
    return await load(served)


def if_match(version):
    return {"If-Match": f'"{version}"'}


# every operation


@pytest.mark.parametrize("service", OWNERS, ids=lambda service: service.name)
async def test_every_change_of_a_document_heeds_a_stale_condition(service, served, things):
    client, told, wrong = served[service.name], set(), []
    for call in calls_of(Application.openapi(client.app), things[service.name]):
        if call.method == "GET" or call.thing is None or call.thing.address not in call.address:
            continue
        told.add(call.operation)
        before = (await client.get(call.thing.address)).json()["version"]
        answer = await client.request(**call.request())
        after = (await client.get(call.thing.address)).json()["version"]
        problem = answer.json()
        if (answer.status_code, problem["code"], after) != (412, "stale-version", before):
            wrong.append(f"{call.operation} {call.step or ''}: {answer.status_code} {answer.text[:200]}")
        elif (problem["current_version"], answer.headers["etag"]) != (before, f'"{before}"'):
            wrong.append(f"{call.operation} does not tell the version")
    assert wrong == []
    document = Application.openapi(client.app)
    changing = {
        operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "get" and "{identifier}" in path
    }
    assert told == changing


@pytest.mark.parametrize("service", OWNERS, ids=lambda service: service.name)
async def test_every_change_of_a_document_says_so_in_openapi(service, served):
    for path, item in Application.openapi(served[service.name].app)["paths"].items():
        for method, operation in item.items():
            if method != "get" and "{identifier}" in path:
                named = {parameter["name"].lower() for parameter in operation["parameters"]}
                assert {"if-match", "idempotency-key"} <= named, operation["operationId"]


@pytest.mark.parametrize("service", OWNERS, ids=lambda service: service.name)
async def test_whoever_replaces_a_document_says_which_version_they_saw(service, served, things):
    client, told = served[service.name], []
    for thing in things[service.name]:
        if thing.resource in (
            "scenario",
            "period-lock",
            "criteria-set",
            "priority-rule",
            "evaluation-policy",
        ):
            continue  # which are never replaced
        stored = (await client.get(thing.address)).json()
        changed = _changed(thing.sent)
        if changed is None:
            continue
        answer = await client.put(thing.address, json=changed)
        if answer.status_code in (409, 422):
            continue  # by its state, or by a rule
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition-required"), (
            thing.resource,
            answer.text,
        )
        assert answer.json()["current_version"] == stored["version"]
        assert answer.headers["etag"] == f'"{stored["version"]}"'
        told.append(thing.resource)
    assert len(set(told)) > 2


def _changed(sent):
    """Return a document with another title, None if it has none."""
    for member in ("titles", "names", "title", "name", "narratives"):
        if isinstance(sent.get(member), list):
            return {**sent, member: [{"text": "Told otherwise"}]}
        if isinstance(sent.get(member), str):
            return {**sent, member: "Told otherwise"}
    return None


# one document


async def test_any_version_will_do_for_who_says_so(client, kind, identifier):
    at = kind.address(identifier)
    await client.put(at, json=kind.document(identifier))
    assert (await client.put(at, json=kind.document(identifier))).json()["outcome"] == "unchanged"
    refused = await client.put(at, json=kind.changed(identifier))
    assert (refused.status_code, refused.json()["code"]) == (428, "precondition-required")
    done = await client.put(at, json=kind.changed(identifier), headers={"If-Match": "*"})
    assert (done.status_code, done.json()["version"]) == (200, 2)


async def test_ids_that_clients_make_are_identifiers(served, things):
    for owner, stored in things.items():
        for thing in stored:
            if thing.member != "identifier" or thing.resource in ("scenario", "report"):
                continue
            made = str(uuid7())
            body = {**thing.sent, thing.member: made}
            answer = await served[owner].post(thing.address.rpartition("/")[0], json=body)
            if answer.status_code == 422:
                assert "duplicate" in answer.text, (thing.resource, answer.text)
                continue
            assert (answer.status_code, answer.json()["identifier"]) == (201, made), thing.resource


# what differs


@pytest.fixture
def monitoring(clients):
    return clients["monitoring"]


def with_period(document, **members):
    """Return a framework with more members of the last period of its first indicator."""
    changed = copy.deepcopy(document)
    changed["results"][0]["indicators"][0]["periods"][1] |= members
    return changed


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_two_field_offices_edit_the_same_period_and_both_edits_stand(
    monitoring, issuer, identifier, method
):
    nairobi, kisumu = (
        issuer.bearer(Grant(role=Role.FIELD_OFFICER), subject=name) for name in ("nairobi", "kisumu")
    )
    at = FRAMEWORK.address(identifier)
    await monitoring.post(FRAMEWORK.path, json=framework(identifier))
    seen = (await monitoring.get(at)).json()
    document, version = seen["document"], seen["version"]
    targets, actuals = [value("900")], [value("620")]
    first = with_period(document, targets=targets)
    second = with_period(document, actuals=actuals)

    def body(whole):
        return whole if method == "PUT" else {"results": whole["results"]}

    done = await monitoring.request(method, at, json=body(first), headers={**nairobi, **if_match(version)})
    assert done.status_code == 200, done.text
    late = await monitoring.request(method, at, json=body(second), headers={**kisumu, **if_match(version)})
    problem = late.json()
    assert (late.status_code, problem["code"]) == (412, "stale-version")
    assert (problem["current_version"], late.headers["etag"]) == (2, '"2"')
    period = "/results/0/indicators/0/periods/1"
    assert problem["is_all"] is True
    assert sorted(problem["difference"], key=lambda each: each["pointer"]) == [
        {"pointer": f"{period}/actuals", "yours": actuals, "conflict": False},
        {"pointer": f"{period}/targets", "theirs": targets, "conflict": False},
    ]
    current = (await monitoring.get(at)).json()
    (mine,) = (each["yours"] for each in problem["difference"] if "yours" in each)
    merged = with_period(current["document"], actuals=mine)
    stands = await monitoring.request(
        method, at, json=body(merged), headers={**kisumu, **if_match(problem["current_version"])}
    )
    assert (stands.status_code, stands.json()["version"]) == (200, 3)
    (result,) = (await monitoring.get(at)).json()["document"]["results"]
    assert result["indicators"][0]["periods"][1].items() >= {"targets": targets, "actuals": actuals}.items()


async def test_where_both_changed_the_same_it_is_a_conflict(clients, identifier):
    client, at = clients["projects"], ACTIVITY.address(identifier)
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    await client.patch(at, json={"status": "3"}, headers=if_match(1))
    late = await client.patch(at, json={"status": "4"}, headers=if_match(1))
    assert late.json()["difference"] == [
        {"pointer": "/status", "base": "2", "yours": "4", "theirs": "3", "conflict": True}
    ]


async def test_a_command_is_told_what_became_of_what_it_saw(monitoring, identifier):
    at = FRAMEWORK.address(identifier)
    await monitoring.post(FRAMEWORK.path, json=framework(identifier))
    report = {"result": 1, "indicator": 1, "period": 2, "actual": value("620")}
    await monitoring.post(f"{at}/actuals", json=report, headers=if_match(1))
    late = await monitoring.post(f"{at}/actuals", json={**report, "actual": value("7")}, headers=if_match(1))
    (entry,) = late.json()["difference"]
    assert entry["pointer"] == "/results/0/indicators/0/periods/1/actuals"
    assert (entry["theirs"][0]["value"]["raw"], entry["conflict"]) == ("620", False)
    assert "yours" not in entry


async def test_where_the_version_is_not_known_every_difference_is_a_conflict(client, kind, identifier):
    await client.post(kind.path, json=kind.document(identifier))
    answer = await client.put(kind.address(identifier), json=kind.changed(identifier), headers=STALE)
    assert answer.status_code == 412
    assert {each["conflict"] for each in answer.json()["difference"]} == {True}
    assert not any("base" in each for each in answer.json()["difference"])


async def test_a_version_that_belonged_elsewhere_is_not_told(clients, issuer, identifier):
    client, at = clients["projects"], ACTIVITY.address(identifier)
    officer = issuer.bearer(Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"})))
    abroad, home = ({"recipient_countries": [{"code": code}]} for code in ("UG", "KE"))
    before = ACTIVITY.document(identifier, **abroad, descriptions=[{"narratives": [{"text": "Of Uganda"}]}])
    assert (await client.post(ACTIVITY.path, json=before)).status_code == 201
    moved = {**home, "descriptions": None}
    assert (await client.patch(at, json=moved, headers=if_match(1))).status_code == 200
    patch = await client.patch(at, json={"status": "3"}, headers={**officer, **if_match(1)})
    assert (patch.status_code, "difference" in patch.json()) == (412, False)
    wanted = ACTIVITY.document(identifier, **home, status="3")
    put = await client.put(at, json=wanted, headers={**officer, **if_match(1)})
    assert put.json()["difference"] == [{"pointer": "/status", "yours": "3", "theirs": "2", "conflict": True}]


async def test_what_is_withheld_is_not_told_as_a_difference(serve, database_url, identifier):
    who = Grant(role=Role.PARTNER, organisations=frozenset({"XM-TEST"}))
    contacts = {"contacts": [{"emails": ["someone@example.org"]}]}
    async with serve(PROJECTS, database_url=database_url) as client:
        await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
        added = await client.patch(ACTIVITY.address(identifier), json={**contacts, "status": "3"})
        assert added.status_code == 200, added.text
    database, told = Database(database_url, pool=1), []
    for grants in ((who,), (Grant(role=Role.PROGRAMME_MANAGER),)):
        principal = Principal("issuer", "someone", "someone", "Someone", grants)
        actor = Actor("someone", "tests", permit=permit(principal, "activity", "read"))
        async with database.session() as session:
            row = await find(session, ACTIVITIES, identifier)
            with pytest.raises(StaleVersion) as refused:
                await require_version(session, ACTIVITIES, row, 1, actor)
        told.append({each.pointer for each in refused.value.problem().difference})
    await database.dispose()
    assert told == [{"/status"}, {"/contacts", "/status"}]


async def test_a_large_difference_is_told_in_part(clients, identifier):
    client, at = clients["projects"], ACTIVITY.address(identifier)
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    many = [{"ref": f"XM-{place}", "role": "1"} for place in range(300)]
    await client.patch(at, json={"participating_organisations": many}, headers=if_match(1))
    await client.patch(at, json={"participating_organisations": [{**each, "type": "10"} for each in many]})
    late = await client.patch(at, json={"status": "4"}, headers=if_match(2))
    problem = late.json()
    assert (problem["is_all"], len(problem["difference"])) == (False, 200)
