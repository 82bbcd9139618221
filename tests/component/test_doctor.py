"""The doctor finds what was broken on purpose in processes, issuers, settings and folders, and says how to mend it."""

import asyncio
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.doctor import access, folders, processes
from deploy.keys import Keys
from deploy.nats_access import new_seed
from deploy.secret_folder import fill, self_signed
from shared.chassis.identity.issuers import TrustedIssuer
from tests.component.findings import wrong

# processes, issuers, settings


async def test_a_process_that_does_not_answer_is_found():
    process = processes.Process("projects", "http://127.0.0.1:1")
    assert wrong(await processes.examine(process)) == {"process-away"}


async def test_each_replica_behind_a_name_is_looked_at():
    async def resolve(_):
        return ["127.0.0.1", "127.0.0.2"]

    asked = []

    async def answer(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = b'{"status": "ok"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        both = await processes.replicas("projects", f"http://projects.test:{port}", resolve)
        found = [finding for process in both for finding in await processes.examine(process)]
    assert [(each.code, each.part) for each in found] == [
        ("process", f"process projects at http://127.0.0.1:{port}"),
        ("process-away", f"process projects at http://127.0.0.2:{port}"),
    ]
    assert f"host: projects.test:{port}" in asked[0].lower()


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
