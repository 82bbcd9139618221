"""Who may see and do what with the money of the office as a whole: pools, targets, work plans, scenarios and rates."""

import pytest

from services.funding.partnerships.aggregates import PLEDGES
from services.funding.workplans.aggregates import WORKPLANS
from shared.policy.grants import Grant, Role
from shared.testing import partnerships as sample
from shared.testing import workplans
from shared.testing.documents import ANY
from tests.component.access.comparing import get
from tests.component.access.money import BIENNIUM, money

PLAN = "2090-91"
LIST = f"/v1/mobilisation-lists/{PLAN}?rule=test-rule%2F1&currency=USD"
SCOPED = tuple(Grant(role=role, countries={"KE", "UG", "TZ"}) for role in Role if role is not Role.PUBLIC)
EVALUATOR, FINANCE, MANAGER, PARTNER = (
    Grant(role=role) for role in (Role.EVALUATOR, Role.FINANCE, Role.PROGRAMME_MANAGER, Role.PARTNER)
)
READS = (
    "/v1/pools/RBSA%2F2026-27",
    "/v1/pools/RBSA%2F2026-27/balance",
    "/v1/mobilisation-targets/2026-27%2FALL",
    "/v1/mobilisation-targets/2026-27%2FALL/progress",
    f"/v1/workplans/{BIENNIUM}%2F3",
    f"/v1/workplans/{BIENNIUM}%2F3/resources",
    "/v1/priority-rules/test-rule%2F1",
    "/v1/scenarios/S",
    "/v1/scenarios/S/comparison?with=S",
    LIST,
)
WITHDRAWAL = {"by": "x", "reasons": "Why"}
WRITES = {
    ("PUT", "/v1/pools/RBSA%2F2026-27"): (sample.pool("RBSA"), {MANAGER, FINANCE}),
    ("POST", "/v1/pools/RBSA%2F2026-27/allocations"): (sample.allocation("AL", "1"), {MANAGER, FINANCE}),
    ("POST", "/v1/pools/RBSA%2F2026-27/allocations/AL/withdrawals"): (WITHDRAWAL, {MANAGER, FINANCE}),
    ("PUT", "/v1/mobilisation-targets/2026-27%2FALL"): (sample.target("ALL"), {MANAGER}),
    ("PUT", f"/v1/workplans/{BIENNIUM}%2F4"): (
        workplans.workplan(BIENNIUM, workplans.product("GP", "1000"), outcome="4"),
        {MANAGER, FINANCE},
    ),
    ("PUT", "/v1/priority-rules/test-rule%2F1"): (workplans.priority_rule(), {MANAGER}),
    ("POST", "/v1/scenarios"): (workplans.scenario("MADE", BIENNIUM), {MANAGER}),
    ("POST", "/v1/scenarios/S/actions"): ({"action": "discard", "by": "x", "reasons": "Why"}, {MANAGER}),
    ("PUT", "/v1/exchange-rates/ECB%2F2026-01"): (
        {"source": "ECB", "kind": "donor", "base": "EUR", "month": "2026-01"},
        {FINANCE},
    ),
}


@pytest.fixture(scope="module")
async def world(serve, postgres):
    async with money(serve, postgres) as made:
        yield made


async def send(world, method, address, body, headers):
    request = world.client.build_request(method, address, json=body, headers=headers)
    if headers is None:
        del request.headers["Authorization"]
    return await world.client.send(request)


@pytest.mark.parametrize("address", READS)
async def test_what_is_of_the_office_as_a_whole_is_seen_by_staff_with_grants_that_hold_everywhere(
    world, issuer, address
):
    for grants, status in (((), 401), (SCOPED, 403), ((PARTNER,), 403), ((EVALUATOR,), 200)):
        headers = issuer.bearer(*grants) if grants else None
        assert (await get(world.client, address, headers)).status_code == status


@pytest.mark.parametrize(("method", "address"), WRITES)
async def test_what_is_of_the_office_as_a_whole_is_written_by_its_roles(world, issuer, method, address):
    body, roles = WRITES[method, address]
    assert (await send(world, method, address, body, None)).status_code == 401
    for grants in (SCOPED, (PARTNER,), (EVALUATOR,)):
        answer = await send(world, method, address, body, issuer.bearer(*grants))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    for grant in (MANAGER, FINANCE):
        answer = await send(world, method, address, body, issuer.bearer(grant))
        if grant not in roles:
            assert answer.status_code == 403
        else:  # what was done once may not be possible again, which is told
            assert answer.status_code in (200, 201, 404, 409), answer.text


async def test_a_person_decides_on_pools_and_scenarios_in_their_own_name(world, issuer):
    ann = issuer.bearer(MANAGER, subject="id-of-ann", client="app", name="Ann Lee")
    named = [(key, body) for key, (body, _) in WRITES.items() if "by" in body]
    assert len(named) == 3
    for (method, address), body in named:
        answer = await send(world, method, address, body, ann)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-name")
        answer = await send(world, method, address, {**body, "by": "Ann Lee"}, ann)
        assert answer.json().get("code") != "not-your-name"


async def test_files_of_rates_are_put_by_finance(world, issuer):
    asked = "/v1/exchange-rates/files?source=TEST&kind=donor&base=EUR"
    for grant, status in ((MANAGER, 403), (EVALUATOR, 403), (FINANCE, 200)):
        headers = {**issuer.bearer(grant), "Content-Type": "text/csv"}
        answer = await world.client.post(asked, content="Date,USD\n2026-01-02,1.25\n", headers=headers)
        assert answer.status_code == status, answer.text
    assert (await get(world.client, "/v1/exchange-rates/TEST%2F2026-01", None)).status_code == 200


@pytest.fixture
async def likely(world):
    """Store pledges for the outcome of a work plan, each with its probability, and return the plan's address."""
    plan = workplans.workplan(PLAN, workplans.product("GP", "100000"))
    await world.stores.put(WORKPLANS, plan)
    scope = {"programme_outcomes": ["3"]}
    told = {"biennium": PLAN, "amount": {"amount": "1000", "currency": "USD"}, "partner": {"ref": "XM-1"}}
    of_kenya = {**scope, "countries": ["KE"]}
    await world.stores.put(
        PLEDGES,
        sample.pledge("LIKELY", **told, scope=scope, probability="60"),
        sample.pledge("LIKELY-KE", **told, scope=of_kenya, probability="30"),
    )
    profile = {"organisation_identifier": "XM-1", "names": workplans.TITLES, "interests": scope}
    assert (await world.client.put("/v1/partner-profiles/XM-1", json=profile, headers=ANY)).is_success
    return f"/v1/workplans/{PLAN}%2F3/resources"


async def test_how_likely_pledges_are_is_told_in_no_figure_to_who_may_not_see_it(world, issuer, likely):
    for grants, of_all, of_kenya, total in (
        ((FINANCE,), 0.6, 0.3, 900),
        ((EVALUATOR, Grant(role=Role.FINANCE, countries={"KE"})), None, 0.3, 300),
        ((EVALUATOR,), None, None, 0),
    ):
        told = (await get(world.client, likely, issuer.bearer(*grants))).json()
        pledges = {each["identifier"]: each for each in told["pipeline"] if each["kind"] == "pledge"}
        for name, probability in (("LIKELY", of_all), ("LIKELY-KE", of_kenya)):
            pledge = pledges[name]
            assert pledge["probability"] == (probability and str(probability))
            assert (pledge["weighted"] is None) is (probability is None)
        assert float(told["whole"]["pipeline"]["pledged_weighted"]) == total


async def test_how_likely_pledges_are_is_told_in_no_list_to_who_may_not_see_it(world, issuer, likely):
    assert likely
    for grant, probability in ((FINANCE, "60"), (EVALUATOR, None)):
        told = (await get(world.client, LIST, issuer.bearer(grant))).json()
        (gap,) = told["gaps"]
        pledges = {each["identifier"]: each for partner in gap["partners"] for each in partner["pledges"]}
        assert pledges["LIKELY"]["probability"] == probability
