"""Following the content of a file to its end: is it well-formed, and are there activities and nothing else?"""

from collections.abc import Iterator
from itertools import islice
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.parsing import close, feed, line_of, pull_parser
from gateway.imports.iati.problems import FileRefused
from gateway.imports.iati.schema import ELEMENTS, Kind
from gateway.imports.iati.window import Root

MAX_ELEMENT_BYTES = 32 * 1024 * 1024
"""Largest activity or organisation, as text."""

_PRUNE_BYTES = 1024 * 1024
_TAIL_BYTES = 1024


class Content:
    """Counts the children of the root as a file goes by, and forgets them."""

    def __init__(self, root: Root, kind: Kind) -> None:
        self.count = 0
        self._root = root
        self._name = ELEMENTS[kind]
        self._foreign = False
        self._last: Element | None = None
        self._last_size = 0

    def follow(self, blocks: Iterator[bytes]) -> None:
        """Read a file to its end.

        Raises:
            FileRefused: it is not well-formed, or not what an IATI file is made of.

        """
        parser = pull_parser(self._root.name)
        element: Element | None = None
        tail = b""
        for block in blocks:
            feed(parser, block)
            tail = (tail + block)[-_TAIL_BYTES:]
            if element is None:
                element = next((cast("Element", started) for _, started in parser.read_events()), None)
            if element is not None:
                self._pass(element, len(block))
        ends = b">" if self._root.empty else b"</%b>" % self._root.name.encode()
        self._finish(close(parser, broken_off=not tail.rstrip().endswith(ends)))

    def _pass(self, root: Element, size: int) -> None:
        """Take note of the children that are complete, and forget them."""
        for child in islice(root, max(len(root) - 1, 0)):
            self._note(child)
        del root[:-1]
        last = root[0] if len(root) else None
        if last is None or last is not self._last:
            self._last, self._last_size = last, 0
            return
        self._last_size += size
        if self._last_size > MAX_ELEMENT_BYTES:
            reason = f"An element of the file exceeds {MAX_ELEMENT_BYTES} bytes."
            raise FileRefused("element-too-large", reason, line_of(last), self._path(last))
        if self._last_size > _PRUNE_BYTES:
            _prune(last)

    def _finish(self, root: Element) -> None:
        for child in root:
            self._note(child)
        if (root.text or "").strip():
            raise self._invalid("Text is not allowed between the elements of the root.", root)
        if not self.count:
            raise self._invalid(f"Element '{self._root.name}': Missing child element(s): {self._name}.", root)

    def _note(self, child: Element) -> None:
        tag = str(child.tag)
        if (child.tail or "").strip():
            raise self._invalid("Text is not allowed between the elements of the root.", child)
        if tag == self._name:
            if self._foreign:
                reason = f"Element '{tag}': This element is not expected after elements of other namespaces."
                raise self._invalid(reason, child)
            self.count += 1
        elif tag.startswith("{"):
            self._foreign = True
            if not self.count:
                raise self._invalid(
                    f"Element '{tag}': This element is not expected before '{self._name}'.", child
                )
        else:
            raise self._invalid(
                f"Element '{tag}': This element is not expected in '{self._root.name}'.", child
            )

    def _invalid(self, reason: str, element: Element) -> FileRefused:
        return FileRefused("schema-invalid", reason, line_of(element), self._path(element))

    def _path(self, element: Element) -> str:
        path = f"/{self._root.name}"
        return path if element.getparent() is None else f"{path}/{etree.QName(element).localname}"


def _prune(element: Element) -> None:
    """Forget what is complete inside an element that is still open, at every depth."""
    while len(element):
        del element[:-1]
        element = element[0]
