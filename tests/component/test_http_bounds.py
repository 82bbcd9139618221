"""What a server takes of anybody, over a real connection: how long, how large, how often, and what it answers."""

import asyncio
import json
import logging
import socket
from contextlib import asynccontextmanager, suppress
from html.parser import HTMLParser

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response

from shared.chassis.deadlines import BodyDeadlines, allow_seconds
from shared.chassis.errors import LargeBodyProblems, install_errors
from shared.chassis.limits import RateLimitMiddleware
from shared.chassis.protocol import MOST_ADDRESS_BYTES, MOST_HEAD_BYTES, MOST_HEADERS, bounded
from shared.chassis.secure import CLOSED, DOCS, Cors, Gate, SecureHeaders
from shared.chassis.telemetry import Metrics, TelemetryMiddleware

APP = "https://app.example.org"
HEAD = b"POST /things HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
JOSE_HEADER = "eyJhbGciOiJFUzI1NiJ9"
TOKEN = f"{JOSE_HEADER}.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

router = APIRouter()


@router.get("/things")
async def read_things() -> dict[str, str]:
    return {"a": "b"}


@router.get("/kept")
async def read_kept(response: Response) -> None:
    response.headers["Cache-Control"] = "private, no-cache"


@router.post("/things")
async def take_things(things: dict[str, str]) -> dict[str, str]:
    return things


@router.post("/raw")
async def take_raw(request: Request) -> int:
    return len(await request.body())


@router.post("/slow")
async def take_slowly(request: Request) -> int:
    allow_seconds(request.scope, 30)
    return len(await request.body())


@router.get("/broken")
async def break_down() -> None:
    raise RuntimeError(f"the service was asked with Bearer {TOKEN}")


def application(hosts=(), origins=(), limit=0, pause=0.3, whole=0.6):
    app = FastAPI(max_body_size=100_000)
    app.include_router(router)
    install_errors(app)
    app.add_middleware(RateLimitMiddleware, authenticated=limit, anonymous=limit)
    inner = BodyDeadlines(LargeBodyProblems(app), pause=pause, whole=whole)
    inner = Cors(inner, origins=origins) if origins else inner
    return TelemetryMiddleware(SecureHeaders(Gate(inner, hosts=hosts)), Metrics())


@asynccontextmanager
async def served(app, head_seconds=0.3, **settings):
    """Serve an application, and yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=bounded(head_seconds),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            **settings,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def port():
    async with served(application()) as port:
        yield port


@pytest.fixture
async def client(port):
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


async def said(port, *parts, pause=0.0, until_closed=True):
    """Send bytes, part by part, and return what is answered before the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    reading = asyncio.create_task(_all(reader) if until_closed else reader.readuntil(b"\r\n\r\n"))
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if reading.done():
                break
            await asyncio.sleep(pause)
    except ConnectionError:
        pass
    async with asyncio.timeout(10):
        answer = await reading
    writer.close()
    return answer


async def _all(reader):
    """Read until the connection is closed, or reset because we were still sending when it was."""
    answer = b""
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            answer += part
    return answer


def problem(answer):
    """Return status and code of an answer as bytes, which has to be a problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\ncontent-type: application/problem+json" in head.lower()
    told = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % told["status"])
    return told["status"], told["code"]


async def test_a_head_that_trickles_in_is_ended(port):
    trickle = [b"GET /things HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 50]
    assert problem(await said(port, *trickle, pause=0.05)) == (408, "request-too-slow")


async def test_a_connection_that_asks_nothing_is_closed(port):
    assert await said(port) == b""


async def test_empty_lines_keep_no_connection_open(port):
    assert await said(port, *[b"\r\n"] * 40, pause=0.05) == b""


async def test_a_request_in_two_parts_is_answered(port):
    parts = [b"GET /thi", b"ngs HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", b"\r\n"]
    assert (await said(port, *parts, pause=0.05)).startswith(b"HTTP/1.1 200 ")


async def test_a_slow_handler_is_not_taken_for_a_slow_caller():
    async def slow(_scope, _receive, send):
        await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with served(slow, head_seconds=0.1) as port:
        request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        answer = await said(port, request, request, pause=0.05)
    assert answer.count(b"HTTP/1.1 204 ") == 2


async def test_a_connection_may_rest_for_longer_between_two_requests(port):
    request = b"GET /things HTTP/1.1\r\nHost: h\r\n"
    answer = await said(port, request + b"\r\n", request + b"Connection: close\r\n\r\n", pause=0.6)
    assert answer.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize("route", ["/things", "/raw"])
async def test_a_body_that_pauses_is_ended(route):
    head = HEAD.replace(b"/things", route.encode()) + b"Content-Length: 20\r\n\r\n"
    async with served(application(pause=0.2, whole=60)) as port:
        assert problem(await said(port, head, b'{"a"', pause=0.05)) == (408, "request-too-slow")


async def test_a_body_that_trickles_in_is_ended():
    head = HEAD + b"Content-Length: 1000\r\n\r\n"
    async with served(application(pause=60, whole=0.3)) as port:
        assert problem(await said(port, head, *[b" "] * 60, pause=0.05)) == (408, "request-too-slow")


async def test_who_is_late_is_answered_even_if_the_application_says_nothing():
    async def silent(_scope, receive, _send):
        while (await receive())["type"] != "http.disconnect":
            pass

    async with served(BodyDeadlines(silent, pause=0.1, whole=1)) as port:
        answer = await said(port, HEAD + b"Content-Length: 20\r\n\r\n")
    assert problem(answer) == (408, "request-too-slow")


async def test_a_route_may_give_a_body_more_time(port):
    head = HEAD.replace(b"/things", b"/slow") + b"Content-Length: 20\r\nConnection: close\r\n\r\n"
    answer = await said(port, head, *[b" "] * 20, pause=0.05)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"20")


async def test_what_follows_an_answer_that_was_early_keeps_no_connection_open(port):
    head = b"POST /none HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"
    answer = await said(port, head, *[b" "] * 60, pause=0.05)
    assert problem(answer) == (404, "not-found")


async def test_a_body_that_breaks_off_is_no_defect(caplog):
    heard = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(heard)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/raw",
        "headers": [],
        "query_string": b"",
        "scheme": "http",
    }
    with caplog.at_level(logging.ERROR):
        await application()(scope, receive, send)
    assert caplog.records == []
    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (400, "truncated-body")


@pytest.mark.parametrize(
    ("head", "refusal"),
    [
        (b"GET /" + b"a" * MOST_ADDRESS_BYTES + b" HTTP/1.1\r\n\r\n", (414, "address-too-long")),
        (b"GET /" + b"a" * 10**6, (414, "address-too-long")),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * MOST_HEAD_BYTES + b"\r\n\r\n", (431, "headers-too-large")),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 10**6, (431, "headers-too-large")),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_HEADERS + 1) + b"\r\n", (431, "headers-too-large")),
        (b"GET / HTTP/1.1\r\n" + b"a" * 10**6, (431, "headers-too-large")),
        (b"nonsense\r\n\r\n", (405, "method-not-allowed")),
        (b"BREW /things HTTP/1.1\r\n\r\n", (405, "method-not-allowed")),
        (b"GET /things HTTP/9.9\r\n\r\n", (400, "malformed-request")),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", (400, "malformed-request")),
        (
            HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            (400, "malformed-request"),
        ),
    ],
)
async def test_a_head_is_refused(port, head, refusal):
    answer = await said(port, *[head[at : at + 10_000] for at in range(0, len(head), 10_000)], pause=0.001)
    assert problem(answer) == refusal


@pytest.mark.parametrize("chunk", [b"1\r\na\r\n", b"%x\r\n%b\r\n" % (50_000, b"a" * 50_000)])
async def test_trailers_are_bounded(port, chunk):
    head = HEAD.replace(b"/things", b"/raw") + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n"
    assert await said(port, head, *[b"A: " + b"a" * 20_000] * 10, pause=0.01) == b""


async def test_a_body_in_chunks_of_one_byte_is_taken(port):
    head = HEAD.replace(b"/things", b"/raw") + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunks = b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n"
    assert (await said(port, head + chunks)).endswith(b"50000")


async def test_a_body_that_is_too_large_is_refused(client):
    answer = await client.post("/raw", content=b"a" * 100_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things", 200),
        ("GET", "/none", 404),
        ("TRACE", "/things", 405),
        ("PUT", "/things", 405),
        ("POST", "/things", 422),
        ("GET", "/broken", 500),
        ("GET", "/openapi.json", 200),
    ],
)
async def test_every_answer_is_closed(client, method, path, status):
    answer = await client.request(method, path)
    assert answer.status_code == status
    told = {
        name: answer.headers[name] for name in answer.headers if "cross-origin" in name or "-policy" in name
    }
    assert told == {
        "content-security-policy": CLOSED.decode(),
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["vary"] == "Authorization"
    assert not {"server", "x-powered-by", "strict-transport-security"} & set(answer.headers)
    assert answer.headers.get("cache-control") == (None if status == 200 else "no-store")


async def test_an_answer_to_a_token_is_not_stored(client):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert (await client.get("/things", headers=headers)).headers["cache-control"] == "no-store"
    assert (await client.get("/kept", headers=headers)).headers["cache-control"] == "private, no-cache"


async def test_answers_over_https_ask_for_https(client):
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="https://h") as secure:
        answer = await secure.get("/none")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    proxied = await client.get("/things", headers={"X-Forwarded-Proto": "https"})
    assert "strict-transport-security" in proxied.headers


class Loads(HTMLParser):
    """What a page loads, by the directive that allows it."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "script":
            self.found.add(("script-src", given.get("src", "'unsafe-inline'")))
        if tag == "link":
            kind = "style-src" if given["rel"] == "stylesheet" else "img-src"
            self.found.add((kind, given["href"]))


async def test_the_page_of_the_interface_may_load_what_it_loads_and_no_more(client):
    answer = await client.get(DOCS)
    policy = dict(each.strip().split(" ", 1) for each in answer.headers["content-security-policy"].split(";"))
    page = Loads()
    page.feed(answer.text)
    assert {kind for kind, _ in page.found} == {"script-src", "style-src", "img-src"}
    for kind, address in page.found:
        assert any(address.startswith(allowed) for allowed in policy[kind].split(" ")), (kind, address)
    assert (policy["default-src"], policy["frame-ancestors"], policy["connect-src"]) == (
        "'none'",
        "'none'",
        "'self'",
    )


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "LINK"])
async def test_a_method_that_is_none_of_ours_is_refused_everywhere(client, method):
    for path in ("/things", "/none"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("results.example.org", 200),
        ("RESULTS.example.org:8443", 200),
        ("a.example.net", 200),
        ("example.net", 400),
        ("evilexample.net", 400),
        ("results.example.org.evil.test", 400),
        ("results.example.org:x", 400),
        ("results.example.org@evil.test", 400),
        ("[::1]:80", 200),
        ("[::2]", 400),
        ("", 400),
    ],
)
async def test_a_request_is_for_a_host_of_ours(host, status):
    app = application(hosts=["results.example.org", "*.example.net", "[::1]"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://h") as client:
        answer = await client.get("/things", headers={"Host": host})
        assert answer.status_code == status
        if status == 400:
            assert answer.json()["code"] == "unknown-host"
        assert (await client.get("/livez", headers={"Host": host})).status_code == 404


async def test_two_hosts_are_none():
    app = application(hosts=["h"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://h") as client:
        answer = await client.get("/things", headers=[("Host", "h"), ("Host", "evil.test")])
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-host")


async def test_pages_of_other_origins_read_nothing_unless_they_are_named(client):
    answer = await client.get("/things", headers={"Origin": APP})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = await client.options("/things", headers={"Origin": APP, "Access-Control-Request-Method": "GET"})
    assert asked.status_code == 405


async def test_pages_of_a_named_origin_may_read_answers_and_refusals():
    app = application(origins=[APP], limit=3)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://h") as client:
        preflight = {
            "Origin": APP,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization, if-match, dpop",
        }
        assert (await client.options("/things", headers=preflight)).status_code == 200
        refused = await client.options("/things", headers=preflight | {"Origin": "https://evil.test"})
        assert (refused.status_code, refused.json()["code"]) == (400, "cors-refused")
        assert "access-control-allow-origin" not in refused.headers
        answers = [await client.get("/things", headers={"Origin": APP}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        for answer in answers:
            assert answer.headers["access-control-allow-origin"] == APP
            assert "access-control-allow-credentials" not in answer.headers
            assert "Retry-After" in answer.headers["access-control-expose-headers"]
        other = await client.get("/things", headers={"Origin": "https://evil.test"})
        assert "access-control-allow-origin" not in other.headers


async def test_who_is_behind_a_trusted_proxy_is_counted_apart():
    async with (
        served(application(limit=1), forwarded_allow_ips=["127.0.0.1"]) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        callers = ["192.0.2.1", "192.0.2.2", "203.0.113.9, 192.0.2.1"]
        answers = [await client.get("/things", headers={"X-Forwarded-For": each}) for each in callers]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_who_is_no_trusted_proxy_claims_no_address():
    async with (
        served(application(limit=1), forwarded_allow_ips=[]) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        callers = ["192.0.2.1", "192.0.2.2"]
        answers = [await client.get("/things", headers={"X-Forwarded-For": each}) for each in callers]
    assert [answer.status_code for answer in answers] == [200, 429]


@pytest.mark.parametrize("path", ["/things", "/broken", "/none"])
async def test_neither_token_nor_query_is_logged(logged, path):
    transport = httpx.ASGITransport(application(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
        headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": "sid=hunter2"}
        await client.get(path, params={"name": "Ada Lovelace", "access_token": TOKEN}, headers=headers)
    text = logged.getvalue()
    assert '"event": "request"' in text
    for hidden in (TOKEN, JOSE_HEADER, "hunter2", "Lovelace", "access_token"):
        assert hidden not in text
    assert ("[redacted]" in text) is (path == "/broken")
