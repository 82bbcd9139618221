# ruff: noqa: RUF001  (characters that look like others are what some tricks are made of)
"""Webhooks go to the public internet alone: addresses and tricks that lead elsewhere, and what bounds an answer."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.settings import Settings
from gateway.webhooks.egress import egress_of
from shared.chassis.egress import Egress, NoAnswer, NotAllowed, Rules
from shared.chassis.egress.addresses import is_global, read_address

NAME = "hooks.partner.org"
PUBLIC = "93.184.215.14"
HEADERS = {"content-type": "application/json", "webhook-id": "msg_1"}

ADDRESSES = (
    # this machine
    *("127.0.0.1", "127.0.0.2", "127.1.1.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"),  # noqa: S104
    # private networks
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254"),
    *("fc00::1", "fd00::1", "fdff:ffff::1", "fec0::1", "100.64.0.1", "100.127.255.254"),
    # link-local, and what tells machines of a cloud their secrets
    *("169.254.169.254", "169.254.170.2", "169.254.0.1", "fd00:ec2::254", "fd20:ce::254", "fe80::1"),
    *("fe80::1%eth0", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    # IPv4 in IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    *("::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1"),
    *("::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1"),
    *("2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
    *("2a00:1450::5efe:7f00:1", "2a00:1450::200:5efe:10.0.0.1", f"::ffff:{PUBLIC}"),
    # documentation, benchmarks, protocols
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "198.18.0.1", "2001:2::1"),
    *("192.0.0.1", "192.88.99.1", "192.175.48.1", "2001:20::1", "100::1", "5f00::1", "3ffe::1"),
    # multicast, reserved, broadcast
    *("224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1", "240.0.0.1", "255.255.255.255", "4000::1"),
)
"""What a name of a partner might lead to."""

TRICKS = {
    "http": "http://hooks.partner.org:{port}/",
    "other-scheme": "ftp://hooks.partner.org:{port}/",
    "gopher": "gopher://hooks.partner.org:{port}/_GET",
    "file": "file:///etc/passwd",
    "data": "data:text/plain,x",
    "no-scheme": "//hooks.partner.org:{port}/",
    "no-slashes": "https:hooks.partner.org",
    "one-slash": "https:/hooks.partner.org/",
    "three-slashes": "https:///127.0.0.1:{port}/",
    "dotted": "https://127.0.0.1:{port}/",
    "public-literal": "https://93.184.215.14/",
    "decimal": "https://2130706433:{port}/",
    "octal": "https://0177.0.0.1:{port}/",
    "octal-whole": "https://017700000001:{port}/",
    "hex": "https://0x7f.0x0.0x0.0x1:{port}/",
    "hex-whole": "https://0x7f000001:{port}/",
    "hex-dotted-end": "https://hooks.partner.0x7f:{port}/",
    "short": "https://127.1:{port}/",
    "shorter": "https://127.0.1:{port}/",
    "zero": "https://0:{port}/",
    "overflow": "https://4294967297:{port}/",
    "mixed": "https://0x7f.1:{port}/",
    "leading-zeros": "https://127.000.000.001:{port}/",
    "trailing-dot-literal": "https://127.0.0.1.:{port}/",
    "trailing-dot": "https://hooks.partner.org.:{port}/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "ipv6": "https://[::1]:{port}/",
    "ipv6-public": "https://[2606:2800:220:1:248:1893:25c8:1946]/",
    "ipv6-mapped": "https://[::ffff:127.0.0.1]:{port}/",
    "ipv6-zone": "https://[fe80::1%25eth0]:{port}/",
    "ipv6-open": "https://[::1:{port}/",
    "userinfo": "https://hooks.partner.org@127.0.0.1:{port}/",
    "userinfo-password": "https://a:b@hooks.partner.org:{port}/",
    "userinfo-empty": "https://@hooks.partner.org:{port}/",
    "userinfo-encoded": "https://hooks.partner.org%40127.0.0.1:{port}/",
    "fragment": "https://hooks.partner.org:{port}/#@127.0.0.1",
    "fragment-host": "https://127.0.0.1#.partner.org/",
    "backslash": "https://127.0.0.1\\@hooks.partner.org:{port}/",
    "backslash-path": "https://hooks.partner.org\\.127.0.0.1:{port}/",
    "localhost": "https://localhost:{port}/",
    "localhost-upper": "https://LOCALHOST:{port}/",
    "localhost-sub": "https://hooks.localhost:{port}/",
    "single-label": "https://gateway:{port}/",
    "internal": "https://metadata.google.internal/",
    "local": "https://printer.local/",
    "fullwidth": "https://１２７.０.０.１:{port}/",
    "circled": "https://①②⑦.⓪.⓪.①:{port}/",
    "ideographic-dot": "https://127。0。0。1:{port}/",
    "fullwidth-dot": "https://hooks．partner．org:{port}/",
    "homograph": "https://hooks.pаrtner.org:{port}/",
    "soft-hyphen": "https://local\u00adhost.org:{port}/",
    "encoded-host": "https://%31%32%37.0.0.1:{port}/",
    "encoded-dot": "https://hooks%2epartner.org:{port}/",
    "space": "https://hooks.partner.org :{port}/",
    "leading-space": " https://hooks.partner.org:{port}/",
    "newline": "https://hooks.partner.org:{port}/\r\nX-Injected: 1",
    "newline-host": "https://hooks.partner.org\n.evil.org:{port}/",
    "tab": "https://hooks.part\tner.org:{port}/",
    "null": "https://hooks.partner.org\x00.evil.org:{port}/",
    "unicode-newline": "https://hooks.partner.org:{port}/č\u560d\u560a",
    "port-zero": "https://hooks.partner.org:0/",
    "port-ssh": "https://hooks.partner.org:22/",
    "port-mail": "https://hooks.partner.org:25/",
    "port-http": "https://hooks.partner.org:80/",
    "port-large": "https://hooks.partner.org:65536/",
    "port-wrapped": "https://hooks.partner.org:65979/",
    "port-negative": "https://hooks.partner.org:-1/",
    "port-empty": "https://hooks.partner.org:/",
    "port-word": "https://hooks.partner.org:https/",
    "port-unicode": "https://hooks.partner.org:４４３/",
    "two-ports": "https://hooks.partner.org:443:{port}/",
    "empty-label": "https://hooks..partner.org:{port}/",
    "empty-host": "https://:{port}/",
    "hyphen": "https://-hooks.partner.org:{port}/",
    "underscore": "https://hooks_1.partner.org:{port}/",
    "long-label": "https://" + "a" * 64 + ".org:{port}/",
    "long-name": "https://" + "a." * 130 + "org:{port}/",
    "long": "https://hooks.partner.org:{port}/" + "a" * 2000,
}
"""What somebody might give as an address; ``{port}`` is one that this machine listens on."""

GOOD = (
    "https://hooks.partner.org",
    "https://hooks.partner.org/",
    "https://Hooks.Partner.Org/In?token=a%20b&x=1",
    "https://hooks.partner.org?x=1",
    "https://hooks.partner.org:443/a/b",
    "https://hooks.partner.org:8443/",
    "https://a-b.c.hooks.partner.org/~x/@y;z=1,2",
    "https://xn--bcher-kva.example.net/",
    "https://1password.partner.org/",
    "https://127.0.0.1.partner.org/",
)
GLOBAL = (
    PUBLIC,
    "8.8.8.8",
    "1.1.1.1",
    "2606:2800:220:1:248:1893:25c8:1946",
    "2a00:1450:4001::1",
    f"64:ff9b::{PUBLIC}",
)

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A server on loopback that counts who comes."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heads: list[bytes] = []


@asynccontextmanager
async def listening(
    *answers: bytes, tls: ssl.SSLContext | None = None, then: float = 0, pieces: float = 0
) -> AsyncIterator[Listener]:
    """Answer each request of a connection with the next of some answers, and close the connection behind the last.

    ``then`` are seconds before it closes; ``pieces`` are seconds between the bytes of an answer.
    """
    listener = Listener()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        try:
            for answer in answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.splitlines()
                    if line.startswith(b"content-length")
                )
                listener.heads.append(head + await reader.readexactly(length))
                for piece in [answer] if not pieces else [answer[i : i + 1] for i in range(len(answer))]:
                    writer.write(piece)
                    await writer.drain()
                    if pieces:
                        await asyncio.sleep(pieces)
            await asyncio.sleep(then)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()


def leading(*rounds: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Return a resolver that answers each look-up with the next of some rounds, and then with the last for ever."""
    left = list(rounds)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def ok(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def local(**bounds: Any) -> Egress:
    """Return what asks this machine, whatever the name is."""
    return Egress(Rules(insecure=True), resolve=leading(["127.0.0.1"]), **bounds)


async def refused(egress: Egress, url: str) -> set[str]:
    """Return the codes of the refusals of an address when it is registered, and when it is asked."""
    codes = set()
    with pytest.raises(NotAllowed) as at_registration:
        await egress.check(url)
    codes.add(at_registration.value.code)
    with pytest.raises(NotAllowed) as at_connect:
        await egress.post(url, content=b"{}", headers=HEADERS)
    return {*codes, at_connect.value.code}


def test_the_table_has_at_least_sixty_rows():
    assert len(set(ADDRESSES)) + len(TRICKS) >= 120
    assert len(set(ADDRESSES)) == len(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_that_is_not_public_is_refused(address: str):
    async with listening() as listener:
        egress = Egress(resolve=leading([address]))
        assert await refused(egress, f"https://{NAME}:{listener.port}/") == {"address"}
        among = Egress(resolve=leading([PUBLIC, address]))
        assert await refused(among, f"https://{NAME}:{listener.port}/") == {"address"}
        await asyncio.sleep(0)
    assert listener.connections == 0


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_trick_is_refused(trick: str):
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with listening() as listener:
        codes = await refused(Egress(resolve=resolve), TRICKS[trick].replace("{port}", str(listener.port)))
        assert len(codes) == 1
        assert "address" not in codes  # it is refused as it is written, before anything is looked up
    assert (listener.connections, asked) == (0, [])


async def test_a_name_that_leads_elsewhere_after_it_was_checked_is_refused():
    async with listening(ok()) as listener:
        url = f"https://{NAME}:{listener.port}/"
        egress = Egress(resolve=leading([PUBLIC], ["127.0.0.1"]))
        await egress.check(url)
        with pytest.raises(NotAllowed):
            await egress.post(url, content=b"{}", headers=HEADERS)
    assert listener.connections == 0


async def test_a_name_is_looked_up_once_for_a_connection():
    """So what was checked is what is connected to: a resolver that alternates has no second chance."""
    looked_up = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    async with listening(ok(), ok()) as listener, Egress(Rules(insecure=True), resolve=resolve) as egress:
        for _ in range(2):
            answer = await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
            assert answer.status == 200
    assert (looked_up, listener.connections) == ([NAME], 1)
    assert f"host: {NAME}:{listener.port}".encode() in listener.heads[0]


async def test_a_name_of_the_systems_resolver_is_checked():
    """This machine's own name leads to this machine or its private network: a real look-up."""
    egress = Egress()
    with pytest.raises((NotAllowed, NoAnswer)):
        await egress.check("https://localhost.localdomain.partner.invalid/")
    with pytest.raises(NotAllowed):
        await egress.check("https://localhost/")
    insecure = Egress(Rules(insecure=True))
    await insecure.check("http://localhost:1/")
    insecure.close()


@pytest.mark.parametrize("url", GOOD)
async def test_a_good_address_is_allowed(url: str):
    await Egress(resolve=leading([PUBLIC])).check(url)
    target = read_address(url, Rules())
    assert target.host == target.host.lower()
    assert target.target.startswith("/")


@pytest.mark.parametrize("address", GLOBAL)
async def test_a_public_address_is_allowed(address: str):
    await Egress(resolve=leading([address])).check(f"https://{NAME}/")


async def test_networks_and_ports_can_be_denied():
    rules = Rules(ports=frozenset({443}), denied=(ip_network("93.184.0.0/16"),))
    egress = Egress(rules, resolve=leading([PUBLIC]))
    assert await refused(egress, f"https://{NAME}/") == {"address"}
    assert await refused(egress, f"https://{NAME}:8443/") == {"port"}
    other = Egress(Rules(ports=frozenset({80})), resolve=leading([PUBLIC]))
    await other.check(f"https://{NAME}:80/")


def test_settings_tell_the_rules():
    told = {"database_url": "postgresql+asyncpg:///none", "nats_url": "x", "cursor_key": "x" * 32}
    assert egress_of(Settings(**told)).rules == Rules()
    stated = {"webhook_insecure": True, "webhook_ports": [443], "webhook_denied_networks": ["1.0.0.0/8"]}
    assert egress_of(Settings(**told, **stated)).rules == Rules(
        insecure=True, ports=frozenset({443}), denied=(ip_network("1.0.0.0/8"),)
    )


def test_the_rules_are_no_wider_than_the_standard_librarys():
    """What Python itself knows not to be global is not allowed, but for what it does not know of its kind."""
    for address in (*ADDRESSES, *GLOBAL):
        found = ip_address(address)
        assert not (is_global(found) and not found.is_global and "64:ff9b" not in address), address


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_a_redirect_is_not_followed(status: str):
    async with (
        listening(ok()) as inner,
        local() as egress,
    ):
        redirect = ok(b"", f"Location: http://127.0.0.1:{inner.port}/", status=status)
        async with listening(redirect) as listener:
            url = f"http://{NAME}:{listener.port}/"
            answer = await egress.post(url, content=b"{}", headers=HEADERS)
    assert answer.status == int(status[:3])
    assert answer.headers["location"] == f"http://127.0.0.1:{inner.port}/"
    assert (listener.connections, inner.connections) == (1, 0)


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch):
    async with listening(ok()) as proxy, listening(ok()) as listener:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with local() as egress:
            await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
    assert (listener.connections, proxy.connections) == (1, 0)


async def test_what_is_sent_is_what_was_given():
    async with listening(ok(b"done", "X-Thing: 1")) as listener, local() as egress:
        url = f"http://{NAME}:{listener.port}/in?x=1"
        answer = await egress.post(url, content=b'{"a":1}', headers=HEADERS)
        for name, value in (("host", "x"), ("x", "a\r\nb: c"), ("x y", "z"), ("Content-Length", "3")):
            with pytest.raises(ValueError, match="cannot be sent"):
                await egress.post(url, content=b"", headers={name: value})
    assert (answer.status, answer.start, answer.headers["x-thing"]) == (200, b"done", "1")
    assert 0 < answer.seconds < 5
    assert (
        listener.heads[0]
        == (
            f"POST /in?x=1 HTTP/1.1\r\nhost: {NAME}:{listener.port}\r\ncontent-length: 7\r\n"
            "user-agent: DevCoop-Webhooks/1\r\naccept-encoding: identity\r\ncontent-type: application/json\r\n"
            'webhook-id: msg_1\r\n\r\n{"a":1}'
        ).encode()
    )


@pytest.mark.parametrize(
    ("answer", "status", "start", "connections"),
    [
        (ok(b"x" * 3000), 200, b"x" * 1024, 1),
        (ok(b"x" * 100_000), 200, b"x" * 1024, 2),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end", 2),
        (ok(b"\x1f\x8b packed", "Content-Encoding: gzip"), 200, b"\x1f\x8b packed", 1),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", 1),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"then"), 200, b"then", 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200, b"ab", 1),
        (ok(b"", status="503 Away") + ok(b"smuggled"), 503, b"", 2),
        (ok(b"", "Connection: close", status="410 Gone"), 410, b"", 2),
    ],
)
async def test_an_answer_is_read_no_further_than_it_is_wanted(
    answer: bytes, status: int, start: bytes, connections: int
):
    final = answer.endswith(b"the end") or b"close" in answer
    answers = [answer] if final else [answer, answer]
    async with listening(*answers) as listener, local() as egress:
        for _ in range(2):
            got = await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
            assert (got.status, got.start) == (status, start)
    assert listener.connections == connections


@pytest.mark.parametrize(
    "answer",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000,
        b"HTTP/1.1 200 OK\r\n",
        b"",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_told(answer: bytes):
    async with listening(answer) as listener, local(whole_seconds=2) as egress:
        with pytest.raises(NoAnswer) as told:
            await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
    assert told.value.code in ("broken", "timed-out")


async def test_a_head_that_comes_slowly_is_cut():
    async with listening(ok(b"x"), pieces=0.5) as listener, local(whole_seconds=0.3) as egress:
        began = time.monotonic()
        with pytest.raises(NoAnswer) as told:
            await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
    assert told.value.code == "timed-out"
    assert time.monotonic() - began < 5


async def test_a_body_that_comes_slowly_is_cut():
    slow = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nstart"
    async with listening(slow, then=5) as listener, local(whole_seconds=0.3) as egress:
        answer = await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
    assert (answer.status, answer.start) == (200, b"start")
    assert answer.seconds < 4


async def test_a_slow_origin_keeps_nothing_from_another():
    async with listening(ok(), then=5) as quick, listening(b"", then=5) as slow:
        egress = local(whole_seconds=0.5, per_origin=2)

        async def ask(port: int) -> str | int:
            try:
                return (await egress.post(f"http://{NAME}:{port}/", content=b"", headers=HEADERS)).status
            except NoAnswer as error:
                return error.code

        waiting = [asyncio.create_task(ask(slow.port)) for _ in range(4)]
        await asyncio.sleep(0.05)
        assert await ask(quick.port) == 200
        assert {*await asyncio.gather(*waiting)} <= {"busy", "timed-out"}
        egress.close()


async def test_a_request_can_be_cancelled_and_costs_no_place():
    async with listening(b"", then=5) as slow, local(per_origin=2, whole_seconds=0.2) as egress:
        url = f"http://{NAME}:{slow.port}/"
        for wait in (0, 0, 0.001, 0.01, 0.02):
            tasks = [asyncio.create_task(egress.post(url, content=b"", headers=HEADERS)) for _ in range(5)]
            await asyncio.sleep(wait)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        both = [egress.post(url, content=b"", headers=HEADERS) for _ in range(2)]
        codes = [
            getattr(error, "code", error) for error in await asyncio.gather(*both, return_exceptions=True)
        ]
    assert codes == ["timed-out", "timed-out"]


async def test_a_connection_that_was_closed_meanwhile_is_made_anew():
    async with listening(ok()) as listener, local() as egress:
        for _ in range(3):
            answer = await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
            assert answer.status == 200
    assert listener.connections == 3


def never_shaking_hands() -> list[str]:
    """Return how a post to a server ends that accepts connections and never says anything, nor takes part in TLS."""

    async def ask() -> list[str]:
        async with silent() as port, local(whole_seconds=0.3) as egress:
            codes = []
            for scheme in ("http", "https"):
                with pytest.raises(NoAnswer) as told:
                    await egress.post(f"{scheme}://{NAME}:{port}/", content=b"{}", headers=HEADERS)
                codes.append(told.value.code)
            return codes

    return [*asyncio.run(ask()), *uvloop.run(ask())]


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_server_that_says_nothing_is_left_in_time():
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(never_shaking_hands).result() == ["timed-out"] * 4


def test_it_works_in_the_loop_that_production_runs():
    async def ask() -> list[int]:
        async with listening(ok(), ok(), ok()) as listener, local() as egress:
            url = f"http://{NAME}:{listener.port}/"
            return [(await egress.post(url, content=b"{}", headers=HEADERS)).status for _ in range(3)]

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(uvloop.run, ask()).result() == [200, 200, 200]


async def test_an_address_that_nobody_listens_at_is_told():
    async with listening() as listener:
        pass
    async with local() as egress:
        with pytest.raises(NoAnswer) as told:
            await egress.post(f"http://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
    assert told.value.code == "connect-failed"


def authority(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server and a client of it need, by a certificate of some names that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context()
    client.load_verify_locations(path)
    return server, client


async def test_the_certificate_is_that_of_the_name_though_the_address_is_connected_to(tmp_path: Path):
    server, client = authority(tmp_path, NAME)
    asked = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with listening(ok(b"safe"), tls=server) as listener:
        async with local(tls=client) as egress:
            answer = await egress.post(f"https://{NAME}:{listener.port}/", content=b"{}", headers=HEADERS)
            assert (answer.status, answer.start) == (200, b"safe")
            with pytest.raises(NoAnswer) as told:
                await egress.post(f"https://other.partner.org:{listener.port}/", content=b"", headers=HEADERS)
            assert told.value.code == "tls-failed"
        async with local() as untrusting:
            with pytest.raises(NoAnswer) as told:
                await untrusting.post(f"https://{NAME}:{listener.port}/", content=b"", headers=HEADERS)
            assert told.value.code == "tls-failed"
    assert asked[:2] == [NAME, "other.partner.org"]
    assert len(listener.heads) == 1
