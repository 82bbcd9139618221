"""What partners push: signed, stored once, mapped to commands of the owners, held where it does not fit, and decided about."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres
from shared.policy.grants import Grant, Role
from shared.testing import partnerships as sample
from shared.testing.documents import FINANCE
from shared.testing.identity import TestIssuer
from tests.component.gateway.offices import Office, open_office

FINANCE_ROLE, MANAGER = Grant(role=Role.FINANCE), Grant(role=Role.PROGRAMME_MANAGER)
ADMINISTRATOR, FIELD = Grant(role=Role.ADMINISTRATOR), Grant(role=Role.FIELD_OFFICER)
SECONDS = 15
SOURCES, MESSAGES = "/v1/incoming-sources", "/v1/incoming-messages"
MAPPING: dict[str, Any] = {
    "rules": {
        "payment.settled": {
            "method": "POST",
            "path": "/v1/agreements/{agreement}/receipts",
            "values": {"agreement": {"$get": "data.contract"}},
            "when": "data.direction == 'in'",
            "body": {
                "reference": {"$get": "data.reference"},
                "tranche": {"$get": "data.instalment"},
                "received_on": {"$get": "data.value_date", "as": "date"},
                "amount": {"$get": "data.minor_units", "as": "decimal", "scale": -2},
            },
        },
        "schedule.revised": {
            "method": "POST",
            "path": "/v1/agreements/{agreement}/amendments",
            "values": {"agreement": {"$get": "data.contract"}},
            "body": {
                "signed_on": {"$get": "data.agreed_on"},
                "by": "bank",
                "reasons": {"$get": "data.reason", "default": "The partner told a new schedule"},
                "changes": {
                    "tranches": {
                        "$each": "data.instalments",
                        "item": {
                            "number": {"$get": "no"},
                            "due_on": {"$get": "due"},
                            "amount": {"$get": "sum", "as": "decimal"},
                        },
                    }
                },
            },
        },
        "agreement.state": {
            "method": "POST",
            "path": "/v1/agreements/{agreement}/actions",
            "values": {"agreement": {"$get": "data.contract"}},
            "body": {
                "action": {"$get": "data.state", "codes": "steps"},
                "by": "bank",
                "reasons": {"$get": "data.note", "optional": True},
            },
        },
        "disbursement.booked": {
            "method": "POST",
            "path": "/v1/finances/{activity}/transactions",
            "values": {"activity": {"$get": "data.project"}},
            "body": {
                "type": "11",
                "date": {"$get": "data.on"},
                "value": {
                    "amount": {"$get": "data.amount", "as": "text"},
                    "currency": {"$get": "data.currency", "codes": "currencies"},
                    "value_date": {"$get": "data.on"},
                },
                "ref": {"$get": "data.id", "as": "text"},
            },
        },
    },
    "ignored": ["heartbeat"],
    "codes": {
        "steps": {"IN_FORCE": "activate", "ON_HOLD": "suspend", "RESUMED": "resume"},
        "currencies": {"Dollar": "USD"},
    },
}


@pytest.fixture(scope="module")
async def office(postgres: EmbeddedPostgres, nats: EmbeddedNats, issuer: TestIssuer) -> AsyncIterator[Office]:
    async with open_office(postgres, nats, issuer, roles=["api", "webhooks"], token_rate_limit=0) as office:
        yield office


class Partner:
    """A partner's system, which signs by the package that everybody has."""

    def __init__(self, http: httpx.AsyncClient, issued: Mapping[str, Any]) -> None:
        self._http = http
        self.id = issued["source"]["id"]
        self.version = issued["source"]["version"]
        self.secret = issued["secret"]

    async def push(
        self,
        type_: str,
        data: Any,
        *,
        id_: str | None = None,
        at: datetime | None = None,
        since: timedelta = timedelta(),
        secret: str | None = None,
        body: str | None = None,
        signed: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Push a message; ``body`` is what is signed where it is no message, ``signed`` what is signed in its place."""
        id_, at = id_ or f"msg_{uuid4().hex}", at or datetime.now(UTC) + since
        body = body or json.dumps({"type": type_, "timestamp": at.isoformat(), "data": data})
        signature = Webhook(secret or self.secret).sign(id_, at, signed or body)
        told = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        request = self._http.build_request("POST", f"/v1/incoming/{self.id}", content=body, headers=told)
        del request.headers["authorization"]
        return await self._http.send(request)

    async def settled(self, answer: httpx.Response, *states: str) -> dict[str, Any]:
        """Return the message of an answer once it has one of some states."""
        assert answer.status_code == 202, answer.text
        async with asyncio.timeout(SECONDS):
            while True:
                told = (await self._http.get(f"{MESSAGES}/{answer.json()['id']}")).json()
                if told["state"] in states:
                    return told
                assert told["state"] == "received", told
                await asyncio.sleep(0.02)


async def source(office: Office, **members: Any) -> Partner:
    told = {
        "name": "Bank",
        "partner": "XM-DAC-7",
        "grants": [{"role": "finance"}],
        "mapping": MAPPING,
        **members,
    }
    answer = await office.http.post(SOURCES, json=told)
    assert answer.status_code == 201, answer.text
    return Partner(office.http, answer.json())


async def signed_agreement(office: Office) -> str:
    number = f"AG-{uuid4().hex[:8]}/1"
    http = office.http
    assert (await http.post("/v1/agreements", json=sample.agreement(number))).status_code == 201
    step = {"action": "sign", "by": "clerk"}
    answer = await http.post(f"/v1/agreements/{number.replace('/', '%2F')}/actions", json=step)
    assert answer.status_code == 201, answer.text
    return number


async def agreement(office: Office, number: str) -> dict[str, Any]:
    return (await office.http.get(f"/v1/agreements/{number.replace('/', '%2F')}")).json()["document"]


def payment(number: str, reference: str = "R-1", **members: Any) -> dict[str, Any]:
    return {
        "contract": number,
        "direction": "in",
        "reference": reference,
        "instalment": 1,
        "value_date": "2026-03-02T09:30:00+01:00",
        "minor_units": 40000050,
        **members,
    }


@pytest.fixture(scope="module")
async def bank(office: Office) -> Partner:
    return await source(office)


async def test_a_receipt_is_recorded(office: Office, bank: Partner):
    number = await signed_agreement(office)
    told = await bank.settled(await bank.push("payment.settled", payment(number)), "applied")
    assert told["operation"] == "record_receipt"
    assert told["subject"] == f"agreements/{number}"
    assert told["write"].startswith("agreement.")
    (receipt,) = (await agreement(office, number))["receipts"]
    assert receipt == {"reference": "R-1", "tranche": 1, "received_on": "2026-03-02", "amount": "400000.50"}


async def test_the_audit_of_the_owner_names_the_source_and_the_gateway(office: Office, bank: Partner):
    number = await signed_agreement(office)
    told = await bank.settled(
        await bank.push("payment.settled", payment(number), id_="msg_audited"), "applied"
    )
    (entry,) = (
        await office.http.get("/v1/funding-audit", params={"identifier": number, "action": "record_receipt"})
    ).json()["items"]
    assert (entry["client"], entry["name"], entry["delegate"]) == (bank.id, "Bank", "gateway")
    assert entry["reason"] == "Message msg_audited of Bank"
    assert entry["correlation_id"] == told["id"]
    own = (await office.http.get("/v1/gateway-audit", params={"identifier": told["id"]})).json()["items"]
    assert [each["action"] for each in own] == ["incoming_applied", "receive_incoming"]
    assert own[1]["client"] == bank.id


async def test_a_schedule_of_tranches_is_an_amendment(office: Office, bank: Partner):
    number = await signed_agreement(office)
    instalments = [
        {"no": 1, "due": "2026-04-01", "sum": "400000.5"},
        {"no": 2, "due": "2027-04-01", "sum": 599999.5},
    ]
    data = {"contract": number, "agreed_on": "2026-03-01", "instalments": instalments}
    await bank.settled(await bank.push("schedule.revised", data), "applied")
    document = await agreement(office, number)
    assert [(each["number"], each["due_on"], each["amount"]) for each in document["tranches"]] == [
        (1, "2026-04-01", "400000.5"),
        (2, "2027-04-01", "599999.5"),
    ]
    assert document["amendments"][0]["reasons"] == "The partner told a new schedule"


async def test_a_state_is_a_step_by_a_map_of_codes(office: Office, bank: Partner):
    number = await signed_agreement(office)
    await bank.settled(
        await bank.push("agreement.state", {"contract": number, "state": "IN_FORCE"}), "applied"
    )
    assert (await agreement(office, number))["state"] == "active"
    held = await bank.settled(
        await bank.push("agreement.state", {"contract": number, "state": "LOST"}), "quarantined"
    )
    assert held["problem"]["code"] == "code-not-mapped"
    assert held["problem"]["errors"][0]["pointer"] == "/mapping/rules/agreement.state/body/action"


async def test_a_transaction_is_recorded(office: Office, bank: Partner):
    project = f"XM-{uuid4().hex[:8]}"
    put = await office.http.put(f"/v1/finances/{project}", json=FINANCE.document(project))
    assert put.status_code == 201, put.text
    data = {"project": project, "on": "2026-03-03", "amount": 12.5, "currency": "Dollar", "id": 77}
    await bank.settled(await bank.push("disbursement.booked", data), "applied")
    document = (await office.http.get(f"/v1/finances/{project}")).json()["document"]
    assert {"12.5"} <= {each["value"]["amount"] for each in document["transactions"]}


async def test_types_without_effect_are_taken(bank: Partner):
    told = await bank.settled(await bank.push("heartbeat", {}), "ignored")
    assert told["problem"] is None
    out = await bank.settled(await bank.push("payment.settled", payment("x", direction="out")), "ignored")
    assert out["type"] == "payment.settled"


async def test_the_same_message_again_has_no_effect(office: Office, bank: Partner):
    number, id_ = await signed_agreement(office), "msg_again"
    at = datetime.now(UTC)
    first = await bank.push("payment.settled", payment(number), id_=id_, at=at)
    again = await asyncio.gather(
        *(bank.push("payment.settled", payment(number), id_=id_, at=at) for _ in range(5))
    )
    assert {answer.status_code for answer in again} == {202}
    assert {answer.text for answer in again} == {first.text}
    await bank.settled(first, "applied")
    late = await bank.push("payment.settled", payment(number), id_=id_, at=at)
    assert (late.status_code, late.text) == (202, first.text)
    assert len((await agreement(office, number))["receipts"]) == 1
    other = await bank.push("payment.settled", payment(number, "R-2"), id_=id_)
    assert (other.status_code, other.json()["code"]) == (409, "webhook-id-reused")
    listed = await office.http.get(MESSAGES, params={"source": bank.id, "limit": 500})
    assert [each["webhook_id"] for each in listed.json()["items"]].count(id_) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": -timedelta(minutes=6)},
        {"since": timedelta(minutes=6)},
        {"secret": "whsec_" + base64.b64encode(b"x" * 32).decode()},
        {"signed": json.dumps({"type": "other"})},
        {"webhook_id": "msg_other"},
        {"webhook_id": ""},
        {"webhook_id": "msg.1"},
        {"webhook_id": "x" * 256},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "99999999999999999999"},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,%%%"},
        {"webhook_signature": "v2,AAAA"},
        {"webhook_signature": "v1a," + base64.b64encode(b"x" * 64).decode()},
        {"webhook_signature": "x" * 5000},
    ],
    ids=str,
)
async def test_what_is_not_signed_now_by_the_source_is_refused(bank: Partner, wrong: dict[str, Any]):
    answer = await bank.push("payment.settled", payment("AG-1"), **wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature-invalid")
    assert answer.headers["www-authenticate"].startswith("StandardWebhooks")
    assert "timestamp" not in answer.text  # nobody is told which of it was wrong


async def test_an_unknown_source_is_refused_as_a_wrong_signature_is(office: Office, bank: Partner):
    wrong = await bank.push("heartbeat", {}, secret="whsec_" + base64.b64encode(b"x" * 32).decode())
    unknown = Partner(office.http, {"source": {"id": "dci_nobody", "version": 1}, "secret": bank.secret})
    answer = await unknown.push("heartbeat", {})
    assert (answer.status_code, answer.text) == (401, wrong.text)
    asked = {"action": "receive_incoming", "outcome": "refused"}
    entries = (await office.http.get("/v1/gateway-audit", params=asked)).json()["items"]
    (entry,) = (each for each in entries if each["code"] == "signature-invalid")
    assert (entry["aggregate"], entry["status"]) == ("incoming", 401)
    assert (entry["principal"], entry["source"]) == ("public", "127.0.0.1")


async def test_another_signature_beside_does_no_harm(bank: Partner):
    at, id_ = datetime.now(UTC), "msg_several"
    body = json.dumps({"type": "heartbeat", "data": {}})
    right = Webhook(bank.secret).sign(id_, at, body)
    told = f"v9,abc v1,{base64.b64encode(b'x' * 32).decode()} v1a,zz {right}"
    answer = await bank.push("", None, body=body, id_=id_, at=at, webhook_signature=told)
    assert answer.status_code == 202


async def test_a_message_signed_by_ed25519_is_taken(office: Office):
    key = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()
    partner = await source(office, secret={"kind": "ed25519", "public_key": public})
    assert partner.secret is None
    at, id_, body = datetime.now(UTC), "msg_ed", json.dumps({"type": "heartbeat"})
    shared = "whsec_" + base64.b64encode(b"x" * 32).decode()

    async def push(signer: Ed25519PrivateKey) -> httpx.Response:
        content = f"{id_}.{int(at.timestamp())}.{body}".encode()
        signature = "v1a," + base64.b64encode(signer.sign(content)).decode()
        return await partner.push(
            "", None, body=body, id_=id_, at=at, secret=shared, webhook_signature=signature
        )

    assert (await push(Ed25519PrivateKey.generate())).status_code == 401
    assert (await push(key)).status_code == 202
    wrong = {"kind": "ed25519", "public_key": "whpk_AAAA"}
    answer = await office.http.post(f"{SOURCES}/{partner.id}/secrets", json=wrong)
    assert answer.status_code == 422


async def test_secrets_are_replaced_with_an_overlap_and_revoked(office: Office):
    partner, http = await source(office), office.http
    old = partner.secret
    assert old.startswith("whsec_")
    new = (await http.post(f"{SOURCES}/{partner.id}/secrets", json={})).json()
    for secret in (old, new["secret"]):
        assert (await partner.push("heartbeat", {}, secret=secret)).status_code == 202
    third = "whsec_" + base64.b64encode(b"the partner made this, of its own").decode()
    told = {"secret": third, "overlap_seconds": 0}
    answer = await http.post(f"{SOURCES}/{partner.id}/secrets", json=told)
    assert answer.json()["secret"] is None
    assert (await partner.push("heartbeat", {}, secret=old)).status_code == 401
    assert (await partner.push("heartbeat", {}, secret=third)).status_code == 202
    revoked = await http.delete(f"{SOURCES}/{partner.id}/secrets/{answer.json()['id']}")
    assert revoked.status_code == 204
    assert (await partner.push("heartbeat", {}, secret=third)).status_code == 401
    told = (await http.get(f"{SOURCES}/{partner.id}")).json()
    assert len(told["secrets"]) == 3
    assert not any(secret in json.dumps(told) for secret in (old, new["secret"], third))


async def test_a_message_that_does_not_fit_is_held_and_released_once_the_mapping_was_mended(office: Office):
    number = await signed_agreement(office)
    partner = await source(office, mapping={"rules": {}})
    held = await partner.settled(await partner.push("payment.settled", payment(number)), "quarantined")
    assert held["problem"]["code"] == "type-not-mapped"
    assert json.loads(held["body"])["data"] == payment(number)
    address = f"{MESSAGES}/{held['id']}"
    listed = await office.http.get(MESSAGES, params={"state": "quarantined", "source": partner.id})
    assert [each["id"] for each in listed.json()["items"]] == [held["id"]]
    mended = await office.http.patch(
        f"{SOURCES}/{partner.id}", json={"mapping": MAPPING}, headers={"If-Match": '"1"'}
    )
    assert mended.status_code == 200, mended.text
    stale = await office.http.patch(
        f"{SOURCES}/{partner.id}", json={"name": "x"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    answer = await office.http.post(f"{address}/release", json={"rationale": "The mapping was mended"})
    assert answer.status_code == 200, answer.text
    await state(office, address, "applied")
    assert len((await agreement(office, number))["receipts"]) == 1
    again = await office.http.post(f"{address}/release", json={"rationale": "Again"})
    assert (again.status_code, again.json()["code"]) == (409, "message-not-held")


async def state(office: Office, address: str, wanted: str) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        while (told := (await office.http.get(address)).json())["state"] != wanted:
            await asyncio.sleep(0.02)
    return told


async def test_what_the_owner_refuses_is_held_with_its_reasons(office: Office, bank: Partner):
    number = await signed_agreement(office)
    wrong = payment(number, instalment=9)
    held = await bank.settled(await bank.push("payment.settled", wrong), "quarantined")
    assert held["problem"]["status"] == 422
    assert held["problem"]["errors"][0]["pointer"] == "/tranche"
    address = f"{MESSAGES}/{held['id']}"
    discarded = await office.http.post(f"{address}/discard", json={"rationale": "Told by mistake"})
    assert (discarded.json()["state"], discarded.json()["rationale"]) == ("discarded", "Told by mistake")
    assert "receipts" not in await agreement(office, number)
    own = (await office.http.get("/v1/gateway-audit", params={"identifier": held["id"]})).json()["items"]
    assert [each["action"] for each in own] == [
        "discard_incoming_message",
        "incoming_quarantined",
        "receive_incoming",
    ]
    assert own[0]["reason"] == "Told by mistake"


async def test_a_corrected_message_is_sent_with_the_grants_of_who_corrected_it(
    office: Office, bank: Partner, issuer: TestIssuer
):
    number = await signed_agreement(office)
    push = bank.push("payment.settled", payment(number, instalment=9))
    held = await bank.settled(await push, "quarantined")
    address = f"{MESSAGES}/{held['id']}"
    right = {"type": "payment.settled", "data": payment(number, minor_units=12.5)}
    release = {"rationale": "It was the first instalment", "message": right}
    manager = issuer.bearer(MANAGER, subject="a.manager", client="portal", name="A. Manager")
    assert (await office.http.post(f"{address}/release", json=release, headers=manager)).status_code == 200
    refused = await state(office, address, "quarantined")  # a manager records no receipt, whoever told of it
    assert refused["problem"]["status"] == 403
    person = issuer.bearer(FINANCE_ROLE, subject="a.clerk", client="portal", name="A. Clerk")
    assert (await office.http.post(f"{address}/release", json=release, headers=person)).status_code == 200
    told = await state(office, address, "applied")
    assert json.loads(told["corrected"])["data"]["instalment"] == 1
    assert json.loads(told["body"])["data"]["instalment"] == 9
    (receipt,) = (await agreement(office, number))["receipts"]
    assert receipt["amount"] == "0.125"
    entries = await office.http.get(
        "/v1/funding-audit", params={"identifier": number, "action": "record_receipt", "outcome": "done"}
    )
    (entry,) = entries.json()["items"]
    assert (entry["client"], entry["name"], entry["delegate"]) == ("portal", "A. Clerk", "gateway")


async def test_a_message_that_was_overtaken_is_not_released_by_chance(office: Office, bank: Partner):
    number = await signed_agreement(office)
    await bank.settled(
        await bank.push("agreement.state", {"contract": number, "state": "IN_FORCE"}), "applied"
    )
    again = await bank.push("agreement.state", {"contract": number, "state": "IN_FORCE"})
    held = await bank.settled(again, "quarantined")
    hold = {"contract": number, "state": "ON_HOLD", "note": "Audit"}
    await bank.settled(await bank.push("agreement.state", hold), "applied")
    address = f"{MESSAGES}/{held['id']}/release"
    answer = await office.http.post(address, json={"rationale": "Try"})
    assert (answer.status_code, answer.json()["code"]) == (409, "message-overtaken")
    knowing = await office.http.post(address, json={"rationale": "Try", "overtaken": True})
    assert knowing.status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("no json", "message-unreadable"),
        ("[]", "message-unreadable"),
        ('{"type": NaN}', "message-unreadable"),
        ("[" * 100, "message-unreadable"),
        ("{}", "type-missing"),
        ('{"type": 3}', "type-missing"),
        ('{"type": "nothing.known"}', "type-not-mapped"),
        ('{"type": "a\\u0000b"}', "type-not-mapped"),
        ('{"type": "payment.settled", "data": {"direction": "in"}}', "member-missing"),
        ('{"type": "payment.settled", "data": {"direction": "in", "contract": 7}}', "identifier-invalid"),
        ('{"type": "payment.settled", "data": {"direction": "in", "contract": ".."}}', "identifier-invalid"),
        ('{"type": "payment.settled", "data": "text"}', None),
    ],
)
async def test_whatever_a_source_signs_is_stored(bank: Partner, body: str, code: str | None):
    told = await bank.settled(await bank.push("", None, body=body), "quarantined", "ignored")
    assert (told["problem"] or {}).get("code") == code
    assert told["body"] == body


async def test_a_body_that_is_too_large_is_refused(bank: Partner):
    answer = await bank.push("heartbeat", {"text": "x" * 300_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_a_source_that_is_disabled_is_refused(office: Office):
    partner = await source(office)
    answer = await office.http.patch(f"{SOURCES}/{partner.id}", json={"disabled": True})
    assert answer.json()["disabled_by"] == "tests"
    assert (await partner.push("heartbeat", {})).status_code == 401
    await office.http.patch(f"{SOURCES}/{partner.id}", json={"disabled": False})
    assert (await partner.push("heartbeat", {})).status_code == 202


async def test_grants_bound_what_messages_may_do(office: Office):
    number = await signed_agreement(office)
    elsewhere = [{"role": "finance", "countries": ["KE"]}]
    partner = await source(office, grants=elsewhere)
    held = await partner.settled(await partner.push("payment.settled", payment(number)), "quarantined")
    assert held["problem"]["status"] in (403, 404)
    assert "receipts" not in await agreement(office, number)


async def test_only_administrators_manage_sources_and_only_some_decide(
    office: Office, bank: Partner, issuer: TestIssuer
):
    async def status(method: str, path: str, *grants: Grant, body: Any = None) -> int:
        return (
            await office.http.request(method, path, json=body, headers=issuer.bearer(*grants))
        ).status_code

    held = await bank.settled(await bank.push("unknown", {}), "quarantined")
    for grant in (FINANCE_ROLE, MANAGER, FIELD):
        assert await status("GET", SOURCES, grant) == 403
        assert await status("POST", SOURCES, grant, body={}) == 403
    assert await status("GET", SOURCES, ADMINISTRATOR) == 200
    assert await status("GET", MESSAGES, FIELD) == 403
    partly = Grant(role=Role.FINANCE, countries=frozenset({"KE"}))
    assert await status("GET", f"{MESSAGES}/{held['id']}", partly) == 403
    for grant in (FINANCE_ROLE, MANAGER, ADMINISTRATOR):
        assert await status("GET", f"{MESSAGES}/{held['id']}", grant) == 200
    assert await status("POST", f"{MESSAGES}/{held['id']}/discard", FIELD, body={"rationale": "x"}) == 403
    assert await status("POST", f"{MESSAGES}/{held['id']}/discard", MANAGER, body={"rationale": "x"}) == 200
    async with httpx.AsyncClient(base_url=office.address) as anonymous:
        for path in (SOURCES, MESSAGES):
            assert (await anonymous.get(path)).status_code == 401


async def test_lists_are_paged(office: Office, bank: Partner):
    for _ in range(3):
        await bank.push("heartbeat", {})
    found, cursor = [], None
    while True:
        params = {"limit": 2, "source": bank.id, **({"cursor": cursor} if cursor else {})}
        page = (await office.http.get(MESSAGES, params=params)).json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) >= 3
    first = (await office.http.get(SOURCES, params={"limit": 1})).json()
    second = (await office.http.get(SOURCES, params={"limit": 1, "cursor": first["next"]})).json()
    assert first["items"][0]["id"] > second["items"][0]["id"]
    assert (await office.http.get(f"{MESSAGES}/{uuid4()}")).status_code == 404


async def test_a_trial_tells_what_a_message_would_become(office: Office, bank: Partner):
    address = f"{SOURCES}/{bank.id}/trials"
    message = {"type": "payment.settled", "data": payment("A/1", minor_units=7)}
    told = (await office.http.post(address, json={"message": message})).json()
    assert (told["method"], told["path"]) == ("POST", "/v1/agreements/A%2F1/receipts")
    assert told["body"] == {"reference": "R-1", "tranche": 1, "received_on": "2026-03-02", "amount": "0.07"}
    nothing = await office.http.post(address, json={"message": {"type": "heartbeat"}})
    assert nothing.json()["method"] is None
    wrong = await office.http.post(address, json={"message": {"type": "payment.settled"}})
    assert wrong.status_code == 200  # its direction is none
    unknown = await office.http.post(address, json={"message": {"type": "x"}})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "message-not-mapped")
