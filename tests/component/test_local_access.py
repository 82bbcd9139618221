"""The client of a system on this machine: made once, kept to ourselves, and let in by the gateway's process."""

import json
import stat
import time
import urllib.error

import jwt
import pytest

from deploy.local.access import FILE, GRANTS, Credentials, DevelopmentAccess, request_token
from deploy.local.processes import ServiceProcess, StartFailed

STARTED_WITHIN = 60


@pytest.fixture
def environment(database_url, nats):
    user = nats.user("gateway")
    return {
        "DEVCOOP_ENVIRONMENT": "development",
        "DEVCOOP_DATABASE_URL": database_url,
        "DEVCOOP_NATS_URL": user.url,
        "DEVCOOP_NATS_SEED": user.seed,
        "DEVCOOP_CURSOR_KEY": "for tests only: nothing is signed with it",
        "DEVCOOP_ISSUER_KEY": "for tests only: nothing is sealed with it",
        "DEVCOOP_ROLES": '["api"]',
    }


@pytest.fixture
def ops_environment(environment):
    return {
        "DEVCOOP_GATEWAY_DATABASE_URL": environment["DEVCOOP_DATABASE_URL"],
        "DEVCOOP_ISSUER_KEY": environment["DEVCOOP_ISSUER_KEY"],
    }


@pytest.fixture
def gateway(environment, tmp_path):
    process = ServiceProcess("gateway", "gateway.main", dict(environment), tmp_path)
    process.start()
    deadline = time.monotonic() + STARTED_WITHIN
    while not process.port_path.exists():
        assert not process.has_ended(), process.last_log_lines()
        assert time.monotonic() < deadline, process.last_log_lines()
        time.sleep(0.05)
    yield process
    process.ask_to_stop()
    process.await_stop()


def test_the_client_is_made_once_and_gets_tokens(gateway, ops_environment, tmp_path):
    keys = tmp_path / "keys"
    access = DevelopmentAccess(keys)
    with pytest.raises(OSError, match=FILE):
        access.token(gateway.address)
    made = access.prepare(ops_environment)
    assert stat.S_IMODE((keys / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert [path.name for path in keys.iterdir()] == [FILE]
    assert made.client_secret not in repr(made)
    token = access.token(gateway.address)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["sub"] == made.client_id
    assert claims["entitlements"] == GRANTS
    assert access.token(gateway.address) == token
    again = DevelopmentAccess(keys)
    assert again.prepare({}) == made
    assert again.token(gateway.address) != token
    wrong = Credentials(made.client_id, "wrong")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        request_token(gateway.address, wrong)
    assert made.client_secret not in gateway.log_path.read_text()
    assert json.loads((keys / FILE).read_text())["client_id"] == made.client_id


def test_what_keeps_the_client_from_being_made_is_told(ops_environment, tmp_path):
    access = DevelopmentAccess(tmp_path / "keys")
    with pytest.raises(StartFailed, match="issuer_key"):
        access.prepare({**ops_environment, "DEVCOOP_ISSUER_KEY": ""})
    assert not (tmp_path / "keys" / FILE).exists()
