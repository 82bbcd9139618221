"""Agreements, pools, pledges and targets over the wire: the whole path, each refusal, and what it leaves."""

import asyncio
from urllib.parse import quote
from uuid import uuid4

import pytest

from shared.contracts.ids import agreement_id
from shared.testing import partnerships as sample
from shared.testing import proposals as frameworks
from shared.testing.documents import ANY
from shared.testing.streams import await_copied, await_published, published

PATH = "/v1/agreements"
BIENNIUM = "2088-89"
"""One that no other test knows anything of."""
PROGRAMME = "TEST-PARTNERSHIPS-KEN"
REGION = "TEST-AFRICA"


@pytest.fixture(scope="module")
async def funding(clients):
    """Return a client of funding, which knows a programme and budget, a country programme and an office."""
    projects, funding = clients["projects"], clients["funding"]
    budget = {**frameworks.programme_budget(), "biennium": BIENNIUM}
    programme = frameworks.country_programme(
        code=PROGRAMME, country="ZW", period_start="2085-01-01", period_end="2089-12-31"
    )
    office = {
        "code": "TEST-CO-HARARE",
        "names": [{"text": "Country office"}],
        "kind": "country-office",
        "region": {"code": REGION},
        "countries": ["ZW"],
    }
    for path, document in (
        (f"/v1/programme-budgets/{BIENNIUM}", budget),
        (f"/v1/country-programmes/{PROGRAMME}", programme),
        ("/v1/field-offices/TEST-CO-HARARE", office),
    ):
        assert (await projects.put(path, json=document)).status_code == 201
    await await_published(projects)
    await await_copied(funding, "projects")
    return funding


@pytest.fixture
def address(identifier):
    return f"{PATH}/{quote(identifier, safe='')}"


async def post(client, address, body, *, status=201, headers=None):
    answer = await client.post(address, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def act(client, address, action, *, status=201, **members):
    return await post(
        client, f"{address}/actions", {"action": action, "by": "clerk", **members}, status=status
    )


async def put(client, address, document, headers=None):
    answer = await client.put(address, json=document, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def read(client, address):
    answer = await client.get(address)
    assert answer.status_code == 200
    return answer.json()


def faults(problem):
    return [(fault["pointer"], fault["code"]) for fault in problem["errors"]]


def allocation(code, amount, **members):
    return sample.allocation(code, amount, programme_outcome={"biennium": BIENNIUM, "code": "3"}, **members)


def in_programme(code="KEN 101"):
    return {"country_outcome": {"programme": PROGRAMME, "code": code}}


async def signed(client, address, identifier, make=sample.agreement, **members):
    await put(client, address, make(identifier, **members))
    return await act(client, address, "sign")


RECEIPT = {"reference": "TT-1", "tranche": 1, "received_on": "2026-03-05", "amount": "400000"}
LARGER = {
    "amount": {"amount": "1200000", "currency": "USD"},
    "tranches": [
        {"number": 1, "due_on": "2026-03-01", "amount": "400000"},
        {"number": 2, "due_on": "2027-03-01", "amount": "800000"},
    ],
}


async def test_the_whole_path(funding, address, identifier, nats):
    await post(funding, PATH, sample.agreement(identifier, state="active"))
    draft = (await read(funding, address))["document"]
    assert "state" not in draft
    assert draft["earmarking"]["category"] == "4"
    await act(funding, address, "sign")
    await act(funding, address, "activate")
    assert (await post(funding, f"{address}/receipts", RECEIPT))["outcome"] == "changed"
    await post(funding, f"{address}/allocations", allocation("X", "700000", **in_programme()))
    amendment = {"signed_on": "2026-05-01", "reasons": "Cost", "by": "clerk", "changes": LARGER}
    await post(funding, f"{address}/amendments", amendment)
    delivery = {"code": "P1", "delivered_on": "2026-06-01", "by": "clerk"}
    await post(funding, f"{address}/deliveries", delivery)
    withdrawal = {"by": "a.director", "reasons": "Not needed"}
    await post(funding, f"{address}/allocations/X/withdrawals", withdrawal)
    await post(funding, f"{address}/allocations/X/withdrawals", withdrawal, status=404)
    for action in ("suspend", "resume", "complete"):
        await act(funding, address, action, reasons="As agreed")
    item = await read(funding, address)
    document = item["document"]
    assert (item["version"], document["state"]) == (11, "completed")
    assert "allocations" not in document
    assert document["amendments"][0]["members"] == ["amount", "tranches"]
    assert document["reporting_duties"][0]["delivered_on"] == "2026-06-01"
    await await_published(funding)
    events = await published(nats, "funding", agreement_id(identifier))
    assert events[-1].data == document
    assert [event.rationale for event in events if event.rationale] == [
        "Cost",
        "a.director: Not needed",
        *["As agreed"] * 3,
    ]


async def test_content_is_written_in_a_draft_alone(funding, address, identifier):
    await signed(funding, address, identifier)
    answer = await funding.patch(address, json={"support_cost_rate": "13"})
    assert (answer.status_code, answer.json()["code"]) == (409, "content-locked")
    same = await funding.put(address, json=sample.agreement(identifier))
    assert (same.status_code, same.json()["outcome"]) == (200, "unchanged")
    problem = await act(funding, address, "complete", status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["activate", "terminate"])
    assert (await funding.post(f"{PATH}/upserts", json={})).status_code == 405


async def test_faults_of_content_point_at_what_they_are_about(funding, identifier):
    document = sample.triangular(identifier, tranches=sample.agreement("A")["tranches"][:1])
    document["partners"][2]["country"] = "DE"
    problem = await post(funding, PATH, document, status=422)
    assert faults(problem) == [
        ("/tranches", "tranches-differ-from-amount"),
        ("/partners", "south-south-element-missing"),
    ]


async def test_a_private_partner_is_cleared_before_signing(funding, address, identifier):
    await put(funding, address, sample.public_private(identifier))
    problem = await act(funding, address, "sign", status=409)
    assert problem["code"] == "due-diligence-not-cleared"
    assert faults(problem) == [("/partners/1", "due-diligence-not-cleared")]
    step = {"partner": sample.COMPANY, "action": "clear", "by": "legal", "valid_to": "2099-12-31"}
    problem = await post(funding, f"{address}/due-diligence", step, status=409)
    assert problem["allowed"] == ["begin"]
    begin = {"partner": sample.COMPANY, "action": "begin", "by": "legal"}
    await post(funding, f"{address}/due-diligence", begin)
    await post(funding, f"{address}/due-diligence", step)
    await act(funding, address, "sign")


async def test_no_money_without_a_passed_appraisal(clients, funding, address, identifier):
    proposal = f"P-{uuid4().hex[:8]}"
    await put(funding, address, sample.agreement(identifier, proposals=[proposal]))
    problem = await act(funding, address, "sign", status=409)
    assert (problem["code"], faults(problem)) == (
        "proposal-not-passed",
        [("/proposals/0", "proposal-not-passed")],
    )
    projects = clients["projects"]
    await put(projects, "/v1/criteria-sets/evaluability%2F1", frameworks.criteria_set())
    budget = frameworks.programme_budget()
    programme = frameworks.country_programme()
    await put(projects, f"/v1/programme-budgets/{frameworks.BIENNIUM}", budget)
    await put(projects, f"/v1/country-programmes/{frameworks.PROGRAMME}", programme)
    at = f"/v1/proposals/{proposal}"
    await post(projects, "/v1/proposals", frameworks.proposal(proposal))
    for action in ("develop", "submit"):
        await act(projects, at, action)
    for person in ("b", "c"):
        await post(projects, f"{at}/appraisals", frameworks.appraisal(person, "3"))
    await await_published(projects)
    await await_copied(funding, "projects")
    assert (await act(funding, address, "sign", status=409))["code"] == "proposal-not-passed"
    await act(projects, at, "pass")
    await await_published(projects)
    await await_copied(funding, "projects")
    await act(funding, address, "sign")


async def test_money_comes_in_once_under_its_reference(funding, address, identifier):
    await signed(funding, address, identifier)
    receipts = f"{address}/receipts"
    first = await post(funding, receipts, RECEIPT)
    again = await post(funding, receipts, RECEIPT)
    assert (first["version"], again["version"]) == (3, 3)
    problem = await post(funding, receipts, {**RECEIPT, "amount": "1"}, status=409)
    assert problem["code"] == "receipt-exists"
    wrong = {**RECEIPT, "reference": "TT-2", "tranche": 7, "received_on": "2099-01-01"}
    problem = await post(funding, receipts, wrong, status=422)
    assert faults(problem) == [("/tranche", "unknown-tranche"), ("/received_on", "date-in-future")]
    stale = await funding.post(receipts, json={**RECEIPT, "reference": "TT-3"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_two_receipts_at_once_both_stand(funding, address, identifier):
    await signed(funding, address, identifier)
    bodies = [{**RECEIPT, "reference": f"TT-{number}", "amount": "1"} for number in range(8)]
    answers = await asyncio.gather(*(funding.post(f"{address}/receipts", json=body) for body in bodies))
    assert {answer.status_code for answer in answers} == {201}
    assert len((await read(funding, address))["document"]["receipts"]) == 8


async def test_an_amendment_that_breaks_a_rule_changes_nothing(funding, address, identifier):
    await signed(funding, address, identifier)
    await post(funding, f"{address}/allocations", allocation("X", "900000", **in_programme()))
    before = await read(funding, address)
    amendment = {"signed_on": "2026-05-01", "reasons": "Less", "by": "clerk"}
    changes = {"amount": {"amount": "400000"}, "scope": {"countries": ["NP"]}}
    told = {**amendment, "changes": changes}
    problem = await post(funding, f"{address}/amendments", told, status=422)
    assert faults(problem) == [
        ("/changes/tranches", "tranches-differ-from-amount"),
        ("/changes/amount/amount", "allocation-over-agreement"),
        ("/changes/scope", "allocation-outside-earmarking"),
    ]
    broken = {**amendment, "changes": {"kind": "gift"}}
    problem = await post(funding, f"{address}/amendments", broken, status=422)
    assert (problem["code"], [fault["pointer"] for fault in problem["errors"]]) == (
        "invalid",
        ["/changes/kind"],
    )
    renamed = {**amendment, "changes": {"number": "ANOTHER"}}
    problem = await post(funding, f"{address}/amendments", renamed, status=422)
    assert problem["code"] == "identifier-mismatch"
    assert await read(funding, address) == before


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"amount": "1000001"}, ("/amount", "allocation-over-agreement")),
        (
            {"programme_outcome": {"biennium": BIENNIUM, "code": "9"}},
            ("/programme_outcome/code", "unknown-programme-outcome"),
        ),
        (in_programme("KEN 9"), ("/country_outcome/code", "unknown-country-outcome")),
        (
            {"programme_outcome": {"biennium": "2080-81", "code": "3"}},
            ("/country_outcome", "outcome-of-another-biennium"),
        ),
        ({"country_outcome": None}, ("/country_outcome", "allocation-outside-earmarking")),
        ({"decided_on": "2099-01-01"}, ("/decided_on", "date-in-future")),
    ],
)
async def test_money_is_allocated_within_its_earmarking(funding, address, identifier, members, fault):
    await signed(funding, address, identifier, scope={"regions": [REGION]})
    sound = allocation("X", "5", **in_programme())
    problem = await post(funding, f"{address}/allocations", {**sound, **members}, status=422)
    assert faults(problem) == [fault]
    await post(funding, f"{address}/allocations", sound)


async def test_two_who_allocate_at_once_never_allocate_too_much(funding, address, identifier):
    await signed(funding, address, identifier)
    bodies = [allocation(f"X{number}", "300000") for number in range(6)]
    answers = await asyncio.gather(*(funding.post(f"{address}/allocations", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 422, 422, 422]


@pytest.mark.parametrize("name", ["X" * 251, "A%07", "%20"])
@pytest.mark.parametrize("path", [PATH, "/v1/pools"])
async def test_money_of_what_can_not_be_there_is_not_there(funding, path, name):
    for below, body in (
        ("allocations", allocation("X", "5")),
        ("allocations/X/withdrawals", {"by": "a.director", "reasons": "Late"}),
    ):
        problem = await post(funding, f"{path}/{name}/{below}", body, status=404)
        assert problem["code"] == "not-found"


async def test_money_of_a_draft_is_not_allocated(funding, address, identifier):
    await put(funding, address, sample.agreement(identifier))
    problem = await post(funding, f"{address}/allocations", allocation("X", "5"), status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", ["sign", "cancel"])


async def test_money_of_a_suspended_agreement_stays_allocated_and_no_more_is(funding, address, identifier):
    await signed(funding, address, identifier)
    made = await post(funding, f"{address}/allocations", allocation("X", "5"))
    await act(funding, address, "activate")
    await act(funding, address, "suspend", reasons="Elections")
    again = await post(funding, f"{address}/allocations", allocation("X", "5"))
    assert (made["version"], again["outcome"], again["version"]) == (3, "unchanged", 5)
    problem = await post(funding, f"{address}/allocations", allocation("Y", "5"), status=409)
    assert (problem["code"], problem["allowed"]) == (
        "illegal-transition",
        ["resume", "complete", "terminate"],
    )


async def test_nobody_is_scrutinised_for_an_agreement_that_has_ended(funding, address, identifier):
    await put(funding, address, sample.public_private(identifier))
    await act(funding, address, "cancel", reasons="Withdrawn")
    begin = {"partner": sample.COMPANY, "action": "begin", "by": "legal"}
    problem = await post(funding, f"{address}/due-diligence", begin, status=409)
    assert (problem["code"], problem["allowed"]) == ("illegal-transition", [])


@pytest.fixture
async def pool(funding):
    """Return the code and the address of a pool that two agreements contribute to, one without a rate."""
    code = f"RBSA-{uuid4().hex[:8]}"
    document = sample.pool(code, BIENNIUM, target="4000000", countries=["ZW"])
    await put(funding, f"/v1/pools/{code}%2F{BIENNIUM}", document)
    tranches = [{"number": 1, "due_on": "2088-03-01", "amount": "1000000"}]
    for number, currency in ((f"{code}-1", "USD"), (f"{code}-2", "XOF")):
        members = {
            "amount": {"amount": "1000000", "currency": currency},
            "tranches": tranches,
            "effective_to": "2089-12-31",
            "pool": code,
        }
        await signed(funding, f"{PATH}/{number}", number, sample.contribution, **members)
    return code, f"/v1/pools/{code}%2F{BIENNIUM}"


async def test_what_is_in_a_pool_is_explained(funding, pool):
    code, address = pool
    await post(funding, f"{address}/allocations", allocation("X", "50000", **in_programme()))
    balance = await read(funding, f"{address}/balance")
    assert [(each["agreement"], each["converted"]) for each in balance["contributions"]] == [
        (f"{code}-1", "1000000"),
        (f"{code}-2", None),
    ]
    figures = ("contributed", "carried_over", "allocated", "available", "share_of_target")
    assert [balance[name] for name in figures] == ["1000000", "50000", "50000", "1000000", "0.25"]
    assert (balance["without_rate"], balance["is_complete"]) == (1, False)


async def test_money_of_a_pool_is_for_eligible_countries_and_never_more_than_is_in_it(funding, pool):
    code, address = pool
    problem = await post(
        funding, f"{address}/allocations", allocation("X", "1050001", reasons=None), status=422
    )
    assert faults(problem) == [
        ("/country_outcome", "country-not-eligible"),
        ("/reasons", "reasons-missing"),
        ("/amount", "allocation-over-pool"),
    ]
    sound = allocation("X", "1050000", **in_programme())
    await post(funding, f"{address}/allocations", sound)
    assert (await post(funding, f"{address}/allocations", sound))["version"] == 2
    problem = await post(funding, f"{address}/allocations", {**sound, "amount": "1"}, status=409)
    assert problem["code"] == "allocation-exists"
    lowered = await funding.patch(address, json={"carried_over": "0", "currency": "EUR"})
    assert faults(lowered.json()) == [
        ("/currency", "currency-changed"),
        ("/carried_over", "allocation-over-pool"),
    ]
    forged = sample.pool(code, BIENNIUM, target="5000000", countries=["ZW"])
    assert (await put(funding, address, forged, ANY))["outcome"] == "changed"
    assert len((await read(funding, address))["document"]["allocations"]) == 1
    await post(funding, f"{address}/allocations/X/withdrawals", {"by": "a", "reasons": "Late"})
    assert "allocations" not in (await read(funding, address))["document"]
    problem = await post(funding, f"{PATH}/{code}-1/allocations", allocation("X", "1"), status=422)
    assert faults(problem) == [("", "money-in-pool")]


async def test_a_contribution_counts_as_soon_as_there_is_a_rate_of_the_day_of_signature(funding):
    code = f"RBSA-{uuid4().hex[:8]}"
    await put(funding, f"/v1/pools/{code}%2F{BIENNIUM}", sample.pool(code, BIENNIUM))
    members = {
        "amount": {"amount": "1000000", "currency": "KZT"},
        "tranches": [{"number": 1, "due_on": "2088-03-01", "amount": "1000000"}],
        "effective_to": "2089-12-31",
        "pool": code,
    }
    await signed(funding, f"{PATH}/{code}-1", f"{code}-1", sample.contribution, **members)
    balance = f"/v1/pools/{code}%2F{BIENNIUM}/balance"
    assert (await read(funding, balance))["contributed"] == "0"
    rates = [
        {"currency": currency, "date": sample.SIGNED_ON, "rate": rate}
        for currency, rate in (("USD", "1.2"), ("KZT", "600"))
    ]
    sheet = {"source": "ECB", "kind": "ecb-daily", "base": "EUR", "month": "2026-02", "rates": rates}
    await put(funding, "/v1/exchange-rates/ECB%2F2026-02", sheet)
    (contribution,) = (await read(funding, balance))["contributions"]
    assert (contribution["rate"], contribution["converted"]) == ("0.002", "2000.000")
    rates[1]["rate"] = "500"
    await put(funding, "/v1/exchange-rates/ECB%2F2026-02", sheet, ANY)
    assert (await read(funding, balance))["contributed"] == "2400.0000"


async def test_a_pledge_becomes_an_agreement_and_counts_nothing_before(funding, address, identifier):
    await put(funding, address, sample.agreement(identifier))
    at = f"/v1/pledges/{identifier}-P"
    await put(funding, at, sample.pledge(f"{identifier}-P", state="converted"))
    form = {"action": "convert", "by": "clerk", "agreement": "NOBODY"}
    assert faults(await post(funding, f"{at}/actions", form, status=422)) == [
        ("/agreement", "unknown-agreement")
    ]
    await post(funding, f"{at}/actions", {**form, "agreement": identifier})
    document = (await read(funding, at))["document"]
    assert (document["state"], document["agreement"]) == ("converted", identifier)
    problem = await post(funding, f"{at}/actions", {"action": "withdraw", "by": "clerk"}, status=409)
    assert problem["code"] == "illegal-transition"
    locked = await funding.patch(at, json={"probability": "10"})
    assert (locked.status_code, locked.json()["code"]) == (409, "content-locked")
    other = f"/v1/pledges/{identifier}-Q"
    await post(funding, "/v1/pledges", sample.pledge(f"{identifier}-Q"))
    withdraw = {"action": "withdraw", "by": "clerk"}
    problem = await post(funding, f"{other}/actions", withdraw, status=422)
    assert faults(problem) == [("/reasons", "reasons-missing")]
    await post(funding, f"{other}/actions", {**withdraw, "reasons": "Elections"})


async def test_the_progress_towards_a_target(funding, address, identifier):
    biennium, at = "2010-11", "/v1/mobilisation-targets/2010-11%2FALL"
    members = {"signed_on": "2010-07-01", "effective_from": "2010-07-01"}
    await signed(funding, address, identifier, **members)
    await put(funding, at, sample.target("ALL", biennium))
    progress = await read(funding, f"{at}/progress")
    assert (progress["target"], progress["reached"], progress["values"]) == ("450000000", "1000000", 1)
    assert progress["is_complete"] is True
    of_outcome = sample.target("OUTCOME-3", biennium, programme_outcome="3", measured_by="receipts")
    await put(funding, "/v1/mobilisation-targets/2010-11%2FOUTCOME-3", of_outcome)
    await post(funding, f"{address}/receipts", {**RECEIPT, "received_on": "2010-08-01"})
    progress = await read(funding, "/v1/mobilisation-targets/2010-11%2FOUTCOME-3/progress")
    assert (progress["reached"], progress["undivided"]) == (None, [identifier])
    reserved = await funding.post("/v1/mobilisation-targets", json=sample.target("progress"))
    assert faults(reserved.json()) == [("/code", "reserved-identifier")]


async def test_lists_are_filtered(funding, address, identifier):
    partner = f"{identifier}-DONOR"
    partners = [sample.partner(partner, "funding"), sample.partner("X", "implementing")]
    await signed(funding, address, identifier, partners=partners)
    for query, count in (
        (f"partner={partner}", 1),
        (f"partner={partner}&state=signed&kind=bilateral", 1),
        (f"partner={partner}&state=draft", 0),
        (f"partner={partner}&updated_since=2099-01-01T00:00:00Z", 0),
        ("pool=NONE", 0),
    ):
        assert len((await read(funding, f"{PATH}?{query}"))["items"]) == count
    profile = {"organisation_identifier": partner, "names": [{"text": "A donor"}], "type": "60"}
    await put(funding, f"/v1/partner-profiles/{partner}", profile)
    for path in (
        "/v1/partner-profiles?type=60",
        "/v1/pools?biennium=2098-99",
        f"/v1/pledges?partner={partner}&state=open",
        "/v1/mobilisation-targets?biennium=2098-99",
    ):
        assert len((await read(funding, path))["items"]) == (1 if "profiles" in path else 0)
