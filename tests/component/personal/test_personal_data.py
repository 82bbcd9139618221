"""What a service tells of a person is what an erasure takes: of documents, events, the audit, and tables beside these."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import from_json
from sqlalchemy import text

from gateway.imports.models import Import, ImportItem
from shared.chassis.db import execute
from shared.chassis.ids import uuid7
from shared.chassis.personal.export import PersonalRecord, personal_records
from shared.chassis.personal.names import Names
from shared.policy.grants import Grant, Role
from shared.testing.identity import ALL_ROLES, TestIssuer, everywhere
from shared.testing.personal import JANE, cast, holds_a_name, portfolio
from tests.component.personal.system import Owner, System, all_text, drawing

ASKED = {"name": list(JANE)}
ERASURE = {"names": list(JANE), "reason": "Asked by jdoe"}
BY_JANE = {"subject": "jdoe", "client": "desk", "name": "Jane Doe", "act": {"sub": "assistant"}}
WHO = {"/principal", "/name", "/client", "/delegate", "/source"}


async def kept(owner: Owner) -> list[PersonalRecord]:
    return [record async for record in personal_records(owner.database, owner.keeper, Names(JANE))]


async def told_by(service: Owner) -> list[dict[str, Any]]:
    """Return what a service tells of Jane over HTTP."""
    answer = await service.client.get(f"/v1/{service.name}-personal-data", params=ASKED)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    return [from_json(line) for line in answer.text.splitlines()]


async def erased_by(service: Owner) -> dict[str, Any]:
    answer = await service.client.post(f"/v1/{service.name}-erasures", json=ERASURE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pointers(record: dict[str, Any]) -> set[str]:
    return {mention["pointer"] for mention in record["mentions"]}


async def test_an_export_tells_what_an_erasure_would_erase_and_nothing_of_others(system: System):
    await system.tell(drawing(5), versions=4)
    await system.settle()
    owner = system.owners[2]
    records = await kept(owner)
    told = [mention.text for record in records for mention in record.mentions]
    assert told
    assert all(map(holds_a_name, told))
    now = {f"{record.aggregate} {record.identifier}" for record in records if record.kind == "document"}
    assert now == {name for name, document in (await owner.documents()).items() if holds_a_name(document)}
    entries = [record for record in records if record.kind == "audit"]
    async with owner.database.session() as session:
        of_jane = text("SELECT id FROM audit_entry WHERE principal = ANY(:names)")
        rows = await execute(session, of_jane, names=list(JANE))
        assert {record.entry for record in entries} == set(rows.scalars()) != set()
    whole = {"/principal", "/name", "/client", "/reason"}
    assert [{each.pointer for each in record.mentions} for record in entries] == [whole] * len(entries)
    row = await owner.erase()
    of_kind = Counter(record.kind for record in records)
    assert {"document": row.documents, "event": row.events, "audit": row.entries} == of_kind
    assert await kept(owner) == []


async def test_who_acted_and_was_refused_is_told_and_erased_over_http(system: System, issuer: TestIssuer):
    await system.erase()
    projects = system.owners[0]
    activity = cast(portfolio()["projects.activity.v1"], drawing(1)).model_copy(
        update={"iati_identifier": "XM-JANE-1"}
    )
    jane = issuer.bearer(*everywhere(ALL_ROLES), **BY_JANE)
    target = "/v1/activities/XM-JANE-1"
    put = await projects.client.put(
        target, json=from_json(activity.to_json()), params={"rationale": "jane doe saw to it"}, headers=jane
    )
    assert put.status_code == 201, put.text
    officer = issuer.bearer(Grant(role=Role.FIELD_OFFICER), **BY_JANE)
    refused = await projects.client.post("/v1/projects-erasures", json=ERASURE, headers=officer)
    assert refused.status_code == 403
    own = await projects.client.post("/v1/projects-erasures", json=ERASURE, headers=jane)
    assert (own.status_code, own.json()["code"]) == (409, "own-erasure")
    await system.settle()

    records = await told_by(projects)
    assert {record["service"] for record in records} == {"projects"}
    for record in records:
        assert any(holds_a_name(mention["text"]) for mention in record["mentions"])
    entries = [(record["action"], pointers(record)) for record in records if record["kind"] == "audit"]
    refusals = [("erase_projects_personal_data", WHO)] * 2
    assert entries == [("put_activity", {*WHO, "/reason"}), *refusals]

    receipt = await erased_by(projects)
    assert (receipt["entries"], receipt["events"]) == (3, 1)
    assert receipt["documents"] + receipt["events"] + receipt["entries"] == len(records)
    assert await told_by(projects) == []
    assert [each for each in await all_text(projects.database) if holds_a_name(each)] == []
    assert (await projects.verdict()).flaw is None
    audit = await projects.client.get("/v1/projects-audit", params={"identifier": "XM-JANE-1"})
    changes = [(each["version_after"], each["name"], each["delegate"]) for each in audit.json()["items"]]
    assert changes[-1] == (1, None, None)
    assert (2, "tests", None) in changes


async def test_clients_and_reports_of_imports_forget_a_person_and_nobody_else(
    system: System, issuer: TestIssuer
):
    await system.erase()
    await system.settle()
    gateway = system.gateway
    jane = issuer.bearer(*everywhere(ALL_ROLES), **BY_JANE)
    client_id = await a_client(gateway, "Desk of Jane Doe", jane)
    other = await a_client(gateway, "Desk of Jane Doering", None)
    revoked = await gateway.client.post(f"/v1/clients/{other}/revocations", headers=jane)
    assert revoked.status_code == 200
    import_id = await an_import(gateway)

    records = await told_by(gateway)
    documents = [
        (record["aggregate"], record["identifier"], pointers(record))
        for record in records
        if record["kind"] == "document"
    ]
    assert documents == [
        ("client", client_id, {"/name", "/created_by"}),
        ("client", other, {"/revoked_by"}),
        *[("client", each, pointed) for each, pointed in await secrets_of(gateway, client_id, other)],
        ("import", str(import_id), {"/problem", "/started_by/subject", "/started_by/name"}),
        ("import", str(import_id), {"/problems/0/reason", "/notices/1/reason"}),
    ]
    receipt = await erased_by(gateway)
    assert (receipt["documents"], receipt["entries"]) == (len(documents), len(records) - len(documents))
    assert await told_by(gateway) == []
    assert [each for each in await all_text(gateway.database) if holds_a_name(each)] == []
    assert (await gateway.verdict()).flaw is None

    pseudonym = receipt["pseudonym"]
    views = [(await gateway.client.get(f"/v1/clients/{each}")).json() for each in (client_id, other)]
    assert [(view["name"], view["created_by"], view["revoked_by"]) for view in views] == [
        (f"Desk of {pseudonym}", pseudonym, None),
        ("Desk of Jane Doering", "tests", pseudonym),
    ]
    view = (await gateway.client.get(f"/v1/imports/{import_id}")).json()
    assert view["started_by"] == {"issuer": "x", "subject": pseudonym, "client": "desk", "name": pseudonym}
    report = (await gateway.client.get(f"/v1/imports/{import_id}/report")).json()["items"]
    assert [[each["reason"] for each in item["notices"]] for item in report] == [
        ["Of Ann Lee.", f"{pseudonym!r} is not a number."],
        [],
    ]


async def a_client(gateway: Owner, name: str, headers: dict[str, str] | None) -> str:
    body = {"name": name, "grants": [{"role": "partner"}]}
    made = await gateway.client.post("/v1/clients", json=body, headers=headers)
    assert made.status_code == 201, made.text
    return made.json()["client"]["id"]


async def secrets_of(gateway: Owner, created: str, revoked: str) -> list[tuple[str, set[str]]]:
    """Return the secrets of the two clients in their order, and where they name who made or revoked them."""
    async with gateway.database.session() as session:
        rows = (await execute(session, text("SELECT client_id FROM client_secret ORDER BY id"))).scalars()
        named = {created: {"/created_by"}, revoked: {"/revoked_by"}}
        return [(client_id, named[client_id]) for client_id in rows]


async def an_import(gateway: Owner) -> UUID:
    """Store an import that Jane started, and whose report quotes her name."""
    import_id = uuid7()
    quoted = {"code": "x", "reason": "'Jane Doe' is not a number.", "line": 7, "xpath": None}
    other = {**quoted, "reason": "Of Ann Lee."}
    async with gateway.database.session() as session, session.begin():
        session.add(
            Import(
                id=import_id,
                status="failed",
                dry_run=False,
                kind="activities",
                iati_version="2.03",
                facts={},
                size=1,
                total=2,
                problem="No more of jdoe",
                started_by={"issuer": "x", "subject": "jdoe", "client": "desk", "name": "Jane Doe"},
                created_at=(await execute(session, text("SELECT now()"))).scalar_one(),
            )
        )
        for ordinal, told in enumerate(([other, quoted], []), 1):
            session.add(
                ImportItem(
                    import_id=import_id,
                    ordinal=ordinal,
                    line=ordinal,
                    identifier=f"XM-{ordinal}",
                    outcome="refused",
                    problems=told[1:],
                    notices=told,
                )
            )
    return import_id


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"names": [], "reason": "x"}, "too_short"),
        ({"names": ["Jane Doe"]}, "missing"),
        ({"names": ["  "], "reason": "x"}, "name_too_short"),
        ({"names": ["jd"], "reason": "x"}, "name_too_short"),
        ({"names": ["Jane\u0000Doe"], "reason": "x"}, "nul_character"),
        ({"names": ["Jane Doe"], "reason": " "}, "string_too_short"),
        ({"names": ["Jane Doe"], "reason": "x", "more": 1}, "extra_forbidden"),
    ],
)
async def test_what_is_no_request_of_an_erasure_is_refused(system: System, body: dict[str, Any], code: str):
    answer = await system.owners[0].client.post("/v1/projects-erasures", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code.replace("_", "-"))


@pytest.mark.parametrize("name", ["", "x", "  \t"])
async def test_a_person_is_asked_for_by_a_name(system: System, name: str):
    answer = await system.owners[0].client.get("/v1/projects-personal-data", params={"name": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "name-too-short")
