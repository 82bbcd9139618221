"""The pages about programming tell each principal what is told of documents and projects that it may see by the policy."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, settings

from gateway.projection.documents import country_outcome_key, outcome_key
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import CountryProgramme, FieldOffice, ProgrammeBudget
from shared.figures.outcomes import country_outcome_code, outcome_code
from shared.policy.grants import Grant
from shared.policy.places import place
from shared.testing.identity import TestIssuer
from tests.component.gateway.asking import OK, Asker, asked_about
from tests.component.gateway.conftest import ServeEvents
from tests.component.gateway.scoped import ALL_OF_THEM, World, worlds

UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]
"""To look for a smaller world would serve the gateway hundreds of times."""
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
PROGRAMME = "KE/2022"
STARTS = (
    {"activity": "XM-DAC-41302-1"},
    {"activity": "XM-DAC-41302-2"},
    {"activity": "XM-NOBODY-1"},
    {"outcome": "2024-25/1"},
    {"outcome": "2022-23/2"},
    {"sdg_target": "SDG/8.5"},
    {"country_outcome": country_outcome_code(PROGRAMME, "KEN 101")},
)
EVERYWHERE = (
    ("/outcomes", "outcome-results", {"biennium": "2024-25"}),
    ("/outcomes/2024-25/1", "outcome-results", {}),
    ("/gaps", "resource-gap", {"biennium": "2024-25"}),
    ("/appraisals", "appraisal-results", {}),
    ("/mobilisation", "mobilisation", {}),
)
"""Pages about the office as a whole, their resources, and what they are asked."""


@settings(max_examples=2, phases=UNSHRUNK, suppress_health_check=UNHURRIED)
@given(world=worlds(), granted=ALL_OF_THEM)
async def test_a_page_tells_what_is_seen_of_what_it_is_made_of(
    serve_events: ServeEvents, issuer: TestIssuer, world: World, granted: list[list[Grant]]
):
    async with asked_about(serve_events, issuer, world, granted) as (full, askers):
        for one in askers:
            await assert_orphans(one, full)
            await assert_sights(one, full)
            await assert_contributing(one, full)
            await assert_subjects(one, full)
            for path, resource, asked in EVERYWHERE:
                told = await one.told(path, resource, **asked)
                assert told is None or told == await full.told(path, resource, **asked)


async def assert_orphans(one: Asker, full: Asker) -> None:
    told, expected = [await each.told("/orphans", "orphan") for each in (one, full)]
    if told is None:
        return
    seen = one.eye.projects("orphan")
    assert told["projects"]["items"] == of(expected["projects"], lambda each: each["iati_identifier"] in seen)
    assert told["projects"]["count"] == len(told["projects"]["items"])
    programmes = {each.code for each in covered(one, CountryProgramme)}
    for part in ("country_outcomes_without_outcome", "country_outcomes_without_target"):
        assert told[part]["items"] == of(expected[part], lambda each: each["programme"] in programmes)
        assert told[part]["count"] == len(told[part]["items"])
    everywhere = any(grant.is_everywhere for grant in one.eye.permit("orphan").grants)
    without = expected["outcomes_without_project"]
    assert told["outcomes_without_project"] == (without if everywhere else {"count": 0, "items": []})
    assert {
        (each["kind"], each["code"]): each["documents"] for each in told["unknown_outcomes"]["items"]
    } == (unknown(one))


def of(part: Any, wanted: Callable[[Any], bool]) -> list[Any]:
    return [each for each in part["items"] if wanted(each)]


def covered(one: Asker, kind: type) -> list[Any]:
    nouns = {CountryProgramme: "country-programme", Contributions: "contributions"}
    return [each for each in one.eye.world.told(kind) if one.eye.covers("orphan", each, nouns[kind])]


def unknown(one: Asker) -> dict[tuple[str, str], dict[str, int]]:
    """Return what documents that are seen name and none has, and in how many of each kind."""
    world, found = one.eye.world, {}
    known = {
        ("outcome", outcome_code(b.biennium, o.code)) for b in world.told(ProgrammeBudget) for o in b.outcomes
    }
    known |= {
        ("country-outcome", country_outcome_code(p.code, o.code))
        for p in world.told(CountryProgramme)
        for o in p.outcomes
    }
    named = [("contributions", keys_of(each)) for each in covered(one, Contributions)]
    named += [("country-programme", linked_by(each)) for each in covered(one, CountryProgramme)]
    for noun, keys in named:
        for key in keys - known:
            found.setdefault(key, {}).setdefault(noun, 0)
            found[key][noun] += 1
    return found


def keys_of(contributions: Contributions) -> set[tuple[str, str]]:
    links = contributions.links
    keys = {("outcome", outcome_key(each.programme_outcome)) for each in links if each.programme_outcome}
    return keys | {
        ("country-outcome", country_outcome_key(each.country_outcome))
        for each in links
        if each.country_outcome
    }


def linked_by(programme: CountryProgramme) -> set[tuple[str, str]]:
    links = [link for each in programme.outcomes for link in each.programme_outcomes]
    return {("outcome", outcome_key(link)) for link in links}


async def assert_sights(one: Asker, full: Asker) -> None:
    for start in STARTS:
        for direction in ("up", "down"):
            answer = await one.answer("/line-of-sight", **start, direction=direction)
            status, expected = await full.answer("/line-of-sight", **start, direction=direction)
            if status == OK:
                assert_sight(one, answer, expected, direction)
            else:
                assert answer[0] == status


def assert_sight(one: Asker, answer: tuple[int, Any], expected: Any, direction: str) -> None:
    told_by = filter(lambda edge: is_told(one, edge["told_in"]), expected["edges"])
    edges = reached(expected["start"], told_by, direction)
    nodes = {each["id"]: each for each in expected["nodes"]}
    for each in nodes.values():
        if not is_known(one, each):
            each |= {"known": False, "titles": []}
    status, told = answer
    if not edges and not nodes[expected["start"]]["known"]:
        assert (status, told["code"]) == (404, "not-found")
        return
    assert status == OK
    assert sorted(told["edges"], key=str) == sorted(edges, key=str)
    ends = {expected["start"], *(edge[end] for edge in edges for end in ("lower", "upper"))}
    assert told["nodes"] == [each for id_, each in nodes.items() if id_ in ends]


def is_told(one: Asker, by: Any) -> bool:
    if by["aggregate"] == "contributions":
        return one.eye.sees_project(by["identifier"])
    return by["aggregate"] != "country-programme" or one.eye.sees_programme(the_programme(one))


def is_known(one: Asker, node: Any) -> bool:
    if node["kind"] == "project":
        return one.eye.sees_project(node["code"])
    return node["kind"] != "country-outcome" or one.eye.sees_programme(the_programme(one))


def the_programme(one: Asker) -> CountryProgramme:
    (programme,) = one.eye.world.told(CountryProgramme)
    return programme


def reached(start: str, edges: Iterable[Any], direction: str) -> list[Any]:
    """Return the edges that one comes by from the start, up or down."""
    begin, end = ("lower", "upper") if direction == "up" else ("upper", "lower")
    left, known, found = list(edges), {start}, []
    while step := [edge for edge in left if edge[begin] in known]:
        found += step
        left = [edge for edge in left if edge not in step]
        known |= {edge[end] for edge in step}
    return found


async def assert_contributing(one: Asker, full: Asker) -> None:
    seen = one.eye.projects()
    for path, is_there in (
        ("/outcomes/2024-25/1/projects", True),
        ("/outcomes/2022-23/2/projects", True),
        (
            f"/country-programmes/{quote(PROGRAMME, safe='')}/projects",
            one.eye.sees_programme(the_programme(one)),
        ),
    ):
        if not is_there:
            status, told = await one.answer(path)
            assert (status, told["code"]) == (404, "not-found")
            continue
        items, expected = [await each.pages(path, "results") for each in (one, full)]
        assert items == [each for each in expected if each["iati_identifier"] in seen]


async def assert_subjects(one: Asker, full: Asker) -> None:
    """A page about one subject is there for who may see all that it is about, and as if it were not for others."""
    subjects = [(f"/country-programmes/{quote(PROGRAMME, safe='')}", "country-programme-results", ["KE"])]
    subjects += [
        (f"/field-offices/{office.code}", "field-office-results", list(office.countries))
        for office in one.eye.world.told(FieldOffice)
    ]
    for path, resource, countries in subjects:
        status, told = await one.answer(path)
        permit = one.eye.permit(resource)
        if permit is None:
            assert status == one.eye.status(resource)
        elif permit.covers_all([place(countries=[each]) for each in countries]):
            assert status == OK
            if not any(grant.countries or grant.projects or grant.organisations for grant in permit.grants):
                assert told == (await full.answer(path))[1]
        else:
            assert (status, told["code"]) == (404, "not-found")
