"""What the log never holds: secrets, wherever in an event or an exception they stand."""

import json
import logging

import pytest
import structlog
from pydantic import SecretStr

from shared.chassis.redaction import REDACTED, is_secret, redacted

HEAD = "eyJhbGciOiJFUzI1NiJ9"
TOKEN = f"{HEAD}.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
CLIENT_SECRET = "dcs_2f1c9f_Zm9vYmFy-abc_DEF"  # noqa: S105  (nobody's)
SEED = "SUAM" + "A2" * 27
KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\nByqGSM49\n-----END PRIVATE KEY-----"


@pytest.fixture
def written(logged):
    """Return what a process wrote as objects."""
    return lambda: [json.loads(line) for line in logged.getvalue().splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "Proxy-Authorization",
        "access_token",
        "client_secret",
        "clientSecret",
        "password",
        "DEVCOOP_DATABASE_PASSWORD",
        "nats_seed",
        "cursor_key",
        "private_key",
        "Set-Cookie",
        "DPoP",
    ],
)
def test_these_are_names_of_secrets(name):
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["token_id", "key_thumbprint", "monkey", "identifier", "keyword", "owner", "secret_count", "error", ""],
)
def test_these_are_not(name):
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Bearer {TOKEN}", TOKEN),
        ("authorization: bearer opaque-token-123", "opaque-token-123"),
        (f"DPoP {TOKEN}", HEAD),
        ("Basic YTpiZm9vYmFyYmF6", "YTpiZm9vYmFyYmF6"),
        (f"the token {TOKEN} has expired", HEAD),
        (f"client sent {CLIENT_SECRET}.", CLIENT_SECRET),
        (f"seed {SEED}", SEED),
        (KEY, "MIGHAgEAMBMG"),
        (json.dumps({"a": KEY}), "MIGHAgEAMBMG"),
        ("postgresql+asyncpg://projects:hunter2@127.0.0.1/projects", "hunter2"),
        ("nats://user:p%40ss@host:4222", "p%40ss"),
        ("grant_type=client_credentials&client_secret=hunter2&x=1", "hunter2"),
        (json.dumps({"client_secret": "hunter2"}), "hunter2"),
        (json.dumps({"text": json.dumps({"database_password": "hunter2"})}), "hunter2"),
        ("{'password': 'hunter2'}", "hunter2"),
        ("connect(password='hunter2')", "hunter2"),
    ],
)
def test_a_credential_is_taken_out_of_a_text(text, secret):
    assert secret in text
    assert secret not in redacted(text)
    assert REDACTED in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8101/v1/activities",
        "a basic need",
        "postgresql://host:5432/name",
        "XM-DAC-41114 SUDAN",
        '{"event": "request", "status": 200}',
    ],
)
def test_what_is_no_credential_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize(
    "unit", ["a", "eyJ", "-eyJa", "://a", "bearer ", "dcs_", "password", '"secret', "_", "a:"]
)
def test_a_long_text_is_read_in_time(unit):
    redacted(unit * (200_000 // len(unit)))


def test_an_event_is_logged_without_its_secrets(written):
    structlog.get_logger().info(
        "request",
        headers=[("Authorization", "Opaque abc"), (b"cookie", b"sid=1"), ("accept", "text/plain")],
        settings={"nats_seed": "abc", "key": SecretStr("abc"), "host": "127.0.0.1"},
        url=f"https://host/?access_token={CLIENT_SECRET}",
        note=f"it came with {TOKEN}",
    )
    (event,) = written()
    assert event["headers"] == [
        ["Authorization", REDACTED],
        ["b'cookie'", REDACTED],
        ["accept", "text/plain"],
    ]
    assert event["settings"] == {"nats_seed": REDACTED, "key": REDACTED, "host": "127.0.0.1"}
    assert event["url"] == f"https://host/?access_token={REDACTED}"
    assert event["note"] == f"it came with {REDACTED}"


def test_an_exception_is_logged_without_its_secrets(written):
    failure = ValueError({"authorization": f"Bearer {TOKEN}", "client_secret": CLIENT_SECRET})
    structlog.get_logger().error("request.failed", exc_info=failure)
    (event,) = written()
    assert "ValueError" in event["exception"]
    assert HEAD not in event["exception"]
    assert CLIENT_SECRET not in event["exception"]


def test_a_library_logs_without_secrets_too(written):
    logging.getLogger("some.library").warning("connecting to %s", "nats://user:hunter2@host")
    logging.getLogger("some.library").warning("it failed", exc_info=RuntimeError(TOKEN))
    first, second = written()
    assert first["event"] == f"connecting to nats://user:{REDACTED}@host"
    assert HEAD not in second["exception"]
