"""Contributions and frameworks of programmes over the wire, beside copies of what projects keeps."""

import asyncio
from urllib.parse import quote

import pytest

from shared.contracts.ids import contributions_id
from shared.testing import monitoring as sample
from shared.testing.documents import ACTIVITY, FRAMEWORK
from shared.testing.proposals import country_programme
from shared.testing.streams import await_published, published

PATH, FRAMEWORKS = "/v1/contributions", "/v1/programme-frameworks"
BIENNIUM, PROGRAMME = "2024-25", "C-KEN-2024-27"
SECONDS = 20


def outcome(code, **links):
    return {"code": code, "titles": [{"text": f"Outcome {code}"}], **links}


BUDGET = {"biennium": BIENNIUM, "titles": [{"text": "Budget"}], "outcomes": [outcome("3"), outcome("4")]}
COUNTRY = country_programme(
    code=PROGRAMME,
    outcomes=[
        outcome("KEN 101", programme_outcomes=[{"biennium": BIENNIUM, "code": "3"}]),
        outcome("KEN 102"),
    ],
)


@pytest.fixture
def monitoring(clients):
    return clients["monitoring"]


async def orphans(client, **asked):
    items, cursor = [], None
    while True:
        page = await client.get(f"{PATH}/orphans", params={**asked, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.text
        items += [(each["kind"], each["identifier"], each["outcome"]) for each in page.json()["items"]]
        cursor = page.json()["next"]
        if cursor is None:
            return items


@pytest.fixture(scope="module")
async def programmes(clients):
    """Let monitoring know a programme and budget and a country programme."""
    projects = clients["projects"]
    assert (await projects.put(f"/v1/programme-budgets/{BIENNIUM}", json=BUDGET)).status_code == 201
    answer = await projects.put(f"/v1/country-programmes/{PROGRAMME}", json=COUNTRY)
    assert answer.status_code == 201
    async with asyncio.timeout(SECONDS):
        while not await orphans(clients["monitoring"], kind="country-outcome-without-link"):
            await asyncio.sleep(0.05)


@pytest.fixture
async def activity(clients, programmes, identifier):  # noqa: ARG001  (they come first)
    """Let monitoring know an activity of 2025."""
    dates = [{"type": "1", "date": "2025-01-01"}, {"type": "3", "date": "2025-12-31"}]
    await make_known(clients, identifier, dates)
    return identifier


async def make_known(clients, identifier, dates):
    answer = await clients["projects"].post(ACTIVITY.path, json=ACTIVITY.document(identifier, dates=dates))
    assert answer.status_code == 201
    async with asyncio.timeout(SECONDS):
        while ("activity-without-link", identifier, None) not in await orphans(clients["monitoring"]):
            await asyncio.sleep(0.05)


def country(code="KEN 101", programme=PROGRAMME, **members):
    return {"country_outcome": {"programme": programme, "code": code}, **members}


def product(code="4", biennium=BIENNIUM, **members):
    return {"programme_outcome": {"biennium": biennium, "code": code}, **members}


def contributions(identifier, *links):
    return {"iati_identifier": identifier, "links": list(links)}


def faults(answer):
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


async def test_an_activity_is_linked_to_outcomes_and_found_by_them(monitoring, activity, nats):
    links = country(percentage="60"), product(percentage="40", type="supporting")
    answer = await monitoring.post(PATH, json=contributions(activity, *links))
    assert answer.status_code == 201
    for name in (f"{PROGRAMME}/KEN 101", f"{BIENNIUM}/4"):
        page = await monitoring.get(PATH, params={"outcome": name})
        assert [item["identifier"] for item in page.json()["items"]] == [activity]
    assert not (await monitoring.get(PATH, params={"outcome": f"{PROGRAMME}/KEN 102"})).json()["items"]
    await await_published(monitoring)
    (event,) = await published(nats, "monitoring", contributions_id(activity))
    assert event.type == "monitoring.contributions.recorded"
    assert event.data["links"][0]["percentage"] == "60"
    line = contributions(activity, country("KEN 999"))
    answer = await monitoring.post(f"{PATH}/upserts", json=line)
    assert answer.json()["outcome"] == "changed"


async def test_links_that_lead_nowhere_are_refused(monitoring, activity):
    links = [
        {},
        {**country(), **product()},
        country(percentage="70"),
        country(percentage="40"),
        country("KEN 999"),
        product("99"),
        product("1", "2022-23"),
        country("X", "UNKNOWN"),
    ]
    answer = await monitoring.post(PATH, json=contributions(activity, *links))
    assert faults(answer) == [
        ("/links/0", "outcome-missing"),
        ("/links/1", "outcome-ambiguous"),
        ("/links/3", "duplicate-link"),
        ("/links/2/percentage", "shares-over-100"),
        ("/links/4/country_outcome", "unknown-country-outcome"),
        ("/links/5/programme_outcome", "unknown-programme-outcome"),
        ("/links/6/programme_outcome", "outcome-of-another-biennium"),
    ]


@pytest.mark.usefixtures("programmes")
async def test_an_activity_of_another_time_is_told(clients, monitoring, identifier):
    dates = [{"type": "2", "date": "2020-01-01"}, {"type": "4", "date": "2023-06-30"}]
    planned = {"type": "3", "date": "2024-06-30"}
    await make_known(clients, identifier, [planned, *dates])
    answer = await monitoring.post(PATH, json=contributions(identifier, country(), product()))
    assert faults(answer) == [
        ("/links/0/country_outcome", "country-outcome-not-valid"),
        ("/links/1/programme_outcome", "outcome-of-another-biennium"),
    ]


async def test_what_is_not_known_yet_refuses_nothing(monitoring, identifier):
    links = country("AAA 1", "NOT-YET"), product("9", "2030-31")
    assert (await monitoring.post(PATH, json=contributions(identifier, *links))).status_code == 201


async def test_orphans_are_told_page_by_page(monitoring, activity):
    line = contributions(f"{activity}/2", country("KEN 999"), product("1", "2022-23"))
    await monitoring.post(f"{PATH}/upserts", json=line)
    found = await orphans(monitoring)
    assert found == await orphans(monitoring, limit=1)
    assert {
        ("activity-without-link", activity, None),
        ("country-outcome-without-link", PROGRAMME, "KEN 102"),
        ("link-to-unknown-outcome", f"{activity}/2", f"{PROGRAMME}/KEN 999"),
        ("link-to-unknown-outcome", f"{activity}/2", "2022-23/1"),
    } <= set(found)
    assert ("country-outcome-without-link", PROGRAMME, "KEN 101") not in found
    await monitoring.put(f"{PATH}/{activity}", json=contributions(activity, country()))
    left = await orphans(monitoring, kind="activity-without-link")
    assert activity not in {identifier for _, identifier, _ in left}
    assert {kind for kind, _, _ in left} <= {"activity-without-link"}


def programme_framework(level, programme, *indicators, code="KEN 101"):
    return {
        "level": level,
        "programme": programme,
        "outcomes": [{"code": code, "indicators": list(indicators)}],
    }


def indicator(code, *inputs, **members):
    own = {
        "measure": "1",
        "baselines": [{"year": 2023, **sample.value("0")}],
        "periods": [sample.period(targets=[sample.value("400")], actuals=[sample.value("100")])],
    }
    return {"code": code, "indicator": own, "inputs": list(inputs), **members}


def link(identifier, result=1, number=1, **members):
    return {"iati_identifier": identifier, "result": result, "indicator": number, **members}


async def test_indicators_of_projects_come_to_a_figure_of_the_outcome(monitoring, identifier, programmes):  # noqa: ARG001
    for number, value in enumerate(("120", "30", "7")):
        name = f"{identifier}/{number}"
        await monitoring.put(FRAMEWORK.address(name), json=sample.framework(name))
        await monitoring.post(f"{FRAMEWORK.address(name)}/actuals", json=sample.actual(value))
    await monitoring.put(FRAMEWORK.address(identifier), json=sample.framework(identifier))
    inputs = [
        *(link(f"{identifier}/{number}", counts=number < 2) for number in range(3)),
        link(identifier),
        link("X-NOT-YET"),
    ]
    document = programme_framework("country-programme", PROGRAMME, indicator("1", *inputs, operator="sum"))
    address = f"{FRAMEWORKS}/country-programme%2F{PROGRAMME}"
    assert (await monitoring.put(address, json=document)).status_code == 201
    figures = (await monitoring.get(f"{address}/figures", params={"on": "2026-01-31"})).json()
    (only,) = figures["indicators"]
    assert (only["outcome"], only["code"]) == ("KEN 101", "1")
    own = only["own"]
    assert (own["baseline"], own["target"], own["actual"], own["progress"]) == ("0", "400", "100", "0.25")
    rolled = only["rolled_up"]
    assert (rolled["operator"], rolled["value"], rolled["whole"]) == ("sum", "150", False)
    counted = [(each["link"]["iati_identifier"], each["value"], each["as_of"]) for each in rolled["counted"]]
    assert counted == [(f"{identifier}/0", "120", "2025-12-31"), (f"{identifier}/1", "30", "2025-12-31")]
    assert [each["reason"] for each in rolled["left_out"]] == [
        "link-opted-out",
        "not-reported",
        "unknown-framework",
    ]
    early = (await monitoring.get(f"{address}/figures", params={"on": "2024-12-31"})).json()
    assert early["indicators"][0]["rolled_up"]["value"] is None
    listed = await monitoring.get(f"{FRAMEWORKS}?level=country-programme")
    assert f"country-programme/{PROGRAMME}" in {item["identifier"] for item in listed.json()["items"]}


async def test_a_programme_framework_names_what_there_is(monitoring, identifier, programmes):  # noqa: ARG001
    await monitoring.put(FRAMEWORK.address(identifier), json=sample.framework(identifier))
    odd = indicator("1", link(identifier), link(identifier), link(identifier, 1, 4), link(identifier, 2))
    odd["indicator"]["periods"][0]["actuals"] = [{"value": {"raw": "many", "reading": "unreadable"}}]
    document = programme_framework("programme-budget", BIENNIUM, odd, indicator("1"), code="99")
    document["outcomes"].append({"code": "99"})
    answer = await monitoring.post(FRAMEWORKS, json=document)
    at = "/outcomes/0/indicators/0"
    assert faults(answer) == [
        (f"{at}/indicator/periods/0/actuals/0/value/raw", "not-a-number"),
        (f"{at}/inputs/1", "duplicate-link"),
        ("/outcomes/0/indicators/1/code", "duplicate-code"),
        ("/outcomes/1/code", "duplicate-code"),
        ("/outcomes/0/code", "unknown-programme-outcome"),
        ("/outcomes/1/code", "unknown-programme-outcome"),
        (f"{at}/inputs/2", "unknown-indicator"),
        (f"{at}/inputs/3", "unknown-indicator"),
    ]
    unknown = programme_framework("country-programme", PROGRAMME, code="KEN 999")
    answer = await monitoring.put(f"{FRAMEWORKS}/country-programme%2F{PROGRAMME}", json=unknown)
    assert faults(answer) == [("/outcomes/0/code", "unknown-country-outcome")]
    answer = await monitoring.post(FRAMEWORKS, json={"level": "programme-budget", "programme": "2025-26"})
    assert faults(answer) == [("/programme", "not-a-biennium")]
    name = quote(f"programme-budget/{BIENNIUM}", safe="")
    assert (await monitoring.get(f"{FRAMEWORKS}/{name}")).status_code == 404
