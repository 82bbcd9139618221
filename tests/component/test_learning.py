"""Training and publications over the wire: lists, figures of participants, and refusals."""

import json

import pytest

from services.monitoring.main import SERVICE

TEXT = [{"text": "Skills for youth employment", "lang": "en"}]


@pytest.fixture(scope="module")
async def monitoring(serve):
    async with serve(SERVICE) as client:
        yield client


def training(identifier, **members):
    return {"identifier": identifier, "titles": TEXT, "start": "2026-03-02", "end": "2026-03-06", **members}


def publication(identifier, **members):
    return {
        "identifier": identifier,
        "titles": TEXT,
        "published_on": "2026-03-02",
        "languages": ["en"],
        **members,
    }


def faults(answer):
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


async def upsert(client, path, *documents):
    body = "".join(f"{json.dumps(each)}\n" for each in documents)
    answer = await client.post(f"{path}/upserts", content=body)
    assert [json.loads(line)["outcome"] for line in answer.text.splitlines()] == ["created"] * len(documents)


async def test_participants_are_counted_once_in_each_dimension(monitoring, identifier):
    groups = [
        {"sex": "female", "constituent": "workers", "country": "KE", "count": 10},
        {"sex": "male", "constituent": "employers", "country": "UG", "count": 5},
        {"count": 4},
    ]
    await upsert(
        monitoring,
        "/v1/trainings",
        training(f"{identifier}-1", activities=[identifier], country="KE", participants=groups),
        training(f"{identifier}-2", activities=[identifier], country="UG", participants=groups[:1]),
        training(f"{identifier}-3", activities=[identifier], start="2026-06-01", end="2026-06-02"),
        training(f"{identifier}-4", activities=["another"], participants=groups),
    )

    async def counted(**filters):
        answer = await monitoring.get(
            "/v1/trainings/participants", params={"activity": identifier, **filters}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    made = await counted()
    assert (made["trainings"], made["trainings_without_participants"], made["total"]) == (3, 1, 29)
    assert made["by_sex"] == [
        {"code": "female", "count": 20},
        {"code": "male", "count": 5},
        {"code": "not-stated", "count": 4},
    ]
    assert made["by_constituent"] == [
        {"code": "employers", "count": 5},
        {"code": "workers", "count": 20},
        {"code": "not-stated", "count": 4},
    ]
    assert made["by_country"] == [
        {"code": "KE", "count": 20},
        {"code": "UG", "count": 5},
        {"code": "not-stated", "count": 4},
    ]
    assert made["women"] == {"numerator": 20, "denominator": 25}
    assert (await counted(country="UG"))["total"] == 10
    later = await counted(**{"from": "2026-04-01"})
    assert (later["trainings"], later["total"], later["by_sex"]) == (1, 0, [])
    assert (await counted(to="2026-03-01"))["trainings"] == 0


async def test_trainings_are_listed_by_country_activity_and_time(monitoring, identifier):
    await upsert(
        monitoring,
        "/v1/trainings",
        training(f"{identifier}-1", activities=[identifier, "B"], country="KE"),
        training(f"{identifier}-2", activities=[identifier], start="2026-03-05"),
    )

    async def listed(**filters):
        answer = await monitoring.get("/v1/trainings", params={"activity": identifier, **filters})
        return [item["identifier"][-1] for item in answer.json()["items"]]

    assert await listed() == ["1", "2"]
    assert await listed(country="KE") == ["1"]
    assert await listed(**{"from": "2026-03-03"}) == ["2"]
    assert await listed(to="2026-03-03") == ["1"]
    assert await listed(updated_since="2099-01-01T00:00:00Z") == []


async def test_publications_are_listed_by_activity_language_and_time(monitoring, identifier):
    await upsert(
        monitoring,
        "/v1/publications",
        publication(f"{identifier}-1", activities=[identifier], languages=["en", "fr"]),
        publication(f"{identifier}-2", activities=[identifier], published_on="2026-05-01"),
    )

    async def listed(**filters):
        answer = await monitoring.get("/v1/publications", params={"activity": identifier, **filters})
        return [item["identifier"][-1] for item in answer.json()["items"]]

    assert await listed() == ["1", "2"]
    assert await listed(language="fr") == ["1"]
    assert await listed(**{"from": "2026-04-01"}) == ["2"]
    assert await listed(to="2026-04-01") == ["1"]
    assert await listed(updated_since="2099-01-01T00:00:00Z") == []


async def test_what_makes_no_sense_is_refused(monitoring, identifier):
    group = {"sex": "female", "count": 1}
    wrong = training(identifier, end="2026-03-01", participants=[group, group])
    assert faults(await monitoring.post("/v1/trainings", json=wrong)) == [
        ("/end", "period-ends-before-start"),
        ("/participants/1", "duplicate-group"),
    ]
    wrong = publication(identifier, languages=["en", "xx"], url="example.org")
    assert faults(await monitoring.put(f"/v1/publications/{identifier}", json=wrong)) == [
        ("/languages/1", "unknown-language"),
        ("/url", "invalid-url"),
    ]
    for path in ("trainings", "publications"):
        assert (await monitoring.get(f"/v1/{path}/{identifier}")).status_code == 404
    reserved = await monitoring.post("/v1/trainings", json=training("participants"))
    assert faults(reserved) == [("/identifier", "reserved-identifier")]
