"""For random documents and grants: what monitoring answers is the full answer, filtered by the policy in Python."""

import asyncio
import random
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from services.monitoring.main import AGGREGATES
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.contracts.projects.v1 import Activity
from shared.policy.grants import Grant, Role, covered
from shared.policy.permits import Refused, permit
from shared.policy.places import place, together
from shared.policy.placing import is_published, place_of_activity, placing_of
from shared.policy.principals import PUBLIC, Principal
from shared.testing import monitoring as sample
from shared.testing.proposals import country_programme
from tests.component.access.monitored import activity, evaluation, known, training

COUNTRIES, PARTNERS = ("KE", "UG", "TZ"), ("XM-DAC-1", "XM-DAC-2")
PROJECTS_KNOWN = tuple(f"XM-P-{number}" for number in range(7))
UNKNOWN = "XM-unknown"
IDENTIFIERS = (*PROJECTS_KNOWN, UNKNOWN)
PRINCIPALS = 24
PATHS = {
    "framework": "/v1/frameworks",
    "contributions": "/v1/contributions",
    "programme-framework": "/v1/programme-frameworks",
    "report": "/v1/reports",
    "period-lock": "/v1/period-locks",
    "evaluation": "/v1/evaluations",
    "evaluation-policy": "/v1/evaluation-policies",
    "training": "/v1/trainings",
    "publication": "/v1/publications",
    "alert": "/v1/monitoring-alerts",
}
CONTRACTS = {aggregate.noun: aggregate.contract for aggregate in AGGREGATES}
SECONDS = 30


def drawing(seed):
    return random.Random(seed)  # noqa: S311  (repeatable, and nothing is secret)


def some(draw, values, most=2):
    return draw.sample(values, draw.randint(0, most))


@dataclass
class World:
    """What is stored: activities by identifier, and per resource every item in order, as who sees all is told."""

    client: object
    issuer: object
    activities: dict
    items: dict

    async def get(self, path, grants=None, **asked):
        headers = self.issuer.bearer(*grants) if grants else {}
        if grants is None:
            headers = self.issuer.bearer()
        return await self.client.get(path, params=asked, headers=headers)

    async def pages(self, path, grants=None, **asked):
        """Return the status and all items, page by page."""
        items, cursor = [], {}
        while True:
            page = await self.get(path, grants, **asked, **cursor)
            if page.status_code != 200:
                return page.status_code, None
            items += page.json()["items"]
            if page.json()["next"] is None:
                return 200, items
            cursor = {"cursor": page.json()["next"]}


@pytest.fixture(scope="module")
async def world(serve, issuer):
    draw = drawing(1)
    activities = [
        activity(name, draw.choice(COUNTRIES), draw.choice(PARTNERS), status=draw.choice("12"))
        for name in PROJECTS_KNOWN
    ]
    async with serve(PROJECTS) as projects, serve(MONITORING, alert_seconds=0.2) as client:
        for code in COUNTRIES:
            programme = country_programme(code=f"CP-{code}", country=code, status="draft")
            assert (await projects.post("/v1/country-programmes", json=programme)).status_code == 201
        await known(projects, client, activities)
        await store(client, draw)
        del client.headers["authorization"]
        told = {each["iati_identifier"]: Activity.model_validate(each) for each in activities}
        made = World(client, issuer, told, {})
        await all_alerts(made)
        for resource, path in PATHS.items():
            made.items[resource] = (await made.pages(path))[1]
            assert made.items[resource], resource
        yield made


async def store(client, draw):
    for name in IDENTIFIERS:
        await post(client, "/v1/frameworks", sample.framework(name))
        links = [{"country_outcome": {"programme": "CP-nobody", "code": "1"}}] if draw.random() < 0.5 else []
        await post(client, "/v1/contributions", {"iati_identifier": name, "links": links})
        for state in ("draft", "published"):
            await store_report(client, name, state)
        for state in ("planned", "completed"):
            await post(client, "/v1/evaluations", evaluation(f"{name}/{state}", name))
            if state == "completed":
                for action in ("begin", "complete"):
                    await act(client, "/v1/evaluations", f"{name}/{state}", action)
                answer = {"recommendation": "R1", "decision": "accepted", "by": "chief"}
                below = f"{quote(f'{name}/{state}', safe='')}/responses"
                await post(client, f"/v1/evaluations/{below}", answer)
    for number in range(16):
        named, about = {"identifier": f"D-{number}"}, some(draw, IDENTIFIERS)
        country = draw.choice([*COUNTRIES, None])
        people = {"participants": [{"count": draw.randint(1, 9)}]} if draw.random() < 0.8 else {}
        await post(client, "/v1/trainings", training(**named, activities=about, country=country, **people))
        guide = {"titles": [{"text": "Guide"}], "languages": ["en"], "published_on": "2026-05-04"}
        await post(client, "/v1/publications", {**named, **guide, "activities": some(draw, IDENTIFIERS)})
        of = draw.choice([*IDENTIFIERS, None])
        await post(client, "/v1/period-locks", sample.lock(f"D-{number}", iati_identifier=of))
    await post(
        client, "/v1/programme-frameworks", {"level": "country-programme", "programme": "C", "outcomes": []}
    )
    threshold = {"from_amount": "0", "kind": "self", "timing": "final"}
    policy = {"code": "P", "version": 1, "valid_from": "2040-01-01", "currency": "USD"}
    policy |= {"titles": [{"text": "Policy"}], "thresholds": [threshold]}
    await post(client, "/v1/evaluation-policies", policy)


async def store_report(client, name, state):
    year, due = (2023, "2024-01-31") if state == "draft" else (2024, "2100-01-01")
    dates = {"period_start": f"{year}-01-01", "period_end": f"{year}-12-31", "due_on": due}
    await post(client, "/v1/reports", sample.report(f"{name}/{state}", name, actuals=[], **dates))
    if state == "published":
        for action in ("submit", "validate", "publish"):
            await act(client, "/v1/reports", f"{name}/{state}", action)


async def act(client, path, name, action):
    await post(client, f"{path}/{quote(name, safe='')}/actions", {"action": action, "by": "b.officer"})


async def post(client, path, document):
    answer = await client.post(path, json=document)
    assert answer.status_code == 201, answer.text


async def all_alerts(world):
    """Wait until every draft, which is overdue, has its alert."""
    async with asyncio.timeout(SECONDS):
        while len((await world.pages(PATHS["alert"]))[1]) < len(IDENTIFIERS):
            await asyncio.sleep(0.1)


def grants_of(seed):
    """Return the grants of somebody; none for the public."""
    draw = drawing(seed)
    values = {"countries": COUNTRIES, "organisations": PARTNERS, "projects": IDENTIFIERS}

    def grant():
        stated = {name: some(draw, each) for name, each in values.items() if draw.random() < 0.4}
        return Grant(role=draw.choice([each for each in Role if each is not Role.PUBLIC]), **stated)

    return tuple(grant() for _ in range(draw.randint(0, 3)))


def permit_of(grants, resource):
    """Return what may be read, or the status of a refusal."""
    principal = Principal("issuer", "s", "s", "s", grants) if grants else PUBLIC
    try:
        return permit(principal, resource, "read"), 200
    except Refused:
        return None, 403 if grants else 401


def full_place(world, own):
    known_of = [world.activities[each] for each in own.projects if each in world.activities]
    return together([own, *map(place_of_activity, known_of)])


def expected_of(world, permit, resource, item):
    """Return an item as somebody is told of it, None if they are not."""
    placing, document = placing_of(resource), CONTRACTS[resource].model_validate(item["document"])
    own = placing.place(document)
    about = [is_published(world.activities[each]) for each in own.projects if each in world.activities]
    shown = permit.published and placing.is_public(document) and (not own.projects or any(about))
    where = full_place(world, own)
    if not (shown or permit.is_everywhere or permit.covers(where)):
        return None
    hidden = sorted(member for member, grants in permit.withheld() if not covered(grants, where))
    if not hidden:
        return item
    told = deepcopy(item)
    for member in hidden:
        leave_out(told["document"], *member.split("."))
    return {**told, "withheld": hidden}


def leave_out(value, first, *path):
    for each in value if isinstance(value, list) else [value]:
        if not path:
            each.pop(first, None)
        elif first in each:
            leave_out(each[first], *path)


@pytest.mark.parametrize("resource", PATHS)
async def test_reads_and_lists_are_the_full_answer_filtered_by_the_policy(world, resource):
    counts = Counter()
    path, items = PATHS[resource], world.items[resource]
    middle = sorted(item["updated_at"] for item in items)[len(items) // 2]
    for seed in range(PRINCIPALS):
        grants = grants_of(seed)
        permit, status = permit_of(grants, resource)
        expected = [expected_of(world, permit, resource, item) for item in items] if permit else []
        seen = [item for item in expected if item]
        counts[len(seen)] += 1
        found = await world.pages(path, grants, limit=7)
        assert found == (status, seen if permit else None), grants
        changed = await world.pages(path, grants, updated_since=middle)
        recent = [item for item in seen if item["updated_at"] >= middle]
        assert changed == (status, recent if permit else None), grants
        for number in drawing(seed).sample(range(len(items)), min(3, len(items))):
            one = await world.get(f"{path}/{quote(items[number]['identifier'], safe='')}", grants)
            answer = (expected[number] or 404) if permit else status
            assert (one.json() if one.status_code == 200 else one.status_code) == answer, grants
    assert len(counts) > 1 or resource in ("programme-framework", "evaluation-policy")


async def test_participants_are_those_of_training_that_is_seen(world):
    for seed in range(PRINCIPALS):
        grants = grants_of(seed)
        permit, _ = permit_of(grants, "training")
        listed = [each for each in world.items["training"] if expected_of(world, permit, "training", each)]
        figures = (await world.get("/v1/trainings/participants", grants)).json()
        people = [group["count"] for each in listed for group in each["document"].get("participants", ())]
        assert (figures["trainings"], figures["total"]) == (len(listed), sum(people)), grants
        assert sum(part["count"] for part in figures["by_country"]) == sum(people)


async def test_orphans_are_those_of_places_that_the_grants_hold_in(world):
    path, kinds = "/v1/contributions/orphans", set()
    _, orphans = await world.pages(path)
    for seed in range(PRINCIPALS):
        grants = grants_of(seed)
        permit, status = permit_of(grants, "orphan")

        def is_seen(orphan, permit=permit):
            code, name = orphan["identifier"].removeprefix("CP-"), orphan["identifier"]
            of_country = orphan["kind"] == "country-outcome-without-link"
            where = place(countries=[code]) if of_country else full_place(world, place(projects=[name]))
            return permit.is_everywhere or permit.covers(where)

        expected = [each for each in orphans if is_seen(each)] if permit else None
        assert await world.pages(path, grants, limit=3) == (status, expected), grants
        if expected and not permit.is_everywhere:
            kinds |= {each["kind"] for each in expected}
    assert len(kinds) == 3


async def test_locks_in_force_are_told_where_the_activity_is_within_the_grants(world):
    statuses = Counter()
    locks = [item["document"] for item in world.items["period-lock"]]
    for seed in range(PRINCIPALS):
        grants = grants_of(seed)
        permit, status = permit_of(grants, "period-lock")
        for name in IDENTIFIERS:
            answer = await world.get("/v1/period-locks/in-force", grants, iati_identifier=name)
            if permit and not permit.is_everywhere:
                status = 200 if permit.covers(full_place(world, place(projects=[name]))) else 404
            statuses[status] += 1
            assert answer.status_code == status, (grants, name)
            if status == 200:
                told = {each["identifier"] for each in answer.json()["locks"]}
                of = (None, name)
                assert told == {each["identifier"] for each in locks if each.get("iati_identifier") in of}
    assert set(statuses) == {200, 401, 403, 404}
