"""Batches: many commands of all owners in one upload, an outcome per line, and nothing doubled by a cut."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import zstandard

from deploy.local.embedded import EmbeddedNats, EmbeddedPostgres
from shared.chassis.ids import uuid7
from shared.policy.grants import Grant, Role
from shared.testing.documents import ACTIVITY, FINANCE, FRAMEWORK, Kind
from shared.testing.identity import TestIssuer
from tests.component.gateway.offices import NDJSON, Office, ndjson, open_office


@pytest.fixture(scope="module")
async def office(postgres: EmbeddedPostgres, nats: EmbeddedNats, issuer: TestIssuer) -> AsyncIterator[Office]:
    async with open_office(postgres, nats, issuer, max_batch_line_bytes=5000, max_batch_lines=600) as office:
        yield office


def key() -> str:
    return str(uuid7())


def put(kind: Kind, identifier: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key(),
        "method": "PUT",
        "path": kind.address(identifier),
        "body": kind.document(identifier),
        **more,
    }


def spent(identifier: str, amount: int) -> dict[str, Any]:
    """Return a line that records an expenditure."""
    value = {"amount": str(amount), "value_date": "2026-01-01"}
    body = {"type": "4", "date": "2026-01-01", "value": value, "ref": f"PV-{amount}"}
    return {
        "key": key(),
        "method": "POST",
        "path": f"{FINANCE.address(identifier)}/transactions",
        "body": body,
    }


def parted(answer: Sequence[dict[str, Any]]) -> tuple[Sequence[dict[str, Any]], dict[str, Any]]:
    return answer[:-1], answer[-1]


async def transactions(office: Office, identifier: str) -> list[int]:
    answer = await office.http.get(FINANCE.address(identifier))
    return [int(each["value"]["amount"]) for each in answer.json()["document"].get("transactions", [])]


async def test_one_upload_carries_commands_of_all_owners(office: Office):
    lines = [put(kind, "XM-1-A") for kind in (ACTIVITY, FINANCE, FRAMEWORK)]
    lines += [spent("XM-1-A", amount) for amount in (1, 2, 3)]
    outcomes, end = parted(await office.batch(lines))
    assert [(told["line"], told["key"], told["status"]) for told in outcomes] == [
        (number, line["key"], 201) for number, line in enumerate(lines, 1)
    ]
    assert outcomes[0]["etag"] == '"1"'
    assert outcomes[0]["write"] == f"activity.{ACTIVITY.aggregate_id('XM-1-A')}.1"
    assert outcomes[0]["body"]["outcome"] == "created"
    assert outcomes[-1]["body"]["version"] == 4
    assert end == {"end": True, "lines": 6, "refused": 0}
    assert await transactions(office, "XM-1-A") == [1, 2, 3]


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress), ("identity", bytes)]
)
async def test_an_upload_may_be_packed(office: Office, encoding: str, pack: Any):
    content = pack(ndjson([put(ACTIVITY, f"XM-2-{encoding}")]))
    headers = {**NDJSON, "Content-Encoding": encoding}
    answer = await office.http.post("/v1/batch", content=content, headers=headers)
    assert [json.loads(line).get("status") for line in answer.text.splitlines()] == [201, None]


async def test_a_bad_line_costs_no_other(office: Office):
    stale = put(ACTIVITY, "XM-3-A", if_match='"7"')
    lines = [
        put(ACTIVITY, "XM-3-A"),
        b"{",
        {**put(ACTIVITY, "XM-3-B"), "more": 1},
        {**put(ACTIVITY, "XM-3-B"), "method": "GET"},
        {**put(ACTIVITY, "XM-3-B"), "path": "/v1/imports"},
        {**put(ACTIVITY, "XM-3-B"), "key": ""},
        put(ACTIVITY, "XM-3-B", body={"nothing": "of it"}),
        put(ACTIVITY, "XM-3-B", body="x" * 6000),
        stale,
        b"",
        put(ACTIVITY, "XM-3-C"),
    ]
    outcomes, end = parted(await office.batch(lines))
    assert [(told["line"], told["status"], told["body"].get("code")) for told in outcomes] == [
        (1, 201, None),
        (2, 400, "malformed-json"),
        (3, 422, "invalid"),
        (4, 405, "method-not-allowed"),
        (5, 404, "not-found"),
        (6, 400, "invalid-idempotency-key"),
        (7, 422, "invalid"),
        (8, 413, "line-too-large"),
        (9, 412, outcomes[8]["body"]["code"]),
        (11, 201, None),
    ]
    assert outcomes[8]["key"] == stale["key"]
    assert (end["lines"], end["refused"]) == (10, 8)


async def test_a_batch_that_is_sent_again_answers_the_same_and_does_nothing(office: Office):
    lines = [put(FINANCE, "XM-4-A"), *(spent("XM-4-A", amount) for amount in range(1, 6))]
    first, _ = parted(await office.batch(lines))
    again, _ = parted(await office.batch(lines))
    assert await transactions(office, "XM-4-A") == [1, 2, 3, 4, 5]
    assert all(told.pop("replayed") for told in again)
    assert again == first
    reused = {**lines[1], "body": {**lines[1]["body"], "ref": "another"}}
    outcomes, _ = parted(await office.batch([reused]))
    assert (outcomes[0]["status"], outcomes[0]["body"]["code"]) == (422, "idempotency-key-reused")


async def test_the_owner_of_the_thing_decides_by_the_grants_of_the_caller(office: Office):
    kenya = Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"}))
    person = office.issuer.bearer(kenya, subject="j.otieno", client="field-app", name="J. Otieno")

    def activity(identifier: str, country: str) -> dict[str, Any]:
        body = ACTIVITY.document(identifier, recipient_countries=[{"code": country}])
        return put(ACTIVITY, identifier, body=body)

    lines = [activity("XM-5-KE", "KE"), activity("XM-5-UG", "UG")]
    outcomes, _ = parted(await office.batch(lines, **person))
    assert [(told["status"], told["body"].get("code")) for told in outcomes] == [
        (201, None),
        (403, "outside-scope"),
    ]
    audit = (await office.http.get("/v1/projects-audit", params={"limit": 500})).json()["items"]
    (entry,) = (each for each in audit if "XM-5-KE" in json.dumps(each))
    assert entry["principal"].endswith("#j.otieno")
    assert (entry["client"], entry["delegate"]) == ("field-app", "gateway")
    assert entry["correlation_id"].endswith(":1")
    for headers, status in ((office.issuer.bearer(Grant(role=Role.PARTNER)), 403), ({}, 401)):
        async with httpx.AsyncClient(base_url=office.address, headers=headers) as other:
            answer = await other.post("/v1/batch", content=ndjson(lines), headers=NDJSON)
            assert answer.status_code == status


async def test_what_is_no_batch_is_refused_at_once(office: Office):
    for headers in (
        {"Content-Type": "application/json"},
        {**NDJSON, "Content-Encoding": "br"},
    ):
        answer = await office.http.post("/v1/batch", content=b"{}\n", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
    upload = await Upload.begin(office, f"Content-Length: {2 * 1024**3}")
    async with asyncio.timeout(20):
        assert b" 413 " in await upload.reader.readline()
    upload.cut()


async def test_a_batch_that_cannot_be_read_on_tells_so_at_its_end(office: Office):
    good = ndjson([put(ACTIVITY, "XM-6-A")])
    half = gzip.compress(good + b'{"key":')[:-9]
    for content, encoding, code in (
        (half, "gzip", "malformed-encoding"),
        (good + b"\n" * 600, "identity", "too-many-lines"),
    ):
        headers = {**NDJSON, "Content-Encoding": encoding}
        answer = await office.http.post("/v1/batch", content=content, headers=headers)
        *outcomes, end = map(json.loads, answer.text.splitlines())
        assert [told["line"] for told in outcomes] == [1]
        assert (end["lines"], end["problem"]["code"]) == (1, code)


class Upload:
    """One connection that sends a batch and reads its answer, both as raw bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.told: list[dict[str, Any]] = []

    @classmethod
    async def begin(cls, office: Office, framing: str = "Transfer-Encoding: chunked") -> "Upload":
        host, port = office.address.removeprefix("http://").split(":")
        upload = cls(*await asyncio.open_connection(host, int(port)))
        bearer = office.issuer.bearer()["Authorization"]
        upload.writer.write(
            f"POST /v1/batch HTTP/1.1\r\nHost: h\r\nAuthorization: {bearer}\r\n"
            f"Content-Type: application/x-ndjson\r\n{framing}\r\n\r\n".encode()
        )
        return upload

    def send(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")

    async def read(self, lines: int) -> list[dict[str, Any]]:
        """Return the next lines of the answer."""
        async with asyncio.timeout(20):
            while len(self.told) < lines:
                text = (await self.reader.readline()).strip()
                if text.startswith(b"{"):
                    self.told.append(json.loads(text))
        return self.told

    def cut(self) -> None:
        self.writer.transport.abort()


async def test_outcomes_come_while_lines_are_sent(office: Office):
    upload = await Upload.begin(office)
    lines = [put(ACTIVITY, f"XM-7-{number}") for number in range(3)]
    for number, line in enumerate(lines, 1):
        upload.send(ndjson([line]))
        told = await upload.read(number)
        assert told[-1]["status"] == 201
    upload.end()
    assert (await upload.read(4))[-1]["end"]
    upload.cut()


async def test_outcomes_are_packed_as_the_caller_takes_them(office: Office):
    lines = [put(ACTIVITY, f"XM-11-{number}") for number in range(20)]
    plain = await office.http.post(
        "/v1/batch", content=ndjson(lines), headers={**NDJSON, "Accept-Encoding": "identity"}
    )
    for encoding in ("gzip", "zstd"):
        headers = {**NDJSON, "Accept-Encoding": encoding}
        async with office.http.stream("POST", "/v1/batch", content=ndjson(lines), headers=headers) as answer:
            assert answer.headers["content-encoding"] == encoding
            packed = b"".join([piece async for piece in answer.aiter_raw()])
        assert len(packed) < len(plain.content) / 2
    refused = await office.http.post(
        "/v1/batch", content=b"", headers={**NDJSON, "Accept-Encoding": "br, identity;q=0"}
    )
    assert refused.status_code == 406


async def test_a_gateway_that_stops_says_so_behind_what_had_begun(office: Office):
    upload = await Upload.begin(office)
    upload.send(ndjson([put(ACTIVITY, "XM-12-A")]))
    await upload.read(1)
    office.app.closing.set()
    try:
        *_, end = await upload.read(2)
    finally:
        office.app.closing.clear()
    assert (end["lines"], end["problem"]["code"]) == (1, "unavailable")
    upload.cut()


async def test_a_client_that_reads_nothing_until_all_is_sent_is_served(office: Office):
    upload = await Upload.begin(office)
    bad = b'{"key": "' + b"k" * 300 + b'"}\n'
    for _ in range(590):
        upload.send(bad + b"x" * 2000 + b"\n" if _ < 5 else bad)
        await upload.writer.drain()
    upload.end()
    assert (await upload.read(596))[-1]["end"]
    upload.cut()


async def test_a_line_that_did_not_end_is_not_carried_out(office: Office):
    upload = await Upload.begin(office)
    whole, half = put(ACTIVITY, "XM-8-whole"), put(ACTIVITY, "XM-8-half")
    upload.send(ndjson([whole]) + json.dumps(half).encode())
    await upload.read(1)
    upload.cut()
    await asyncio.sleep(0.1)
    assert (await office.http.get(ACTIVITY.address("XM-8-whole"))).status_code == 200
    assert (await office.http.get(ACTIVITY.address("XM-8-half"))).status_code == 404


async def test_a_link_that_is_cut_again_and_again_doubles_and_loses_nothing(office: Office):
    await office.batch([put(FINANCE, "XM-9-A")])
    lines = [spent("XM-9-A", amount) for amount in range(1, 41)]
    acknowledged, cuts = 0, 0
    while acknowledged < len(lines):
        upload = await Upload.begin(office)
        upload.send(ndjson(lines[acknowledged:])[: -1 if cuts % 2 else None])
        want = min(11, len(lines) - acknowledged)
        if cuts % 2 and want < 11:
            upload.end()
        told = await upload.read(want)
        assert [each["key"] for each in told[:want]] == [
            line["key"] for line in lines[acknowledged : acknowledged + want]
        ]
        assert all(each["status"] == 201 for each in told[:want])
        acknowledged += want
        cuts += 1
        upload.cut()
    assert cuts >= 4
    await asyncio.sleep(0.2)
    assert await transactions(office, "XM-9-A") == list(range(1, 41))


async def test_what_was_cut_ends_and_frees_its_turn(office: Office):
    await office.batch([put(FINANCE, "XM-10-A")])
    lines = [spent("XM-10-A", amount) for amount in range(1, 13)]
    uploads = [await Upload.begin(office) for _ in range(3)]
    for upload in uploads:
        upload.send(ndjson(lines))
        upload.end()
    await uploads[0].read(2)
    uploads[0].cut()
    for upload in uploads[1:]:
        told = await upload.read(13)
        assert [each["status"] for each in told[:-1]] == [201] * 12
        upload.cut()
    assert await transactions(office, "XM-10-A") == list(range(1, 13))
