"""Many writers at once: versions without gaps, events in order, and refusals that can be tried again."""

import asyncio
import json

from services.projects.main import SERVICE
from shared.contracts.ids import activity_id
from shared.testing.documents import ACTIVITY, ANY
from shared.testing.streams import await_published, published

WRITERS = 20


async def put_at_once(client, identifier, headers=None, count=WRITERS):
    """Put as many different documents of one identifier side by side, and return the answers."""
    return await asyncio.gather(
        *(
            client.put(
                ACTIVITY.address(identifier),
                json=ACTIVITY.document(identifier, titles=[{"text": f"by writer {writer}"}]),
                headers=headers,
            )
            for writer in range(count)
        )
    )


async def versions_published(client, nats, identifier):
    await await_published(client)
    return [event.aggregate_version for event in await published(nats, "projects", activity_id(identifier))]


async def test_writers_of_the_same_new_identifier_do_not_lose_a_version(clients, nats, identifier):
    client = clients["projects"]
    answers = await put_at_once(client, identifier)
    done = [answer for answer in answers if answer.is_success]
    lost = [answer for answer in answers if not answer.is_success]
    refusals = {(409, "concurrent-change"), (428, "precondition-required")}
    assert {(answer.status_code, answer.json()["code"]) for answer in lost} <= refusals
    assert [answer.status_code for answer in done] == [201]
    versions = sorted(answer.json()["version"] for answer in done)
    assert versions == list(range(1, len(done) + 1))
    assert await versions_published(client, nats, identifier) == versions


async def test_writers_of_the_same_identifier_take_turns(clients, nats, identifier):
    client = clients["projects"]
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    answers = await put_at_once(client, identifier, ANY)
    assert {answer.status_code for answer in answers} == {200}
    versions = list(range(2, WRITERS + 2))
    assert sorted(answer.json()["version"] for answer in answers) == versions
    assert await versions_published(client, nats, identifier) == [1, *versions]


async def test_one_of_many_that_saw_the_same_version_wins(clients, identifier):
    client = clients["projects"]
    await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
    answers = await asyncio.gather(
        *(
            client.patch(
                ACTIVITY.address(identifier), json={"status": str(writer)}, headers={"If-Match": '"1"'}
            )
            for writer in range(3, 3 + WRITERS)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (WRITERS - 1)


async def test_one_of_many_creators_wins(clients, identifier):
    client = clients["projects"]
    answers = await asyncio.gather(
        *(client.post(ACTIVITY.path, json=ACTIVITY.document(identifier)) for _ in range(WRITERS))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (WRITERS - 1)


async def test_batches_of_the_same_documents_in_another_order_do_not_block_each_other(serve, identifier):
    identifiers = [f"{identifier}-{place}" for place in range(200)]
    async with serve(SERVICE) as client:
        for turn in range(5):
            batches = [
                "\n".join(json.dumps(ACTIVITY.document(f"{name}-{turn}", status=status)) for name in names)
                for status, names in (("1", identifiers), ("2", identifiers[::-1]))
            ]
            answers = await asyncio.gather(
                *(client.post(f"{ACTIVITY.path}/upserts", content=batch) for batch in batches)
            )
            assert {answer.status_code for answer in answers} <= {200, 409}, [a.text[:300] for a in answers]
            assert any(answer.status_code == 200 for answer in answers)


async def test_more_requests_than_connections_are_served_one_after_another(serve, identifier):
    async with serve(SERVICE, database_pool=3) as client:
        answers = await asyncio.gather(
            *(client.post(ACTIVITY.path, json=ACTIVITY.document(f"{identifier}-{n}")) for n in range(100))
        )
        assert {answer.status_code for answer in answers} == {201}
