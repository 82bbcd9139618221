r"""The text of a file: unpacked, decoded, with line ends made one, in pieces of bounded size.

All that follows sees UTF-8 with ``\n`` line ends, as an XML processor does (XML 1.0, 2.11), whatever the file is
encoded in, so that line numbers are those an editor shows.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from gateway.imports.iati.encodings import DECLARATION_BYTES, Encoding, detect_encoding
from gateway.imports.iati.looks import looks_like
from gateway.imports.iati.problems import FileRefused

BLOCK_BYTES = 64 * 1024
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: its encoding, whether it is compressed, and its text to be read once."""

    encoding: str
    compressed: bool
    blocks: Iterator[bytes]
    unpacked: "Unpacked"


@dataclass(slots=True)
class Unpacked:
    """The bytes of a file behind its compression: how many were read so far, of how many at most."""

    stream: BinaryIO
    limit: int
    size: int = 0

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes piece by piece.

        Raises:
            FileRefused: they are damaged or too many.

        """
        while piece := self._next():
            self.size += len(piece)
            if self.size > self.limit:
                raise FileRefused(
                    "file-too-large", f"The file has more than {self.limit} bytes when unpacked."
                )
            yield piece

    def _next(self) -> bytes:
        try:
            return self.stream.read(BLOCK_BYTES)
        except EOFError:
            reason = "The gzip file ends too early; the upload may have broken off."
            raise FileRefused("corrupt-gzip", reason) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FileRefused("corrupt-gzip", f"The gzip file is damaged: {error}.") from None


@contextmanager
def open_source(path: Path, *, max_expanded_bytes: int) -> Iterator[Source]:
    """Open a plain or gzip file.

    Args:
        path: the file.
        max_expanded_bytes: most bytes that the file may have, after unpacking.

    Raises:
        FileRefused: here or while reading, what is wrong with the bytes of the file.

    """
    with path.open("rb") as file:
        compressed = file.peek(2)[:2] == _GZIP
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if compressed else file
        unpacked = Unpacked(stream, max_expanded_bytes)
        pieces = unpacked.pieces()
        head = _head(pieces)
        seen = looks_like(head)
        if seen is not None:
            raise FileRefused("not-xml", f"The file is not XML; it looks like {seen}.")
        encoding = detect_encoding(head)
        yield Source(encoding.name, compressed, _text(head, pieces, encoding), unpacked)


def _head(pieces: Iterator[bytes]) -> bytes:
    """Return the first bytes of a file, enough to tell its encoding.

    Raises:
        FileRefused: there is nothing in it.

    """
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= DECLARATION_BYTES:
            break
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xfe\xff"):
        if all(not piece.strip(b"\x00 \t\r\n") for piece in pieces):
            raise FileRefused("empty-file", "The file is empty.")
        raise FileRefused("not-xml", "The file is not XML; it begins with nothing but blanks.")
    return head


def _text(head: bytes, pieces: Iterator[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Yield the text as UTF-8 with line ends made one."""
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    lines = io.IncrementalNewlineDecoder(None, translate=True)
    line = 1
    try:
        for piece in _chain(head[encoding.bom_bytes :], pieces):
            text = lines.decode(decoder.decode(piece))
            if "\x00" in text:
                at = line + text.count("\n", 0, text.index("\x00"))
                raise FileRefused(
                    "malformed-xml", "The file holds a NUL character, which XML does not allow.", at
                )
            block = text.encode("utf-8")
            line += block.count(b"\n")
            yield block
        yield lines.decode(decoder.decode(b"", final=True), final=True).encode("utf-8")
    except UnicodeError as error:
        told = getattr(error, "reason", str(error))
        reason = f"The file is not encoded in {encoding.name.upper()} as it should be: {told}."
        raise FileRefused("invalid-encoding", reason, line + _lines_before(error)) from None


def _chain(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from pieces


def _lines_before(error: UnicodeError) -> int:
    """Return how many line ends stand before the bytes that could not be decoded, within their block."""
    if not isinstance(error, UnicodeDecodeError):
        return 0
    good = error.object[: error.start].decode(error.encoding, errors="ignore")
    return len(good.splitlines()) - 1 if good else 0
