"""Deliveries as a partner's endpoint meets them: signed, in order, tried again, each endpoint by itself."""

import asyncio
import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position, newest_position
from gateway.webhooks.keeping import WebhookKeeper
from gateway.webhooks.meters import Meters
from gateway.webhooks.router import IDLE_SECONDS
from shared.chassis.db import execute
from tests.component.gateway.webhooks.conftest import Office, Partner, ServeHooks
from tests.component.gateway.webhooks.receiver import Answer, Receiver

AT_START = 5
"""Looks of a router that begins: once for its first position, and once for each part of the gateway that wakes it."""


def verified_by_public_key(public: str, got) -> bool:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    content = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    signatures = [each.split(",") for each in got.headers["webhook-signature"].split(" ")]
    (signature,) = (value for version, value in signatures if version == "v1a")
    key.verify(base64.b64decode(signature), content)
    return True


async def test_a_partner_is_told_what_happens_signed_by_the_standard(office: Office, partner: Partner):
    async with Receiver() as receiver:
        hook = await office.subscribe(receiver.url, partner)
        (event,) = await office.tell(partner.told())
        (got,) = await receiver.takes(1)
        payload = standardwebhooks.Webhook(hook["secret"]).verify(got.body, got.headers)
        assert got.id == str(event.event_id)
        assert payload["type"] == "funding.agreement.drafted"
        assert payload["data"] == {
            "aggregate": "agreement",
            "id": str(event.id),
            "identifier": f"{partner.name}/1",
            "version": 1,
            "url": f"http://127.0.0.1:8100/v1/agreements/{partner.name}/1",
        }
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(hook["secret"]).verify(got.body + b" ", got.headers)


async def test_while_nobody_is_told_anything_the_read_model_may_move_as_often_as_it_likes(
    serve_hooks: ServeHooks, partner: Partner, monkeypatch: pytest.MonkeyPatch
):
    looks: list[float] = []

    async def counted(session: AsyncSession) -> Position:
        looks.append(time.monotonic())
        return await newest_position(session)

    monkeypatch.setattr("gateway.webhooks.router.newest_position", counted)
    async with serve_hooks() as office, Receiver() as receiver:
        began = time.monotonic()
        for version in range(1, 31):
            await office.tell(partner.told(version=version))
        assert len(looks) <= AT_START + (time.monotonic() - began) / IDLE_SECONDS
        await office.subscribe(receiver.url, partner)
        (event,) = await office.tell(partner.told(version=31))
        assert [each.id for each in await receiver.takes(1)] == [str(event.event_id)]


async def test_keys_of_both_kinds_sign_side_by_side_until_the_old_one_expires(
    office: Office, partner: Partner
):
    async with Receiver() as receiver:
        hook = await office.subscribe(receiver.url, partner)
        address, headers = f"/v1/webhooks/{hook['id']}/secrets", office.bearer(partner)
        answer = await office.client.post(
            address, json={"overlap_seconds": 3600, "signature": "ed25519"}, headers=headers
        )
        assert (answer.status_code, answer.json()["secret"]) == (201, None)
        new, old = answer.json()["webhook"]["keys"]
        assert (new["signature"], old["signature"], old["public_key"]) == ("ed25519", "hmac", None)
        await office.tell(partner.told())
        (got,) = await receiver.takes(1)
        assert standardwebhooks.Webhook(hook["secret"]).verify(got.body, got.headers)
        assert verified_by_public_key(new["public_key"], got)
        answer = await office.client.post(address, json={"overlap_seconds": 0}, headers=headers)
        (newest,) = answer.json()["webhook"]["keys"]
        await office.tell(partner.told(version=2))
        got = (await receiver.takes(2))[1]
        assert verified_by_public_key(newest["public_key"], got)
        assert got.headers["webhook-signature"].count(",") == 1


async def test_things_go_side_by_side_and_versions_of_one_in_order_whatever_fails(
    office: Office, partner: Partner
):
    failed: set[str] = set()

    def behave(got):
        if got.payload["data"]["version"] % 2 and got.id not in failed:
            failed.add(got.id)
            return Answer(500, body=b"not now\x00\xff")
        return Answer(seconds=0.02)

    async with Receiver(behave) as receiver:
        hook = await office.subscribe(receiver.url, partner)
        events = [partner.told(f"A/{number}", version) for version in range(1, 6) for number in range(12)]
        await office.tell(*events)
        await receiver.takes(60)
        await office.count(hook, "delivered", 60)
        assert len(receiver.taken) == 60
        assert receiver.most_at_once == 8
        assert all([v for v, _ in each] == [1, 2, 3, 4, 5] for each in receiver.by_thing().values())
        assert len(receiver.by_thing()) == 12
        first = next(each for each in events if each.version == 1)
        detail = (await office.client.get(f"/v1/webhooks/{hook['id']}/deliveries/{first.event_id}")).json()
        assert [(each["status"], each["answer"]) for each in detail["attempts"]] == [
            (204, ""),
            (500, "not now\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ]
        assert detail["delivery"]["attempts"] == 2


async def test_what_fails_for_good_lets_the_next_go_on_and_can_be_recovered(
    serve_hooks: ServeHooks, partner: Partner
):
    answers = {1: Answer(500), 2: Answer(302, headers="location: http://127.0.0.1:1/\r\n")}

    def behave(got):
        return answers.get(got.payload["data"]["version"], Answer())

    async with serve_hooks(webhook_retry_seconds=[0.01, 0.01]) as office, Receiver(behave) as receiver:
        hook = await office.subscribe(receiver.url, partner)
        await office.tell(*(partner.told(version=version) for version in (1, 2, 3)))
        await receiver.takes(1)
        assert [each.payload["data"]["version"] for each in receiver.received] == [1, 1, 1, 2, 2, 2, 3]
        failed = await office.count(hook, "failed", 2)
        assert [(each["version"], each["last_status"]) for each in failed] == [(2, 302), (1, 500)]
        answers.clear()
        address = f"/v1/webhooks/{hook['id']}"
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        answer = await office.client.post(f"{address}/recover", json={"since": since})
        assert (answer.status_code, answer.json()) == (202, {"recovered": 2})
        await receiver.takes(3)
        assert [each.payload["data"]["version"] for each in receiver.taken] == [3, 1, 2]
        ids = [each["id"] for each in failed]
        assert {each.id for each in receiver.taken[1:]} == set(ids)
        answer = await office.client.post(f"{address}/deliveries/{ids[0]}/redeliver")
        assert answer.status_code == 202
        assert (await receiver.takes(4))[3].id == ids[0]


async def test_an_endpoint_that_is_slow_or_dead_delays_no_other(office: Office, partner: Partner):
    async with (
        Receiver() as quick,
        Receiver(lambda _: Answer(seconds=5)) as slow,
        Receiver(lambda _: Answer(0)) as dead,
    ):
        for receiver in (slow, dead, quick):
            await office.subscribe(receiver.url, partner)
        await office.tell(*(partner.told(f"A/{number}") for number in range(100)))
        loop = asyncio.get_running_loop()
        started = loop.time()
        await quick.takes(100)
        assert loop.time() - started < 4
        assert slow.most_at_once == 8
        assert not slow.taken
        assert not dead.taken


async def test_retry_after_is_honoured_and_410_ends_it_with_a_notice(office: Office, partner: Partner):
    moments: list[float] = []

    def behave(_):
        moments.append(asyncio.get_running_loop().time())
        return Answer(503, headers="retry-after: 1\r\n") if len(moments) == 1 else Answer(410)

    async with Receiver(behave) as gone, Receiver() as other, Receiver() as another:
        hook = await office.subscribe(gone.url, partner)
        await office.subscribe(other.url, partner, event_types=["devcoop.*"])
        await office.subscribe(another.url, Partner(), event_types=["devcoop.*"])
        await office.tell(partner.told())
        await gone.until(lambda: len(moments) == 1)
        await office.tell(partner.told("B"))
        (got,) = await other.takes(1)
        assert moments[1] - moments[0] > 0.95
        assert got.payload["type"] == "devcoop.endpoint-disabled"
        assert got.payload["data"] == {"webhook": hook["id"], "url": gone.url, "reason": "gone"}
        view = (await office.client.get(f"/v1/webhooks/{hook['id']}")).json()
        assert (view["state"], view["disabled_because"]) == ("disabled", "gone")
        await office.tell(partner.told("C"))
        await asyncio.sleep(0.3)
        assert len(gone.received) <= 3
        assert len(other.taken) == 1
        assert not another.taken


async def test_an_endpoint_that_fails_for_days_is_disabled_and_catches_up_when_it_is_enabled(
    serve_hooks: ServeHooks, partner: Partner
):
    answers = [Answer(500)]
    async with (
        serve_hooks(webhook_failing_days=0.3 / 86400) as office,
        Receiver(lambda _: answers[0]) as receiver,
    ):
        hook = await office.subscribe(receiver.url, partner)
        address, headers = f"/v1/webhooks/{hook['id']}", office.bearer(partner)

        async def view():
            return (await office.client.get(address, headers=headers)).json()

        await office.tell(partner.told(), partner.told("B"))
        async with asyncio.timeout(10):
            while (await view())["state"] == "enabled":
                await asyncio.sleep(0.05)
        assert (await view())["disabled_because"] == "failing"
        await office.tell(partner.told(version=2), partner.told("C"))
        await asyncio.sleep(0.2)
        answers[0] = Answer()
        answer = await office.client.post(f"{address}/enable", json={}, headers=headers)
        assert answer.status_code == 200, answer.text
        await receiver.takes(4)
        await asyncio.sleep(0.2)
        told_of = {key: [v for v, _ in each] for key, each in receiver.by_thing().items()}
        assert sorted(told_of.values()) == [[1], [1], [1, 2]]
        assert (await view())["catching_up"] is False
        assert (await view())["failing_since"] is None


async def test_everything_is_told_again_from_a_moment_on_with_the_same_ids(office: Office, partner: Partner):
    async with Receiver() as receiver:
        hook = await office.subscribe(receiver.url, partner)
        await office.tell(partner.told(), partner.told("B"))
        await receiver.takes(2)
        await asyncio.sleep(0.05)
        since = datetime.now(UTC)
        await office.tell(partner.told(version=2), partner.told("C"), partner.told(version=3))
        await receiver.takes(5)
        answer = await office.client.post(
            f"/v1/webhooks/{hook['id']}/replay", json={"since": since.isoformat()}
        )
        assert answer.status_code == 202
        await receiver.takes(8)
        await office.tell(partner.told(version=4))
        await receiver.takes(9)
        await asyncio.sleep(0.1)
        ids = [each.id for each in receiver.taken]
        assert len(ids) == 9
        assert set(ids[5:8]) == set(ids[2:5])
        again = [
            each.payload["data"]["version"]
            for each in receiver.taken[5:]
            if not each.payload["data"]["identifier"].endswith("/C")
        ]
        assert again == [2, 3, 4]


async def test_a_test_event_is_sent_at_once_and_told_how_it_went(office: Office, partner: Partner):
    async with Receiver(lambda _: Answer(403, body=b"who is that?")) as receiver:
        hook = await office.subscribe(receiver.url, partner)
        address = f"/v1/webhooks/{hook['id']}"
        answer = await office.client.post(f"{address}/ping", headers=office.bearer(partner))
        outcome = answer.json()
        assert (outcome["delivered"], outcome["status"], outcome["answer"]) == (False, 403, "who is that?")
        (got,) = receiver.received
        assert (
            standardwebhooks.Webhook(hook["secret"]).verify(got.body, got.headers)["type"] == "devcoop.ping"
        )
        receiver.behave = lambda _: Answer()
        await office.client.post(f"{address}/disable", headers=office.bearer(partner))
        answer = await office.client.post(f"{address}/ping", headers=office.bearer(partner))
        assert answer.json()["delivered"] is True
        await receiver.stop()
        answer = await office.client.post(f"{address}/ping", headers=office.bearer(partner))
        assert answer.json()["error"].startswith("connect-failed")
        listed = await office.deliveries(hook, type="devcoop.ping")
        assert [each["state"] for each in listed] == ["failed", "delivered", "failed"]


async def test_the_next_process_goes_on_where_the_last_one_ended(serve_hooks: ServeHooks, partner: Partner):
    async with Receiver(lambda _: Answer(0)) as receiver, serve_hooks(roles=["api"]) as office:
        async with serve_hooks(database_url=office.url):
            hook = await office.subscribe(receiver.url, partner)
            await office.tell(partner.told(), partner.told(version=2))
            await receiver.until(lambda: len(receiver.received) > 1)
        await office.tell(partner.told(version=3))
        receiver.behave = lambda _: Answer()
        async with serve_hooks(database_url=office.url):
            await receiver.takes(3)
            await office.count(hook, "delivered", 3)
        assert [each.payload["data"]["version"] for each in receiver.taken] == [1, 2, 3]


async def test_how_long_the_oldest_delivery_is_due_is_measured_unless_its_endpoint_fails(
    serve_hooks: ServeHooks, partner: Partner
):
    registry = CollectorRegistry()

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"devcoop_webhook_{name}")

    measured = []
    async with serve_hooks() as office, Receiver() as receiver:
        hook = await office.subscribe(receiver.url, partner)
        await office.tell(partner.told())
        await office.count(hook, "delivered", 1)
        keeper = WebhookKeeper(office.public, Meters(registry), keep=timedelta(days=30))
        late = "UPDATE webhook_delivery SET state = 'pending', next_at = now() - interval '1 hour'"
        for change in (late, "UPDATE webhook SET failing_since = now()"):
            async with office.public.session() as session, session.begin():
                await execute(session, text(change))
            await keeper.count()
            measured.append((value("backlog"), round(value("oldest_seconds") or 0, -2)))
    assert measured == [(1, 3600), (1, 0)]


async def test_what_is_old_or_belongs_to_nothing_is_deleted_step_by_step(
    serve_hooks: ServeHooks, partner: Partner
):
    async with serve_hooks() as office, Receiver() as receiver:
        kept = await office.subscribe(receiver.url, partner)
        gone = await office.subscribe(receiver.url, partner)
        await office.tell(partner.told())
        await receiver.takes(2)
        for hook in (kept, gone):
            await office.count(hook, "delivered", 1)
        answer = await office.client.delete(f"/v1/webhooks/{gone['id']}")
        assert answer.status_code == 204
        assert (await office.client.get(f"/v1/webhooks/{gone['id']}")).status_code == 404
        keeper = WebhookKeeper(office.public, Meters(CollectorRegistry()), keep=timedelta(days=30))
        while await keeper.delete_some():
            pass
        assert len(await office.deliveries(kept)) == 1
        async with office.public.session() as session, session.begin():
            for table in ("webhook", "webhook_delivery", "webhook_attempt", "webhook_secret"):
                assert (await execute(session, text(f"SELECT count(*) FROM {table}"))).scalar() == 1  # noqa: S608
            await execute(
                session, text("UPDATE webhook_delivery SET created_at = now() - interval '31 days'")
            )
            await execute(session, text("UPDATE webhook_attempt SET at = now() - interval '31 days'"))
        assert await keeper.delete_some()
        assert await office.deliveries(kept) == []
