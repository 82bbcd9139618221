"""Subscriptions over HTTP: who manages which, what is taken, and what is told of secrets."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.chassis.db import execute
from shared.policy.grants import Grant, Role
from tests.component.gateway.webhooks.conftest import Office, Partner, ServeHooks

URL = "https://127.0.0.1:9/hooks"


async def call(office: Office, method: str, path: str, partner: Partner | None = None, **sent):
    headers = {**sent.pop("headers", {}), **office.bearer(partner)}
    return await office.client.request(method, f"/v1/webhooks{path}", headers=headers, **sent)


async def test_a_client_manages_its_own_and_an_administrator_all(office: Office, partner: Partner):
    other = Partner()
    hook = await office.subscribe(URL, partner)
    at = f"/{hook['id']}"
    assert (await call(office, "GET", at, partner)).status_code == 200
    assert (await call(office, "GET", at)).status_code == 200
    for method, path, sent in (
        ("GET", at, {}),
        ("PATCH", at, {"json": {"description": "mine now"}}),
        ("DELETE", at, {}),
        ("POST", f"{at}/secrets", {"json": {}}),
        ("POST", f"{at}/enable", {"json": {}}),
        ("POST", f"{at}/disable", {}),
        ("POST", f"{at}/ping", {}),
        ("POST", f"{at}/replay", {"json": {"since": "2026-01-01T00:00:00Z"}}),
        ("POST", f"{at}/recover", {"json": {"since": "2026-01-01T00:00:00Z"}}),
        ("GET", f"{at}/deliveries", {}),
        ("GET", f"{at}/deliveries/{uuid4()}", {}),
        ("POST", f"{at}/deliveries/{uuid4()}/redeliver", {}),
    ):
        answer = await call(office, method, path, other, **sent)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), (method, path)
    assert [each["id"] for each in (await call(office, "GET", "", partner)).json()["items"]] == [hook["id"]]
    assert (await call(office, "GET", "", other)).json()["items"] == []
    assert hook["id"] in {each["id"] for each in (await call(office, "GET", "")).json()["items"]}
    everywhere = office.issuer.bearer(Grant(role=Role.APPRAISER))
    assert (await office.client.get("/v1/webhooks", headers=everywhere)).status_code == 403


async def test_a_secret_is_told_once_and_is_nowhere_in_the_database(office: Office, partner: Partner):
    hook = await office.subscribe(URL, partner)
    assert hook["secret"].startswith("whsec_")
    answers = [await call(office, "GET", path, partner) for path in ("", f"/{hook['id']}")]
    assert all(hook["secret"] not in answer.text for answer in answers)
    async with office.public.session() as session:
        rows = (await execute(session, text("SELECT encode(sealed, 'escape') FROM webhook_secret"))).all()
    assert rows
    assert all(hook["secret"].removeprefix("whsec_") not in row[0] for row in rows)
    answer = await call(office, "POST", f"/{hook['id']}/secrets", partner, json={})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["secret"] != hook["secret"]
    assert len(answer.json()["webhook"]["keys"]) == 2


async def test_a_change_is_conditional_and_takes_over_the_grants_of_its_own_client(
    office: Office, partner: Partner
):
    hook = await office.subscribe(URL, partner, filter={"countries": ["KE"]})
    at, newer = f"/{hook['id']}", Grant(role=Role.PARTNER, organisations={partner.name, "SE-1"})
    answer = await call(
        office, "PATCH", at, json={"description": "by the office"}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    answer = await call(office, "PATCH", at, partner, json={"payload": "full"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")
    assert (await granted(office, hook)) == [partner.grant.as_claim()]
    answer = await office.client.patch(
        f"/v1/webhooks{at}", json={"event_types": ["funding.*"]}, headers=office.bearer(partner, newer)
    )
    view = answer.json()
    assert (view["event_types"], view["filter"]["countries"], view["description"], view["version"]) == (
        ["funding.*"],
        ["KE"],
        "by the office",
        3,
    )
    assert (await granted(office, hook)) == [newer.as_claim()]


async def granted(office: Office, hook):
    async with office.public.session() as session:
        return (
            await execute(session, text("SELECT grants FROM webhook WHERE id = :id"), id=hook["id"])
        ).scalar()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"url": "https://user@127.0.0.1/"}, 422, "url-not-allowed"),
        ({"url": "ftp://127.0.0.1/"}, 422, "url-not-allowed"),
        ({"url": "https://nowhere.invalid/"}, 422, "url-not-allowed"),
        ({"url": URL, "event_types": ["funding.nothing"]}, 422, "invalid"),
        ({"url": URL, "event_types": ["*"]}, 422, "invalid"),
        ({"url": f"{URL}\x00"}, 422, "invalid"),
        ({"url": URL, "description": "a\nb"}, 422, "invalid"),
        ({"url": URL, "payload": "huge"}, 422, "invalid"),
        ({"url": URL, "more": 1}, 422, "invalid"),
        ({"url": URL, "filter": {"countries": [""]}}, 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
async def test_what_is_wrong_is_refused(office: Office, partner: Partner, sent, status, code):
    answer = await call(office, "POST", "", partner, json=sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await call(office, "GET", "", partner)).json()["items"] == []


async def test_an_id_may_be_made_by_the_caller_once(office: Office, partner: Partner):
    made = {"url": URL, "id": str(uuid4())}
    answer = await call(office, "POST", "", partner, json=made)
    assert answer.headers["location"] == f"/v1/webhooks/{made['id']}"
    again = await call(office, "POST", "", Partner(), json=made)
    assert (again.status_code, again.json()["code"]) == (409, "already-exists")


async def test_lists_come_in_pages(office: Office, partner: Partner):
    made = [(await office.subscribe(URL, partner))["id"] for _ in range(5)]
    found, cursor = [], {}
    while True:
        page = (await call(office, "GET", "", partner, params={"limit": 2, **cursor})).json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == made[::-1]


async def test_the_catalogue_answers_schemas_and_examples(office: Office, partner: Partner):
    answer = await call(office, "GET", "/event-types", partner, params={"type": "funding.agreement.*"})
    items = answer.json()["items"]
    assert {each["name"] for each in items} >= {"funding.agreement.signed", "funding.agreement.drafted"}
    assert all(each["schema"]["properties"]["type"]["const"] == each["name"] for each in items)
    assert all(each["example"]["data"]["document"]["number"] for each in items)


async def test_what_is_done_is_in_the_audit(office: Office, partner: Partner):
    hook = await office.subscribe(URL, partner)
    await call(office, "POST", f"/{hook['id']}/disable", partner)
    answer = await office.client.get("/v1/gateway-audit", params={"aggregate": "webhook", "limit": 500})
    actions = [each["action"] for each in answer.json()["items"] if hook["id"] in str(each)]
    assert actions[::-1] == ["create_webhook", "disable_webhook"]


async def test_a_gateway_without_a_key_makes_none_and_a_client_has_a_bound(
    serve_hooks: ServeHooks, partner: Partner
):
    async with serve_hooks(webhooks_most=2, roles=["api"]) as bounded:
        for _ in range(2):
            await bounded.subscribe(URL, partner)
        answer = await call(bounded, "POST", "", partner, json={"url": URL})
        assert (answer.status_code, answer.json()["code"]) == (409, "too-many-webhooks")
        async with serve_hooks(database_url=bounded.url, issuer_key=None) as keyless:
            answer = await call(keyless, "POST", "", partner, json={"url": URL})
            assert (answer.status_code, answer.json()["code"]) == (409, "webhooks-without-key")
