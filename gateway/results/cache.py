"""Answers that are still current, kept ready to be sent.

An answer of a results query stays true until the read model moves on, or the day ends (UTC): what is overdue, and the
latest rate, are told as of the day. The cache is emptied whenever the read model says that it moved and whenever a day
begins, and it keeps and gives nothing while it cannot hear of moves.

An answer is for those who have the grants that it was decided and told by: who has others asks anew.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.policy.principals import Principal

PREFIX = b"/v1/results/"
READ_AFTER = b"devcoop-after"
IF_NONE_MATCH = b"if-none-match"

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response of status 200, with its entity tag."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tag: bytes


def _today() -> date:
    return datetime.now(UTC).date()


class AnswerCache:
    """A bounded map from grants and request target to answer, for one state of the read model and one day."""

    def __init__(self, max_bytes: int, today: Callable[[], date] = _today) -> None:
        self._max_bytes, self._today = max_bytes, today
        self._day = today()
        self._bytes = 0
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._listening = False
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """The number of the state and day that answers are of now."""
        self._turn()
        return self._epoch

    def listening(self, *, ok: bool) -> None:
        """Note whether changes of the read model can be heard; what was missed may have been one."""
        if ok != self._listening:
            self._listening = ok
            self.clear()

    def clear(self) -> None:
        """Forget every answer: the read model moved, or a day began."""
        self._epoch += 1
        self._answers.clear()
        self._bytes = 0

    def get(self, key: bytes) -> Answer | None:
        """Return the current answer of a key, if it is kept."""
        self._turn()
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: Answer, epoch: int) -> None:
        """Keep an answer that was begun in ``epoch``, unless the read model has moved since."""
        size = len(answer.body) + len(key)
        if not self._listening or epoch != self.epoch or size > self._max_bytes // 4 or key in self._answers:
            return
        self._answers[key] = answer
        self._bytes += size
        while self._bytes > self._max_bytes:
            old_key, old = self._answers.popitem(last=False)
            self._bytes -= len(old.body) + len(old_key)

    def _turn(self) -> None:
        """Forget what was told as of a day that is over."""
        today = self._today()
        if today != self._day:
            self._day = today
            self.clear()


class AnswerCacheMiddleware:
    """Serve results queries from the cache, keep what is computed, and answer 304 to who has it already.

    A request that asks to see a certain write goes past the cache.
    """

    def __init__(self, app: ASGIApp, cache: AnswerCache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on and listen to the answer."""
        if not _cacheable(scope):
            await self._app(scope, receive, send)
            return
        principal: Principal = scope["state"]["principal"]
        key = principal.grants_key + scope["raw_path"] + b"?" + scope["query_string"]
        answer = self._cache.get(key)
        if answer is None:
            await self._app(scope, receive, _Recorder(self._cache, key, scope["headers"], send))
        else:
            scope["route"] = _CachedRoute
            await _send(answer, scope["headers"], send)


class _CachedRoute:
    """What telemetry calls a request that was answered from the cache."""

    path = "cached results"


class _Recorder:
    def __init__(self, cache: AnswerCache, key: bytes, asked: Headers, send: Send) -> None:
        self._cache, self._key, self._asked, self._send = cache, key, asked, send
        self._epoch = cache.epoch
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Hold the start of a good answer back until its body, which gives it its entity tag."""
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        start, self._start = self._start, None
        if message.get("more_body"):
            await self._send(start)
            await self._send(message)
            return
        body = message.get("body", b"")
        tag = b'W/"%b"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
        headers = (*start["headers"], (b"etag", tag), (b"cache-control", b"private, no-cache"))
        answer = Answer(headers, body, tag)
        self._cache.put(self._key, answer, self._epoch)
        await _send(answer, self._asked, self._send)


async def _send(answer: Answer, asked: Headers, send: Send) -> None:
    held = [value for name, value in asked if name == IF_NONE_MATCH]
    status, headers, body = HTTPStatus.OK, list(answer.headers), answer.body
    if held and answer.tag in held[0]:
        status, body = HTTPStatus.NOT_MODIFIED, b""
        headers = [
            (name, value) for name, value in headers if name not in (b"content-length", b"content-type")
        ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _cacheable(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["raw_path"].startswith(PREFIX)
        and all(name != READ_AFTER for name, _ in scope["headers"])
    )
