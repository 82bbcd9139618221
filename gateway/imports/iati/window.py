"""A moving window on the text of a file, and what it shows: the root's start tag, then one activity after another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.imports.iati.problems import FileRefused

MAX_WINDOW_BYTES = 33 * 1024 * 1024
"""Most text that is held at once; a little more than the largest activity that a scan lets pass."""
MAX_ROOT_BYTES = 1024 * 1024
"""Longest start tag of a root element, and longest document type declaration that is looked at."""

_BLANKS = re.compile(rb"[ \t\n]*")
_NAME_ENDS = (b" ", b"\n", b"\t", b"/", b">")
_DOCTYPE = re.compile(rb"""<!DOCTYPE\s+[^\s\[>]+\s*(?:(SYSTEM|PUBLIC)\s|>|(\[))""")
_START_TAG = re.compile(rb"""<([^\s<>/="'!?]+)(?:\s+[^\s=<>/"']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(/?)>""")
_FOREIGN = re.compile(rb"""\sxmlns(?::[^\s=]+)?\s*=\s*["'](?!http://www\.w3\.org/)""")
_ENDS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}


class Window:
    """The part of a text that is in memory: it grows at its end and is dropped from its beginning."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.data = bytearray()
        self.line = 1

    def grow(self) -> bool:
        """Take in one more block; False at the end of the text."""
        if len(self.data) > MAX_WINDOW_BYTES:
            raise FileRefused(
                "element-too-large", f"A part of the file exceeds {MAX_WINDOW_BYTES} bytes.", self.line
            )
        block = next(self._blocks, None)
        if block is None:
            return False
        self.data += block
        return True

    def need(self, length: int) -> bool:
        """Grow to ``length`` bytes; False if the text ends before."""
        while len(self.data) < length:
            if not self.grow():
                return False
        return True

    def find(self, token: bytes, start: int) -> int:
        """Return where a token begins at or after ``start``, -1 if the text ends before."""
        while (at := self.data.find(token, start)) < 0:
            start = max(start, len(self.data) - len(token) + 1)
            if not self.grow():
                return -1
        return at

    def starts(self, token: bytes) -> bool:
        """Whether the window begins with a token."""
        self.need(len(token))
        return self.data.startswith(token)

    def drop(self, end: int) -> None:
        """Forget the first ``end`` bytes."""
        self.line += self.data.count(b"\n", 0, end)
        del self.data[:end]

    def drop_misc(self) -> None:
        """Forget blanks, comments and processing instructions at the beginning."""
        while True:
            while (blanks := _BLANKS.match(self.data)) and blanks.end() == len(self.data):
                self.drop(len(self.data))
                if not self.grow():
                    return
            self.drop(blanks.end() if blanks else 0)
            opening = next((mark for mark in (b"<!--", b"<?") if self.starts(mark)), None)
            if opening is None:
                return
            end = self.find(_ENDS[opening], len(opening))
            if end < 0:
                return
            self.drop(end + len(_ENDS[opening]))

    def start_tag(self, most: int) -> re.Match[bytes] | None:
        """Return the start tag that the window begins with: its name and whether it is empty."""
        while (tag := _START_TAG.match(self.data)) is None:
            if len(self.data) > most or not self.need(2 * len(self.data) + 1):
                return _START_TAG.match(self.data)
        return tag


@dataclass(frozen=True, slots=True)
class Root:
    """The start tag of the root element: its text without line ends, its name, line and whether it is empty.

    ``foreign`` tells that it declares namespaces other than those of the W3C.
    """

    tag: bytes
    name: str
    line: int
    empty: bool
    foreign: bool

    def around(self, content: bytes) -> bytes:
        """Return a document of this root element with other content."""
        return b"%b%b</%b>" % (
            self.tag.removesuffix(b"/>") + b">" if self.empty else self.tag,
            content,
            self.name.encode(),
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One activity or organisation as text, with the line of its first byte.

    ``plain`` tells that it holds neither comments nor processing instructions nor CDATA sections.
    """

    data: bytes
    line: int
    plain: bool


def read_root(window: Window) -> Root | None:
    """Return the start tag of the root element and drop all up to its end; None if there is none to be found.

    Raises:
        FileRefused: the file has a document type declaration that could change what it says.

    """
    window.drop_misc()
    if window.starts(b"<!DOCTYPE"):
        _drop_doctype(window)
        window.drop_misc()
    tag = window.start_tag(MAX_ROOT_BYTES)
    if tag is None:
        return None
    text = tag[0].replace(b"\n", b" ")
    root = Root(text, tag[1].decode(), window.line, bool(tag[2]), bool(_FOREIGN.search(text)))
    window.drop(tag.end())
    return root


def split(window: Window, name: bytes) -> Iterator[Piece]:
    """Yield the elements of a name that follow each other, in the content of a root known to be well-formed."""
    start = b"<" + name
    while True:
        window.drop_misc()
        if not (window.starts(start) and window.data[len(start) : len(start) + 1] in _NAME_ENDS):
            return
        end, plain = _end_of(window, name)
        yield Piece(bytes(window.data[:end]), window.line, plain)
        window.drop(end)


def _drop_doctype(window: Window) -> None:
    """Drop a document type declaration that declares nothing, and refuse any other.

    One with an internal subset or an external identifier could declare entities and default attributes, which
    an IATI file has no use for; neither is ever read.
    """
    window.need(MAX_ROOT_BYTES)
    match = _DOCTYPE.match(window.data)
    if match is not None and not match[1] and not match[2]:
        window.drop(match.end())
    elif b"<!ENTITY" in window.data:
        raise FileRefused(
            "entity-declaration", "The file declares entities, which are never expanded.", window.line
        )
    elif match is not None and match[1]:
        reason = "The file refers to an external document type, which is never read."
        raise FileRefused("external-dtd", reason, window.line)
    else:
        reason = "The file has a document type declaration, which IATI files do not have."
        raise FileRefused("document-type", reason, window.line)


def _end_of(window: Window, name: bytes) -> tuple[int, bool]:
    """Return where the element ends that the window begins with, and whether nothing hides in it."""
    tag = window.start_tag(MAX_WINDOW_BYTES)
    if tag is None:
        raise FileRefused("malformed-xml", "A start tag has no end.", window.line)
    at, depth, plain = tag.end(), 0 if tag[2] else 1, True
    close = b"</" + name
    marks = re.compile(rb"<(?:!--|!\[CDATA\[|\?|(/?)" + name + rb"(?=[\s/>]))")
    while depth:
        end = window.find(b">", max(window.find(close, at), at)) + 1
        if end == 0:
            raise FileRefused("malformed-xml", "An element has no end.", window.line)
        # Most activities hold nothing that makes an end tag something else, so they are not looked at again.
        if depth == 1 and all(window.data.find(mark, at, end) < 0 for mark in (b"<!", b"<?", b"<" + name)):
            return end, plain
        plain = False
        at, depth = _walk(window, marks, (at, end), depth)
    return at, plain


def _walk(window: Window, marks: re.Pattern[bytes], span: tuple[int, int], depth: int) -> tuple[int, int]:
    """Follow the text of a span, and return how far that went and how deep inside elements of the name it ends."""
    at, end = span
    while at < end and depth:
        mark = marks.search(window.data, at, end)
        if mark is None:
            return end, depth
        closing = _ENDS.get(mark[0])
        if closing is not None:
            at = window.find(closing, mark.end()) + len(closing)
        elif mark[1]:
            at, depth = window.find(b">", mark.end()) + 1, depth - 1
        else:
            tag = _START_TAG.match(window.data, mark.start())
            at, depth = (tag.end(), depth + (not tag[2])) if tag else (mark.end(), depth)
    return at, depth
