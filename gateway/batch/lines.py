"""Lines of a body that arrives piece by piece, numbered from 1; blank ones are passed over."""

from collections.abc import Iterator
from dataclasses import dataclass


class TooMuch(Exception):
    """The body goes on beyond what is taken; ``code`` tells of what."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``content`` is None where it is longer than a line may be."""

    number: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lines of a body, bytes of a line and of the whole, unpacked."""

    lines: int
    line_bytes: int
    bytes: int


class LineReader:
    """Makes lines of pieces, and keeps no more than one line."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._parts: list[bytes] = []
        self._size = self._bytes = self._number = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """Yield the lines that a piece ends.

        Raises:
            TooMuch: the body is larger, or has more lines, than is taken.

        """
        self._bytes += len(data)
        if self._bytes > self._bounds.bytes:
            raise TooMuch(f"A batch has at most {self._bounds.bytes} bytes unpacked.", code="batch-too-large")
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._add(part)
            yield from self._take()
        self._add(rest)

    def end(self) -> Iterator[Line]:
        """Yield the last line of a body that ended, which needs no line break."""
        if self._size:
            yield from self._take()

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._bounds.line_bytes:
            self._parts.append(part)
        else:
            self._parts.clear()

    def _take(self) -> Iterator[Line]:
        self._number += 1
        if self._number > self._bounds.lines:
            raise TooMuch(f"A batch has at most {self._bounds.lines} lines.", code="too-many-lines")
        is_long = self._size > self._bounds.line_bytes
        content = b"".join(self._parts).strip()
        self._parts.clear()
        self._size = 0
        if is_long or content:
            yield Line(self._number, None if is_long else content)
