"""What a batch says: packed bodies, lines, and the commands of lines."""

import gzip
import json
import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.batch.commands import Refused, command_of
from gateway.batch.decoding import PIECE_BYTES, Malformed, decoder_of
from gateway.batch.lines import Bounds, Line, LineReader, TooMuch

BOUNDS = Bounds(lines=10, line_bytes=20, bytes=1000)
TEXT = b"".join(b'{"line": %d}\n' % number for number in range(20_000))
PACKED = {
    "": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip of two members": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "zstd": zstandard.compress(TEXT),
    "zstd of two frames": zstandard.compress(TEXT[:100]) + zstandard.compress(TEXT[100:]),
}
COMMAND = {"key": "k-1", "method": "PUT", "path": "/v1/reports/R-1", "body": {"a": 1}}


def drawing(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (what is drawn is no secret)


def pieces_of(data: bytes, draw: random.Random) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        size = draw.choice([1, 7, 1000, 60_000])
        found.append(data[at : at + size])
        at += size
    return found


@pytest.mark.parametrize("packing", PACKED)
def test_a_body_is_unpacked_however_it_is_cut(packing: str):
    decoder = decoder_of(packing.split(maxsplit=1)[0] if packing else "")
    assert decoder is not None
    pieces = pieces_of(PACKED[packing], drawing(1))
    assert b"".join(part for piece in pieces for part in decoder.feed(piece)) == TEXT
    decoder.end()


@pytest.mark.parametrize("packing", [name for name in PACKED if name])
def test_a_body_that_ends_too_soon_is_told(packing: str):
    decoder = decoder_of(packing.split(maxsplit=1)[0])
    assert decoder is not None
    assert sum(map(len, decoder.feed(PACKED[packing][:-3]))) <= len(TEXT)
    with pytest.raises(Malformed):
        decoder.end()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_that_is_not_packed_is_told(encoding: str):
    decoder = decoder_of(encoding)
    assert decoder is not None
    with pytest.raises(Malformed):
        list(decoder.feed(b"plain text, and more of it"))
    empty = decoder_of(encoding)
    assert empty is not None
    with pytest.raises(Malformed):
        empty.end()


def test_a_small_body_becomes_no_large_piece():
    zeros = bytes(32 * 1024**2)
    for encoding, packed, most in (
        ("gzip", gzip.compress(zeros), PIECE_BYTES),
        ("zstd", zstandard.compress(zeros), 64 * 128 * 1024),
    ):
        decoder = decoder_of(encoding)
        assert decoder is not None
        sizes = [len(piece) for piece in decoder.feed(packed)]
        assert sum(sizes) == len(zeros)
        assert max(sizes) <= most


def test_a_zstd_that_takes_much_memory_is_refused():
    wide = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    ).compressobj()
    packed = wide.compress(drawing(1).randbytes(1000)) + wide.flush()
    decoder = decoder_of("zstd")
    assert decoder is not None
    with pytest.raises(Malformed):
        list(decoder.feed(packed))


def test_other_encodings_are_not_known():
    assert decoder_of("br") is None
    assert decoder_of(" GZIP ") is not None


def read(pieces: list[bytes], bounds: Bounds = BOUNDS) -> list[Line]:
    reader = LineReader(bounds)
    return [line for piece in pieces for line in reader.feed(piece)] + list(reader.end())


def test_lines_are_numbered_and_blank_ones_passed_over():
    assert read([b"a\n\r\n", b"b", b"c\r", b"\n  \nd"]) == [Line(1, b"a"), Line(3, b"bc"), Line(5, b"d")]
    assert read([]) == []
    assert read([b"\n"]) == []


def test_a_line_that_is_too_long_costs_no_other():
    assert read([b"a\n", b"x" * 15, b"x" * 15, b"\nb\n", b"y" * 21]) == [
        Line(1, b"a"),
        Line(2, None),
        Line(3, b"b"),
        Line(4, None),
    ]


@given(st.lists(st.binary(max_size=30)), st.randoms(use_true_random=False))
def test_lines_are_the_same_however_the_body_is_cut(lines: list[bytes], draw: random.Random):
    bounds = Bounds(lines=10_000, line_bytes=10, bytes=10**6)
    body = b"\n".join(lines)
    assert read(pieces_of(body, draw), bounds) == read([body], bounds)


def test_a_body_has_an_end():
    with pytest.raises(TooMuch, match="10 lines") as refused:
        read([b"a\n" * 11])
    assert refused.value.code == "too-many-lines"
    with pytest.raises(TooMuch, match="1000 bytes") as refused:
        read([b"a\n", b"\n" * 999])
    assert refused.value.code == "batch-too-large"
    assert len(read([b"a\n" * 10])) == 10


def line_of(**members: object) -> bytes:
    return json.dumps({**COMMAND, **members}).encode()


def test_a_line_is_a_command_of_its_owner():
    command = command_of(line_of(if_match='"3"', path="/v1/frameworks/A%2F1/actuals?rationale=x"), "c:1")
    assert (command.key, command.method, command.owner) == ("k-1", "PUT", "monitoring")
    assert command.target == "/v1/frameworks/A%2F1/actuals?rationale=x"
    assert (command.if_match, command.correlation_id) == ('"3"', "c:1")
    assert command.body == b'{"a": 1}'
    assert command_of(line_of(body=None)).body == b""


def test_no_digit_of_a_body_is_lost():
    body = '{"amount": 1234567890123456789.000000000000000001, "n": 1e400, "text": "\\u00e9\\n"}'
    line = f' {{"body" : {body} ,"key":"k","method":"POST","path":"/v1/finances"}} '.strip()
    assert command_of(line.encode()).body == body.encode()


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        (b"nonsense", 400, "malformed-json"),
        (b'{"key": "k-1"', 400, "malformed-json"),
        (b'{"key": "k-1"} {}', 400, "malformed-json"),
        (b'{"key": "k-1",}', 400, "malformed-json"),
        (b'{"key": NaN}', 400, "malformed-json"),
        (b'{"key": "\xff"}', 400, "malformed-json"),
        (b'{"body": ' + b"[" * 70 + b"]" * 70 + b"}", 422, "nested-too-deeply"),
        (b"[1]", 422, "invalid"),
        (b"{}", 400, "invalid-idempotency-key"),
        (line_of(key=""), 400, "invalid-idempotency-key"),
        (line_of(key="k" * 256), 400, "invalid-idempotency-key"),
        (line_of(key="é"), 400, "invalid-idempotency-key"),
        (line_of(key=3), 400, "invalid-idempotency-key"),
        (line_of(more=1), 422, "invalid"),
        (line_of(if_match=3), 422, "invalid"),
        (line_of(if_match='"3"\r\nx: y'), 400, "invalid-if-match"),
        (line_of(method="GET"), 405, "method-not-allowed"),
        (line_of(method="BREW"), 405, "method-not-allowed"),
        (line_of(path="/v1/imports"), 404, "not-found"),
        (line_of(path="/v1/batch"), 404, "not-found"),
        (line_of(path="/v1"), 404, "not-found"),
        (line_of(path="/v2/reports"), 404, "not-found"),
        (line_of(path="https://elsewhere.test/v1/reports"), 404, "not-found"),
        (line_of(path="//elsewhere.test/v1/reports"), 404, "not-found"),
        (line_of(path="/v1/reports/../imports"), 400, "invalid-address"),
        (line_of(path="/v1/reports/R 1"), 400, "invalid-address"),
        (line_of(path="/v1/reports/é"), 400, "invalid-address"),
        (line_of(path="/v1/reports/R#1"), 400, "invalid-address"),
        (line_of(path="/v1/reports/" + "x" * 33_000), 400, "address-too-long"),
    ],
)
def test_a_line_that_is_no_command_is_refused(line: bytes, status: int, code: str):
    with pytest.raises(Refused) as refused:
        command_of(line)
    assert (refused.value.problem.status, refused.value.problem.code) == (status, code)


def test_a_refusal_tells_the_key_where_there_is_one():
    with pytest.raises(Refused) as refused:
        command_of(line_of(method="GET"))
    assert refused.value.key == "k-1"
    with pytest.raises(Refused) as refused:
        command_of(line_of(more=1))
    assert (refused.value.key, refused.value.problem.errors[0].pointer) == ("k-1", "/more")
