"""What a process refuses to start by in production, each rule beside what is safe."""

import secrets

import nkeys
import pytest
from pydantic import SecretStr

from deploy.nats_access import new_seed
from gateway.settings import Settings as GatewaySettings
from services.projects.settings import Settings
from shared.chassis.safety import is_public

PASSWORD, CURSOR, ISSUER_KEY = (secrets.token_urlsafe(32) for _ in range(3))
TRUSTED = {"issuer": "https://id.example.org", "jwks_url": "https://id.example.org/jwks"}
SAFE = {
    "database_url": "postgresql+asyncpg://projects@postgres/projects",
    "database_password": PASSWORD,
    "nats_url": "nats://nats:4222",
    "nats_seed": new_seed(),
    "cursor_key": CURSOR,
    "issuers": [TRUSTED],
}
ISSUING = {**SAFE, "issuer_key": ISSUER_KEY, "issuer_url": "https://results.example.org"}


def faulty(kind, settings):
    return [fault.variable.removeprefix("DEVCOOP_").lower() for fault in kind(**settings).faults()]


def test_what_is_whole_and_safe_has_no_fault():
    assert faulty(Settings, SAFE) == []
    assert faulty(GatewaySettings, SAFE) == []
    assert faulty(GatewaySettings, ISSUING) == []


UNSAFE = {
    "no password": ("database_password", None),
    "a short password": ("database_password", "Xk3-9fQ_zL1vB7m"),
    "a sample as password": ("database_password", "please-Change-Me-now-9871"),
    "a password in the URL": ("database_url", "postgresql+asyncpg://projects:x9@postgres/projects"),
    "no seed": ("nats_seed", None),
    "a seed that is none": ("nats_seed", "SU" + "A" * 56),
    "a seed of an account": (
        "nats_seed",
        nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_ACCOUNT).decode(),
    ),
    "a password at NATS": ("nats_url", "nats://user:pass@nats:4222"),
    "a password at one server of NATS": ("nats_url", "nats://nats:4222,nats://user:pass@nats-2:4222"),
    "a password at NATS without scheme": ("nats_url", "nats:4222,user:pass@nats-2:4222"),
    "a password with a comma": ("database_url", "postgresql+asyncpg://projects:x,9@postgres/projects"),
    "a weak former key": ("cursor_key_former", "k" * 32),
    "the former key still in use": ("cursor_key_former", CURSOR),
    "a sample to Prometheus": ("metrics_key", "an example of a key, known to others"),
    "the key of cursors to Prometheus": ("metrics_key", CURSOR),
    "a key of one letter": ("cursor_key", "k" * 32),
    "a key that repeats": ("cursor_key", "abcdefgX9-_qwZ12" * 2),
    "a sample as key": ("cursor_key", "for tests only: nothing is signed with it"),
    "the same secret twice": ("cursor_key", PASSWORD),
    "nobody who is trusted": ("issuers", []),
    "keys over plain http": ("issuers", [{**TRUSTED, "jwks_url": "http://id.example.org/jwks"}]),
    "revocations over plain http": ("issuers", [{**TRUSTED, "revocations_url": "http://id.example.org/r"}]),
    "callers over plain http": ("public_url", "http://results.example.org"),
    "pages over plain http": ("cors_origins", ["http://app.example.org"]),
    "no limit": ("rate_limit", 0),
    "no limit of strangers": ("anonymous_rate_limit", 0),
    "everybody a proxy": ("trusted_proxies", ["*"]),
    "all of IPv4 a proxy": ("trusted_proxies", ["0.0.0.0/0"]),
    "all of IPv6 a proxy": ("trusted_proxies", ["::/0"]),
    "half of the internet a proxy": ("trusted_proxies", ["128.0.0.0/1"]),
}
TWINS = {
    "keys from beside": ("issuers", [{**TRUSTED, "jwks_url": "http://gateway:8000/oauth/jwks"}]),
    "keys from the cluster": ("issuers", [{**TRUSTED, "jwks_url": "http://gateway.devcoop.svc:8000/jwks"}]),
    "keys from a private address": ("issuers", [{**TRUSTED, "jwks_url": "http://10.0.0.7/jwks"}]),
    "callers over TLS": ("public_url", "https://results.example.org"),
    "pages over TLS": ("cors_origins", ["https://app.example.org"]),
    "few, but some": ("rate_limit", 1),
    "proxies of a private network": ("trusted_proxies", ["10.0.0.0/8", "fc00::/7", "127.0.0.1"]),
    "several servers of NATS": ("nats_url", "nats://nats:4222,nats-2:4222,nats-3"),
    "what is no address": ("nats_url", "nats://[nats:4222"),
    "another former key": ("cursor_key_former", ISSUER_KEY),
    "a key of Prometheus": ("metrics_key", ISSUER_KEY),
    "a long password": ("database_password", "Xk3-9fQ_zL1vB7mQ"),
}


@pytest.mark.parametrize(("name", "value"), UNSAFE.values(), ids=UNSAFE)
def test_what_is_unsafe_is_named(name, value):
    assert faulty(Settings, {**SAFE, name: value}) == [name]


@pytest.mark.parametrize(("name", "value"), TWINS.values(), ids=TWINS)
def test_what_is_like_it_and_safe_is_not(name, value):
    assert faulty(Settings, {**SAFE, name: value}) == []


GATEWAYS = {
    "webhooks to this machine": ("webhook_insecure", True),
    "no limit of failures": ("token_rate_limit", 0),
    "secrets over plain http": ("issuer_url", "http://results.example.org"),
    "a weak key": ("issuer_key", "k" * 40),
    "the key of cursors": ("issuer_key", CURSOR),
    "a password at the standby": ("read_database_url", "postgresql+asyncpg://gateway:x9@h/gateway"),
    "a password at standby and primary": (
        "read_database_url",
        "postgresql+asyncpg://gateway:x9@/gateway?host=standby,primary",
    ),
}


@pytest.mark.parametrize(("name", "value"), GATEWAYS.values(), ids=GATEWAYS)
def test_what_is_unsafe_in_a_gateway_is_named(name, value):
    assert faulty(GatewaySettings, {**ISSUING, name: value}) == [name]


def test_a_standby_beside_its_password_is_safe():
    url = "postgresql+asyncpg://gateway@/gateway?host=standby,primary&target_session_attrs=prefer-standby"
    assert faulty(GatewaySettings, {**ISSUING, "read_database_url": url}) == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8100", "https://localhost", "http://gateway:8000", "https://results.example.org:8443"],
)
def test_names_that_an_issuer_may_have(url):
    assert faulty(GatewaySettings, {**ISSUING, "issuer_url": url}) == []


def test_who_issues_tokens_has_a_name_and_nobody_else_needs_one():
    nameless = {name: value for name, value in ISSUING.items() if name != "issuer_url"}
    assert faulty(GatewaySettings, nameless) == ["issuer_url"]
    assert faulty(GatewaySettings, SAFE) == []


def test_a_fault_tells_no_value():
    told = "".join(
        str(fault)
        for fault in Settings(**{**SAFE, "database_password": "hunter-two", "cursor_key": "z" * 33}).faults()
    )
    assert "DEVCOOP_DATABASE_PASSWORD" in told
    assert "hunter" not in told
    assert "zzz" not in told


def test_a_secret_is_in_no_text_of_the_settings():
    settings = GatewaySettings(**ISSUING)
    for value in (PASSWORD, CURSOR, ISSUER_KEY, SAFE["nats_seed"]):
        assert value not in repr(settings) + str(settings) + str(settings.model_dump(mode="json"))
    assert isinstance(settings.cursor_key, SecretStr)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("results.example.org", True),
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("gateway", False),
        ("localhost", False),
        ("nats.internal", False),
        ("db.default.svc.cluster.local", False),
        ("192.168.1.4", False),
        ("fd00::1", False),
        ("notinternal.example", True),
    ],
)
def test_a_public_host_is_told_by_its_name(host, expected):
    assert is_public(host) is expected
