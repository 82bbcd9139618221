"""What ends an answer that goes on."""

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.feed import streaming
from gateway.feed.counting import OpenStreams
from gateway.feed.refusals import TooManyStreams
from gateway.feed.streaming import Ending
from shared.chassis.identity.refusals import InvalidToken
from shared.policy.grants import Grant, Role
from shared.policy.principals import PUBLIC, Principal

SOMEBODY = Principal("i", "s", "s", "s", (Grant(role=Role.PARTNER),))


class Verifier:
    def __init__(self) -> None:
        self.revoked = False
        self.asked: list[str] = []

    async def verify(self, token: str) -> None:
        self.asked.append(token)
        if self.revoked:
            raise InvalidToken("The token was revoked.", code="token-revoked")


def ending(principal: Principal, verifier: Verifier) -> Ending:
    request: Any = SimpleNamespace(
        app=SimpleNamespace(closing=asyncio.Event()),
        state=SimpleNamespace(runtime=SimpleNamespace(access=SimpleNamespace(verifier=verifier))),
        scope={"state": {"principal": principal}},
        headers={"authorization": "Bearer x.y.z"},
    )
    return Ending(request)


async def test_a_token_that_was_revoked_ends_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "CHECK_SECONDS", 0)
    verifier = Verifier()
    one = ending(SOMEBODY, verifier)
    assert not await one.is_due()
    verifier.revoked = True
    assert await one.is_due()
    assert verifier.asked == ["x.y.z", "x.y.z"]
    public = ending(PUBLIC, verifier)
    assert not await public.is_due()
    assert len(verifier.asked) == 2


async def test_a_token_that_has_expired_ends_it_and_every_wait():
    one = ending(replace(SOMEBODY, expires_at=int(time.time()) + 1), Verifier())
    assert not await one.is_due()
    started = time.monotonic()
    await one.wait(asyncio.Event(), 20)
    assert time.monotonic() - started < 10
    assert await one.is_due()


async def test_a_wait_ends_with_a_move_a_caller_who_goes_or_a_process_that_stops():
    for number in range(3):
        one, moved = ending(PUBLIC, Verifier()), asyncio.Event()
        (moved, one.gone, one._closing)[number].set()  # noqa: SLF001  (as the process does)
        await asyncio.wait_for(one.wait(moved, 60), 20)
        assert await one.is_due() is (number > 0)


def test_streams_are_counted_by_caller():
    streams = OpenStreams(2)
    done = [streams.take("a"), streams.take("a")]
    with pytest.raises(TooManyStreams):
        streams.take("a")
    streams.take("b")()
    done[0]()
    streams.take("a")
    with pytest.raises(TooManyStreams):
        streams.take("a")
