"""Who may connect to which database, and what a role may do there."""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedPostgres, with_password
from deploy.postgres_access import role_statements, scram_verifier
from shared.chassis.db import Database

ROLES = ("projects", "funding", "monitoring", "gateway")
RIGHTS = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"


def dsn(url: str, **parts: str) -> str:
    """Return an address as asyncpg takes it, of another database if told."""
    url = url.replace("+asyncpg", "")
    return url.replace(f"{urlsplit(url).path}?", f"/{parts['database']}?") if parts else url


@pytest.fixture(scope="module")
def urls(postgres: EmbeddedPostgres) -> dict[str, str]:
    """Make every service's database, and return their addresses with passwords."""
    return {role: postgres.database_with_password(role) for role in ROLES}


@pytest.fixture
async def superuser(postgres):
    connection = await asyncpg.connect(dsn(postgres.superuser_url))
    yield connection
    await connection.close()


@pytest.fixture
def former():
    """Make a folder that the server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="devcoop-pg-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_its_own_database_and_no_other(urls, superuser, role):
    databases = {row["datname"] for row in await superuser.fetch("SELECT datname FROM pg_database")}
    assert databases >= {*ROLES, "postgres", "template1"}
    connection = await asyncpg.connect(dsn(urls[role]))
    assert await connection.fetchval("SELECT current_user || '@' || current_database()") == f"{role}@{role}"
    await connection.close()
    for database in databases - {role, "template0"}:  # which takes no connection from anybody
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(dsn(urls[role], database=database))


async def test_every_database_is_closed_but_to_its_owner(urls, superuser):
    rows = await superuser.fetch(
        "SELECT rolname, datname FROM pg_roles, pg_database"
        " WHERE has_database_privilege(pg_roles.oid, pg_database.oid, 'CONNECT') AND NOT rolsuper"
        " AND datname <> 'template0' AND rolname = ANY($1)",
        list(ROLES),
    )
    assert {(row["rolname"], row["datname"]) for row in rows} == {(role, role) for role in urls}


async def test_nobody_connects_without_the_password(postgres, urls):
    bare = postgres.database("projects")
    assert ":" not in urlsplit(bare).netloc
    for url in (bare, with_password(bare, "wrong"), with_password(bare, postgres.password("funding"))):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn(url))
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(dsn(urls["projects"]).replace("projects:", "nobody:", 1))


async def test_the_password_goes_to_the_driver_apart_from_the_address(postgres):
    password = SecretStr(postgres.password("projects"))
    database = Database(postgres.database("projects"), password=password, pool=1)
    for each in (database, database.apart(), database.on_schema("public")):
        async with each.engine.connect() as connection:
            assert (await connection.execute(text("SELECT current_user"))).scalar() == "projects"
        assert password.get_secret_value() not in f"{each.engine!r} {each.engine.url!r} {vars(each)}"
        await each.dispose()


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_owns_its_schema_and_has_no_right_beyond(urls, superuser, role):
    rights = await superuser.fetchrow(f"SELECT {RIGHTS} FROM pg_roles WHERE rolname = $1", role)  # noqa: S608
    assert set(rights.values()) == {False}
    groups = await superuser.fetchval(
        "SELECT count(*) FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = $1)",
        role,
    )
    assert groups == 0
    connection = await asyncpg.connect(dsn(urls[role]))
    try:
        assert await connection.fetchval("SELECT has_schema_privilege('public', 'CREATE')")
        for refused in (
            "CREATE ROLE other",
            "CREATE DATABASE other",
            f"ALTER ROLE {role} SUPERUSER",
            "ALTER ROLE postgres PASSWORD 'x'",
            "SET ROLE postgres",
            "SELECT rolpassword FROM pg_authid",
            "SELECT pg_read_file('PG_VERSION')",
            "COPY pg_class TO PROGRAM 'cat'",
            "ALTER SYSTEM SET log_statement = 'all'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(refused)
    finally:
        await connection.close()


async def test_passwords_are_kept_as_verifiers_and_are_in_no_log(postgres, urls, superuser):
    rows = await superuser.fetch("SELECT rolpassword FROM pg_authid WHERE rolname = ANY($1)", list(urls))
    kept = [row["rolpassword"] for row in rows]
    assert [each.partition("$")[0] for each in kept] == ["SCRAM-SHA-256"] * len(urls)
    assert await superuser.fetchval("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'trust'") == 0
    log = await superuser.fetchval("SELECT pg_read_file('log')")
    assert [role for role in urls if postgres.password(role) in log] == []
    assert "a password" not in role_statements("projects", "a password")


async def test_a_verifier_is_stored_as_it_is(superuser):
    verifier = scram_verifier("a password")
    await superuser.execute(f"CREATE ROLE verified PASSWORD '{verifier}'")
    kept = await superuser.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'verified'")
    await superuser.execute("DROP ROLE verified")
    assert kept == verifier  # and not hashed once more, as a password would be
    assert scram_verifier("a password") != verifier


async def test_a_folder_from_before_there_were_passwords_goes_on(former):
    server = EmbeddedPostgres(former / "postgres", Keys(former / "keys"))
    server.start()
    try:
        connection = await asyncpg.connect(dsn(server.superuser_url))
        await connection.execute("CREATE ROLE projects LOGIN SUPERUSER")
        await connection.execute("CREATE DATABASE projects OWNER projects")
        await connection.close()
        server.stop()
        (former / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
        server.start()
        url = server.database("projects")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn(url))
        connection = await asyncpg.connect(dsn(url), password=server.password("projects"))
        assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        await connection.close()
    finally:
        server.stop()
