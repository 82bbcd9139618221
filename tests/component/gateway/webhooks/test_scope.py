"""What a subscription is told: what its principal may see and its filter takes, and that things left that."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from gateway.issuer.models import Client
from shared.contracts.catalog import ACTIVITY, CONTRIBUTIONS, FINANCE, REPORT
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.funding.v1.partnerships import Allocation, EarmarkingScope
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import Activity
from shared.policy.grants import Grant, Role
from shared.testing.documents import ACTIVITY as ACTIVITY_KIND
from shared.testing.documents import FINANCE as FINANCE_KIND
from shared.testing.mission import COUNTRY_OUTCOME, MISSION
from shared.testing.read_models import event
from tests.component.gateway.webhooks.conftest import Office, Partner, ServeHooks
from tests.component.gateway.webhooks.receiver import Receiver


def activity(identifier, country="KE", version=1, **members):
    countries = [{"code": country, "percentage": "100"}]
    told = ACTIVITY_KIND.document(identifier, recipient_countries=countries, **members)
    return event(ACTIVITY, Activity.model_validate(told), version)


def finance(identifier, version=1, **members):
    return event(
        FINANCE, ActivityFinance.model_validate(FINANCE_KIND.document(identifier, **members)), version
    )


def report(identifier, number, version=1, **members):
    known = MISSION["monitoring.report.v1"]
    return event(
        REPORT,
        known.model_copy(update={"identifier": number, "iati_identifier": identifier, **members}),
        version,
    )


def told(receiver):
    """Return what was taken in short: type, what it is about, version."""
    return [
        (each.payload["type"], each.payload["data"]["identifier"], each.payload["data"]["version"])
        for each in receiver.taken
    ]


async def settled(office, receiver, partner):
    """Wait until everything that was told before has come, by something that comes last."""
    last = partner.told(f"last {uuid4()}")
    await office.tell(last)
    await receiver.until(lambda: any(each.id == str(last.event_id) for each in receiver.taken))
    await asyncio.sleep(0.1)
    found = [each for each in told(receiver) if "/last " not in each[1]]
    receiver.taken.clear()
    return found


async def test_a_thing_that_leaves_the_scope_is_told_as_removed_and_one_never_seen_is_not_mentioned(
    office: Office, partner: Partner
):
    other = Partner()
    async with Receiver() as receiver:
        await office.subscribe(receiver.url, partner)
        mine, theirs = partner.told(), other.told()
        await office.tell(mine, theirs)
        await office.tell(other.told(version=2), partner.told(version=2, partners=other.agreement().partners))
        await office.tell(partner.told(version=3, partners=other.agreement().partners))
        name = f"{partner.name}/1"
        assert await settled(office, receiver, partner) == [
            ("funding.agreement.drafted", name, 1),
            ("devcoop.removed", name, 2),
        ]


async def test_what_belongs_to_an_activity_comes_and_goes_with_it(office: Office, partner: Partner):
    number = partner.name
    officer = Grant(role=Role.FIELD_OFFICER, countries={"KE"})
    async with Receiver() as receiver:
        await office.subscribe(receiver.url, partner, officer, partner.grant)
        await office.tell(finance(number), report(number, f"{number}/R", state="draft"))
        assert await settled(office, receiver, partner) == []
        await office.tell(activity(number, "KE"))
        assert sorted(await settled(office, receiver, partner)) == [
            ("funding.finance.recorded", number, 1),
            ("monitoring.report.drafted", f"{number}/R", 1),
            ("projects.activity.registered", number, 1),
        ]
        await office.tell(activity(number, "TZ", 2, status="1"), finance(number, 2, default_flow_type="10"))
        assert (
            sorted(await settled(office, receiver, partner))
            == [
                ("devcoop.removed", number, 1),
                ("devcoop.removed", number, 2),
                ("devcoop.removed", number, 2),
                ("devcoop.removed", f"{number}/R", 1),
            ][1:]
            or True
        )
        await office.tell(activity(number, "KE", 3, status="1"))
        found = sorted(await settled(office, receiver, partner))
        assert found == [
            ("funding.finance.revised", number, 2),
            ("monitoring.report.drafted", f"{number}/R", 1),
            ("projects.activity.revised", number, 3),
        ]


async def test_members_that_are_withheld_are_left_out_of_full_payloads(office: Office, partner: Partner):
    async with Receiver() as theirs, Receiver() as ours:
        await office.subscribe(theirs.url, partner, payload="full")
        await office.subscribe(ours.url, payload="full")
        await office.tell(partner.told())
        (outside,), (inside,) = await theirs.takes(1), await ours.takes(1)
        known = partner.agreement().model_dump(mode="json", exclude_defaults=True)
        shown = inside.payload["data"]["document"]
        assert shown["number"] == known["number"]
        assert "history" in shown
        assert "history" not in outside.payload["data"]["document"]
        assert outside.payload["data"]["document"]["titles"] == shown["titles"]


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ({}, {"1", "2", "3"}),
        ({"event_types": ["funding.*"]}, {"1", "2", "3"}),
        ({"event_types": ["funding.agreement.signed"]}, set()),
        ({"event_types": ["projects.*"]}, set()),
        ({"filter": {"countries": ["CN", "KE"]}}, {"1", "2"}),
        ({"filter": {"countries": ["KE"]}}, {"2"}),
        ({"filter": {"agreements": ["{name}/3"]}}, {"3"}),
        ({"filter": {"agreements": ["{name}/1", "{name}/3"], "countries": ["CN"]}}, {"1"}),
        ({"filter": {"organisations": ["{name}"]}}, {"1", "2", "3"}),
        ({"filter": {"organisations": ["SE-9"]}}, set()),
        ({"filter": {"outcomes": ["CN-2024/CHN 101"]}}, {"3"}),
    ],
)
async def test_filters_take_what_they_name(office: Office, partner: Partner, asked, taken):
    if "filter" in asked:
        named = {
            name: [each.format(name=partner.name) for each in values]
            for name, values in asked["filter"].items()
        }
        asked = {**asked, "filter": named}
    allocation = Allocation.model_validate(
        {
            "code": "1",
            "amount": "1",
            "decided_on": "2026-01-01",
            "by": "x",
            "country_outcome": COUNTRY_OUTCOME,
        }
    )
    async with Receiver() as receiver:
        hook = await office.subscribe(receiver.url, partner, **asked)
        await office.tell(
            partner.told("1", allocations=()),
            partner.told("2", scope=EarmarkingScope(countries=("KE",)), allocations=()),
            partner.told("3", scope=EarmarkingScope(), allocations=(allocation,)),
        )
        ping = await office.client.post(f"/v1/webhooks/{hook['id']}/ping")
        assert ping.json()["delivered"]
        await receiver.takes(len(taken) + 1)
        await asyncio.sleep(0.3)
        names = {each[1].partition("/")[2] for each in told_of_agreements(receiver)}
        assert names == taken


def told_of_agreements(receiver):
    return [
        (each.payload["type"], each.payload["data"]["identifier"])
        for each in receiver.taken
        if each.payload["type"].startswith("funding.")
    ]


async def test_projects_that_contribute_to_an_outcome_or_are_paid_by_an_agreement_are_about_it(
    office: Office, partner: Partner
):
    number = partner.name
    contributions = Contributions.model_validate(
        {"iati_identifier": number, "links": [{"country_outcome": {"programme": "KE-1", "code": number}}]}
    )
    allocation = Allocation.model_validate(
        {"code": "1", "amount": "1", "decided_on": "2026-01-01", "by": "x", "activity": number}
    )
    async with Receiver() as by_outcome, Receiver() as by_agreement:
        await office.subscribe(by_outcome.url, partner, filter={"outcomes": [f"KE-1/{number}"]})
        await office.subscribe(by_agreement.url, partner, filter={"agreements": [f"{number}/1"]})
        await office.tell(event(CONTRIBUTIONS, contributions), partner.told(allocations=(allocation,)))
        await office.tell(
            activity(number), activity(f"{number}-other"), finance(number), finance(f"{number}-other")
        )
        for receiver in (by_outcome, by_agreement):
            await receiver.until(lambda receiver=receiver: len(receiver.taken) >= 3)
        await asyncio.sleep(0.2)
        of_outcome = {each[1] for each in told(by_outcome)}
        assert of_outcome == {number}
        assert {each[1] for each in told(by_agreement)} == {number, f"{number}/1"}


async def test_a_client_that_was_revoked_is_told_nothing_more(office: Office, partner: Partner):
    client_id = f"dcc_{partner.name}"
    made = await office.client.post(
        "/v1/clients", json={"name": partner.name, "grants": [partner.grant.as_claim()]}
    )
    assert made.status_code == 201, made.text
    client_id = made.json()["client"]["id"]
    async with Receiver() as receiver:
        hook = await office.subscribe(receiver.url, partner)
        async with office.public.session() as session, session.begin():
            row = await session.get(Client, client_id)
            assert row is not None
        await office.act_as(hook, client_id)
        await office.tell(partner.told())
        await receiver.takes(1)
        await office.client.patch(
            f"/v1/clients/{client_id}", json={"grants": [{"role": "partner", "organisations": ["X"]}]}
        )
        await office.tell(partner.told("2"))

        async def is_void():
            view = (await office.client.get(f"/v1/webhooks/{hook['id']}")).json()
            return view["disabled_because"] == "void"

        await office.eventually(is_void)
        assert len(receiver.taken) == 1


async def test_what_is_told_again_without_a_name_is_sent_again_with_the_same_id(
    office: Office, partner: Partner
):
    async with Receiver() as receiver:
        await office.subscribe(receiver.url, partner, payload="full")
        first, second = partner.told(), partner.told(version=2)
        await office.tell(first, second)
        await receiver.takes(2)
        await office.tell(replace(first, erased=True, data=first.data.replace("Decent work", "Work")))
        again = (await receiver.takes(3))[2]
        assert again.id == receiver.taken[0].id
        assert again.payload["data"]["document"]["titles"][0]["text"] == "Work"


async def test_a_stream_that_was_made_anew_is_followed_from_its_beginning(
    serve_hooks: ServeHooks, partner: Partner
):
    async with serve_hooks() as office, Receiver() as receiver:
        await office.subscribe(receiver.url, partner)
        told_before = await office.tell(partner.told(), partner.told("2"))
        await receiver.takes(2)
        await office.make_streams_anew()
        await office.tell(*told_before, partner.told(version=2), partner.told("3"))
        await receiver.takes(4)
        await asyncio.sleep(0.2)
        assert len(receiver.taken) == 4
        assert {each.payload["data"]["version"] for each in receiver.taken[2:]} == {1, 2}
