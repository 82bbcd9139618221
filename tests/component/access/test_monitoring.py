"""Who sees and does what with results, reports, locks and what is learned, by role and place."""

from dataclasses import dataclass
from urllib.parse import quote

import pytest

from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.policy.grants import Grant, Role
from shared.policy.table import FIELDS
from shared.testing import monitoring as sample
from tests.component.access.monitored import activity, evaluation, known, training

OURS, THEIRS = "XM-DAC-1", "XM-DAC-2"
KE, UG, DRAFT = "XM-KE-1", "XM-UG-1", "XM-KE-2"
OFFICES = {"CO-KE": "KE", "CO-UG": "UG"}

WHO = {
    "public": None,
    "donor": Grant(role=Role.PARTNER, organisations={OURS}),
    "other donor": Grant(role=Role.PARTNER, organisations={THEIRS}),
    "Nairobi": Grant(role=Role.FIELD_OFFICER, countries={"KE"}),
    "Kampala": Grant(role=Role.FIELD_OFFICER, countries={"UG"}),
    "project": Grant(role=Role.FIELD_OFFICER, projects={KE}),
    "evaluator": Grant(role=Role.EVALUATOR),
    "operator": Grant(role=Role.OPERATOR),
}
MANAGER = Grant(role=Role.PROGRAMME_MANAGER)
OFFICER = WHO["Nairobi"]

EVERYBODY = dict.fromkeys(WHO, 200)
OF_DRAFT = {**dict.fromkeys(WHO, 404), "donor": 200, "Nairobi": 200, "evaluator": 200}
OF_STAFF = {**dict.fromkeys(WHO, 404), "Nairobi": 200, "project": 200, "evaluator": 200}
OF_STAFF_OF_DRAFT = {**OF_STAFF, "project": 404}
REFUSED = {"public": 401, "donor": 403, "other donor": 403, "operator": 403}
READS = {
    "/v1/frameworks": (EVERYBODY, OF_DRAFT),
    "/v1/contributions": (EVERYBODY, OF_DRAFT),
    "/v1/trainings": (EVERYBODY, OF_DRAFT),
    "/v1/publications": (EVERYBODY, OF_DRAFT),
    "/v1/reports": (OF_STAFF, OF_STAFF_OF_DRAFT),
    "/v1/evaluations": (OF_STAFF, OF_STAFF_OF_DRAFT),
    "/v1/period-locks": ({**OF_STAFF, **REFUSED}, {**OF_STAFF_OF_DRAFT, **REFUSED}),
}


@dataclass
class Asker:
    """Asks monitoring as whom a test wants."""

    client: object
    issuer: object

    async def __call__(self, method, path, who, *, person=None, **asked):
        claims = {"subject": person, "client": "app", "name": f"{person} (name)"} if person else {}
        headers = self.issuer.bearer(who, **claims) if who else {}
        return await self.client.request(method, path, headers=headers, **asked)


@pytest.fixture(scope="module")
async def ask(serve, issuer):
    async with serve(PROJECTS) as projects, serve(MONITORING) as client:
        places = [
            activity(KE, "KE", OURS),
            activity(UG, "UG", THEIRS),
            activity(DRAFT, "KE", OURS, status="1"),
        ]
        for office, country in OFFICES.items():
            content = {"code": office, "names": [{"text": office}], "kind": "country-office"}
            answer = await projects.post("/v1/field-offices", json={**content, "countries": [country]})
            assert answer.status_code == 201, answer.text
        await known(projects, client, places)
        for name in (KE, UG, DRAFT):
            await store(client, name)
        del client.headers["authorization"]
        yield Asker(client, issuer)


async def store(client, name):
    documents = {
        "/v1/frameworks": sample.framework(name),
        "/v1/contributions": {"iati_identifier": name},
        "/v1/trainings": training(name, activities=[name]),
        "/v1/publications": publication(name, activities=[name]),
        "/v1/reports": sample.report(name, name, actuals=[]),
        "/v1/evaluations": evaluation(name, name),
        "/v1/period-locks": lock(name, iati_identifier=name),
    }
    for path, document in documents.items():
        answer = await client.post(path, json=document)
        assert answer.status_code == 201, answer.text


def publication(identifier, **members):
    told = {"identifier": identifier, "titles": [{"text": "Guide"}], "languages": ["en"]}
    return {**told, "published_on": "2026-05-04", **members}


def lock(identifier, **members):
    return sample.lock(identifier, period_start="1999-01-01", period_end="1999-12-31", **members)


def at(path, name, below=""):
    return f"{path}/{quote(name, safe='')}{below}"


def told(answer):
    problem = answer.json()
    pointers = [each["pointer"] for each in problem.get("errors") or ()]
    return answer.status_code, problem["code"], *pointers


OUTSIDE = (403, "outside-scope")


@pytest.mark.parametrize("path", READS)
async def test_a_document_is_read_where_it_was_published_or_a_grant_holds(ask, path):
    for name, expected in zip((KE, DRAFT), READS[path], strict=True):
        found = {who: (await ask("GET", at(path, name), grant)).status_code for who, grant in WHO.items()}
        assert found == expected, name


@pytest.mark.parametrize("path", READS)
async def test_a_list_has_what_may_be_read(ask, path):
    for who, grant in WHO.items():
        page = await ask("GET", path, grant)
        expected = READS[path][0][who]
        assert page.status_code == (expected if expected in (401, 403) else 200)
        for name, statuses in zip((KE, DRAFT), READS[path], strict=True):
            listed = [item["identifier"] for item in page.json().get("items", ())]
            assert (name in listed) == (statuses[who] == 200), (who, name)


async def test_what_belongs_to_no_project_is_the_office_s(ask):
    for path, document in (
        ("/v1/period-locks", lock("L-office")),
        ("/v1/trainings", training("T-office")),
        ("/v1/publications", publication("P-office")),
    ):
        assert told(await ask("POST", path, OFFICER, json=document))[:2] in (OUTSIDE, (403, "forbidden"))
        local = Grant(role=Role.PROGRAMME_MANAGER, countries={"KE"})
        assert told(await ask("POST", path, local, json=document)) == OUTSIDE
        assert (await ask("POST", path, MANAGER, json=document)).status_code == 201
    assert (await ask("GET", at("/v1/period-locks", "L-office"), OFFICER)).status_code == 404
    step = {"action": "release", "by": "b", "reasons": "Done"}
    answer = await ask("POST", at("/v1/period-locks", "L-office", "/actions"), local, json=step)
    assert answer.status_code == 404


WRITES = {
    "/v1/frameworks": {"results": []},
    "/v1/contributions": {"links": []},
    "/v1/trainings": {"mode": "online"},
    "/v1/publications": {"kind": "guide"},
    "/v1/reports": {"rating": "red"},
}


@pytest.mark.parametrize("path", WRITES)
async def test_a_document_is_changed_within_the_grants(ask, path):
    assert (await ask("PATCH", at(path, UG), WHO["Kampala"], json=WRITES[path])).status_code == 200
    for name in (KE, DRAFT):
        answer = await ask("PATCH", at(path, name), WHO["Kampala"], json=WRITES[path])
        is_seen = READS[path][name == DRAFT]["Kampala"] == 200
        assert told(answer) == (OUTSIDE if is_seen else (404, "not-found"))
        document = (await ask("GET", at(path, name), MANAGER)).json()["document"]
        assert told(await ask("PUT", at(path, name), WHO["Kampala"], json=document)) == told(answer)
    assert told(await ask("PATCH", at(path, UG), None, json={})) == (401, "token-missing")
    for who in ("donor", "evaluator", "operator"):
        assert told(await ask("PATCH", at(path, UG), WHO[who], json={})) == (403, "forbidden")


@pytest.mark.parametrize("path", ["/v1/frameworks", "/v1/contributions", "/v1/trainings", "/v1/publications"])
async def test_files_are_published_for_the_office_as_a_whole(ask, path):
    for who in (OFFICER, Grant(role=Role.PROGRAMME_MANAGER, countries={"KE"})):
        assert told(await ask("POST", f"{path}/upserts", who, content=b"")) == (403, "forbidden")
    assert (await ask("POST", f"{path}/upserts", MANAGER, content=b"")).status_code == 200


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/v1/reports", {"iati_identifier": KE}),
        ("/v1/reports", {"iati_identifier": "XM-nobody-knows"}),
        ("/v1/trainings", {"activities": [KE]}),
        ("/v1/trainings", {"activities": []}),
        ("/v1/publications", {"activities": [KE]}),
    ],
)
async def test_nothing_is_moved_to_where_no_grant_holds(ask, path, change):
    answer = await ask("PATCH", at(path, UG), WHO["Kampala"], json=change)
    assert told(answer) == OUTSIDE


ACTS = [
    (f"/v1/frameworks/{DRAFT}/actuals", sample.actual("3")),
    *((f"/v1/reports/{DRAFT}/actions", {"action": each, "by": "b"}) for each in ("submit", "publish")),
    *((f"/v1/evaluations/{DRAFT}/actions", {"action": each, "by": "b"}) for each in ("respond", "close")),
    (f"/v1/evaluations/{DRAFT}/responses", {"recommendation": "R1", "decision": "rejected", "by": "b"}),
    (
        f"/v1/evaluations/{DRAFT}/follow-ups",
        {
            "recommendation": "R1",
            "follow_up": {
                "code": "F",
                "narratives": [{"text": "Do"}],
                "responsible": "p",
                "due_on": "2030-01-01",
            },
        },
    ),
    (f"/v1/evaluations/{DRAFT}/follow-ups/F/actions", {"action": "start", "by": "b"}),
    (f"/v1/period-locks/{DRAFT}/actions", {"action": "lock", "by": "b"}),
    (f"/v1/period-locks/{DRAFT}/exceptions", {"who": "a", "reason": "Late", "granted_by": "a"}),
]


@pytest.mark.parametrize(("path", "form"), ACTS, ids=[f"{path} {form.get('action')}" for path, form in ACTS])
async def test_nothing_is_told_by_commands_of_what_may_not_be_seen(ask, path, form):
    everything = Role.PROGRAMME_MANAGER, Role.EVALUATOR
    who = [Grant(role=role, countries={"UG"}) for role in everything]
    headers = ask.issuer.bearer(*who)
    answers = [
        await ask.client.post(each, json=form, headers={**headers, "If-Match": '"77"'})
        for each in (path, path.replace(DRAFT, "XM-none"))
    ]
    hidden, absent = (answer.json() for answer in answers)
    assert (hidden["status"], hidden["code"]) == (404, "not-found")
    assert hidden["detail"].replace(DRAFT, "XM-none") == absent["detail"]


async def test_steps_are_taken_by_those_who_have_them(ask):
    report = at("/v1/reports", KE, "/actions")
    for action in ("return", "validate", "publish"):
        answer = await ask("POST", report, OFFICER, json={"action": action, "by": "b", "reasons": "So"})
        assert told(answer) == (403, "step-forbidden")
    for who in ("donor", "evaluator"):
        answer = await ask("POST", report, WHO[who], json={"action": "submit", "by": "b"})
        assert told(answer) == (403, "forbidden")
    steps = at("/v1/evaluations", KE, "/actions")
    for who, actions in (
        (WHO["evaluator"], ["respond"]),
        (OFFICER, ["begin", "complete", "close", "cancel"]),
    ):
        for action in actions:
            answer = await ask("POST", steps, who, json={"action": action, "by": "b", "reasons": "So"})
            assert told(answer) == (403, "step-forbidden"), action
    answer = await ask("POST", at("/v1/evaluations", KE, "/responses"), WHO["evaluator"], json={})
    assert told(answer) == (403, "forbidden")
    answer = await ask("POST", at("/v1/period-locks", KE, "/actions"), OFFICER, json={})
    assert told(answer) == (403, "forbidden")


async def test_locks_in_force_are_told_where_a_grant_holds_for_the_activity(ask):
    await ask("PUT", at("/v1/period-locks", "L-all"), MANAGER, json=lock("L-all"))
    asked = {"start": "1999-05-01", "end": "1999-06-01"}
    told_to = {"Nairobi": 200, "project": 200, "evaluator": 200, "Kampala": 404, **REFUSED}
    for who, grant in WHO.items():
        answer = await ask("GET", "/v1/period-locks/in-force", grant, params={"iati_identifier": KE, **asked})
        assert answer.status_code == told_to[who], who
        if answer.status_code == 200:
            assert {each["identifier"] for each in answer.json()["locks"]} >= {KE, "L-all"}
    unknown = {"iati_identifier": "XM-none"}
    answers = [
        await ask("GET", "/v1/period-locks/in-force", who, params=unknown) for who in (OFFICER, MANAGER)
    ]
    assert [answer.status_code for answer in answers] == [404, 200]


async def test_no_list_is_filtered_by_what_only_some_may_see(ask):
    paths = ask.client.app.openapi()["paths"]
    for resource, path in (("report", "/v1/reports"), ("evaluation", "/v1/evaluations")):
        asked = {each["name"] for each in paths[path]["get"]["parameters"]}
        assert asked
        assert not asked & {each.member.split(".")[-1] for each in FIELDS if each.resource == resource}
