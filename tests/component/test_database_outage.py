"""While the database is away requests are told to come again; when it is back, so is everything else."""

import asyncio
import tempfile
from pathlib import Path

import asyncpg
import pytest

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedPostgres
from services.projects.main import SERVICE
from shared.testing.documents import ACTIVITY, ANY
from shared.testing.streams import await_published, published

CLIENTS = "pg_stat_activity WHERE backend_type = 'client backend'"
OTHERS = f"{CLIENTS} AND datname = current_database() AND pid <> pg_backend_pid()"
END_ALL = f"SELECT count(pg_terminate_backend(pid)) FROM {OTHERS}"  # noqa: S608
END_ALL_OF = f"SELECT count(pg_terminate_backend(pid)) FROM {CLIENTS} AND datname = $1"  # noqa: S608
CANCEL_WAITING = f"SELECT count(pg_cancel_backend(pid)) FROM {OTHERS} AND wait_event_type = 'Lock'"  # noqa: S608


@pytest.fixture
def own_postgres():
    """Start a PostgreSQL server that a test may stop."""
    with tempfile.TemporaryDirectory(prefix="devcoop-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data", Keys(Path(folder) / "keys"))
        server.start()
        yield server
        server.stop()


def assert_told_to_come_again(answer):
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "database-unavailable"
    assert answer.headers["retry-after"] == "1"


async def test_requests_survive_the_end_of_their_connections(serve, database_url, other_connection, nats):
    async with serve(SERVICE, database_url=database_url) as client:
        written = []

        async def write(writer):
            for place in range(30):
                identifier = f"XM-{writer}-{place}"
                answer = await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier))
                if answer.status_code == 201:
                    written.append(identifier)
                else:
                    assert_told_to_come_again(answer)

        async def end_connections():
            for _ in range(8):
                await other_connection.fetchval(END_ALL)
                await asyncio.sleep(0.03)

        await asyncio.gather(end_connections(), *(write(writer) for writer in range(8)))
        answer = await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-last"))
        if answer.status_code != 201:
            assert_told_to_come_again(answer)
        stored = {row[0] for row in await other_connection.fetch("SELECT identifier FROM activity")}
        assert stored >= set(written)
        await await_published(client)
        events = await published(nats, "projects")
    assert sorted(event.data["iati_identifier"] for event in events) == sorted(stored)


async def test_reads_survive_the_end_of_their_connections(serve, database_url, other_connection):
    async with serve(SERVICE, database_url=database_url) as client:
        for _ in range(10):
            await asyncio.gather(*(client.get(ACTIVITY.path) for _ in range(10)))
            await other_connection.fetchval(END_ALL)
            for answer in await asyncio.gather(*(client.get(ACTIVITY.path) for _ in range(10))):
                if answer.status_code != 200:
                    assert_told_to_come_again(answer)


async def test_without_the_database_requests_are_told_to_come_again(serve, own_postgres):
    url = own_postgres.database_with_password("outage", owner="tests")
    async with serve(SERVICE, database_url=url) as client:
        assert (await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-1"))).status_code == 201
        own_postgres.stop()
        for _ in range(3):
            assert_told_to_come_again(await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-2")))
            assert_told_to_come_again(await client.get(ACTIVITY.address("XM-1")))
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "down")
        assert (await client.get("/livez")).status_code == 200
        own_postgres.start()
        async with asyncio.timeout(20):
            while (await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-2"))).status_code == 503:
                await asyncio.sleep(0.1)
        assert (await client.get(ACTIVITY.address("XM-1"))).status_code == 200
        await await_published(client)
        async with asyncio.timeout(20):
            while (await client.get("/readyz")).json()["status"] != "ok":
                await asyncio.sleep(0.1)


async def test_a_server_without_room_for_another_connection_is_away(serve, postgres, database_url):
    name = database_url.partition("@/")[2].partition("?")[0]
    async with serve(SERVICE, database_url=database_url) as client:
        admin = await asyncpg.connect(postgres.superuser_url.replace("+asyncpg", ""))
        try:
            await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
            await admin.fetchval(END_ALL_OF, name)
            for _ in range(3):
                assert_told_to_come_again(await client.get(ACTIVITY.path))
            assert (await client.get("/readyz")).status_code == 503
        finally:
            await admin.close()


async def test_a_statement_that_an_operator_ends_may_be_sent_again(serve, database_url, other_connection):
    async with serve(SERVICE, database_url=database_url) as client:
        await client.post(ACTIVITY.path, json=ACTIVITY.document("XM-1"))
        async with other_connection.transaction():
            await other_connection.execute("SELECT 1 FROM activity FOR UPDATE")
            change = client.put(ACTIVITY.address("XM-1"), json=ACTIVITY.changed("XM-1"), headers=ANY)
            waiting = asyncio.create_task(change)
            async with asyncio.timeout(10):
                while not await other_connection.fetchval(CANCEL_WAITING):
                    await asyncio.sleep(0.02)
            assert_told_to_come_again(await waiting)
        assert (await client.get(ACTIVITY.address("XM-1"))).json()["version"] == 1
