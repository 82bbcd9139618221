"""Settings that bound requests: what they refuse."""

import pytest
from pydantic import ValidationError

from shared.chassis.settings import ServiceSettings

NEEDED = {"database_url": "postgresql+asyncpg://h/d", "nats_url": "nats://h", "cursor_key": "k" * 32}


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "app.example.org",
        "https://*.example.org",
        "https://a.example/",
        "https://a.example/x",
        "ftp://a",
    ],
)
def test_an_origin_is_one_and_whole(origin):
    with pytest.raises(ValidationError, match="cors_origins"):
        ServiceSettings(**NEEDED, cors_origins=[origin])


@pytest.mark.parametrize("origin", ["https://app.example.org", "http://localhost:3000"])
def test_origins_are_taken(origin):
    assert ServiceSettings(**NEEDED, cors_origins=[origin]).cors_origins == [origin]


@pytest.mark.parametrize("host", ["*", "*.", "https://h", "h:80", "a..b", "a.*", ""])
def test_a_host_is_a_name_or_what_is_below_one(host):
    with pytest.raises(ValidationError, match="allowed_hosts"):
        ServiceSettings(**NEEDED, allowed_hosts=[host])


@pytest.mark.parametrize("host", ["results.example.org", "*.example.org", "localhost", "127.0.0.1", "[::1]"])
def test_hosts_are_taken(host):
    assert ServiceSettings(**NEEDED, allowed_hosts=[host]).allowed_hosts == [host]


def test_lists_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("DEVCOOP_CORS_ORIGINS", '["https://a.example"]')
    assert ServiceSettings(**NEEDED).cors_origins == ["https://a.example"]


def test_nothing_is_open_unless_it_is_told():
    settings = ServiceSettings(**NEEDED)
    assert settings.cors_origins == []
    assert settings.rate_limit > 0
    assert settings.anonymous_rate_limit > 0


@pytest.mark.parametrize(
    ("name", "value"), [("rate_limit", -1), ("head_seconds", 0), ("body_seconds", 0), ("request_seconds", 0)]
)
def test_a_bound_is_a_bound(name, value):
    with pytest.raises(ValidationError, match=name):
        ServiceSettings(**NEEDED, **{name: value})
