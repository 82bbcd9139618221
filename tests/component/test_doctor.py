"""The doctor finds what was broken on purpose, on a real PostgreSQL and a real NATS, and says how to mend it."""

import json
import re
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from nats.js.api import StreamConfig
from pydantic import SecretStr

from deploy.doctor import access, broker, databases, folders, processes
from deploy.doctor.findings import Level
from deploy.keys import Keys
from deploy.local.embedded import EmbeddedNats
from deploy.nats_access import new_seed
from deploy.secret_folder import fill, self_signed
from deploy.streams import configure
from services.projects.main import SERVICE
from shared.chassis.identity.issuers import TrustedIssuer


def wrong(findings):
    """Return the codes of what is not as it should be; each tells how it is mended."""
    bad = [each for each in findings if each.level is not Level.OK]
    assert all(each.what and each.mend for each in bad)
    return {each.code for each in bad} - VOLATILE


VOLATILE = {"database-durability"}
"""The PostgreSQL of component tests does without fsync, which the doctor finds; see the test of that."""


# databases


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


# NATS


async def test_nats_as_it_should_be_has_no_fault(nats):
    user = nats.user()
    await configure(user.bus())
    assert wrong(await broker.examine(user.url, user.seed, 1)) == set()


async def test_a_wrong_seed_is_found_and_not_told(nats):
    seed = new_seed()
    told = await broker.examine(nats.url, seed, 1)
    assert wrong(told) == {"nats-refused"}
    assert seed not in str(told)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nats://127.0.0.1:1", "nats-unreachable"),
        ("nats://127.0.0.1:1,nats://127.0.0.1:2", "nats-unreachable"),
        ("nats://127.0.0.1:1,", "nats-address"),
        ("nats://127.0.0.1:port", "nats-address"),
        ("", "nats-address"),
    ],
)
async def test_a_server_of_nats_that_is_away_or_has_no_address_is_found(url, expected):
    assert wrong(await broker.examine(url, new_seed(), 1)) == {expected}


async def test_any_server_of_a_cluster_will_do(nats, tmp_path):
    url = f"nats://127.0.0.1:1,{nats.url}"
    await configure(nats.user().bus())
    assert wrong(await broker.examine(url, nats.user().seed, 1)) == set()
    for user in ("projects", "funding", "monitoring", "gateway"):
        (tmp_path / f"nats-{user}").write_text(nats.user(user).seed)
    assert wrong(await broker.permissions(url, tmp_path)) == set()


async def test_the_seed_of_a_service_is_not_taken_for_the_operators(nats):
    (found,) = [each for each in await broker.examine(nats.url, nats.user("projects").seed, 1) if each.mend]
    assert found.code == "nats-refused"
    assert "another user" in found.what


async def test_what_is_no_seed_is_found_and_not_told(nats):
    told = await broker.examine(nats.url, "no seed", 1)
    assert wrong(told) == {"nats-refused"}
    assert "no seed of a user" in told[0].what


async def test_a_stream_that_is_not_there_or_is_another_is_found():
    with altered_nats(lambda text: text) as server:
        user = server.user()
        assert wrong(await broker.examine(user.url, user.seed, 1)) == {"stream-missing"}
        connection = await user.connect()
        js = connection.jetstream()
        await js.add_stream(StreamConfig(name="PROJECTS", subjects=["projects.>"], duplicate_window=1))
        assert "stream-duplicates" in wrong(await broker.examine(user.url, user.seed, 1))
        await configure(user.bus())
        assert wrong(await broker.examine(user.url, user.seed, 1)) == set()
        assert wrong(await broker.examine(user.url, user.seed, 3)) == {"stream-replicas"}
        await connection.close()


def without_jetstream(text):
    return re.sub(r"jetstream \{.*?\n\}\n", "", text, flags=re.DOTALL).replace("jetstream: enabled", "")


def without_accounts(text):
    return text[: text.index("accounts {")]


@contextmanager
def altered_nats(alter):
    """Start a server of NATS whose configuration is another."""

    class Altered(EmbeddedNats):
        def _settings(self):
            return alter(super()._settings())

    with tempfile.TemporaryDirectory(prefix="devcoop-nats-") as folder:
        server = Altered(Path(folder), Keys(Path(folder) / "keys"))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (lambda text: re.sub(r"max_payload: \d+", "max_payload: 1048576", text), "nats-payload"),
        (without_jetstream, "nats-jetstream"),
        (without_accounts, "nats-open"),
    ],
    ids=["payload", "jetstream", "accounts"],
)
async def test_a_server_that_is_configured_otherwise_is_found(alter, expected):
    with altered_nats(alter) as server:
        found = wrong(await broker.examine(server.url, server.user().seed, 1))
    assert found - {"stream-missing"} == {expected}


@pytest.mark.parametrize("is_open", [False, True])
async def test_a_user_that_may_publish_for_another_is_found_and_no_event_is_written(is_open, tmp_path):
    def alter(text):
        return text.replace('"projects.>"', '">"', 1) if is_open else text

    with altered_nats(alter) as server:
        for user in ("projects", "funding", "monitoring", "gateway"):
            (tmp_path / f"nats-{user}").write_text(server.user(user).seed)
        await configure(server.user().bus())
        found = await broker.permissions(server.url, tmp_path)
        bus = server.user().bus()
        messages = [
            (await bus.stream(owner)).state.messages for owner in ("projects", "funding", "monitoring")
        ]
        await bus.close()
    assert [each.part for each in found if each.level is Level.FAULT] == ["NATS user projects"] * is_open
    assert [each.code for each in found] == ["nats-permissions"] * 4
    assert messages == [0, 0, 0]


async def test_a_seed_that_nats_does_not_know_is_found(nats, tmp_path):
    for user in ("projects", "funding", "monitoring", "gateway"):
        (tmp_path / f"nats-{user}").write_text(new_seed() if user == "gateway" else nats.user(user).seed)
    assert [
        each.part for each in await broker.permissions(nats.url, tmp_path) if each.code == "nats-user"
    ] == ["NATS user gateway"]


# processes, issuers, settings


async def test_a_process_that_does_not_answer_is_found():
    assert wrong(await processes.examine("projects", "http://127.0.0.1:1")) == {"process-away"}


async def test_an_issuer_whose_keys_cannot_be_had_or_do_not_fit_is_found(issuer, tmp_path):
    trusted = TrustedIssuer.model_validate(issuer.trusted)
    assert wrong(await access.issuer(trusted)) == set()
    assert wrong(await access.issuer(trusted.model_copy(update={"algorithms": ("ES256",)}))) == {
        "issuer-keys"
    }
    nothing = trusted.model_copy(update={"jwks_file": tmp_path / "none"})
    assert wrong(await access.issuer(nothing)) == {"issuer-away"}
    (tmp_path / "page").write_text("<html>")
    assert wrong(await access.issuer(trusted.model_copy(update={"jwks_file": tmp_path / "page"}))) == {
        "issuer-keys"
    }
    away = {"jwks_file": None, "jwks_url": "http://127.0.0.1:1/k", "revocations_url": "http://127.0.0.1:1/r"}
    assert wrong(await access.issuer(trusted.model_copy(update=away))) == {
        "issuer-away",
        "issuer-revocations",
    }


async def test_the_settings_of_a_service_are_looked_at(monkeypatch, issuer, tmp_path):
    stated = {
        "DATABASE_URL": "postgresql+asyncpg://h/d",
        "DATABASE_PASSWORD": Keys(tmp_path).secret("password"),
        "NATS_URL": "nats://h",
        "NATS_SEED": new_seed(),
        "CURSOR_KEY": Keys(tmp_path).secret("cursor"),
        "ISSUERS": json.dumps([issuer.trusted]),
    }
    for name, value in stated.items():
        monkeypatch.setenv(f"DEVCOOP_{name}", value)
    assert wrong(await access.settings("projects")) == set()
    assert wrong(await access.settings("gateway")) == {"public-url"}
    monkeypatch.setenv("DEVCOOP_PUBLIC_URL", "http://127.0.0.1:1")
    assert wrong(await access.settings("gateway")) == {"public-url"}
    monkeypatch.setenv("DEVCOOP_ISSUER_KEY", new_seed())
    monkeypatch.setenv("DEVCOOP_ISSUER_URL", "https://results.example.org")
    monkeypatch.setenv("DEVCOOP_LOG_LEVEL", "debug")
    assert wrong(await access.settings("gateway")) == {"public-url", "issuer-own", "log-level"}
    monkeypatch.setenv("DEVCOOP_RATE_LIMIT", "0")
    assert wrong(await access.settings("projects")) == {"setting", "log-level"}
    monkeypatch.setenv("DEVCOOP_ENVIRONMENT", "development")
    assert wrong(await access.settings("projects")) == {"development", "log-level"}


# folders


async def test_a_folder_of_secrets_as_it_is_made_has_no_fault(tmp_path):
    fill(tmp_path)
    assert wrong(folders.secrets(tmp_path)) == set()
    assert wrong(folders.secrets(tmp_path / "none")) == {"secrets-missing"}


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / "cursor").unlink(), {"secrets-missing"}),
        (lambda folder: folder.chmod(0o755), {"secrets-open"}),
        (lambda folder: (folder / "issuer").chmod(0o666), {"secrets-open"}),
        (lambda folder: (folder / "nats-gateway").write_text(new_seed()), {"secrets-accounts"}),
        (lambda folder: (folder / "tls.crt").write_text("none"), {"certificate"}),
        (lambda folder: (folder / "tls.key").write_text(self_signed(())[1]), {"certificate"}),
    ],
    ids=["missing", "open", "writable", "stranger", "no certificate", "another key"],
)
def test_a_folder_of_secrets_that_was_spoilt_is_found(tmp_path, spoil, expected):
    fill(tmp_path)
    spoil(tmp_path)
    assert wrong(folders.secrets(tmp_path)) == expected


@pytest.mark.parametrize(("days", "level"), [(366, "ok"), (368, "warning"), (398, "fault")])
def test_a_certificate_that_ends_is_found(tmp_path, days, level):
    fill(tmp_path)
    (found,) = folders.secrets(tmp_path, datetime.now(UTC) + timedelta(days=days))
    assert found.level == level


def test_the_disk_is_told():
    assert [each.code for each in folders.disk(Path(shutil.__file__).parent)] == ["disk"]
