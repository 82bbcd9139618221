"""What comes over the link, and what becomes of it where it breaks."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import chain

import httpx
import pytest
from devcoop_client import Credentials, Link, LoginRefused
from devcoop_client.link import Cut, Refused

TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}


class Parts(httpx.SyncByteStream):
    def __init__(self, *parts: bytes, error: Exception | None = None) -> None:
        self.parts, self.error = parts, error

    def __iter__(self):
        yield from self.parts
        if self.error:
            raise self.error


def link_to(home, answer) -> Link:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json=TOKEN)
        return answer(request) if callable(answer) else answer

    return Link(
        Credentials("https://office.test", "id", "secret"), home, transport=httpx.MockTransport(handle)
    )


def lines_of(link: Link):
    with link.lines("GET", "/v1/changes") as parts:
        yield from chain.from_iterable(parts)


def test_lines_end_with_line_feeds_alone_and_come_in_any_parts(home):
    text = '{"a":"x\u2028y\x85z"}\n\n{"b":"\u00e9"}\n'.encode()
    stream = Parts(*(text[place : place + 1] for place in range(len(text))))
    link = link_to(home, httpx.Response(200, stream=stream))
    assert list(lines_of(link)) == [{"a": "x\u2028y\x85z"}, {"b": "\u00e9"}]


def test_a_line_that_did_not_end_is_none(home):
    link = link_to(home, httpx.Response(200, stream=Parts(b'{"a":1}\n{"b":2}')))
    assert list(lines_of(link)) == [{"a": 1}]


@pytest.mark.parametrize(
    "error", [httpx.ReadError("x"), httpx.RemoteProtocolError("x"), httpx.ReadTimeout("x")]
)
def test_a_link_that_breaks_is_cut_after_the_lines_that_came(home, error: Exception):
    link, got = link_to(home, httpx.Response(200, stream=Parts(b'{"a":1}\n{"b', error=error))), []
    with pytest.raises(Cut, match="cut"):
        got.extend(lines_of(link))
    assert got == [{"a": 1}]


@pytest.mark.parametrize("line", [b"<html>\n", b"[]\n", b"\xff\n"])
def test_a_line_that_is_no_object_is_a_cut(home, line: bytes):
    with pytest.raises(Cut, match="damaged"):
        list(lines_of(link_to(home, httpx.Response(200, stream=Parts(line)))))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again_when_it_says(home, status: int):
    with pytest.raises(Cut) as cut:
        list(lines_of(link_to(home, httpx.Response(status, headers={"Retry-After": "12"}))))
    assert cut.value.wait == 12


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("", 0, 0),
        ("soon", 0, 0),
        ("99999", 600, 600),
        (timedelta(seconds=300), 200, 300),
        (timedelta(seconds=-300), 0, 0),
    ],
)
def test_a_wait_is_told_in_seconds_or_by_a_date(home, told: str | timedelta, least: float, most: float):
    if isinstance(told, timedelta):
        told = format_datetime(datetime.now(UTC) + told, usegmt=True)
    with pytest.raises(Cut) as cut:
        list(lines_of(link_to(home, httpx.Response(503, headers={"Retry-After": told}))))
    assert least <= cut.value.wait <= most


def test_a_refusal_has_the_code_of_its_problem(home):
    problem = {"status": 422, "code": "invalid", "detail": "No."}
    with pytest.raises(Refused) as refused:
        list(lines_of(link_to(home, httpx.Response(422, json=problem))))
    assert (refused.value.status, refused.value.code) == (422, "invalid")
    with pytest.raises(Refused, match="not DevCoop"):
        list(lines_of(link_to(home, httpx.Response(404, text="<html>"))))


def test_compressed_answers_are_asked_for(home):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers)
        return httpx.Response(200, stream=Parts())

    list(lines_of(link_to(home, answer)))
    assert asked[0]["accept-encoding"] == "zstd, gzip"
    assert asked[0]["authorization"] == "Bearer t"


def test_a_secret_that_does_not_hold_is_told(home):
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json={"error": "invalid_client"}))
    link = Link(Credentials("https://office.test", "id", "secret"), home, transport=transport)
    with pytest.raises(LoginRefused):
        link.log_in()


def test_an_issuer_that_is_busy_is_asked_again(home):
    transport = httpx.MockTransport(lambda _: httpx.Response(503, headers={"Retry-After": "2"}))
    link = Link(Credentials("https://office.test", "id", "secret"), home, transport=transport)
    with pytest.raises(Cut) as cut:
        link.log_in()
    assert cut.value.wait == 2


def test_credentials_do_not_tell_their_secret():
    assert "secret" not in repr(Credentials("https://office.test", "id", "s3cr3t")).replace(
        "client_secret", ""
    )
