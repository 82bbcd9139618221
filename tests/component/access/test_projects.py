"""Who may see and do what with activities, programming frameworks and proposals."""

import pytest

from services.projects.aggregates import ACTIVITIES
from services.projects.programming.aggregates import COUNTRY_PROGRAMMES
from services.projects.proposals.aggregates import PROPOSALS
from shared.policy.grants import Grant, Role
from shared.testing import proposals as sample
from shared.testing import workplans
from shared.testing.access import Asking, drawn_grants
from shared.testing.documents import ANY
from tests.component.access.comparing import Compared, drawing, get, listed
from tests.component.access.programmed import (
    AGGREGATES,
    COUNTRIES,
    ORGANISATIONS,
    PROJECTS,
    TITLES,
    projects,
)

WRITER = Grant(role=Role.FIELD_OFFICER, countries={"KE"})
OFFICER_OF_PROJECT = Grant(role=Role.FIELD_OFFICER, projects={"P-OWN"})
MANAGER = Grant(role=Role.PROGRAMME_MANAGER, countries={"KE"})
APPRAISER = Grant(role=Role.APPRAISER, countries={"KE"})
FINANCE = Grant(role=Role.FINANCE, countries={"KE"})
FOREIGN = tuple(Grant(role=role, countries={"UG"}) for role in Role if role is not Role.PUBLIC)
PARTNER = Grant(role=Role.PARTNER, organisations={"XM-1"})
FOREIGN_PARTNER = Grant(role=Role.PARTNER, organisations={"XM-2"})


@pytest.fixture(scope="module")
async def world(serve, postgres):
    async with projects(serve, postgres) as made:
        yield made


@pytest.mark.parametrize("seed", range(8))
async def test_everybody_gets_all_that_the_policy_lets_see_and_nothing_else(world, issuer, seed):
    client, _ = world
    draw = drawing(seed)
    grants = drawn_grants(draw, countries=COUNTRIES, organisations=ORGANISATIONS, projects=PROJECTS)
    seen = 0
    for path, aggregate in AGGREGATES.items():
        compared = await Compared.of(client, path, aggregate, None)
        seen += await compared.compare(Asking(grants), issuer, draw)
    assert seen >= 7  # what is published


async def test_filters_find_nothing_that_is_not_seen(world, issuer):
    client, _ = world
    whole = await listed(client, "/v1/proposals")
    mine = await listed(client, "/v1/proposals", issuer.bearer(WRITER))
    assert 0 < len(mine) < len(whole)
    for state in {item["document"].get("state", "concept") for item in whole.values()}:
        found = await listed(client, "/v1/proposals", issuer.bearer(WRITER), state=state)
        assert found == {n: i for n, i in mine.items() if i["document"].get("state", "concept") == state}
    assert await listed(client, "/v1/activities", None, status="1") == {}
    assert await listed(client, "/v1/country-programmes", None, status="draft") == {}


async def test_contacts_are_for_staff_of_the_place(world, issuer):
    client, stores = world
    await stores.put(ACTIVITIES, own_project())
    address = "/v1/activities/P-OWN"
    for grant in (WRITER, OFFICER_OF_PROJECT, Grant(role=Role.EVALUATOR)):
        item = (await get(client, address, issuer.bearer(grant))).json()
        assert item["document"]["contacts"]
        assert "withheld" not in item
    for headers in (None, issuer.bearer(*FOREIGN), issuer.bearer(PARTNER)):
        item = (await get(client, address, headers)).json()
        assert "contacts" not in item["document"]
        assert item["withheld"] == ["contacts"]


def own_project(**members):
    return {
        "iati_identifier": "P-OWN",
        "titles": TITLES,
        "status": "2",
        "reporting_organisation": {"ref": "XM-1"},
        "recipient_countries": [{"code": "KE"}],
        "contacts": [{"emails": ["own@example.org"]}],
        **members,
    }


async def test_an_activity_is_written_where_the_grants_hold(world, issuer):
    client, stores = world
    await stores.put(ACTIVITIES, own_project(), own_project(iati_identifier="P-HIDDEN", status="1"))
    body = own_project(titles=[{"text": "Better work"}])
    address = "/v1/activities/P-OWN"
    for headers, status, code in (
        (None, 401, "token-missing"),
        (issuer.bearer(PARTNER), 403, "forbidden"),
        (issuer.bearer(APPRAISER), 403, "forbidden"),
        (issuer.bearer(*FOREIGN), 403, "outside-scope"),
    ):
        await refused(client, "PUT", address, body, headers, status, code)
        await refused(client, "PATCH", address, {"status": "3"}, headers, status, code)
    hidden = {**body, "iati_identifier": "P-HIDDEN"}
    await refused(client, "PUT", "/v1/activities/P-HIDDEN", hidden, issuer.bearer(*FOREIGN), 404, "not-found")
    abroad = {"recipient_countries": [{"code": "UG"}]}
    await refused(client, "PATCH", address, abroad, issuer.bearer(WRITER), 403, "outside-scope")
    new = own_project(iati_identifier="P-NEW", **abroad)
    await refused(client, "POST", "/v1/activities", new, issuer.bearer(WRITER), 403, "outside-scope")
    assert (await get(client, "/v1/activities/P-NEW", {})).status_code == 404
    assert (await client.put(address, json=body, headers=issuer.bearer(WRITER) | ANY)).status_code == 200
    change = {"status": "3"}
    assert (
        await client.patch(address, json=change, headers=issuer.bearer(OFFICER_OF_PROJECT))
    ).status_code == 200


async def refused(client, method, address, body, headers, status, code):
    request = client.build_request(method, address, json=body, headers=headers)
    if headers is None:
        del request.headers["Authorization"]
    answer = await client.send(request)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


async def test_files_as_published_and_frameworks_of_the_office_take_grants_that_hold_everywhere(
    world, issuer
):
    client, _ = world
    line = "".join(
        f'{{"iati_identifier":"P-{n}","titles":[{{"text":"t"}}],"status":"2"}}\n' for n in range(2)
    )
    for path in ("/v1/activities/upserts", "/v1/country-programmes/upserts"):
        answer = await client.post(path, content=line, headers=issuer.bearer(MANAGER))
        assert answer.status_code == 403
    budget = workplans.programme_budget("2088-89")
    address = "/v1/programme-budgets/2088-89"
    await refused(client, "PUT", address, budget, issuer.bearer(MANAGER), 403, "outside-scope")
    everywhere = issuer.bearer(Grant(role=Role.PROGRAMME_MANAGER))
    assert (await client.put(address, json=budget, headers=everywhere)).status_code == 201
    office = workplans.field_office()
    await refused(client, "PUT", "/v1/field-offices/RO-AFR", office, everywhere, 403, "forbidden")
    criteria = sample.criteria_set(version=2)
    address = "/v1/criteria-sets/evaluability%2F2"
    await refused(client, "PUT", address, criteria, issuer.bearer(APPRAISER), 403, "forbidden")


async def test_a_country_programme_is_written_in_its_country_and_a_draft_is_seen_there(world, issuer):
    client, _ = world
    draft = sample.country_programme(code="CP-KE", status="draft")
    address = "/v1/country-programmes/CP-KE"
    abroad = issuer.bearer(*FOREIGN)
    await refused(client, "POST", "/v1/country-programmes", draft, abroad, 403, "outside-scope")
    assert (await client.put(address, json=draft, headers=issuer.bearer(MANAGER))).status_code == 201
    assert (await get(client, address, issuer.bearer(WRITER))).status_code == 200
    assert (await get(client, address, None)).status_code == 404
    assert (await get(client, address, abroad)).status_code == 404
    await refused(client, "PATCH", address, {"status": "active"}, abroad, 404, "not-found")
    assert (await client.patch(address, json={"status": "active"}, headers=issuer.bearer(MANAGER))).is_success
    assert (await get(client, address, None)).status_code == 200


@pytest.fixture
async def proposal(world, identifier):
    """Return a proposal of Kenya for a donor, as an identifier and its address, as a concept."""
    _, stores = world
    await stores.put(COUNTRY_PROGRAMMES, sample.country_programme())
    await stores.put(PROPOSALS, sample.proposal(identifier, donor={"ref": "XM-1"}))
    return f"/v1/proposals/{identifier}"


def person(issuer, grant, name):
    return issuer.bearer(grant, subject=f"id-of-{name}", client="app", name=name)


async def act(client, address, action, headers, by, **members):
    body = {"action": action, "by": by, **members}
    answer = await client.post(f"{address}/actions", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def test_each_step_of_a_proposal_is_for_its_roles(world, issuer, proposal):
    client, _ = world
    step, actions = {"action": "develop", "by": "x"}, f"{proposal}/actions"
    await refused(client, "POST", actions, step, None, 401, "token-missing")
    await refused(client, "POST", actions, step, issuer.bearer(PARTNER), 403, "forbidden")
    await refused(client, "POST", actions, step, issuer.bearer(*FOREIGN), 404, "not-found")
    await refused(client, "POST", actions, step, issuer.bearer(FINANCE), 403, "step-forbidden")
    for action, grant, others in (
        ("develop", WRITER, (APPRAISER, FINANCE)),
        ("submit", WRITER, (APPRAISER, FINANCE)),
        ("return", APPRAISER, (WRITER, MANAGER, FINANCE)),
        ("submit", MANAGER, (APPRAISER, FINANCE)),
        ("reject", None, (WRITER, MANAGER, FINANCE)),
        ("approve", None, (WRITER, APPRAISER, FINANCE)),
        ("close-finances", None, (WRITER, APPRAISER)),
    ):
        body = {"action": action, "by": "x", "reasons": "Because"}
        for other in others:
            await refused(client, "POST", actions, body, issuer.bearer(other), 403, "step-forbidden")
        if grant is not None:
            await act(client, proposal, action, issuer.bearer(grant), "x", reasons="Because")
    appraisal, appraisals = sample.appraisal("b"), f"{proposal}/appraisals"
    await refused(client, "POST", appraisals, appraisal, issuer.bearer(MANAGER), 403, "forbidden")
    foreign = issuer.bearer(*FOREIGN)
    await refused(client, "POST", appraisals, appraisal, foreign, 404, "not-found")
    answer = await client.post(appraisals, json=appraisal, headers=issuer.bearer(APPRAISER))
    assert answer.status_code == 201


async def test_a_step_is_taken_by_a_grant_of_its_role_that_reaches_the_proposal(world, issuer, proposal):
    client, _ = world
    elsewhere = Grant(role=Role.APPRAISER, countries={"UG"})
    mixed = issuer.bearer(WRITER, elsewhere)
    for action in ("develop", "submit"):
        await act(client, proposal, action, mixed, "x")
    for action in ("return", "pass"):
        step = {"action": action, "by": "x", "reasons": "Because"}
        await refused(client, "POST", f"{proposal}/actions", step, mixed, 403, "outside-scope")
    appraisal = sample.appraisal("x")
    await refused(client, "POST", f"{proposal}/appraisals", appraisal, mixed, 403, "outside-scope")
    await act(client, proposal, "return", issuer.bearer(APPRAISER), "x", reasons="Because")


async def test_what_a_grant_does_not_reach_is_told_nothing_of(world, issuer, proposal):
    client, _ = world
    foreign = issuer.bearer(*FOREIGN)
    for address in (proposal, "/v1/proposals/NONE"):
        for path, body in (
            ("/actions", {"action": "develop", "by": "x"}),
            ("/actions", {"action": "close-finances", "by": "x"}),
            ("/appraisals", sample.appraisal("a.author")),
        ):
            told = await refused(client, "POST", f"{address}{path}", body, foreign, 404, "not-found")
            assert "allowed" not in told
        stale = {**foreign, "If-Match": '"77"'}
        await refused(client, "PATCH", address, {"titles": TITLES}, stale, 404, "not-found")
        assert (await get(client, f"{address}/checks", foreign)).status_code == 404


async def test_a_donor_sees_a_proposal_once_it_was_submitted_to_it_and_who_did_what_never(
    world, issuer, proposal
):
    client, _ = world
    everything = issuer.bearer()
    await act(client, proposal, "develop", everything, "x")
    await act(client, proposal, "submit", everything, "x")
    for name in "bc":
        answer = await client.post(f"{proposal}/appraisals", json=sample.appraisal(name), headers=everything)
        assert answer.status_code == 201
    assert (await get(client, proposal, issuer.bearer(PARTNER))).status_code == 404
    assert (await get(client, f"{proposal}/checks", issuer.bearer(PARTNER))).status_code == 404
    await act(client, proposal, "pass", everything, "x")
    await act(client, proposal, "submit-to-donor", everything, "x")
    item = (await get(client, proposal, issuer.bearer(PARTNER))).json()
    assert item["withheld"] == ["appraisals", "history", "written_by"]
    assert item["document"].keys().isdisjoint(item["withheld"])
    assert (await get(client, f"{proposal}/checks", issuer.bearer(PARTNER))).json()["holds"]
    for headers in (issuer.bearer(FOREIGN_PARTNER), issuer.bearer(*FOREIGN)):
        assert (await get(client, proposal, headers)).status_code == 404
    assert (await get(client, proposal, None)).status_code == 401
    assert "history" in (await get(client, proposal, issuer.bearer(WRITER))).json()["document"]


async def test_a_proposal_does_not_leave_the_places_of_who_writes_it(world, issuer, proposal):
    client, _ = world
    writer = issuer.bearer(WRITER)
    await refused(client, "PATCH", proposal, {"countries": ["UG"]}, writer, 403, "outside-scope")
    body = sample.proposal("PROP-ABROAD", countries=["UG"])
    await refused(client, "POST", "/v1/proposals", body, writer, 403, "outside-scope")
    await refused(client, "PUT", "/v1/proposals/PROP-ABROAD", body, writer, 403, "outside-scope")
    assert (await client.patch(proposal, json={"countries": ["KE", "UG"]}, headers=writer)).status_code == 200


async def test_a_person_names_nobody_else(world, issuer, proposal):
    client, _ = world
    ann = person(issuer, WRITER, "Ann Lee")
    step = {"action": "develop", "by": "Ben Oti"}
    told = await refused(client, "POST", f"{proposal}/actions", step, ann, 403, "not-your-name")
    assert [fault["pointer"] for fault in told["errors"]] == ["/by"]
    for by, action in (("ann lee", "develop"), ("id-of-Ann Lee", "submit")):
        await act(client, proposal, action, ann, by)
    ben = person(issuer, APPRAISER, "Ben Oti")
    told = await refused(
        client, "POST", f"{proposal}/appraisals", sample.appraisal("Ann Lee"), ben, 403, "not-your-name"
    )
    assert [fault["pointer"] for fault in told["errors"]] == ["/appraiser/person"]


async def test_who_wrote_a_proposal_is_known_by_the_token_and_does_not_appraise_it(world, issuer, proposal):
    client, _ = world
    both = issuer.bearer(WRITER, APPRAISER, subject="id-of-Ann", client="app", name="Ann Lee")
    assert (await client.patch(proposal, json={"titles": TITLES}, headers=both)).status_code == 200
    assert (
        await client.patch(proposal, json={"titles": TITLES}, headers=person(issuer, WRITER, "Idle"))
    ).is_success
    names = [each["name"] for each in (await client.get(proposal)).json()["document"]["written_by"]]
    assert "Ann Lee" in names
    assert "Idle" not in names  # nothing was changed
    for action in ("develop", "submit"):
        await act(client, proposal, action, both, "Ann Lee")
    for name in ("Ann Lee", "id-of-Ann"):
        appraisal = sample.appraisal(name)
        told = await refused(client, "POST", f"{proposal}/appraisals", appraisal, both, 422, "invalid")
        assert [each["code"] for each in told["errors"]] == ["conflict-of-interest"]
        step = {"action": "reject", "by": name, "reasons": "No"}
        told = await refused(client, "POST", f"{proposal}/actions", step, both, 422, "invalid")
        assert [each["code"] for each in told["errors"]] == ["conflict-of-interest"]


async def test_one_person_counts_as_one_appraiser_by_whatever_name(world, issuer, proposal):
    client, _ = world
    everything = issuer.bearer()
    for action in ("develop", "submit"):
        await act(client, proposal, action, everything, "x")
    ben = person(issuer, APPRAISER, "Ben Oti")
    for name in ("Ben Oti", "id-of-Ben Oti"):
        answer = await client.post(f"{proposal}/appraisals", json=sample.appraisal(name), headers=ben)
        assert answer.status_code == 201
    appraisals = (await client.get(proposal)).json()["document"]["appraisals"]
    assert {each["appraiser"]["person"] for each in appraisals} == {"Ben Oti"}
    step = {"action": "pass", "by": "x"}
    told = await refused(client, "POST", f"{proposal}/actions", step, everything, 409, "appraisal-not-passed")
    assert "too-few-appraisers" in [each["code"] for each in told["errors"]]


async def test_checks_tell_nothing_of_drafts_that_are_not_seen(world, issuer, proposal):
    client, stores = world
    draft = sample.country_programme(code="CP-DRAFT-UG", country="UG", status="draft")
    await stores.put(COUNTRY_PROGRAMMES, draft)
    links = [{"programme": code, "code": sample.COUNTRY_OUTCOME} for code in ("CP-DRAFT-UG", "CP-NONE")]
    change = {"country_outcomes": links}
    assert (await client.patch(proposal, json=change, headers=issuer.bearer(WRITER))).status_code == 200
    by = {
        grant: (await get(client, f"{proposal}/checks", issuer.bearer(grant))).json()["faults"]
        for grant in (WRITER, Grant(role=Role.EVALUATOR))
    }
    codes = [[fault["code"] for fault in faults] for faults in by.values()]
    assert codes == [["unknown-country-outcome"] * 2, ["unknown-country-outcome"]]
