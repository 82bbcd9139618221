"""How long the body of a request may take to arrive.

Only waiting for the caller is bounded: what a handler does with the database is never broken off from here.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.chassis.errors import TooSlow, problem_response

_CLOCK = "devcoop.body_clock"


class BodyDeadlines:
    """Ends a request whose body pauses for longer than ``pause`` seconds, or takes longer than ``whole``.

    The application is told that the caller is gone, and whatever it answers, the caller gets a 408.
    """

    def __init__(self, app: ASGIApp, *, pause: float, whole: float) -> None:
        self._app, self._pause, self._whole = app, pause, whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body under a clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = _Clock(receive, send, scope, self._pause, self._whole)
        scope[_CLOCK] = clock
        await self._app(scope, clock.receive, clock.send)
        await clock.finish()


def allow_seconds(scope: MutableMapping[str, Any], seconds: float) -> None:
    """Let the body of a request take so many seconds to arrive whole, from now on."""
    clock = scope.get(_CLOCK)
    if clock is not None:
        clock.allow(seconds)


class _Clock:
    def __init__(self, receive: Receive, send: Send, scope: Scope, pause: float, whole: float) -> None:
        self._receive, self._send, self._scope, self._pause = receive, send, scope, pause
        self._whole = whole
        self._until: float | None = None
        self._complete = self._late = self._started = self._answered = False

    def allow(self, seconds: float) -> None:
        self._whole = seconds
        self._until = None

    async def receive(self) -> Message:
        """Return the next piece of the body; once it is late, that the caller is gone."""
        if self._complete:
            return await self._receive()
        if self._late:
            return {"type": "http.disconnect"}
        now = asyncio.get_running_loop().time()
        if self._until is None:
            self._until = now + self._whole
        try:
            async with asyncio.timeout_at(min(now + self._pause, self._until)):
                message = await self._receive()
        except TimeoutError:
            self._late = True
            return {"type": "http.disconnect"}
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless the request was late before it began."""
        if self._late and not self._started:
            await self.finish()
            return
        self._started = True
        await self._send(message)

    async def finish(self) -> None:
        """Answer a request that was late, if nothing was answered."""
        if self._late and not self._started and not self._answered:
            self._answered = True
            refusal = TooSlow("The body did not arrive in time.")
            await problem_response(refusal.problem(), refusal.headers)(self._scope, self._receive, self._send)
