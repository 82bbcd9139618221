"""A write is a row and a fact, committed before it is answered and published once, or it is nothing."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.funding.main import SERVICE as FUNDING
from services.projects.main import SERVICE as PROJECTS
from shared.contracts.catalog import CATALOG
from shared.contracts.ids import activity_id, proposal_id
from shared.testing.documents import ACTIVITY, ANY, FINANCE
from shared.testing.streams import await_published, published

FACTS = {
    "activity": ("registered", "revised"),
    "finance": ("recorded", "revised"),
    "partner": ("registered", "revised"),
    "framework": ("recorded", "revised"),
}


async def test_a_write_is_committed_when_it_is_answered(serve, database_url, other_connection):
    async with serve(PROJECTS, database_url=database_url) as client:
        for place in range(20):
            identifier = f"XM-{place}"
            answer = await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
            assert answer.status_code == 201
            aggregate_id = activity_id(identifier)
            assert await other_connection.fetchval("SELECT version FROM activity WHERE id = $1", aggregate_id)
            assert await other_connection.fetchval(
                "SELECT count(*) FROM outbox WHERE aggregate_id = $1", aggregate_id
            )


REFUSED = [
    ("POST", ACTIVITY.path, {}, ACTIVITY.document("XM-1"), 409),
    ("POST", ACTIVITY.path, {}, ACTIVITY.document("XM-2", status=None), 422),
    ("POST", ACTIVITY.path, {}, ACTIVITY.document("XM-2", status="\0"), 422),
    ("PUT", ACTIVITY.address("XM-2"), {}, ACTIVITY.document("XM-3"), 422),
    ("PUT", ACTIVITY.address("XM-2"), {"If-Match": '"1"'}, ACTIVITY.document("XM-2"), 412),
    ("PUT", ACTIVITY.address("XM-1"), {"If-Match": '"7"'}, ACTIVITY.changed("XM-1"), 412),
    ("PATCH", ACTIVITY.address("XM-1"), {}, {"status": None}, 422),
    ("PATCH", ACTIVITY.address("XM-2"), {}, {}, 404),
]


async def test_a_write_that_is_refused_leaves_nothing(serve, database_url, other_connection):
    async with serve(PROJECTS, database_url=database_url) as client:
        await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-1"))
        for method, path, headers, body, status in REFUSED:
            answer = await client.request(method, path, json=body, headers=headers)
            assert answer.status_code == status, answer.text
        assert await other_connection.fetch("SELECT identifier, version FROM activity") == [("XM-1", 1)]
        assert await other_connection.fetchval("SELECT count(*) FROM outbox") == 1


async def test_a_write_whose_commit_fails_is_not_answered_as_done(serve, database_url, other_connection):
    async with serve(PROJECTS, database_url=database_url) as client:
        await other_connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';"
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON activity DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        answer = await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-1"))
        assert answer.status_code == 500
        for table in ("activity", "outbox"):
            assert await other_connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_each_version_is_published_once_and_in_order(client, kind, identifier, nats):
    headers = {"DevCoop-Correlation": f"test:{identifier}"}
    before = datetime.now(UTC)
    created = await client.put(kind.address(identifier), json=kind.document(identifier), headers=headers)
    await client.put(kind.address(identifier), json=kind.document(identifier))
    await client.put(kind.address(identifier), json=kind.changed(identifier), headers=ANY)
    await client.patch(kind.address(identifier), json={})
    await client.put(kind.address(identifier), json=kind.document(identifier), headers=ANY)
    await await_published(client)
    events = await published(nats, kind.owner, kind.aggregate_id(identifier))
    assert [event.aggregate_version for event in events] == [1, 2, 3]
    came_to_be, changed = FACTS[kind.noun]
    assert [event.type.rpartition(".")[2] for event in events] == [came_to_be, changed, changed]
    assert [event.data for event in events] == [
        kind.document(identifier),
        kind.changed(identifier),
        kind.document(identifier),
    ]
    first = events[0]
    assert first.subject == f"{kind.owner}.v1.{kind.noun}.{came_to_be}.{kind.aggregate_id(identifier)}"
    assert CATALOG[first.type].owner == kind.owner
    assert (first.version, first.actor, first.correlation_id) == (1, "tests", f"test:{identifier}")
    assert first.occurred_at == datetime.fromisoformat(created.json()["updated_at"])
    assert before <= first.occurred_at <= first.recorded_at < before + timedelta(minutes=1)
    assert len({event.id for event in events}) == 3
    assert {UUID(str(event.id)).version for event in events} == {7}


async def test_an_event_is_stored_under_its_subject_with_its_id(clients, identifier, nats, jetstream):
    client = clients["projects"]
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    await await_published(client)
    (event,) = await published(nats, "projects", activity_id(identifier))
    message = await jetstream.get_last_msg("PROJECTS", event.subject)
    assert message.headers["Nats-Msg-Id"] == str(event.id)
    assert json.loads(message.data)["id"] == str(event.id)


async def test_what_the_owner_derives_is_in_row_and_event_alike(serve, nats, identifier):
    async with serve(FUNDING) as client:
        sent = FINANCE.document(
            identifier,
            default_aid_types=[{"code": "2", "vocabulary": "2"}],
            earmarking={"category": "4", "basis": "category"},
        )
        await client.post(FINANCE.path, json=sent)
        stored = (await client.get(FINANCE.address(identifier))).json()["document"]
        await await_published(client)
    (event,) = await published(nats, "funding", activity_id(identifier))
    assert stored["earmarking"] == event.data["earmarking"] == {"category": "2", "basis": "category"}


async def test_rows_of_the_outbox_are_kept_and_marked(serve, database_url, other_connection):
    async with serve(PROJECTS, database_url=database_url) as client:
        await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-1"))
        await await_published(client)
        (row,) = await other_connection.fetch("SELECT payload, size, recorded_at, published_at FROM outbox")
    assert row["size"] == len(row["payload"].encode())
    assert row["published_at"] >= row["recorded_at"]


@pytest.mark.parametrize("owner", ["projects", "funding", "monitoring"])
async def test_a_service_makes_its_stream_so_that_readers_find_it(clients, jetstream, owner):
    await await_published(clients[owner])
    assert (await jetstream.stream_info(owner.upper())).config.subjects == [f"{owner}.>"]


async def test_a_state_that_is_entered_is_a_fact_of_its_own(clients, identifier, nats):
    client = clients["projects"]
    content = {"identifier": identifier, "titles": [{"text": "Jobs"}], "authors": [{"name": "a.author"}]}
    address = f"/v1/proposals/{identifier}"
    assert (await client.post("/v1/proposals", json=content)).status_code == 201
    assert (await client.patch(address, json={"countries": ["KE"]})).status_code == 200
    for action in ("develop", "cancel"):
        step = {"action": action, "by": "a.author", "reasons": "Another took it up."}
        assert (await client.post(f"{address}/actions", json=step)).status_code == 201
    await await_published(client)
    events = await published(nats, "projects", proposal_id(identifier))
    facts = [event.type.rpartition(".")[2] for event in events]
    assert facts == ["registered", "revised", "developed", "cancelled"]
    assert events[-1].data["state"] == "cancelled"
