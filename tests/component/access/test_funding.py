"""Who may see and do what with the money of activities, partners, agreements and pledges."""

import pytest

from services.funding.aggregates import FINANCES
from services.funding.partnerships.aggregates import AGREEMENTS, PLEDGES
from shared.policy.grants import Grant, Role
from shared.testing import partnerships as sample
from shared.testing.access import Asking, drawn_grants
from shared.testing.documents import ANY
from tests.component.access.comparing import Compared, drawing, get, listed
from tests.component.access.money import (
    AGGREGATES,
    BIENNIUM,
    COUNTRIES,
    ORGANISATIONS,
    PROJECT_NAMES,
    TITLES,
    money,
)

OFFICER = Grant(role=Role.FIELD_OFFICER, countries={"KE"})
MANAGER = Grant(role=Role.PROGRAMME_MANAGER, countries={"KE"})
FINANCE = Grant(role=Role.FINANCE, countries={"KE"})
FOREIGN = tuple(Grant(role=role, countries={"UG"}) for role in Role if role is not Role.PUBLIC)
PARTNER = Grant(role=Role.PARTNER, organisations={"XM-1"})
FOREIGN_PARTNER = Grant(role=Role.PARTNER, organisations={"XM-2"})
PAYMENT = {"type": "3", "date": "2026-02-01", "value": {"amount": "10", "currency": "USD"}}


@pytest.fixture(scope="module")
async def world(serve, postgres):
    async with money(serve, postgres) as made:
        yield made


@pytest.fixture
async def agreement(world, identifier):
    """Return the path of the draft of an agreement of Kenya with a partner."""
    body = sample.agreement(
        identifier, scope={"countries": ["KE"]}, partners=[sample.partner("XM-1", "funding")]
    )
    await world.stores.put(AGREEMENTS, body)
    return f"/v1/agreements/{identifier}"


@pytest.fixture
async def pledge(world, identifier):
    """Return the path of an open pledge of a partner for Kenya."""
    body = sample.pledge(identifier, partner={"ref": "XM-1"}, scope={"countries": ["KE"]})
    await world.stores.put(PLEDGES, body)
    return f"/v1/pledges/{identifier}"


async def send(world, method, address, body, headers, status, code=None):
    request = world.client.build_request(method, address, json=body, headers=headers)
    if headers is None:
        del request.headers["Authorization"]
    answer = await world.client.send(request)
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert code is None or told["code"] == code
    return told


def faults(problem):
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


@pytest.mark.parametrize("seed", range(8))
async def test_everybody_gets_all_that_the_policy_lets_see_and_nothing_else(world, issuer, seed):
    draw = drawing(seed)
    grants = drawn_grants(draw, countries=COUNTRIES, organisations=ORGANISATIONS, projects=PROJECT_NAMES)
    seen = 0
    for path, aggregate in AGGREGATES.items():
        compared = await Compared.of(world.client, path, aggregate, world.projects)
        assert len(compared.items) > 0
        seen += await compared.compare(Asking(grants), issuer, draw)
    assert seen >= len(ORGANISATIONS)  # partners are published


async def test_filters_find_nothing_that_is_not_seen(world, issuer):
    mine = await listed(world.client, "/v1/agreements", issuer.bearer(OFFICER))
    whole = await listed(world.client, "/v1/agreements")
    assert 0 < len(mine) < len(whole)
    for name in ORGANISATIONS:
        found = await listed(world.client, "/v1/agreements", issuer.bearer(OFFICER), partner=name)
        assert found.keys() == {
            number for number, item in mine.items() if name in str(item["document"]["partners"])
        }
    assert await listed(world.client, "/v1/agreements", issuer.bearer(PARTNER), state="draft") == {}
    assert await listed(world.client, "/v1/pledges", issuer.bearer(PARTNER), partner="XM-2") == {}


async def test_the_money_of_a_project_is_recorded_where_the_grants_hold_for_the_project(world, issuer):
    await world.stores.put(FINANCES, {"iati_identifier": "P-KE"}, {"iati_identifier": "P-KE-PLANNED"})
    for headers, status, code in (
        (None, 401, "token-missing"),
        (issuer.bearer(PARTNER), 403, "forbidden"),
        (issuer.bearer(Grant(role=Role.APPRAISER)), 403, "forbidden"),
        (issuer.bearer(*FOREIGN), 403, "outside-scope"),
    ):
        await send(world, "POST", "/v1/finances/P-KE/transactions", PAYMENT, headers, status, code)
    await send(world, "POST", "/v1/finances/P-KE/transactions", PAYMENT, issuer.bearer(OFFICER), 201)
    of_project = issuer.bearer(Grant(role=Role.FINANCE, projects={"P-KE"}))
    await send(world, "POST", "/v1/finances/P-KE/transactions", PAYMENT, of_project, 201)
    foreign = issuer.bearer(*FOREIGN)
    for name in ("P-KE-PLANNED", "P-NONE"):
        address, wrong = f"/v1/finances/{name}/transactions", {**PAYMENT, "date": "2999-01-01"}
        await send(world, "POST", address, wrong, foreign, 404, "not-found")
        assert (await get(world.client, f"/v1/finances/{name}", foreign)).status_code == 404
        assert (await get(world.client, f"/v1/finances/{name}", None)).status_code == 404
    assert (await get(world.client, "/v1/finances/P-KE", None)).status_code == 200
    assert (await get(world.client, "/v1/finances/P-KE-PLANNED", issuer.bearer(OFFICER))).status_code == 200


async def test_money_is_written_for_no_project_that_the_grants_do_not_hold_for(world, issuer):
    for name in ("P-KE", "P-NOWHERE"):
        body = {"iati_identifier": name, "default_currency": "USD"}
        address = f"/v1/finances/{name}"
        await send(world, "PUT", address, body, issuer.bearer(*FOREIGN), 403, "outside-scope")
    nowhere = {"iati_identifier": "P-NOWHERE"}
    await send(world, "POST", "/v1/finances", nowhere, issuer.bearer(OFFICER), 403, "outside-scope")
    body = {"iati_identifier": "P-KE", "default_currency": "USD"}
    await send(world, "PUT", "/v1/finances/P-KE", body, issuer.bearer(OFFICER) | ANY, 200)
    answer = await world.client.post(
        "/v1/finances/upserts", content='{"iati_identifier":"P-KE"}', headers=issuer.bearer(MANAGER)
    )
    assert answer.status_code == 403


async def test_partners_are_those_of_the_organisations_that_grants_hold_for(world, issuer):
    own = issuer.bearer(Grant(role=Role.FINANCE, organisations={"XM-1"}))
    for path in ("/v1/partners", "/v1/partner-profiles"):
        body = {"organisation_identifier": "XM-1", "names": TITLES, "type": "10"}
        other = {**body, "organisation_identifier": "XM-2"}
        assert (await get(world.client, f"{path}/XM-1", issuer.bearer(PARTNER))).status_code == 200
        await send(world, "PUT", f"{path}/XM-1", body, issuer.bearer(PARTNER), 403, "forbidden")
        seen = path == "/v1/partners"
        status, code = (403, "outside-scope") if seen else (404, "not-found")
        await send(world, "PUT", f"{path}/XM-2", other, own, status, code)
        status = 200 if seen else 404
        assert (await get(world.client, f"{path}/XM-2", issuer.bearer(PARTNER))).status_code == status
        await send(world, "PUT", f"{path}/XM-1", body, own | ANY, 200)
    assert (await get(world.client, "/v1/partner-profiles/XM-1", None)).status_code == 401


COMMANDS = {
    "actions": ({"action": "activate", "by": "x"}, {MANAGER, FINANCE}),
    "due-diligence": ({"partner": "XM-1", "action": "begin", "by": "x"}, {MANAGER, FINANCE}),
    "receipts": (
        {"reference": "R", "tranche": 99, "received_on": "2026-03-05", "amount": "1"},
        {FINANCE},
    ),
    "amendments": (
        {"signed_on": "2026-05-04", "by": "x", "reasons": "Why", "changes": {"sample": True}},
        {MANAGER, FINANCE},
    ),
    "deliveries": ({"code": "P1", "delivered_on": "2026-05-30", "by": "x"}, {MANAGER, FINANCE}),
    "allocations": (sample.allocation("AL", "1", by="x"), {MANAGER, FINANCE}),
    "allocations/AL/withdrawals": ({"by": "x", "reasons": "Why"}, {MANAGER, FINANCE}),
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_of_an_agreement_is_for_its_roles_where_they_hold(world, issuer, agreement, command):
    body, roles = COMMANDS[command]
    address = f"{agreement}/{command}"
    await send(world, "POST", address, body, None, 401, "token-missing")
    for grant in (PARTNER, OFFICER, MANAGER, FINANCE):
        if grant not in roles:
            await send(world, "POST", address, body, issuer.bearer(grant), 403, "forbidden")
    for stored in (agreement, "/v1/agreements/NONE"):
        told = await send(
            world, "POST", f"{stored}/{command}", body, issuer.bearer(*FOREIGN), 404, "not-found"
        )
        assert "allowed" not in told
    for grant in roles:  # the draft does not allow it, or has no such thing, which is told to them
        answer = await world.client.post(address, json=body, headers=issuer.bearer(grant))
        assert answer.json()["code"] in ("illegal-transition", "invalid", "not-found"), answer.text
        assert "No agreement" not in answer.json()["detail"]


@pytest.mark.parametrize("command", [name for name, (body, _) in COMMANDS.items() if "by" in body])
async def test_a_person_acts_with_an_agreement_in_their_own_name(world, issuer, agreement, command):
    body, _ = COMMANDS[command]
    ann = issuer.bearer(MANAGER, subject="id-of-ann", client="app", name="Ann Lee")
    told = await send(world, "POST", f"{agreement}/{command}", body, ann, 403, "not-your-name")
    assert faults(told) == [("/by", "not-your-name")]
    answer = await world.client.post(f"{agreement}/{command}", json={**body, "by": "Ann Lee"}, headers=ann)
    assert answer.json()["code"] != "not-your-name"


async def test_a_partner_sees_an_agreement_once_it_was_signed_and_not_what_was_found_about_it(
    world, issuer, agreement
):
    for headers in (issuer.bearer(PARTNER), issuer.bearer(FOREIGN_PARTNER), issuer.bearer(*FOREIGN)):
        assert (await get(world.client, agreement, headers)).status_code == 404
    sign = {"action": "sign", "by": "x"}
    await send(world, "POST", f"{agreement}/actions", sign, issuer.bearer(MANAGER), 201)
    allocation = sample.allocation("AL", "1", country_outcome={"programme": "CP-KE", "code": "101"})
    del allocation["programme_outcome"]
    await send(world, "POST", f"{agreement}/allocations", allocation, issuer.bearer(FINANCE), 201)
    for grant, withheld in (
        (PARTNER, {"allocations.by", "allocations.reasons", "amendments.by", "due_diligence", "history"}),
        (OFFICER, {"due_diligence"}),
        (FINANCE, set()),
    ):
        item = (await get(world.client, agreement, issuer.bearer(grant))).json()
        assert set(item.get("withheld", ())) == withheld
        assert item["document"].keys().isdisjoint(withheld)
        (allocated,) = item["document"]["allocations"]
        assert ({"by", "reasons"} <= allocated.keys()) is (grant is not PARTNER)
    for headers in (issuer.bearer(FOREIGN_PARTNER), issuer.bearer(*FOREIGN)):
        assert (await get(world.client, agreement, headers)).status_code == 404
    assert (await get(world.client, agreement, None)).status_code == 401


async def test_an_agreement_does_not_leave_the_places_of_who_writes_it(world, issuer, agreement):
    manager, abroad = issuer.bearer(MANAGER), {"scope": {"countries": ["UG"]}}
    await send(world, "PATCH", agreement, abroad, manager, 403, "outside-scope")
    await send(world, "PATCH", agreement, abroad, issuer.bearer(*FOREIGN), 404, "not-found")
    body = sample.agreement("A-ABROAD", **abroad)
    await send(world, "POST", "/v1/agreements", body, manager, 403, "outside-scope")
    await send(world, "PUT", "/v1/agreements/A-ABROAD", body, manager, 403, "outside-scope")
    await send(world, "POST", f"{agreement}/actions", {"action": "sign", "by": "x"}, manager, 201)
    amendment = {"signed_on": "2026-05-04", "by": "x", "reasons": "Why", "changes": abroad}
    await send(world, "POST", f"{agreement}/amendments", amendment, manager, 403, "outside-scope")
    amendment["changes"] = {"scope": {"countries": ["KE", "UG"]}}
    await send(world, "POST", f"{agreement}/amendments", amendment, manager, 201)


async def test_signing_tells_nothing_of_proposals_that_are_not_seen(world, issuer, agreement):
    manager = issuer.bearer(MANAGER)
    names = ["PROP-UG", "PROP-NONE", "PROP-KE"]
    await send(world, "PATCH", agreement, {"proposals": names}, manager, 200)
    sign = {"action": "sign", "by": "x"}
    told = await send(world, "POST", f"{agreement}/actions", sign, manager, 409, "proposal-not-passed")
    assert [fault["pointer"] for fault in told["errors"]] == ["/proposals/0", "/proposals/1"]
    unseen, unknown = (fault["detail"] for fault in told["errors"])
    assert unseen.replace("PROP-UG", "PROP-NONE") == unknown
    await send(world, "PATCH", agreement, {"proposals": ["PROP-UG", "PROP-KE"]}, manager, 200)
    both = issuer.bearer(MANAGER, Grant(role=Role.FIELD_OFFICER, countries={"UG"}))
    await send(world, "POST", f"{agreement}/actions", sign, both, 201)


async def test_an_amendment_tells_nothing_of_proposals_that_are_not_seen(world, issuer, agreement):
    manager = issuer.bearer(MANAGER)
    await send(world, "POST", f"{agreement}/actions", {"action": "sign", "by": "x"}, manager, 201)
    amendment = {"signed_on": "2026-05-04", "by": "x", "reasons": "Why", "changes": {}}
    details = set()
    for name in ("PROP-UG", "PROP-NONE"):
        body = {**amendment, "changes": {"proposals": [name]}}
        told = await send(world, "POST", f"{agreement}/amendments", body, manager, 409, "proposal-not-passed")
        details.add(told["errors"][0]["detail"].replace(name, ""))
    assert len(details) == 1
    body = {**amendment, "changes": {"proposals": ["PROP-KE"]}}
    await send(world, "POST", f"{agreement}/amendments", body, manager, 201)


async def test_an_allocation_tells_nothing_of_drafts_of_programmes_that_are_not_seen(
    world, issuer, agreement
):
    manager = issuer.bearer(MANAGER)
    await send(world, "POST", f"{agreement}/actions", {"action": "sign", "by": "x"}, manager, 201)

    async def refusal(programme, code, headers):
        link = {"programme": programme, "code": code}
        body = {**sample.allocation("AL", "1", country_outcome=link), "programme_outcome": None}
        answer = await world.client.post(f"{agreement}/allocations", json=body, headers=headers)
        return [each["code"] for each in answer.json().get("errors", ())], answer.status_code

    outside = (["allocation-outside-earmarking"], 422)
    for programme in ("CP-UG", "CP-NONE"):
        for code in ("101", "999"):
            assert await refusal(programme, code, manager) == outside
    everywhere = issuer.bearer(Grant(role=Role.PROGRAMME_MANAGER))
    assert "unknown-country-outcome" in (await refusal("CP-UG", "999", everywhere))[0]
    assert await refusal("CP-KE", "101", manager) == ([], 201)


async def test_a_pledge_is_converted_into_an_agreement_that_is_seen(world, issuer, pledge, identifier):
    own = sample.agreement(f"{identifier}-KE", scope={"countries": ["KE"]})
    other = sample.agreement(f"{identifier}-UG", scope={"countries": ["UG"]})
    await world.stores.put(AGREEMENTS, own, other)
    finance, told = issuer.bearer(FINANCE), []
    for number in (other["number"], "A-NONE"):
        step = {"action": "convert", "by": "x", "agreement": number}
        problem = await send(world, "POST", f"{pledge}/actions", step, finance, 422)
        told.append((faults(problem), problem["errors"][0]["detail"]))
    assert told[0] == told[1]
    step = {"action": "convert", "by": "x", "agreement": own["number"]}
    foreign = issuer.bearer(*FOREIGN)
    await send(world, "POST", f"{pledge}/actions", step, foreign, 404, "not-found")
    await send(world, "POST", f"{pledge}/actions", step, issuer.bearer(OFFICER), 403, "forbidden")
    ann = issuer.bearer(FINANCE, subject="id-of-ann", client="app", name="Ann Lee")
    await send(world, "POST", f"{pledge}/actions", step, ann, 403, "not-your-name")
    await send(world, "POST", f"{pledge}/actions", {**step, "by": "Ann Lee"}, ann, 201)


async def test_how_likely_a_pledge_is_is_told_to_those_who_plan_with_it(world, issuer, pledge):
    for grant, withheld in (
        (PARTNER, ["history", "probability"]),
        (OFFICER, ["probability"]),
        (MANAGER, None),
    ):
        item = (await get(world.client, pledge, issuer.bearer(grant))).json()
        assert item.get("withheld") == withheld
        assert ("probability" in item["document"]) is (withheld is None)
    for headers in (issuer.bearer(FOREIGN_PARTNER), issuer.bearer(*FOREIGN)):
        assert (await get(world.client, pledge, headers)).status_code == 404
    abroad = {"scope": {"countries": ["UG"]}}
    await send(world, "PATCH", pledge, abroad, issuer.bearer(MANAGER), 403, "outside-scope")
    body = sample.pledge("PL-ABROAD", **abroad, biennium=BIENNIUM)
    await send(world, "POST", "/v1/pledges", body, issuer.bearer(MANAGER), 403, "outside-scope")
