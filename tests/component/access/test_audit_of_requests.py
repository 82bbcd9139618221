"""What was asked of a service reaches its audit: what was done and what was refused, by whom, and where it holds."""

import asyncio
import json

import pytest

from services.projects.main import SERVICE
from shared.chassis.audit.verification import verify
from shared.chassis.db import Database
from shared.policy.grants import Grant, Role
from shared.testing.documents import ACTIVITY

AUDIT = "/v1/projects-audit"
OFFICER_KE = Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"}))
MANAGER_KE = Grant(role=Role.PROGRAMME_MANAGER, countries=frozenset({"KE"}))


@pytest.fixture
async def client(serve):
    async with serve(SERVICE) as client:
        yield client


def of(identifier: str, country: str) -> dict:
    return ACTIVITY.document(identifier, recipient_countries=[{"code": country}])


async def entries(client, **asked):
    answer = await client.get(AUDIT, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def noted(client, most: int):
    """Return the refused attempts once there are so many: nobody waits for those without a name."""
    for _ in range(100):
        refused = await entries(client, outcome="refused")
        if len(refused) >= most:
            return refused
        await asyncio.sleep(0.05)
    return refused


async def test_a_change_is_told_with_who_why_before_and_after(client, issuer):
    person = issuer.bearer(OFFICER_KE, subject="u-17", client="office-system", name="Amina Otieno")
    await client.post(ACTIVITY.path, json=of("XM-A-1", "KE"), headers=person)
    await client.patch(
        f"{ACTIVITY.path}/XM-A-1",
        params={"rationale": "It began"},
        json={"status": "3"},
        headers={**person, "DevCoop-Correlation": "why:1"},
    )
    (entry,) = await entries(client, correlation_id="why:1", with_documents="true")
    assert (entry["action"], entry["outcome"], entry["name"]) == ("patch_activity", "done", "Amina Otieno")
    assert entry["principal"].endswith("#u-17")
    assert entry["client"] == "office-system"
    assert entry["source"]
    assert entry["reason"] == "It began"
    assert (entry["version_before"], entry["version_after"]) == (1, 2)
    assert entry["before"]["status"] != entry["after"]["status"] == "3"


async def test_refused_attempts_are_told_with_their_code(client, issuer):
    stranger = issuer.bearer(OFFICER_KE, subject="u-18", client="office-system")
    await client.post(ACTIVITY.path, json=of("XM-A-2", "UG"))
    tried = await client.patch(f"{ACTIVITY.path}/XM-A-2", json={"status": "4"}, headers=stranger)
    assert tried.status_code == 403
    await client.post(ACTIVITY.path, json=of("XM-A-3", "UG"), headers={"Authorization": "Bearer nonsense"})
    refused = await noted(client, 2)
    told = {(entry["action"], entry["status"], entry["code"]) for entry in refused}
    assert ("patch_activity", 403, "outside-scope") in told
    assert any(status == 401 and code == "token-malformed" for _, status, code in told)
    assert [each["identifier"] for each in refused if each["action"] == "patch_activity"] == ["XM-A-2"]


async def test_the_audit_is_read_where_the_grants_hold(client, issuer):
    for name, country in (("XM-A-4", "KE"), ("XM-A-5", "UG")):
        await client.post(ACTIVITY.path, json=of(name, country))
    whole = await entries(client, aggregate="activity", outcome="done")
    assert {entry["identifier"] for entry in whole} == {"XM-A-4", "XM-A-5"}
    manager = issuer.bearer(MANAGER_KE, subject="m")
    answer = await client.get(AUDIT, headers=manager)
    assert [entry["identifier"] for entry in answer.json()["items"]] == ["XM-A-4"]
    for headers, status in ((issuer.bearer(OFFICER_KE), 403), ({"Authorization": ""}, 401)):
        refused = await client.get(AUDIT, headers=headers)
        assert refused.status_code == status, json.dumps(refused.json())


async def test_the_chain_holds_over_what_requests_did(serve, database_url):
    async with serve(SERVICE, database_url=database_url) as client:
        for number in range(5):
            await client.post(ACTIVITY.path, json=of(f"XM-A-{10 + number}", "KE"))
    database = Database(database_url, pool=2)
    verdict = await verify(database, "projects", late_seconds=600)
    await database.dispose()
    assert verdict.holds, verdict
