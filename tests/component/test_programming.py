"""Programming frameworks over the wire: create, lists, refusals, files of many, events."""

import json
from typing import Any
from uuid import uuid4

import pytest

from services.projects.main import SERVICE
from shared.contracts import ids
from shared.testing.documents import ANY
from shared.testing.streams import await_published, published

TITLES = [{"text": "Decent work"}]
BUDGETS, PROGRAMMES, AGENDAS = "/v1/programme-budgets", "/v1/country-programmes", "/v1/development-agendas"
LISTS, OFFICES = "/v1/fragility-lists", "/v1/field-offices"


@pytest.fixture
async def client(clients):
    return clients["projects"]


@pytest.fixture
def code():
    return f"T-{uuid4().hex[:10]}"


def item(code: str, **members: Any) -> dict[str, Any]:
    return {"code": code, "titles": TITLES, **members}


def budget(biennium: str, *codes: str) -> dict[str, Any]:
    return {"biennium": biennium, "titles": TITLES, "outcomes": [item(each) for each in codes]}


def programme(code: str, *outcomes: dict[str, Any], **members: Any) -> dict[str, Any]:
    return item(
        code,
        **{
            "country": "KE",
            "period_start": "2024-01-01",
            "period_end": "2027-12-31",
            "status": "active",
            "outcomes": [item(f"KEN {101 + place}", **outcome) for place, outcome in enumerate(outcomes)],
            **members,
        },
    )


def agenda(code: str, **members: Any) -> dict[str, Any]:
    return item(
        code,
        **{"valid_from": "2016-01-01", "goals": [item("8")], "targets": [item("8.5", goal="8")], **members},
    )


def edition(code: str, *countries: str, **members: Any) -> dict[str, Any]:
    contexts = [{"country": each, "level": "extreme"} for each in countries]
    told = {"edition": code, "titles": TITLES, "published": "2022-09-19", "publisher": "OECD"}
    return {**told, "contexts": contexts, **members}


def office(code: str, *countries: str, **members: Any) -> dict[str, Any]:
    return {"code": code, "names": TITLES, "kind": "country-office", "countries": list(countries), **members}


def linked(*links: tuple[str, str]) -> dict[str, Any]:
    return {"programme_outcomes": [{"biennium": biennium, "code": code} for biennium, code in links]}


def aimed(*links: tuple[str, str]) -> dict[str, Any]:
    return {"agenda_targets": [{"agenda": name, "code": code} for name, code in links]}


async def put(client, path, code, document, status=201):
    answer = await client.put(f"{path}/{code}", json=document, headers=ANY if status == 200 else None)
    assert answer.status_code == status, answer.text
    return answer


async def listed(client, path, **parameters):
    answer = await client.get(path, params={"limit": 500, **parameters})
    assert answer.status_code == 200, answer.text
    return {each["identifier"] for each in answer.json()["items"]}


def told(answer):
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


KINDS = [
    (BUDGETS, "programme-budget", "adopted", ids.programme_budget_id, lambda _: budget("1998-99", "1")),
    (PROGRAMMES, "country-programme", "adopted", ids.country_programme_id, programme),
    (AGENDAS, "development-agenda", "adopted", ids.development_agenda_id, agenda),
    (LISTS, "fragility-list", "registered", ids.fragility_list_id, edition),
    (OFFICES, "field-office", "registered", ids.field_office_id, office),
]


@pytest.mark.parametrize(("path", "noun", "came_to_be", "id_of", "make"), KINDS)
async def test_a_document_is_created_read_changed_and_told(
    client, nats, code, path, noun, came_to_be, id_of, make
):
    document = make(code)
    identifier = "1998-99" if noun == "programme-budget" else code
    created = await client.post(path, json=document)
    assert created.status_code == 201, created.text
    assert created.headers["devcoop-write"] == f"{noun}.{id_of(identifier)}.1"
    again = await client.post(path, json=document)
    assert (again.status_code, again.json()["code"]) == (409, "already-exists")
    read = await client.get(f"{path}/{identifier}")
    assert read.json()["document"] == {name: value for name, value in document.items() if value != []}
    assert (await put(client, path, identifier, document, 200)).json()["outcome"] == "unchanged"
    patched = await client.patch(
        f"{path}/{identifier}",
        json={"sample": True},
        headers={"If-Match": '"1"'},
        params={"rationale": "why"},
    )
    assert (patched.status_code, patched.json()["version"]) == (200, 2)
    assert identifier in await listed(client, path)
    moment = (await client.get(f"{path}/{identifier}")).json()["updated_at"]
    assert identifier in await listed(client, path, updated_since=moment)
    assert identifier not in await listed(client, path, updated_since="2999-01-01T00:00:00Z")
    await await_published(client)
    events = await published(nats, "projects", id_of(identifier))
    assert [(event.type, event.aggregate_version) for event in events] == [
        (f"projects.{noun}.{came_to_be}", 1),
        (f"projects.{noun}.revised", 2),
    ]
    assert (events[1].data["sample"], events[1].rationale) == (True, "why")


@pytest.mark.parametrize(
    ("path", "make", "one", "other", "filters"),
    [
        (PROGRAMMES, programme, {"country": "ZZ"}, {"country": "YY"}, {"country": "ZZ"}),
        (PROGRAMMES, programme, {"status": "draft"}, {}, {"status": "draft"}),
        (PROGRAMMES, programme, {}, {"period_end": "2025-12-31"}, {"biennium": "2026-27"}),
        (
            PROGRAMMES,
            programme,
            {"period_start": "2025-12-31"},
            {"period_start": "2026-01-01"},
            {"biennium": "2024-25"},
        ),
        (PROGRAMMES, programme, {}, {"period_end": "2027-12-30"}, {"on": "2027-12-31"}),
        (AGENDAS, agenda, {}, {"valid_to": "2030-12-31"}, {"on": "2031-01-01"}),
        (AGENDAS, agenda, {}, {"valid_from": "2016-01-02"}, {"on": "2016-01-01"}),
        (LISTS, edition, {"contexts": [{"country": "ML"}]}, {}, {"country": "ML"}),
        (LISTS, edition, {"publisher": "A & B"}, {}, {"publisher": "A & B"}),
        (LISTS, edition, {}, {"published": "2022-09-20"}, {"published_by": "2022-09-19"}),
        (OFFICES, office, {"countries": ["UG", "KE"]}, {"countries": ["UG"]}, {"country": "KE"}),
        (OFFICES, office, {"region": {"code": "AFRICA"}}, {}, {"region": "AFRICA"}),
        (OFFICES, office, {"kind": "liaison"}, {}, {"kind": "liaison"}),
    ],
)
async def test_a_filter_lists_what_it_names_and_nothing_else(client, code, path, make, one, other, filters):
    wanted, unwanted = f"{code}-a", f"{code}-b"
    await put(client, path, wanted, make(wanted, **one))
    await put(client, path, unwanted, make(unwanted, **other))
    found = await listed(client, path, **filters)
    assert wanted in found
    assert unwanted not in found


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (PROGRAMMES, "biennium", "2025-26"),
        (PROGRAMMES, "biennium", "2024"),
        (PROGRAMMES, "on", "yesterday"),
        (PROGRAMMES, "country", "Kenya"),
        (OFFICES, "region", "a\0b"),
        (LISTS, "published_by", "2024-13-01"),
    ],
)
async def test_a_wrong_filter_is_refused_by_its_name(client, path, name, value):
    answer = await client.get(path, params={name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{name}"]


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        (BUDGETS, budget("2025-26"), ("/biennium", "not-a-biennium")),
        (BUDGETS, budget("2090-91", "1", "1"), ("/outcomes", "duplicate-code")),
        (PROGRAMMES, programme("X", {"priority": "9"}), ("/outcomes", "unknown-reference")),
        (
            PROGRAMMES,
            programme("X", period_end="2023-12-31"),
            ("/period_end", "period-ends-before-start"),
        ),
        (
            PROGRAMMES,
            programme("X", {}, linked(("2024-25", "1"), ("2022-23", "1"))),
            ("/outcomes/1/programme_outcomes/1", "outcome-of-another-biennium"),
        ),
        (AGENDAS, agenda("X", goals=[]), ("/targets", "unknown-reference")),
        (LISTS, edition("X", "ML", "ML"), ("/contexts", "duplicate-code")),
        (OFFICES, office("X", parent="X"), ("/parent", "own-parent")),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_a_pointer(client, path, document, expected):
    assert told(await client.post(path, json=document)) == [expected]


async def test_links_are_held_against_what_is_known(client, code):
    links = [linked(("2094-95", "1")), linked(("2094-95", "9")), aimed((code, "8.5")), aimed((code, "8.9"))]
    period = {"period_start": "2094-01-01", "period_end": "2097-12-31"}
    early = programme(f"{code}-early", *links, **period)
    await put(client, PROGRAMMES, early["code"], early)
    await put(client, BUDGETS, "2094-95", budget("2094-95", "1"))
    await put(client, AGENDAS, code, agenda(code))
    expected = [
        ("/outcomes/1/programme_outcomes/0", "unknown-programme-outcome"),
        ("/outcomes/3/agenda_targets/0", "unknown-agenda-target"),
    ]
    late = programme(f"{code}-late", *links, **period)
    assert told(await client.post(PROGRAMMES, json=late)) == expected
    mended = programme(f"{code}-late", links[0], links[2], **period)
    await put(client, PROGRAMMES, mended["code"], mended)
    answer = await client.patch(f"{PROGRAMMES}/{mended['code']}", json={"outcomes": late["outcomes"]})
    assert told(answer) == expected
    stored = await client.patch(f"{PROGRAMMES}/{early['code']}", json={"status": "completed"})
    assert stored.status_code == 200, stored.text
    await put(client, AGENDAS, code, agenda(code, valid_to="2030-12-31"), 200)
    late = programme(f"{code}-later", links[2], **period)
    assert told(await client.post(PROGRAMMES, json=late)) == [
        ("/outcomes/0/agenda_targets/0", "agenda-not-in-force")
    ]


async def test_a_file_of_many_is_taken_line_by_line_and_may_be_sent_again(client, code):
    documents = [
        programme(f"{code}-1", linked(("2024-25", "1"))),
        programme(f"{code}-2", country="Kenya"),
        programme(f"{code}-3"),
    ]
    body = "\n".join(json.dumps(each) for each in documents)
    headers = {"Content-Type": "application/x-ndjson"}

    async def send(**parameters):
        answer = await client.post(f"{PROGRAMMES}/upserts", content=body, headers=headers, params=parameters)
        assert answer.status_code == 200, answer.text
        return [json.loads(line)["outcome"] for line in answer.text.splitlines()]

    assert await send(dry_run=True) == ["created", "refused", "created"]
    assert await send() == ["created", "refused", "created"]
    assert await send() == ["unchanged", "refused", "unchanged"]


async def test_each_biennium_has_a_version_of_its_own(serve, database_url):
    async with serve(SERVICE, database_url=database_url) as client:
        for biennium in ("2026-27", "2024-25"):
            await put(client, BUDGETS, biennium, budget(biennium, "1"))
        await put(client, BUDGETS, "2024-25", budget("2024-25", "1", "2"), 200)
        items = (await client.get(BUDGETS)).json()["items"]
        assert [(each["identifier"], each["version"]) for each in items] == [("2024-25", 2), ("2026-27", 1)]
