"""Progress reports and locks over the wire: what is validated reaches the framework, and what is locked does not."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from services.monitoring.main import SERVICE as MONITORING
from shared.contracts.ids import activity_id, report_id
from shared.testing import monitoring as sample
from shared.testing.documents import ACTIVITY, ANY, FRAMEWORK
from shared.testing.streams import await_published, published

REPORTS, LOCKS = "/v1/reports", "/v1/period-locks"


def soon(**ahead):
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


@pytest.fixture
def monitoring(clients):
    return clients["monitoring"]


@pytest.fixture
async def framework(monitoring, identifier):
    answer = await monitoring.post(FRAMEWORK.path, json=sample.framework(identifier))
    assert answer.status_code == 201
    return FRAMEWORK.address(identifier)


@pytest.fixture
def name(identifier):
    return f"R/{identifier}"


@pytest.fixture
def address(name):
    return f"{REPORTS}/{quote(name, safe='')}"


@pytest.fixture
async def report(monitoring, framework, identifier, name):  # noqa: ARG001
    answer = await monitoring.post(REPORTS, json=sample.report(name, identifier))
    assert answer.status_code == 201, answer.text
    return name


@pytest.fixture
async def lock(monitoring, identifier):
    answer = await monitoring.post(LOCKS, json=sample.lock(f"L/{identifier}", iati_identifier=identifier))
    assert answer.status_code == 201, answer.text
    return f"{LOCKS}/{quote(f'L/{identifier}', safe='')}"


async def act(client, address, action, *, status=201, by="b.officer", **members):
    answer = await client.post(f"{address}/actions", json={"action": action, "by": by, **members})
    assert answer.status_code == status, answer.text
    return answer.json()


async def read(client, address):
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def faults(problem):
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


async def actuals(client, framework, indicator=0):
    item = await read(client, framework)
    periods = item["document"]["results"][0]["indicators"][indicator]["periods"]
    return [[each["value"]["raw"] for each in period.get("actuals", [])] for period in periods]


@pytest.mark.usefixtures("report")
async def test_returned_corrected_validated_and_published(
    monitoring, framework, address, name, identifier, nats
):
    await act(monitoring, address, "submit", by="a.author")
    assert await actuals(monitoring, framework) == [[], []]
    problem = await act(monitoring, address, "return", status=422)
    assert faults(problem) == [("/reasons", "reasons-missing")]
    await act(monitoring, address, "return", reasons="Count the second course too")
    content = sample.report(
        name,
        identifier,
        written_by=["c.colleague"],
        actuals=[
            sample.actual("145"),
            sample.actual("20", of_period=2, dimensions=[{"name": "sex", "value": "female"}]),
            {"result": 1, "indicator": 2, "period": 2, "actual": {"numerator": "15", "denominator": "50"}},
        ],
    )
    assert (await monitoring.put(address, json=content, headers=ANY)).status_code == 200
    await act(monitoring, address, "submit", by="a.author")
    for author in ("A.Author ", "c.colleague"):
        problem = await act(monitoring, address, "validate", by=author, status=422)
        assert faults(problem) == [("/by", "conflict-of-interest")]
    assert await actuals(monitoring, framework) == [[], []]
    await act(monitoring, address, "validate")
    assert await actuals(monitoring, framework) == [[], ["145", "20"]]
    assert await actuals(monitoring, framework, 1) == [[], ["30"]]
    await act(monitoring, address, "publish")
    document = (await read(monitoring, address))["document"]
    assert (document["state"], document["written_by"]) == ("published", ["a.author", "c.colleague"])
    steps = [step["action"] for step in document["history"]]
    assert steps == ["submit", "return", "submit", "validate", "publish"]
    assert document["history"][1]["reasons"] == "Count the second course too"
    await await_published(monitoring)
    events = await published(nats, "monitoring", activity_id(identifier))
    assert [event.aggregate_version for event in events] == [1, 2]
    assert events[1].rationale == f"Report {name}, validated by b.officer"
    events = await published(nats, "monitoring", report_id(name))
    told = ["drafted", "submitted", "returned", "revised", "submitted", "validated", "published"]
    assert [event.type.rsplit(".", 1)[1] for event in events] == told
    assert events[-1].data == document


@pytest.mark.usefixtures("report")
async def test_an_illegal_step_tells_what_is_allowed_and_content_is_locked(monitoring, address):
    for action in ("validate", "return", "publish"):
        problem = await act(monitoring, address, action, reasons="So it is", status=409)
        assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["submit"])
    await act(monitoring, address, "submit")
    answer = await monitoring.patch(address, json={"rating": "red"})
    assert (answer.status_code, answer.json()["code"]) == (409, "content-locked")
    answer = await monitoring.patch(address, json={"state": "published", "history": None})
    assert answer.json()["outcome"] == "unchanged"
    answer = await monitoring.post(
        f"{address}/actions", json={"action": "validate", "by": "x"}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")


@pytest.mark.usefixtures("framework")
async def test_a_report_is_submitted_when_it_lacks_nothing_and_fits(monitoring, address, name, identifier):
    odd = [
        sample.actual(indicator=9),
        sample.actual(value={"raw": "many", "reading": "unreadable"}),
        sample.actual(of_period=1),
        {"result": 1, "indicator": 2, "period": 2, "actual": sample.value("30")},
        {"result": 1, "indicator": 3, "period": 2, "actual": sample.value("4")},
    ]
    bare = {"narratives": [], "rating": None, "written_by": [], "actuals": odd}
    draft = {
        key: value for key, value in sample.report(name, identifier, **bare).items() if value is not None
    }
    assert (await monitoring.post(REPORTS, json=draft)).status_code == 201
    problem = await act(monitoring, address, "submit", status=422)
    assert faults(problem) == [
        ("/narratives", "narrative-missing"),
        ("/rating", "rating-missing"),
        ("/written_by", "authors-missing"),
        ("/actuals/0/indicator", "unknown-ordinal"),
        ("/actuals/1/actual/value/raw", "not-a-number"),
        ("/actuals/2/period", "actual-outside-period"),
        ("/actuals/3/actual/denominator", "percentage-without-denominator"),
        ("/actuals/4/actual/value", "qualitative-value"),
    ]
    assert (await read(monitoring, address))["version"] == 1


async def test_there_is_one_report_of_an_activity_and_period(monitoring, report, identifier):
    other = sample.report(f"{report}/2", identifier)
    answer = await monitoring.post(REPORTS, json=other)
    assert (answer.status_code, faults(answer.json())) == (422, [("/period_start", "duplicate-report")])
    assert (await monitoring.post(REPORTS, json={**other, "period_end": "2025-06-30"})).status_code == 201
    moved = await monitoring.patch(
        f"{REPORTS}/{quote(f'{report}/2', safe='')}", json={"period_end": "2025-12-31"}
    )
    assert faults(moved.json()) == [("/period_start", "duplicate-report")]
    assert (await monitoring.post(f"{REPORTS}/upserts", json=other)).status_code == 405


async def test_of_two_reports_at_once_one_is_there(monitoring, identifier):
    answers = await asyncio.gather(
        *(
            monitoring.post(REPORTS, json=sample.report(f"R/{identifier}/{number}", identifier))
            for number in range(4)
        )
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 201
    assert set(codes[1:]) <= {409, 422}


async def test_of_two_who_validate_one_does(monitoring, report, framework, address):
    assert report
    await act(monitoring, address, "submit")
    body = {"action": "validate", "by": "b.officer"}
    answers = await asyncio.gather(*(monitoring.post(f"{address}/actions", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert (await read(monitoring, framework))["version"] == 2


async def test_faults_of_content_are_told_of_a_draft(monitoring, framework, name, identifier):  # noqa: ARG001
    content = sample.report(
        name,
        identifier,
        period_end="2024-12-31",
        actuals=[sample.actual(), sample.actual("7", documents=[{"url": "ftp://files/list.pdf"}])],
        documents=[{"url": "https://example.org/report.pdf"}, {"url": "report.pdf"}, {"url": "http://["}],
    )
    answer = await monitoring.post(REPORTS, json=content)
    assert faults(answer.json()) == [
        ("/period_end", "period-ends-before-start"),
        ("/actuals/1", "duplicate-actual"),
        ("/actuals/1/actual/documents/0/url", "invalid-url"),
        ("/documents/1/url", "invalid-url"),
        ("/documents/2/url", "invalid-url"),
    ]


async def test_lists_find_what_is_due(clients, monitoring, report, address, name, identifier):
    assert report
    ahead = sample.report(f"{name}/2", identifier, period_start="2026-01-01", period_end="2026-06-30")
    assert (await monitoring.post(REPORTS, json={**ahead, "due_on": "2999-01-01"})).status_code == 201
    own = f"activity={identifier}"

    async def found(query):
        answer = await monitoring.get(f"{REPORTS}?{own}&{query}")
        assert answer.status_code == 200, answer.text
        return [item["identifier"] for item in answer.json()["items"]]

    assert await found("") == [name, f"{name}/2"]
    assert await found("overdue=true") == [name]
    assert await found("overdue=false") == [f"{name}/2"]
    assert await found("due_before=2026-02-28") == []
    assert await found("due_before=2026-03-01&office=CO-Nairobi&state=draft") == [name]
    await act(monitoring, address, "submit")
    assert await found("overdue=true") == []
    assert await found("state=submitted") == [name]
    document = ACTIVITY.document(identifier, recipient_countries=[{"code": "KE"}])
    await clients["projects"].post(ACTIVITY.path, json=document)
    async with asyncio.timeout(20):
        while await found("country=KE") != [name, f"{name}/2"]:
            await asyncio.sleep(0.05)
    assert await found("country=UG") == []


async def test_a_lock_holds_on_every_way_to_write_an_actual(monitoring, report, framework, address, lock):
    assert report
    assert lock
    refused = [("/period", "period-locked")]
    answer = await monitoring.post(f"{framework}/actuals", json=sample.actual("1"))
    assert (answer.status_code, faults(answer.json())) == (422, refused)
    assert "with the printer" in answer.json()["errors"][0]["detail"]
    problem = await act(monitoring, address, "submit", status=422)
    assert faults(problem) == [("/actuals/0", "period-locked")]
    answer = await monitoring.post(f"{framework}/actuals", json=sample.actual("1", of_period=1))
    assert answer.status_code == 201
    document = (await read(monitoring, framework))["document"]
    periods = document["results"][0]["indicators"][0]["periods"]
    periods[1]["actuals"] = [sample.value("1")]
    for method in ("PUT", "PATCH"):
        answer = await monitoring.request(method, framework, json=document)
        at = "/results/0/indicators/0/periods/1/actuals"
        assert (answer.status_code, faults(answer.json())) == (422, [(at, "period-locked")])
    periods[1].pop("actuals")
    document["results"][0]["titles"] = [{"text": "Skills and jobs"}]
    assert (await monitoring.put(framework, json=document, headers=ANY)).status_code == 200
    published_file = sample.framework(document["iati_identifier"])
    answer = await monitoring.post(f"{FRAMEWORK.path}/upserts", json=published_file)
    assert answer.json()["outcome"] == "changed"


async def test_what_is_there_can_neither_be_changed_nor_taken_away(monitoring, framework, identifier):
    assert (await monitoring.post(f"{framework}/actuals", json=sample.actual("8"))).status_code == 201
    await monitoring.post(LOCKS, json=sample.lock(f"L/{identifier}", iati_identifier=identifier))
    assert (await monitoring.post(f"{framework}/actuals", json=sample.actual("8"))).status_code == 201
    document = (await read(monitoring, framework))["document"]
    indicators = document["results"][0]["indicators"]
    for results in ([], [{**document["results"][0], "indicators": indicators[1:]}]):
        answer = await monitoring.put(framework, json={**document, "results": results})
        assert [code for _, code in faults(answer.json())] == ["period-locked"]
    other = {"type": "2", "titles": [{"text": "Jobs"}]}
    moved = {**document, "results": [other, *document["results"]]}
    answer = await monitoring.put(framework, json=moved, headers=ANY)
    assert answer.status_code == 200


@pytest.mark.parametrize("who", ["a.author", "co-nairobi"])
async def test_an_exception_lets_its_person_or_office_through(
    monitoring, report, framework, address, lock, who
):
    assert report
    leave = {"who": who, "until": soon(days=3), "reason": "Late figures", "granted_by": "c.chief"}
    assert (await monitoring.post(f"{lock}/exceptions", json=leave)).status_code == 201
    answer = await monitoring.post(f"{framework}/actuals", json=sample.actual("1"))
    assert answer.status_code == 422
    told = {**sample.actual("1"), "by": "a.author", "office": "CO-Nairobi"}
    assert (await monitoring.post(f"{framework}/actuals", json=told)).status_code == 201
    await act(monitoring, address, "submit")
    await act(monitoring, address, "validate")
    assert await actuals(monitoring, framework) == [[], ["120"]]


async def test_a_period_locked_after_submission_refuses_validation(monitoring, report, framework, address):
    assert report
    await act(monitoring, address, "submit")
    name = f"L/all/{report}"
    await monitoring.post(LOCKS, json=sample.lock(name))
    locked = f"{LOCKS}/{quote(name, safe='')}"
    problem = await act(monitoring, address, "validate", status=422)
    assert faults(problem) == [("/actuals/0", "period-locked")]
    assert (await read(monitoring, framework))["version"] == 1
    await act(monitoring, locked, "release", reasons="It is printed")
    await act(monitoring, address, "validate")


async def test_a_lock_is_released_and_locked_again_but_never_changed(monitoring, lock, identifier):
    content = sample.lock(f"L/{identifier}", iati_identifier=identifier)
    answer = await monitoring.put(lock, json={**content, "state": "released"})
    assert answer.json()["outcome"] == "unchanged"
    answer = await monitoring.put(lock, json={**content, "period_end": "2026-12-31"})
    assert (answer.status_code, answer.json()["code"]) == (409, "content-locked")
    problem = await act(monitoring, lock, "release", status=422)
    assert faults(problem) == [("/reasons", "reasons-missing")]
    problem = await act(monitoring, lock, "lock", reasons="Again", status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["release"])
    await act(monitoring, lock, "release", reasons="An error was found")
    leave = {"who": "a", "until": soon(days=1), "reason": "Late figures", "granted_by": "c.chief"}
    answer = await monitoring.post(f"{lock}/exceptions", json=leave)
    assert (answer.status_code, answer.json()["allowed"]) == (409, ["lock"])
    await act(monitoring, lock, "lock", reasons="It is mended")
    for wrong, pointer, code in (
        ({"until": soon(days=-1)}, "/until", "exception-over"),
        ({"until": soon(days=91)}, "/until", "exception-too-long"),
        ({"granted_by": "A"}, "/granted_by", "conflict-of-interest"),
    ):
        answer = await monitoring.post(f"{lock}/exceptions", json={**leave, **wrong})
        assert (answer.status_code, faults(answer.json())) == (422, [(pointer, code)])
    answer = await monitoring.post(LOCKS, json={**content, "identifier": "L", "period_end": "2024-01-01"})
    assert faults(answer.json()) == [("/period_end", "period-ends-before-start")]


async def test_it_is_told_what_is_locked_and_why(monitoring, lock, identifier):
    leave = {"who": "a.author", "until": soon(days=1), "reason": "Late figures", "granted_by": "c.chief"}
    await monitoring.post(f"{lock}/exceptions", json=leave)
    asked = {"iati_identifier": identifier, "start": "2025-06-01", "end": "2026-05-31"}
    told = (await monitoring.get(f"{LOCKS}/in-force", params=asked)).json()
    assert told["locked"]
    (held,) = [each for each in told["locks"] if each["iati_identifier"] == identifier]
    assert (held["reason"], held["locked_by"]) == ("The annual report is with the printer", "PROGRAM")
    assert [each["who"] for each in held["exceptions"]] == ["a.author"]
    later = {**asked, "start": "2026-01-01"}
    told = (await monitoring.get(f"{LOCKS}/in-force", params=later)).json()
    assert (told["locked"], told["locks"]) == (False, [])
    listed = await monitoring.get(f"{LOCKS}?activity={identifier}&state=locked&on=2025-12-31")
    assert [item["identifier"] for item in listed.json()["items"]] == [f"L/{identifier}"]
    assert not (await monitoring.get(f"{LOCKS}?activity={identifier}&on=2026-01-01")).json()["items"]


async def test_a_lock_that_is_set_while_an_actual_waits_holds(
    serve, database_url, other_connection, identifier
):
    framework, members = FRAMEWORK.address(identifier), sample.lock("L", iati_identifier=identifier)
    async with serve(MONITORING, database_url=database_url) as client:
        assert (await client.put(framework, json=sample.framework(identifier))).status_code == 201
        async with asyncio.timeout(10), other_connection.transaction():
            await other_connection.execute("SELECT id FROM framework FOR UPDATE")
            reported = asyncio.create_task(client.post(f"{framework}/actuals", json=sample.actual("1")))
            while not await other_connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.02)
            assert (await client.post(LOCKS, json=members)).status_code == 201
        answer = await reported
    assert (answer.status_code, faults(answer.json())) == (422, [("/period", "period-locked")])
