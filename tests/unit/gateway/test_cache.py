"""The answers that are kept: only while they are sure to be current, and within their bound."""

from datetime import date

from starlette.types import Message, Receive, Scope, Send

from gateway.results.cache import Answer, AnswerCache, AnswerCacheMiddleware
from shared.policy.grants import Grant, Role
from shared.policy.principals import PUBLIC, Principal


def answer(body: bytes) -> Answer:
    return Answer((), body, b'W/"x"')


def listening(most: int = 1000) -> AnswerCache:
    cache = AnswerCache(most)
    cache.listening(ok=True)
    return cache


def test_an_answer_is_kept_until_the_read_model_moves():
    cache = listening()
    cache.put(b"key", answer(b"body"), cache.epoch)
    assert cache.get(b"key") == answer(b"body")
    cache.clear()
    assert cache.get(b"key") is None


def test_an_answer_begun_before_a_move_is_not_kept():
    cache = listening()
    epoch = cache.epoch
    cache.clear()
    cache.put(b"key", answer(b"old"), epoch)
    assert cache.get(b"key") is None


def test_an_answer_is_kept_until_the_day_ends():
    days = [date(2026, 7, 1)]
    cache = AnswerCache(1000, lambda: days[-1])
    cache.listening(ok=True)
    epoch = cache.epoch
    cache.put(b"key", answer(b"a day overdue"), epoch)
    assert cache.get(b"key")
    days.append(date(2026, 7, 2))
    assert cache.get(b"key") is None
    cache.put(b"key", answer(b"begun yesterday"), epoch)
    assert cache.get(b"key") is None
    cache.put(b"key", answer(b"two days overdue"), cache.epoch)
    assert cache.get(b"key")


def test_an_answer_that_takes_over_midnight_is_not_kept():
    days = [date(2026, 7, 1)]
    cache = AnswerCache(1000, lambda: days[-1])
    cache.listening(ok=True)
    epoch = cache.epoch
    days.append(date(2026, 7, 2))
    cache.put(b"key", answer(b"begun yesterday"), epoch)
    assert cache.get(b"key") is None


def test_nothing_is_kept_while_moves_cannot_be_heard():
    cache = listening()
    cache.put(b"key", answer(b"body"), cache.epoch)
    cache.listening(ok=False)
    assert cache.get(b"key") is None
    cache.put(b"key", answer(b"body"), cache.epoch)
    assert cache.get(b"key") is None


def test_what_was_not_asked_for_lately_makes_room():
    cache = listening(400)
    for number in range(10):
        cache.put(b"%d" % number, answer(b"x" * 90), cache.epoch)
        cache.get(b"0")
    assert cache.get(b"0")
    assert cache.get(b"1") is None
    assert cache.get(b"9")


def test_one_large_answer_does_not_empty_the_cache():
    cache = listening(400)
    cache.put(b"small", answer(b"x"), cache.epoch)
    cache.put(b"large", answer(b"x" * 399), cache.epoch)
    assert cache.get(b"small")
    assert cache.get(b"large") is None


class Inner:
    """An application that answers with how often it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.asked, self.status = 0, status

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked += 1
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"%d" % self.asked})


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def ask(
    app: AnswerCacheMiddleware,
    path: bytes = b"/v1/results/projects",
    principal: Principal = PUBLIC,
    **headers: str,
):
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": path,
        "query_string": b"",
        "state": {"principal": principal},
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, nothing, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def test_the_same_question_is_answered_once():
    app = AnswerCacheMiddleware(Inner(), listening())
    first, second = await ask(app), await ask(app)
    assert first == second
    assert first[2] == b"1"


def principal(subject: str, *grants: Grant) -> Principal:
    return Principal(issuer="https://id.example", subject=subject, client="app", name=subject, grants=grants)


KENYA = Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"}))
GRANTS: list[tuple[Grant, ...]] = [
    (),
    (KENYA,),
    (Grant(role=Role.FIELD_OFFICER, countries=frozenset({"UG"})),),
    (Grant(role=Role.FIELD_OFFICER, organisations=frozenset({"KE"})),),
    (Grant(role=Role.FIELD_OFFICER, countries=frozenset()),),
    (Grant(role=Role.FIELD_OFFICER),),
    (Grant(role=Role.PARTNER, countries=frozenset({"KE"})),),
    (KENYA, Grant(role=Role.PARTNER, countries=frozenset({"KE"}))),
]


async def test_an_answer_is_for_those_who_have_the_grants_that_it_was_told_by():
    app = AnswerCacheMiddleware(Inner(), listening(10_000))
    told = [(await ask(app, principal=principal("one", *grants)))[2] for grants in GRANTS]
    told.append((await ask(app))[2])
    assert len(set(told)) == len(told)
    again = [(await ask(app, principal=principal("another", *reversed(grants))))[2] for grants in GRANTS]
    assert [*again, (await ask(app))[2]] == told


async def test_who_has_the_answer_is_told_so_in_few_bytes():
    app = AnswerCacheMiddleware(Inner(), listening())
    _, headers, _ = await ask(app)
    status, _, body = await ask(app, if_none_match=headers[b"etag"].decode())
    assert (status, body) == (304, b"")


async def test_a_read_that_must_see_a_write_goes_past():
    app = AnswerCacheMiddleware(Inner(), listening())
    await ask(app)
    assert (await ask(app, devcoop_after="activity.x.1"))[2] == b"2"


async def test_refusals_and_other_routes_are_not_kept():
    failing = AnswerCacheMiddleware(Inner(404), listening())
    assert [(await ask(failing))[2] for _ in range(2)] == [b"1", b"2"]
    other = AnswerCacheMiddleware(Inner(), listening())
    assert [(await ask(other, b"/v1/imports"))[2] for _ in range(2)] == [b"1", b"2"]
