"""A person acts in their own name, and has leave from a lock as nobody else; a system says for whom it acts."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.policy.grants import Grant, Role
from shared.testing import monitoring as sample
from tests.component.access.monitored import activity, evaluation, known

MANAGER = Grant(role=Role.PROGRAMME_MANAGER)
EVALUATOR = Grant(role=Role.EVALUATOR)
OFFICER = Grant(role=Role.FIELD_OFFICER, countries={"KE"})
OFFICES = {"CO-KE": "KE", "CO-UG": "UG"}
LOCKS, REPORTS, EVALUATIONS = "/v1/period-locks", "/v1/reports", "/v1/evaluations"


@pytest.fixture(scope="module")
async def services(serve):
    async with serve(PROJECTS) as projects, serve(MONITORING) as monitoring:
        for office, country in OFFICES.items():
            content = {"code": office, "names": [{"text": office}], "kind": "country-office"}
            answer = await projects.post("/v1/field-offices", json={**content, "countries": [country]})
            assert answer.status_code == 201, answer.text
        yield projects, monitoring


@pytest.fixture
async def name(services):
    """Return an activity in Kenya that has a framework."""
    projects, monitoring = services
    name = f"XM-{uuid4().hex}"
    await known(projects, monitoring, [activity(name, "KE", "XM-DAC-1")])
    assert (await monitoring.post("/v1/frameworks", json=sample.framework(name))).status_code == 201
    return name


@pytest.fixture
def ask(services, issuer):
    """Return how to post as somebody: Ann, Ben or Eva in person, or a system without a person."""

    async def post(path, form, *grants, person=None, method="POST"):
        claims = {}
        if person:
            claims = {"subject": f"{person.lower()}@example.org", "client": "app", "name": person}
        headers = issuer.bearer(*grants, **claims)
        return await services[1].request(method, path, json=form, headers=headers)

    return post


def at(path, name, below=""):
    return f"{path}/{quote(name, safe='')}{below}"


def told(answer):
    problem = answer.json()
    return answer.status_code, problem["code"], *(each["pointer"] for each in problem.get("errors") or ())


def taken(answer):
    assert answer.status_code in (200, 201), answer.text


NOT_YOURS = (403, "not-your-name")


async def test_nobody_sets_releases_or_excepts_in_the_name_of_another(ask, name):
    path = at(LOCKS, name)
    lock = sample.lock(name, iati_identifier=name, locked_by="Ben")
    for method, to in (("POST", LOCKS), ("PUT", path)):
        answer = await ask(to, lock, MANAGER, person="Ann", method=method)
        assert told(answer) == (*NOT_YOURS, "/locked_by")
    taken(await ask(path, lock, MANAGER, person="Ben", method="PUT"))
    taken(await ask(path, lock, MANAGER, person="Ann", method="PUT"))
    step = {"action": "release", "by": "Ben", "reasons": "Done"}
    leave = {"who": "Eva", "reason": "Late", "granted_by": "Ben"}
    for below, form, pointer in (("/actions", step, "/by"), ("/exceptions", leave, "/granted_by")):
        assert told(await ask(path + below, form, MANAGER, person="Ann")) == (*NOT_YOURS, pointer)
    own = {**leave, "who": "ANN", "granted_by": "ann@example.org"}
    answer = await ask(f"{path}/exceptions", own, MANAGER, person="Ann")
    assert [each["code"] for each in answer.json()["errors"]] == ["conflict-of-interest"]
    taken(await ask(f"{path}/exceptions", leave, MANAGER, person="Ben"))
    taken(await ask(f"{path}/actions", step, MANAGER))


async def test_an_actual_is_reported_in_one_s_own_name(ask, name):
    path = at("/v1/frameworks", name, "/actuals")
    answer = await ask(path, {**sample.actual("1"), "by": "Ben"}, OFFICER, person="Ann")
    assert told(answer) == (*NOT_YOURS, "/by")
    for number, (person, by) in enumerate((("Ann", "ann"), ("Ann", "ann@example.org"), (None, "Ben"))):
        taken(await ask(path, {**sample.actual(str(number)), "by": by}, OFFICER, person=person))


async def test_leave_of_an_office_is_for_those_who_speak_for_it(ask, name):
    lock = at(LOCKS, name)
    taken(await ask(lock, sample.lock(name, iati_identifier=name), MANAGER, method="PUT"))
    for office in OFFICES:
        leave = {"who": office.lower(), "reason": "Late", "granted_by": "Ben"}
        taken(await ask(f"{lock}/exceptions", leave, MANAGER))
    path = at("/v1/frameworks", name, "/actuals")
    locked = (422, "invalid", "/period")
    for person in ("Ann", None):
        number = "7" if person else "8"
        told_for = {office: {**sample.actual(number), "office": office} for office in OFFICES}
        assert told(await ask(path, told_for["CO-UG"], OFFICER, person=person)) == locked
        taken(await ask(path, told_for["CO-KE"], OFFICER, person=person))
        of_project, form = Grant(role=Role.FIELD_OFFICER, projects={name}), sample.actual(f"{number}7")
        taken(await ask(path, {**form, "office": "CO-KE"}, of_project, person=person))


async def test_who_writes_a_report_is_among_those_who_wrote_it_and_does_not_validate_it(ask, services, name):
    report = at(REPORTS, name)
    content = sample.report(name, name, written_by=["Eva"])
    taken(await ask(report, content, OFFICER, person="Ann", method="PUT"))
    taken(await ask(report, {"rating": "amber"}, MANAGER, person="Ben", method="PATCH"))
    taken(await ask(report, {"rating": "amber"}, MANAGER, person="Cem", method="PATCH"))
    document = (await services[1].get(report)).json()["document"]
    assert document["written_by"] == ["Eva", "Ann", "Ben"]
    for by, person in (("Ann", "Cem"), ("Eva", "Ann")):
        answer = await ask(f"{report}/actions", {"action": "submit", "by": by}, MANAGER, person=person)
        assert told(answer) == (*NOT_YOURS, "/by")
    taken(await ask(f"{report}/actions", {"action": "submit", "by": "Ann"}, OFFICER, person="Ann"))
    for by in ("Ben", "ben@example.org"):
        answer = await ask(f"{report}/actions", {"action": "validate", "by": by}, MANAGER, person="Ben")
        assert [each["code"] for each in answer.json()["errors"]] == ["conflict-of-interest"]
    taken(await ask(f"{report}/actions", {"action": "validate", "by": "Cem"}, MANAGER, person="Cem"))
    framework = (await services[1].get(at("/v1/frameworks", name))).json()["document"]
    actuals = framework["results"][0]["indicators"][0]["periods"][1]["actuals"]
    assert [each["value"]["raw"] for each in actuals] == ["120"]


async def test_naming_somebody_who_has_leave_gives_none(ask, name):
    report, lock = at(REPORTS, name), at(LOCKS, name)
    content = sample.report(name, name, written_by=["Eva"], office=None)
    taken(await ask(report, content, OFFICER, person="Ann", method="PUT"))
    taken(await ask(lock, sample.lock(name, iati_identifier=name), MANAGER, method="PUT"))
    for who, status in (("Eva", 422), ("Ann", 201)):
        leave = {"who": who, "reason": "Late", "granted_by": "Ben"}
        taken(await ask(f"{lock}/exceptions", leave, MANAGER))
        answer = await ask(f"{report}/actions", {"action": "submit", "by": "Ann"}, OFFICER, person="Ann")
        assert answer.status_code == status, answer.text


async def test_an_evaluation_is_moved_and_answered_in_one_s_own_name(ask, name):
    path = at(EVALUATIONS, name)
    taken(await ask(EVALUATIONS, evaluation(name, name), EVALUATOR))
    steps = (("begin", EVALUATOR), ("complete", EVALUATOR), ("respond", OFFICER), ("close", MANAGER))
    follow_up = {"code": "F", "narratives": [{"text": "Do"}], "responsible": "Eva", "due_on": "2030-01-01"}
    for action, grant in steps:
        step = {"action": action, "by": "Ben"}
        if action == "respond":
            answer = {"recommendation": "R1", "decision": "accepted", "by": "Ben"}
            assert told(await ask(f"{path}/responses", answer, grant, person="Ann")) == (*NOT_YOURS, "/by")
            taken(await ask(f"{path}/responses", answer, grant, person="Ben"))
        if action == "close":
            added = {"recommendation": "R1", "follow_up": follow_up}
            taken(await ask(f"{path}/follow-ups", added, OFFICER, person="Ann"))
            drop = {"action": "drop", "by": "Ben", "reasons": "No money"}
            below = f"{path}/follow-ups/F/actions"
            assert told(await ask(below, drop, OFFICER, person="Ann")) == (*NOT_YOURS, "/by")
            taken(await ask(below, drop, OFFICER, person="Ben"))
        assert told(await ask(f"{path}/actions", step, grant, person="Ann")) == (*NOT_YOURS, "/by")
        taken(await ask(f"{path}/actions", step, grant, person="Ben"))
