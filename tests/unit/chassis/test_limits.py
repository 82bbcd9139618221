"""Rate limits: how many are taken within any minute, of whom, and what the answers tell."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.errors import TooManyRequests
from shared.chassis.limits import (
    CLIENT_FACTOR,
    WINDOW_SECONDS,
    FailureLimit,
    RateLimitMiddleware,
    SlidingWindow,
    source_of,
)
from shared.policy.principals import PUBLIC, Principal

OFFICER = Principal(issuer="https://id.example", subject="a", client="app", name="A", grants=())


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


async def answered(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def ask(app, principal=PUBLIC, *, address="192.0.2.1", path="/v1/activities"):
    """Return status and headers of the answer to a request."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [],
        "client": (address, 5),
        "state": {"principal": principal},
    }
    await app(scope, None, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers


def limited(clock, authenticated=3, anonymous=2):
    return RateLimitMiddleware(answered, authenticated=authenticated, anonymous=anonymous, clock=clock)


def test_as_many_are_taken_as_the_limit_says():
    window = SlidingWindow(3, Clock())
    quotas = [window.take("a") for _ in range(5)]
    assert [quota.taken for quota in quotas] == [True, True, True, False, False]
    assert [quota.remaining for quota in quotas] == [2, 1, 0, 0, 0]


def test_each_key_has_a_count_of_its_own():
    window = SlidingWindow(1, Clock())
    assert window.take("a").taken
    assert window.take("b").taken
    assert not window.take("a").taken


def test_a_minute_that_is_half_over_counts_half():
    clock = Clock()
    window = SlidingWindow(10, clock)
    clock.now += 50
    assert all(window.take("a").taken for _ in range(10))
    clock.now += 40
    assert [window.take("a").taken for _ in range(6)] == [True] * 5 + [False]


def test_after_two_quiet_minutes_nothing_counts():
    clock = Clock()
    window = SlidingWindow(2, clock)
    window.take("a")
    window.take("a")
    clock.now += 2 * WINDOW_SECONDS
    assert [window.take("a").taken for _ in range(3)] == [True, True, False]


@given(
    limit=st.integers(1, 8),
    pauses=st.lists(st.floats(0, 100) | st.floats(0, 5), min_size=1, max_size=60),
)
def test_whoever_waits_as_long_as_told_gets_in_and_not_much_earlier(limit, pauses):
    clock = Clock()
    window = SlidingWindow(limit, clock)
    for pause in pauses:
        clock.now += pause
        quota = window.take("a")
        assert quota.seconds >= 1
        assert 0 <= quota.remaining < limit
        if not quota.taken:
            refused_at = clock.now
            if quota.seconds > 2:
                clock.now = refused_at + quota.seconds - 1.5
                assert window.wait("a") > 0
            clock.now = refused_at + quota.seconds
            assert window.wait("a") == 0
            assert window.take("a").taken


@given(st.lists(st.floats(0, 30), min_size=30, max_size=80))
def test_no_minute_has_twice_the_limit(pauses):
    clock = Clock()
    window = SlidingWindow(5, clock)
    taken = []
    for pause in pauses:
        clock.now += pause
        if window.take("a").taken:
            taken.append(clock.now)
    assert all(sum(at - WINDOW_SECONDS < each <= at for each in taken) < 10 for at in taken)


def test_keys_beyond_the_most_share_one_count(monkeypatch):
    monkeypatch.setattr("shared.chassis.limits.MOST_KEYS", 3)
    window = SlidingWindow(1, Clock())
    assert [window.take(key).taken for key in "abcd"] == [True] * 4
    assert not window.take("e").taken
    assert not window.take("a").taken


async def test_a_principal_is_refused_beyond_its_limit():
    clock = Clock()
    app = limited(clock)
    clock.now += 15
    answers = [await ask(app, OFFICER) for _ in range(4)]
    assert [status for status, _ in answers] == [200, 200, 200, 429]
    assert answers[0][1]["ratelimit-policy"] == '"default";q=3;w=60'
    assert answers[0][1]["ratelimit"] == '"default";r=2;t=45'
    refused = answers[3][1]
    assert refused["content-type"] == "application/problem+json"
    assert re.fullmatch(r'"default";r=0;t=\d+', refused["ratelimit"])
    assert refused["retry-after"] == refused["ratelimit"].rpartition("=")[2]


async def test_a_principal_is_the_same_from_everywhere_and_no_other():
    app = limited(Clock(), authenticated=1)
    assert (await ask(app, OFFICER, address="192.0.2.1"))[0] == 200
    assert (await ask(app, OFFICER, address="192.0.2.2"))[0] == 429
    for other in (replace(OFFICER, subject="b"), replace(OFFICER, issuer="https://other.example")):
        assert (await ask(app, other))[0] == 200


async def test_nobody_in_particular_is_told_by_address():
    app = limited(Clock(), anonymous=1)
    status, headers = await ask(app, address="192.0.2.1")
    assert (status, headers["ratelimit-policy"]) == (200, '"anonymous";q=1;w=60')
    assert (await ask(app, address="192.0.2.1"))[0] == 429
    assert (await ask(app, address="192.0.2.2"))[0] == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_probes_are_not_limited(path):
    app = limited(Clock(), anonymous=1)
    assert [(await ask(app, path=path))[0] for _ in range(3)] == [200] * 3


async def test_who_acts_for_another_is_not_limited():
    app = limited(Clock(), authenticated=1)
    importer = replace(OFFICER, delegate="gateway")
    answers = [await ask(app, importer) for _ in range(3)]
    assert [status for status, _ in answers] == [200] * 3
    assert "ratelimit" not in answers[0][1]


async def test_no_limit_is_no_limit():
    app = limited(Clock(), authenticated=0, anonymous=0)
    assert [(await ask(app, who))[0] for who in (OFFICER, OFFICER, PUBLIC, PUBLIC)] == [200] * 4


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
        ("x" * 500, "x" * 64),
    ],
)
def test_an_address_of_ipv6_is_its_network(address, source):
    assert source_of({"client": (address, 1)}) == source


def test_a_request_of_no_address_has_a_source():
    assert source_of({"client": None}) == source_of({}) == "unknown"


def test_secrets_are_tried_in_vain_so_often_from_an_address():
    clock = Clock()
    limit = FailureLimit(2, clock)
    for _ in range(2):
        limit.require("192.0.2.1", "a")
        limit.note("192.0.2.1", "a")
    with pytest.raises(TooManyRequests) as refused:
        limit.require("192.0.2.1", "b")
    limit.require("192.0.2.2", "a")
    clock.now += refused.value.retry_after
    limit.require("192.0.2.1", "a")


def test_a_client_is_guessed_at_so_often_from_all_addresses():
    limit = FailureLimit(1, Clock())
    for number in range(CLIENT_FACTOR):
        limit.require(f"192.0.2.{number}", "a")
        limit.note(f"192.0.2.{number}", "a")
    with pytest.raises(TooManyRequests):
        limit.require("192.0.2.200", "a")
    limit.require("192.0.2.200", "b")


def test_what_succeeds_is_not_counted():
    limit = FailureLimit(1, Clock())
    for _ in range(50):
        limit.require("192.0.2.1", "a")


def test_no_bound_of_failures_is_none():
    limit = FailureLimit(0, Clock())
    for _ in range(50):
        limit.require("192.0.2.1", "a")
        limit.note("192.0.2.1", "a")
