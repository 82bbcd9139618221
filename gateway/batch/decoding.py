"""Bodies as they were before they were packed, piece by piece, no piece much larger than it has to be."""

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

PIECE_BYTES = 64 * 1024
_ZSTD_INPUT = 256
"""Bytes that are unpacked at once, since a block of four of them may become 128 KiB (RFC 8878, section 3.1.1.2)."""
_ZSTD_WINDOW = 8 * 1024**2
"""What a decoder has to keep at least, and we at most (RFC 8878, section 3.1.1.1.2)."""


class Malformed(Exception):
    """What was sent is not packed as was said, or ends before its end."""


class Decoder(Protocol):
    """Unpacks one body."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what some more bytes become.

        Raises:
            Malformed: they are not what they should be.

        """

    def end(self) -> None:
        """Check that the body ended where it should.

        Raises:
            Malformed: it did not.

        """


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def end(self) -> None:
        """Take every end."""


class _Gzip:
    """One or several members behind one another (RFC 1952)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == PIECE_BYTES:
            if self._member.eof:
                if not data:
                    return
                self._member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            self._begun = True
            try:
                piece = self._member.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise Malformed("The body is no gzip.") from error
            yield piece
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def end(self) -> None:
        if not (self._begun and self._member.eof):
            raise Malformed("The gzip ends before its end.")


class _Zstd:
    """One or several frames behind one another (RFC 8878)."""

    def __init__(self) -> None:
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame = self._unpacker.decompressobj()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_INPUT):
            part = data[start : start + _ZSTD_INPUT]
            while part:
                if self._frame.eof:
                    self._frame = self._unpacker.decompressobj()
                self._begun = True
                try:
                    piece = self._frame.decompress(part)
                except zstandard.ZstdError as error:
                    raise Malformed("The body is no zstd.") from error
                yield piece
                part = self._frame.unused_data if self._frame.eof else b""

    def end(self) -> None:
        if not (self._begun and self._frame.eof):
            raise Malformed("The zstd ends before its end.")


def decoder_of(encoding: str) -> Decoder | None:
    """Return what unpacks a ``Content-Encoding``, None where we do not know it."""
    kinds: dict[str, type[_Identity | _Gzip | _Zstd]] = {
        "": _Identity,
        "identity": _Identity,
        "gzip": _Gzip,
        "x-gzip": _Gzip,
        "zstd": _Zstd,
    }
    kind = kinds.get(encoding.strip().lower())
    return kind() if kind else None
