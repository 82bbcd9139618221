"""Content codings of streamed answers."""

import zlib

import pytest
import zstandard

from gateway.feed.encodings import CODINGS, chosen, packer
from gateway.feed.refusals import NotAcceptable


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("zstd; q=0.500 , gzip;q=0.5", "zstd"),
        ("zstd;q=0, gzip;q=0", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=high", "identity"),
        ("gzip;q=-1", "identity"),
        ("br", "identity"),
        (",, ;q=1", "identity"),
    ],
)
def test_the_caller_gets_what_it_likes_best(accepted: str | None, coding: str):
    assert chosen(accepted) == coding


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "br, *;q=0", "identity;q=0, zstd;q=0"])
def test_who_takes_nothing_that_there_is_is_refused(accepted: str):
    with pytest.raises(NotAcceptable):
        chosen(accepted)


@pytest.mark.parametrize("coding", CODINGS)
def test_what_was_fed_is_out_whole_after_a_flush(coding: str):
    packing = packer(coding)
    lines = [f'{{"line":{number}}}\n'.encode() * 50 for number in range(3)]
    read = {
        "identity": lambda: bytes,
        "gzip": lambda: zlib.decompressobj(wbits=47).decompress,
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress,
    }[coding]()
    for line in lines:
        assert read(packing.feed(line) + packing.flush()) == line
    assert read(packing.end()) == b""
