"""Work plans over the wire: gaps, scenarios and their adoption, which makes all of its allocations or none."""

import asyncio
import json
from decimal import Decimal
from itertools import count
from urllib.parse import quote

import pytest

from shared.contracts.ids import scenario_id
from shared.testing import workplans as sample
from shared.testing.documents import ANY
from shared.testing.streams import await_published, published

_bienniums = iter(sample.BIENNIUMS)
_numbers = count(1)


@pytest.fixture(scope="module")
async def funding(clients):
    projects, client = clients["projects"], clients["funding"]
    frameworks = {
        "programme-budgets": map(sample.programme_budget, sample.BIENNIUMS),
        "country-programmes": map(sample.country_programme, sample.COUNTRIES),
        "field-offices": [sample.field_office()],
        "fragility-lists": [sample.fragility_list()],
    }
    for path, documents in frameworks.items():
        await projects.post(f"/v1/{path}/upserts", content="\n".join(map(json.dumps, documents)))
    rates = {
        "source": "ECB",
        "kind": "donor",
        "base": "EUR",
        "month": "2026-01",
        "rates": [{"currency": "USD", "date": "2026-01-02", "rate": "1.25"}],
    }
    await ok(client.put("/v1/exchange-rates/ECB%2F2026-01", json=rates))
    await ok(client.put("/v1/priority-rules/test-rule%2F1", json=sample.priority_rule()))
    async with asyncio.timeout(15):
        while await edition_read(client) is None:
            await asyncio.sleep(0.02)
    return client


@pytest.fixture
def biennium():
    """Return a biennium that no other test uses."""
    return next(_bienniums)


@pytest.fixture
def name():
    """Return how to name things that no other test has."""
    number = next(_numbers)
    return lambda letter: f"{letter}-{number}"


async def edition_read(client):
    """Return the list of fragile contexts that is read: it was sent last, so all that was sent before is known too."""
    asked = {"rule": "test-rule/1", "currency": "USD"}
    told = await ok(client.get("/v1/mobilisation-lists/2026-27", params=asked), 200)
    return told["fragility_edition"]


async def ok(request, status=201):
    answer = await request
    assert answer.status_code == status, answer.text
    return answer.json()


def at(path, identifier, *more):
    return "/".join([f"/v1/{path}", quote(identifier, safe=""), *more])


async def signed(client, number, biennium, amount, **members):
    await ok(client.put(at("agreements", number), json=sample.agreement(number, biennium, amount, **members)))
    await ok(client.post(at("agreements", number, "actions"), json={"action": "sign", "by": "clerk"}))
    return number


async def allocate(client, path, identifier, amount, biennium, **target):
    body = {
        "code": f"a{next(_numbers)}",
        "amount": amount,
        "decided_on": "2026-01-05",
        "by": "board",
        "reasons": "Decided",
        "programme_outcome": {"biennium": biennium, "code": "3"},
        **target,
    }
    return await ok(client.post(at(path, identifier, "allocations"), json=body))


async def plan(client, biennium, *items, **members):
    document = sample.workplan(biennium, *items, **members)
    identifier = f"{biennium}/{document['outcome']}"
    await ok(client.put(at("workplans", identifier), json=document))
    return identifier


async def resources(client, identifier):
    return await ok(client.get(at("workplans", identifier, "resources")), 200)


async def document(client, path, identifier):
    return (await ok(client.get(at(path, identifier)), 200))["document"]


async def make(client, identifier, biennium, *sources, **members):
    await ok(client.post("/v1/scenarios", json=sample.scenario(identifier, biennium, *sources, **members)))
    return await document(client, "scenarios", identifier)


def act(client, identifier, action="adopt", **members):
    return client.post(
        at("scenarios", identifier, "actions"), json={"action": action, "by": "board", **members}
    )


def drawn(scenario):
    """Return what a scenario would allocate: to a country or item, from where, how much."""
    return [
        (
            each.get("country_outcome", {}).get("programme", each.get("item")),
            each["source"]["identifier"],
            Decimal(each["amount"]),
        )
        for each in scenario.get("allocations", [])
    ]


def faults(problem):
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


async def test_a_plan_is_put_listed_and_sent_in_batches(funding, biennium):
    identifier = await plan(funding, biennium, sample.country_item("KEN", "100"))
    other = sample.workplan(biennium, sample.product("GP1", "5"), outcome="4")
    doubled = sample.workplan(biennium, *[sample.product("GP1", "5")] * 2, outcome="5")
    lines = "\n".join(map(json.dumps, [other, doubled]))
    outcomes = (await funding.post("/v1/workplans/upserts", content=lines)).text.splitlines()
    assert ['"outcome":"created"' in each for each in outcomes] == [True, False]
    listed = await ok(funding.get("/v1/workplans", params={"biennium": biennium, "outcome": "3"}), 200)
    assert [each["identifier"] for each in listed["items"]] == [identifier]


@pytest.mark.parametrize(
    ("items", "members", "found"),
    [
        ([sample.product("GP1", "1"), sample.product("GP1", "1")], {}, [("/items", "duplicate-code")]),
        ([sample.product("GP1", "-1")], {}, [("/items/0/cost", "greater-than-equal")]),
        ([sample.product("GP1", "1", country="KE")], {}, [("/items/0/country", "product-of-a-country")]),
        ([], {"outcome": "9"}, [("/outcome", "unknown-programme-outcome")]),
        (
            [sample.country_item("KEN", "1", "4")],
            {},
            [("/items/0/country_outcome", "unknown-country-outcome")],
        ),
        ([], {"currency": "ABC"}, [("/currency", "unknown-currency")]),
    ],
)
async def test_a_plan_that_breaks_a_rule_is_refused(funding, items, members, found):
    body = sample.workplan("2026-27", *items, **members)
    problem = await ok(funding.put(at("workplans", f"2026-27/{body['outcome']}"), json=body), 422)
    assert faults(problem) == found


async def test_a_plan_for_a_biennium_that_a_programme_does_not_run_in_is_refused(funding):
    body = sample.workplan("2060-61", sample.country_item("KEN", "1"))
    problem = await ok(funding.put(at("workplans", "2060-61/3"), json=body), 422)
    assert faults(problem) == [("/items/0/country_outcome", "outcome-of-another-biennium")]


async def test_the_gap_is_live_from_agreements_pools_and_pledges(funding, biennium, name):
    identifier = await plan(
        funding,
        biennium,
        sample.country_item("KEN", "1000", resources=[{"source": "RB", "amount": "100"}]),
        sample.product("GP1", "300"),
        sample.product("GP2", None),
    )
    await signed(funding, name("A"), biennium, "1000", currency="EUR")
    await allocate(funding, "agreements", name("A"), "200", biennium, country_outcome=sample.link("KEN"))
    await allocate(funding, "agreements", name("A"), "40", biennium)
    pool = {
        "code": name("P"),
        "biennium": biennium,
        "titles": sample.TITLES,
        "currency": "USD",
        "carried_over": "90",
    }
    await ok(funding.put(at("pools", f"{name('P')}/{biennium}"), json=pool))
    await allocate(funding, "pools", f"{name('P')}/{biennium}", "80", biennium, item="GP1")
    pledge = {
        "identifier": name("PL"),
        "partner": {"ref": "XM-DAC-7"},
        "amount": {"amount": "500", "currency": "USD"},
        "pledged_on": "2026-01-05",
        "biennium": biennium,
        "probability": "40",
        "scope": {"programme_outcomes": ["3"]},
    }
    await ok(funding.put(at("pledges", name("PL")), json=pledge))
    told = await resources(funding, identifier)
    figures = {each["code"]: each["resources"] for each in told["items"]}
    assert {code: (each["firm"], each["gap"]) for code, each in figures.items()} == {
        "KEN": ("350.00", "650.00"),  # 100 of the regular budget, 200 euros at 1.25
        "GP1": ("80", "220"),
        "GP2": ("0", None),
    }
    whole = told["whole"]
    assert (whole["cost"], whole["firm"], whole["gap"], whole["unknown"]) == (
        None,
        "480.00",
        None,
        ["cost/GP2"],
    )
    pipeline = whole["pipeline"]
    assert (pipeline["pledged"], Decimal(pipeline["pledged_weighted"]), pipeline["amount"]) == (
        "500",
        200,
        "0",
    )
    euros = next(each for each in told["firm"] if each["identifier"] == name("A"))
    assert (euros["money"]["amount"], euros["money"]["value"], euros["item"]) == ("200", "250.00", "KEN")
    assert Decimal(euros["money"]["conversion"]["rate"]) == Decimal("1.25")


async def test_money_without_a_rate_leaves_the_gap_unknown(funding, biennium, name):
    identifier = await plan(funding, biennium, sample.product("GP1", "300"))
    await signed(funding, name("A"), biennium, "1000", currency="NOK")
    await allocate(funding, "agreements", name("A"), "40", biennium, item="GP1")
    whole = (await resources(funding, identifier))["whole"]
    assert (whole["cost"], whole["firm"], whole["gap"]) == ("300", None, None)
    assert whole["missing"] == [{"currency": "NOK", "amount": "40", "values": 1}]


async def test_a_version_of_a_rule_is_for_good(funding):
    changed = sample.priority_rule(valid_from="2027-01-01")
    address = at("priority-rules", "test-rule/1")
    assert (await ok(funding.put(address, json=sample.priority_rule()), 200))["outcome"] == "unchanged"
    assert (await ok(funding.put(address, json=changed), 409))["code"] == "version-for-good"
    assert (await ok(funding.post("/v1/priority-rules", json=changed), 409))["code"] == "already-exists"
    assert (await funding.patch(address, json={})).status_code == 405
    await ok(funding.post("/v1/priority-rules", json=sample.priority_rule(2)))
    listed = await ok(funding.get("/v1/priority-rules", params={"code": "test-rule"}), 200)
    assert [each["identifier"] for each in listed["items"]] == ["test-rule/1", "test-rule/2"]


async def test_a_scenario_from_draft_to_adoption(funding, biennium, name, nats):
    identifier = await plan(
        funding,
        biennium,
        sample.country_item("KEN", "500"),
        sample.country_item("MLI", "400"),
        sample.country_item("VNM", "300"),
        sample.product("GP1", "200"),
    )
    africa = await signed(funding, name("AFR"), biennium, "600", scope={"regions": ["AFR"]})
    kenya = await signed(funding, name("KEN"), biennium, "100", scope={"countries": ["KE"]})
    other = await signed(funding, name("OTHER"), biennium, "900", scope={"programme_outcomes": ["4"]})
    free = await signed(funding, name("FREE"), biennium, "200", currency="EUR")
    scenario = await make(funding, name("S"), biennium)
    assert drawn(scenario) == [
        ("MLI-2026", africa, 400),
        ("GP1", free, 160),  # dollars 200; of equal priority before KEN by its code
        ("KEN-2026", kenya, 100),
        ("KEN-2026", africa, 200),
        ("KEN-2026", free, 40),
    ]
    assert [Decimal(each["after"]) for each in scenario["gaps"]] == [0, 0, 150, 300]
    few = await make(funding, name("FEW"), biennium, africa)
    told = await ok(funding.get(at("scenarios", name("S"), "comparison"), params={"with": name("FEW")}), 200)
    assert (Decimal(told["totals"]["closed"]), Decimal(told["other_totals"]["closed"])) == (950, 600)
    assert Decimal(told["difference"]) == -350
    assert len(few["allocations"]) == 2

    receipt = await ok(act(funding, name("S")))
    assert receipt["version"] == 2
    whole = (await resources(funding, identifier))["whole"]
    assert Decimal(whole["gap"]) == 450
    held = (await document(funding, "agreements", africa))["allocations"]
    assert [(each["amount"], each["scenario"], each["by"]) for each in held] == [
        ("400.00", name("S"), "board"),
        ("200.00", name("S"), "board"),
    ]
    assert "allocations" not in await document(funding, "agreements", other)
    problem = await ok(act(funding, name("S")), 409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", [])
    await await_published(funding)
    events = await published(nats, "funding", scenario_id(name("S")))
    assert [(event.type, event.data.get("state")) for event in events] == [
        ("funding.scenario.made", None),
        ("funding.scenario.adopted", "adopted"),
    ]


async def test_adoption_makes_all_allocations_or_none(funding, biennium, name):
    await plan(funding, biennium, sample.country_item("KEN", "500"), sample.country_item("VNM", "500"))
    first = await signed(funding, name("A"), biennium, "500", scope={"countries": ["KE"]})
    second = await signed(funding, name("B"), biennium, "500", scope={"countries": ["VN"]})
    scenario = await make(funding, name("S"), biennium)
    assert [each[1] for each in drawn(scenario)] == [first, second]
    activity = {
        "activity": "XM-DAC-41302-1",
        "programme_outcome": None,
        "country_outcome": sample.link("VNM"),
    }
    await allocate(funding, "agreements", second, "1", biennium, **activity)
    problem = await ok(act(funding, name("S")), 409)
    assert problem["code"] == "scenario-outdated"
    assert faults(problem) == [("/allocations/1/amount", "allocation-over-agreement")]
    assert "allocations" not in await document(funding, "agreements", first)
    assert "state" not in await document(funding, "scenarios", name("S"))  # at its default: a draft
    await ok(act(funding, name("S"), "discard"), 422)
    await ok(act(funding, name("S"), "discard", reasons="Outdated"))
    assert (await document(funding, "scenarios", name("S")))["state"] == "discarded"


async def test_adoption_is_refused_once_the_gap_or_the_state_has_changed(funding, biennium, name):
    identifier = await plan(funding, biennium, sample.country_item("KEN", "500"), sample.product("GP1", "50"))
    source = await signed(funding, name("A"), biennium, "800")
    await make(funding, name("S"), biennium)
    lower = sample.workplan(biennium, sample.country_item("KEN", "499.99"))
    await ok(funding.put(at("workplans", identifier), json=lower, headers=ANY), 200)
    problem = await ok(act(funding, name("S")), 409)
    assert faults(problem) == [
        ("/allocations/0", "gap-unknown"),  # the product's
        ("/allocations/1/amount", "allocation-over-gap"),
    ]
    later = await make(funding, name("T"), biennium)
    assert drawn(later) == [("KEN-2026", source, Decimal("499.99"))]
    stop = {"action": "terminate", "by": "clerk", "reasons": "No more"}
    await ok(funding.post(at("agreements", source, "actions"), json=stop))
    problem = await ok(act(funding, name("T")), 409)
    assert (problem["code"], faults(problem)) == (
        "scenario-outdated",
        [("/allocations/0", "illegal-transition")],
    )


async def test_a_pool_is_drawn_on_last_and_for_its_countries(funding, biennium, name):
    identifier = await plan(
        funding, biennium, sample.country_item("KEN", "500"), sample.country_item("VNM", "400")
    )
    source = await signed(funding, name("A"), biennium, "100", currency="EUR", scope={"countries": ["KE"]})
    pool = {
        "code": name("P"),
        "biennium": biennium,
        "titles": sample.TITLES,
        "currency": "USD",
        "carried_over": "300",
        "countries": ["KE"],
    }
    account = f"{name('P')}/{biennium}"
    await ok(funding.put(at("pools", account), json=pool))
    assert drawn(await make(funding, name("S"), biennium)) == [
        ("KEN-2026", source, 100),
        ("KEN-2026", account, 300),
    ]
    await ok(act(funding, name("S")))
    (held,) = (await document(funding, "pools", account))["allocations"]
    assert (held["amount"], held["scenario"], bool(held["reasons"])) == ("300.00", name("S"), True)
    told = await resources(funding, identifier)
    assert [Decimal(each["resources"]["gap"]) for each in told["items"]] == [75, 400]
    only = {"sources": [{"kind": "pool", "identifier": account}]}
    assert drawn(await make(funding, name("T"), biennium, **only)) == []  # nothing is left


async def test_a_scenario_is_made_and_not_written(funding, biennium, name):
    body = sample.scenario(name("S"), biennium)
    for method, address in (("PUT", at("scenarios", name("S"))), ("POST", "/v1/scenarios/upserts")):
        assert (await funding.request(method, address, json=body)).status_code == 405
    await make(funding, name("S"), biennium)
    assert (await ok(funding.post("/v1/scenarios", json=body), 409))["code"] == "already-exists"
    await make(funding, name("T"), biennium, currency="EUR")
    compared = funding.get(at("scenarios", name("S"), "comparison"), params={"with": name("T")})
    assert (await ok(compared, 409))["code"] == "not-comparable"
    listed = await ok(funding.get("/v1/scenarios", params={"biennium": biennium, "state": "draft"}), 200)
    assert [each["identifier"] for each in listed["items"]] == [name("S"), name("T")]


async def test_of_two_scenarios_for_one_gap_that_are_adopted_at_once_one_is(funding, biennium, name):
    identifier = await plan(funding, biennium, sample.product("GP1", "500"))
    sources = [await signed(funding, name(letter), biennium, "500") for letter in "AB"]
    for letter, source in zip("ST", sources, strict=True):
        await make(funding, name(letter), biennium, source)
    answers = await asyncio.gather(*(act(funding, name(letter)) for letter in "ST"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "scenario-outdated"}
    assert Decimal((await resources(funding, identifier))["whole"]["gap"]) == 0


async def test_of_two_who_adopt_one_scenario_at_once_one_does(funding, biennium, name):
    await plan(funding, biennium, sample.product("GP1", "500"))
    source = await signed(funding, name("A"), biennium, "800")
    await make(funding, name("S"), biennium)
    answers = await asyncio.gather(*(act(funding, name("S")) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len((await document(funding, "agreements", source))["allocations"]) == 1


async def test_what_a_scenario_is_asked_for_has_to_be_known(funding, name):
    for members, found in (
        ({"rule": {"code": "test-rule", "version": 9}}, [("/rule", "unknown-priority-rule")]),
        ({"sources": [{"kind": "pool", "identifier": "X/2026-27"}]}, [("/sources/0", "unknown-source")]),
        ({"currency": "ABC"}, [("/currency", "unknown-currency")]),
        ({"state": "adopted"}, [("/state", "extra-forbidden")]),
    ):
        problem = await ok(
            funding.post("/v1/scenarios", json=sample.scenario(name("S"), "2026-27", **members)), 422
        )
        assert faults(problem) == found
    assert (await funding.get(at("scenarios", name("S")))).status_code == 404
    assert (await act(funding, name("S"))).status_code == 404


async def test_amounts_that_can_not_be_told_make_no_scenario(funding, biennium, name):
    await plan(funding, biennium, sample.product("GP1", "9" * 20, resources=[]), currency="EUR")
    await make(funding, name("S"), biennium, currency="EUR")
    problem = await ok(funding.post("/v1/scenarios", json=sample.scenario(name("T"), biennium)), 422)
    assert problem["code"] == "invalid"
    assert (await funding.get(at("scenarios", name("T")))).status_code == 404


async def test_a_draft_of_any_day_keeps_no_plan_from_being_told(funding, biennium, name):
    identifier = await plan(funding, biennium, sample.product("GP1", "300"))
    scope = {"programme_outcomes": ["3"]}
    body = sample.agreement(name("A"), biennium, "10", scope=scope, effective_from="0001-01-01")
    await ok(funding.put(at("agreements", name("A")), json=body))
    assert (await resources(funding, identifier))["whole"]["gap"] == "300"


async def test_a_mobilisation_list_tells_whom_to_ask_and_what_could_not_be_used(funding, biennium, name):
    await plan(
        funding,
        biennium,
        sample.country_item("MLI", "400"),
        sample.country_item("VNM", "300"),
        sample.product("GP1", None),
    )
    mali = await signed(funding, name("M"), biennium, "100", scope={"countries": ["ML"]})
    other = await signed(funding, name("O"), biennium, "50", scope={"programme_outcomes": ["4"]})
    partner = {
        "organisation_identifier": name("XM"),
        "names": sample.TITLES,
        "interests": {"programme_outcomes": ["3"], "countries": ["ML"]},
        "kinds": ["bilateral"],
    }
    await ok(funding.put(at("partner-profiles", name("XM")), json=partner))
    asked = {"rule": "test-rule/1", "currency": "USD"}
    told = await ok(funding.get(f"/v1/mobilisation-lists/{biennium}", params=asked), 200)
    first, second = told["gaps"]
    assert (first["item"], Decimal(first["priority"]), first["country"]) == ("MLI", 1, "ML")
    assert [Decimal(first[each]) for each in ("gap", "in_hand", "to_mobilise")] == [400, 100, 300]
    assert [(each["organisation_identifier"], each["because"]) for each in first["partners"]] == [
        (name("XM"), ["programme-outcome", "country"])
    ]
    assert (second["item"], second["partners"]) == ("VNM", [])
    assert [each["item"] for each in told["without_priority"]] == ["GP1"]
    assert [(each["identifier"], each["left"]) for each in told["unused"]] == [(other, "50")]
    assert mali != other
    for wrong, status in (
        ({"rule": "test-rule/9"}, 422),
        ({"currency": "ABC"}, 422),
        ({"rule": "x"}, 400),
        ({"rule": " /1"}, 400),
    ):
        await ok(funding.get(f"/v1/mobilisation-lists/{biennium}", params={**asked, **wrong}), status)
