"""The doctor finds what was broken on purpose in a database, on a real PostgreSQL."""

import asyncio
import re
from contextlib import contextmanager
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from deploy.doctor import databases
from deploy.doctor.findings import Level
from deploy.local.embedded import POSTGRES_PROGRAMS
from services.projects.main import SERVICE
from tests.component.findings import wrong


@pytest.fixture
async def target(postgres, templates):
    name = f"test_{uuid4().hex[:12]}"
    url = await templates.copy(SERVICE, name)
    yield databases.Target(
        "projects", SecretStr(url), SecretStr(postgres.password("tests")), SERVICE.migrations
    )
    postgres.drop(name)


async def altered(target, postgres, statement):
    """Run a statement as the superuser in the database of a target."""
    name = target.url.get_secret_value().partition("@/")[2].partition("?")[0]
    url = postgres.superuser_url.replace("+asyncpg", "").replace("/postgres?", f"/{name}?")
    connection = await asyncpg.connect(url)
    await connection.execute(statement.format(name=f'"{name}"'))
    await connection.close()


def changed(target, **members):
    told = {name: getattr(target, name) for name in ("service", "url", "password", "migrations")}
    return databases.Target(**{**told, **members})


async def found_of(target):
    return wrong((await databases.examine(target)).findings)


async def test_a_database_as_it_should_be_has_no_fault(target):
    examined = await databases.examine(target)
    assert wrong(examined.findings) == set()
    assert examined.connections == 200
    assert {"database-version", "database-revision", "clock"} <= {each.code for each in examined.findings}


async def test_a_server_that_loses_writes_in_a_power_cut_is_found(target):
    faults = [each for each in (await databases.examine(target)).findings if each.level is Level.FAULT]
    assert [each.code for each in faults] == ["database-durability"]
    assert "fsync, full_page_writes" in faults[0].what


async def test_a_wrong_password_is_found_and_not_told(target):
    told = await databases.examine(changed(target, password=SecretStr("hunter-two")))
    assert wrong(told.findings) == {"database-refused"}
    assert "hunter" not in str(told)


async def test_a_database_that_is_not_there_is_found(target):
    url = re.sub(r"@/\w+", "@/nothing", target.url.get_secret_value())
    assert await found_of(changed(target, url=SecretStr(url))) == {"database-missing"}


async def test_a_server_that_is_away_is_found(target):
    url = SecretStr("postgresql+asyncpg://tests@127.0.0.1:1/none")
    assert await found_of(changed(target, url=url)) == {"database-unreachable"}


@pytest.mark.parametrize("url", ["nowhere", "postgresql://tests@h/d", "postgresql+asyncpg://h:port/d"])
async def test_what_is_no_address_of_a_database_is_found(target, url):
    assert await found_of(changed(target, url=SecretStr(url))) == {"database-address"}


async def test_a_revision_that_is_behind_ahead_or_missing_is_found(target, postgres):
    await altered(target, postgres, "UPDATE alembic_version SET version_num = '0001'")
    behind = await databases.examine(target)
    await altered(target, postgres, "UPDATE alembic_version SET version_num = '9999'")
    ahead = await databases.examine(target)
    await altered(target, postgres, "DROP TABLE alembic_version")
    missing = await databases.examine(target)
    for examined in (behind, ahead, missing):
        assert wrong(examined.findings) == {"database-revision"}
    told = [
        next(each for each in one.findings if each.code == "database-revision")
        for one in (behind, ahead, missing)
    ]
    assert "devcoop ops migrate" in told[0].mend
    assert "later" in told[1].mend
    assert "none" in told[2].what


async def test_a_database_of_another_role_is_found(target, postgres):
    await altered(
        target, postgres, "ALTER DATABASE {name} OWNER TO postgres; GRANT ALL ON DATABASE {name} TO tests"
    )
    assert await found_of(target) == {"database-owner"}


async def test_a_database_that_is_open_to_all_is_found(target, postgres):
    await altered(target, postgres, "GRANT CONNECT ON DATABASE {name} TO PUBLIC")
    assert await found_of(target) == {"database-open"}


async def test_a_role_that_may_more_is_found(target, postgres):
    await altered(target, postgres, "ALTER ROLE tests CREATEROLE")
    try:
        assert await found_of(target) == {"database-role"}
    finally:
        await altered(target, postgres, "ALTER ROLE tests NOCREATEROLE")


async def test_another_time_zone_is_found(target, postgres):
    await altered(target, postgres, "ALTER DATABASE {name} SET timezone TO 'Asia/Kathmandu'")
    assert await found_of(target) == {"database-time-zone"}


@contextmanager
def replication_let_in(postgres):
    """Let the superuser copy the server, which nobody may in tests."""
    rules = postgres.folder / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(before.replace("local  all ", "local  all,replication ", 1))
    postgres.psql("SELECT pg_reload_conf();")
    try:
        yield
    finally:
        rules.write_text(before)
        postgres.psql("SELECT pg_reload_conf();")


async def test_what_streams_from_a_server_is_told(target, postgres, tmp_path):
    slot = f"test_{uuid4().hex[:12]}"
    socket = postgres.superuser_url.partition("host=")[2]
    program = [POSTGRES_PROGRAMS / "pg_receivewal", "-d", f"host={socket} user=postgres", "--slot", slot]
    with replication_let_in(postgres):
        made = await asyncio.create_subprocess_exec(*program, "--create-slot")
        assert await made.wait() == 0
        reader = await asyncio.create_subprocess_exec(*program, "-D", tmp_path)
        try:
            async with asyncio.timeout(20):
                while "none" in (told := (await databases.examine(target)).standbys)[0].what:
                    await asyncio.sleep(0.1)
            assert wrong(told) == set()
        finally:
            reader.terminate()
            await reader.wait()
            await (await asyncio.create_subprocess_exec(*program, "--drop-slot")).wait()


async def test_a_slot_that_no_standby_reads_is_found_as_long_as_it_is_kept_and_when_it_is_lost(
    target, postgres
):
    slot = f"test_{uuid4().hex[:12]}"
    assert wrong((await databases.examine(target)).standbys) == set()
    await altered(target, postgres, f"SELECT pg_create_physical_replication_slot('{slot}', true)")
    try:
        assert wrong((await databases.examine(target)).standbys) == {"standby-away"}
        await altered(target, postgres, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
        await altered(target, postgres, "SELECT pg_reload_conf()")
        for statement in ("SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_switch_wal()") * 4:
            await altered(target, postgres, statement)
        await altered(target, postgres, "CHECKPOINT")
        assert wrong((await databases.examine(target)).standbys) == {"standby-lost"}
    finally:
        await altered(target, postgres, f"SELECT pg_drop_replication_slot('{slot}')")
        await altered(target, postgres, "ALTER SYSTEM RESET max_slot_wal_keep_size")
        await altered(target, postgres, "SELECT pg_reload_conf()")
