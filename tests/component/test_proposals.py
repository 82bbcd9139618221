"""Proposals over the wire: the whole path, each refusal, and that what is refused leaves nothing."""

import asyncio
from urllib.parse import quote

import pytest

from services.projects.main import SERVICE
from shared.contracts.ids import proposal_id
from shared.testing import proposals as sample
from shared.testing.documents import ANY
from shared.testing.streams import await_published, published

PATH = "/v1/proposals"
PASSED = ("develop", "submit")


@pytest.fixture(scope="module")
async def projects(clients):
    client = clients["projects"]
    adopted = [
        await client.put("/v1/criteria-sets/evaluability%2F1", json=sample.criteria_set()),
        await client.put(f"/v1/programme-budgets/{sample.BIENNIUM}", json=sample.programme_budget()),
        await client.put(f"/v1/country-programmes/{sample.PROGRAMME}", json=sample.country_programme()),
    ]
    assert {answer.status_code for answer in adopted} == {201}
    return client


@pytest.fixture
def address(identifier):
    return f"{PATH}/{quote(identifier, safe='')}"


@pytest.fixture
async def proposal(projects, identifier):
    assert (await projects.post(PATH, json=sample.proposal(identifier))).status_code == 201
    return identifier


async def act(client, address, action, *, status=201, by="clerk", **members):
    answer = await client.post(f"{address}/actions", json={"action": action, "by": by, **members})
    assert answer.status_code == status, answer.text
    return answer.json()


async def appraise(client, address, person, score="3", *, status=201, **members):
    answer = await client.post(f"{address}/appraisals", json=sample.appraisal(person, score, **members))
    assert answer.status_code == status, answer.text
    return answer.json()


async def submit(client, address, *actions):
    for action in actions or PASSED:
        await act(client, address, action)


async def read(client, address):
    answer = await client.get(address)
    assert answer.status_code == 200
    return answer.json()


def faults(problem):
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


@pytest.mark.usefixtures("proposal")
async def test_the_whole_path(projects, address, identifier, nats):
    await submit(projects, address)
    await appraise(projects, address, "b")
    await appraise(projects, address, "c", "2")
    path = ("pass", "submit-to-donor", "approve", "activate", "suspend", "resume")
    for action in (*path, "close-operations", "close-finances"):
        await act(projects, address, action, reasons="As agreed")
    item = await read(projects, address)
    document = item["document"]
    assert (item["version"], document["state"]) == (13, "financially-closed")
    assert [step["action"] for step in document["history"]][2:4] == ["pass", "submit-to-donor"]
    assert {step["by"] for step in document["history"]} == {"clerk"}
    assert document["history"][2]["criteria"] == {"code": "evaluability", "version": 1}
    (turnaround,) = document["turnaround"]
    assert (turnaround["decision"], turnaround["days"]) == ("passed", 0)
    await await_published(projects)
    events = await published(nats, "projects", proposal_id(identifier))
    assert [event.aggregate_version for event in events] == list(range(1, 14))
    facts = [event.type.removeprefix("projects.proposal.") for event in events]
    assert facts[:3] == ["registered", "developed", "submitted-for-appraisal"]
    assert facts[-3:] == ["activated", "operationally-closed", "financially-closed"]
    assert events[-1].data == document
    assert (events[0].rationale, events[-1].rationale) == (None, "As agreed")


async def test_what_the_service_owns_is_not_taken_from_a_caller(projects, address, identifier):
    forged = {
        "state": "passed",
        "revision": 4,
        "criteria": {"code": "evaluability", "version": 1},
        "written_by": [{"name": "nobody"}],
        "history": [],
    }
    await projects.post(PATH, json=sample.proposal(identifier, **forged))
    first = (await read(projects, address))["document"]
    assert {"state", "revision", "criteria", "history"}.isdisjoint(first)  # at their default: a concept
    assert first["written_by"][0]["name"] == "a.author"
    await act(projects, address, "develop")
    for method, body in (("PUT", sample.proposal(identifier, **forged)), ("PATCH", forged)):
        answer = await projects.request(method, address, json=body)
        assert (answer.status_code, answer.json()["outcome"]) == (200, "unchanged")
    patched = await projects.patch(address, json={"state": "passed", "history": None, "countries": ["UG"]})
    assert patched.json()["version"] == 3
    document = (await read(projects, address))["document"]
    assert (document["state"], len(document["history"]), document["countries"]) == ("draft", 1, ["UG"])


@pytest.mark.usefixtures("proposal")
@pytest.mark.parametrize("path", ["upserts", "upserts?dry_run=true"])
async def test_there_is_no_batch(projects, path, identifier):
    answer = await projects.post(f"{PATH}/{path}", json=sample.proposal(identifier, state="passed"))
    assert answer.status_code == 405


async def nothing_happened(client, address, identifier, nats, before):
    """Check that a proposal stands as it stood, and that nobody heard otherwise."""
    assert await read(client, address) == before
    await await_published(client)
    events = await published(nats, "projects", proposal_id(identifier))
    assert events[-1].aggregate_version == before["version"] == len(events)


@pytest.mark.usefixtures("proposal")
async def test_an_illegal_step_tells_what_is_allowed(projects, address, identifier, nats):
    before = await read(projects, address)
    problem = await act(projects, address, "submit-to-donor", status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["develop", "cancel"])
    problem = await appraise(projects, address, "b", status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["develop", "cancel"])
    missing = await projects.get(f"{PATH}/none")
    assert "allowed" not in missing.json()
    await nothing_happened(projects, address, identifier, nats, before)


@pytest.mark.usefixtures("proposal")
async def test_the_gate_tells_what_is_lacking(projects, address, identifier, nats):
    await projects.patch(address, json={"risks": [], "country_outcomes": [{"programme": "X", "code": "1"}]})
    await submit(projects, address)
    await appraise(projects, address, "b", "1")
    before = await read(projects, address)
    problem = await act(projects, address, "pass", status=409)
    assert problem["code"] == "appraisal-not-passed"
    told = faults(problem)
    assert told[:3] == [
        ("/risks", "risks-missing"),
        ("/country_outcomes/0", "unknown-country-outcome"),
        ("/appraisals", "too-few-appraisers"),
    ]
    assert {code for _, code in told[3:]} == {"required-criterion-unsatisfactory"}
    await nothing_happened(projects, address, identifier, nats, before)


@pytest.mark.usefixtures("proposal")
async def test_nobody_appraises_their_own(projects, address, identifier, nats):
    await submit(projects, address)
    before = await read(projects, address)
    problem = await appraise(projects, address, "A.Author", status=422)
    assert faults(problem) == [("/appraiser/person", "conflict-of-interest")]
    own_unit = {"person": "b", "unit": "employment"}
    problem = await appraise(projects, address, "b", appraiser=own_unit, status=422)
    assert faults(problem) == [("/appraiser/unit", "conflict-of-interest")]
    problem = await act(projects, address, "return", by="a.author", reasons="Mine", status=422)
    assert faults(problem) == [("/by", "conflict-of-interest")]
    await nothing_happened(projects, address, identifier, nats, before)


@pytest.mark.usefixtures("proposal")
async def test_returned_revised_and_passed(projects, address, identifier):
    await submit(projects, address)
    for person in ("b", "c"):
        await appraise(projects, address, person)
    problem = await act(projects, address, "return", status=422)
    assert faults(problem) == [("/reasons", "reasons-missing")]
    await act(projects, address, "return", reasons="The baseline is old")
    content = sample.proposal(identifier, authors=[{"name": "another.author"}])
    assert (await projects.put(address, json=content, headers=ANY)).status_code == 200
    await act(projects, address, "submit")
    problem = await act(projects, address, "pass", status=409)
    assert faults(problem) == [("/appraisals", "too-few-appraisers")]
    problem = await appraise(projects, address, "a.author", status=422)  # who wrote it once
    assert faults(problem) == [("/appraiser/person", "conflict-of-interest")]
    for person in ("b", "c"):
        await appraise(projects, address, person)
    await act(projects, address, "pass")
    document = (await read(projects, address))["document"]
    assert [each["revision"] for each in document["appraisals"]] == [1, 1, 2, 2]
    assert [each["decision"] for each in document["turnaround"]] == ["returned", "passed"]
    assert document["history"][2]["reasons"] == "The baseline is old"


@pytest.mark.usefixtures("proposal")
async def test_content_is_locked_under_appraisal_and_after(projects, address, identifier, nats):
    await submit(projects, address)
    before = await read(projects, address)
    same = await projects.put(address, json=sample.proposal(identifier))
    assert (same.status_code, same.json()["outcome"]) == (200, "unchanged")
    for method, body in (("PUT", sample.proposal(identifier, risks=[])), ("PATCH", {"risks": []})):
        answer = await projects.request(method, address, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "content-locked")
    await nothing_happened(projects, address, identifier, nats, before)


@pytest.mark.usefixtures("proposal")
async def test_the_checks_can_be_looked_at_while_it_is_written(projects, address):
    whole = (await projects.get(f"{address}/checks")).json()
    assert (whole["holds"], whole["faults"], whole["allowed"]) == (True, [], ["develop", "cancel"])
    assert whole["criteria"] == {"code": "evaluability", "version": 1}
    await projects.patch(address, json={"markers": {"gender": None}})
    told = (await projects.get(f"{address}/checks")).json()
    assert (told["version"], told["holds"]) == (2, False)
    assert faults({"errors": told["faults"]}) == [("/markers/gender", "marker-missing")]


@pytest.mark.usefixtures("proposal")
@pytest.mark.parametrize(
    ("form", "pointer", "code"),
    [
        ({"action": "promote", "by": "clerk"}, "/action", "literal-error"),
        ({"action": "develop"}, "/by", "missing"),
        ({"action": "develop", "by": "clerk", "state": "passed"}, "/state", "extra-forbidden"),
        ({"action": "cancel", "by": "clerk", "reasons": "  "}, "/reasons", "string-too-short"),
        ({"action": "cancel", "by": "clerk"}, "/reasons", "reasons-missing"),
    ],
)
async def test_a_step_that_is_told_badly_is_refused(projects, address, form, pointer, code):
    answer = await projects.post(f"{address}/actions", json=form)
    assert answer.status_code == 422
    assert faults(answer.json()) == [(pointer, code)]
    assert (await read(projects, address))["version"] == 1


@pytest.mark.usefixtures("proposal")
async def test_conditions_hold_for_every_write(projects, address):
    stale = {"If-Match": '"7"'}
    calls = [
        ("PUT", address, (await read(projects, address))["document"]),
        ("PATCH", address, {"countries": ["UG"]}),
        ("POST", f"{address}/actions", {"action": "develop", "by": "clerk"}),
    ]
    for method, path, body in calls:
        answer = await projects.request(method, path, json=body, headers=stale)
        assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")
    absent = f"{PATH}/XM-TEST-ABSENT"
    for path, body in (("actions", calls[2][2]), ("appraisals", sample.appraisal("b"))):
        assert (await projects.post(f"{absent}/{path}", json=body)).status_code == 404
    created = await projects.put(absent, json=sample.proposal("XM-TEST-ABSENT"), headers=stale)
    assert created.status_code == 412
    assert (await projects.get(f"{absent}/checks")).status_code == 404


@pytest.mark.usefixtures("proposal")
async def test_of_two_steps_at_once_one_is_taken(projects, address):
    await submit(projects, address)
    for person in ("b", "c"):
        await appraise(projects, address, person)
    form = {"by": "clerk", "reasons": "As agreed"}
    answers = await asyncio.gather(
        *(
            projects.post(f"{address}/actions", json={"action": action, **form})
            for action in ("pass", "reject", "pass", "reject")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    document = (await read(projects, address))["document"]
    assert len(document["history"]) == 3
    assert document["history"][-1]["to_state"] == document["state"]


async def test_a_list_is_filtered_by_state_and_country(projects, identifier):
    for number, country in enumerate(["AA", "AA", "BB"]):
        await projects.post(PATH, json=sample.proposal(f"{identifier}-{number}", countries=[country]))
    await act(projects, f"{PATH}/{identifier}-1", "develop")
    listed = await projects.get(PATH, params={"country": "AA", "state": "draft"})
    assert [item["identifier"] for item in listed.json()["items"]] == [f"{identifier}-1"]
    assert (await projects.get(PATH, params={"state": "asleep"})).status_code == 400


async def test_identifiers_with_slashes_are_found(projects, identifier):
    odd = f"{identifier}/actions/appraisals"
    address = f"{PATH}/{quote(odd, safe='')}"
    assert (await projects.put(address, json=sample.proposal(odd))).status_code == 201
    assert (await act(projects, address, "develop"))["identifier"] == odd
    assert (await projects.get(f"{address}/checks")).json()["identifier"] == odd
    unreadable = await projects.post(PATH, json=sample.proposal(f"{odd}/checks"))
    assert faults(unreadable.json()) == [("/identifier", "reserved-identifier")]


async def test_content_that_could_never_be_meant_is_refused(projects, address, identifier):
    body = sample.proposal(identifier, amount={"amount": "-1", "currency": "ZZZ"})
    answer = await projects.post(PATH, json=body)
    assert answer.status_code == 422
    assert faults(answer.json()) == [
        ("/amount/currency", "unknown-currency"),
        ("/amount/amount", "negative-budget"),
    ]
    assert (await projects.get(address)).status_code == 404


@pytest.mark.usefixtures("projects")
class TestCriteria:
    PATH = "/v1/criteria-sets/evaluability%2F1"

    async def test_a_version_is_for_good(self, projects):
        same = await projects.put(self.PATH, json=sample.criteria_set())
        assert (same.status_code, same.json()["outcome"]) == (200, "unchanged")
        lenient = sample.criteria_set(
            thresholds=[{"from_amount": "0", "appraisers": 1, "weighted_score": "0"}]
        )
        answer = await projects.put(self.PATH, json=lenient)
        assert (answer.status_code, answer.json()["code"]) == (409, "version-for-good")
        assert (await projects.post("/v1/criteria-sets", json=lenient)).json()["code"] == "already-exists"
        assert (await projects.patch(self.PATH, json={"monitoring_share": "0"})).status_code == 405
        assert (await projects.post("/v1/criteria-sets/upserts", json=lenient)).status_code == 405
        assert (await read(projects, self.PATH))["version"] == 1

    @pytest.mark.parametrize(
        ("members", "pointer", "code"),
        [
            (
                {"thresholds": [{"from_amount": "1", "appraisers": 1, "weighted_score": "1"}]},
                "/thresholds",
                "thresholds-from-zero",
            ),
            (
                {"thresholds": [{"from_amount": "0", "appraisers": 1, "weighted_score": "3.1"}]},
                "/thresholds",
                "score-out-of-reach",
            ),
            (
                {"thresholds": [{"from_amount": "0", "appraisers": 0, "weighted_score": "1"}]},
                "/thresholds/0/appraisers",
                "greater-than-equal",
            ),
            ({"code": "a/b"}, "/code", "slash-in-code"),
            ({"criteria": sample.criteria_set()["criteria"][:1] * 2}, "/criteria", "duplicate-code"),
        ],
    )
    async def test_criteria_that_could_not_work_are_refused(self, projects, members, pointer, code):
        answer = await projects.post("/v1/criteria-sets", json=sample.criteria_set(version=99, **members))
        assert answer.status_code == 422
        assert faults(answer.json())[0] == (pointer, code)

    async def test_the_version_in_force_is_the_newest_and_stays_with_the_revision(
        self, projects, address, identifier
    ):
        await projects.post(PATH, json=sample.proposal(identifier))
        await submit(projects, address)
        newer = sample.criteria_set(version=2, valid_from="2021-01-01")
        for version in (newer, sample.criteria_set(version=3, valid_from="2999-01-01")):
            assert (await projects.post("/v1/criteria-sets", json=version)).status_code == 201
        await appraise(projects, address, "b")
        await act(projects, address, "return", reasons="See the comments")
        await act(projects, address, "submit")
        document = (await read(projects, address))["document"]
        assert document["criteria"] == {"code": "evaluability", "version": 2}
        assert document["appraisals"][0]["criteria"]["version"] == 1
        listed = await projects.get("/v1/criteria-sets", params={"code": "evaluability"})
        assert len(listed.json()["items"]) == 3

    async def test_of_several_sets_one_is_named(self, projects, address, identifier):
        other = sample.criteria_set(code="small-projects")
        assert (await projects.post("/v1/criteria-sets", json=other)).status_code == 201
        await projects.post(PATH, json=sample.proposal(identifier))
        await act(projects, address, "develop")
        for named in ({}, {"criteria": "none"}):
            problem = await act(projects, address, "submit", status=422, **named)
            assert faults(problem) == [("/criteria", "unknown-criteria")]
        await act(projects, address, "submit", criteria="small-projects")
        document = (await read(projects, address))["document"]
        assert document["criteria"] == {"code": "small-projects", "version": 1}


async def test_nothing_is_submitted_without_criteria(serve, identifier, address):
    async with serve(SERVICE) as client:
        await client.post(PATH, json=sample.proposal(identifier))
        await act(client, address, "develop")
        problem = await act(client, address, "submit", status=409)
        assert problem["code"] == "no-criteria-in-force"
        assert (await client.get(f"{address}/checks")).json()["criteria"] is None
