"""Where something stands in a file: lines and paths of what was found in one item of it.

An item is parsed on its own, so its lines count from its beginning and its path has no position in the file;
both are known from elsewhere. The parser counts lines in 16 bits; beyond, they are counted again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.findings import MAX_PROBLEMS, Finding
from gateway.imports.iati.parsing import counted_line, line_of
from gateway.imports.iati.problems import Problem
from gateway.imports.iati.schema import Fault
from gateway.imports.iati.window import Piece, Root


@dataclass(frozen=True, slots=True)
class Place:
    """An item in its file: its element without comments, the piece of text it was parsed from, and its path."""

    element: Element
    piece: Piece
    root: Root
    path: str
    comments: int

    @property
    def line(self) -> int:
        """The line that the item begins on."""
        return self.piece.line

    @property
    def has_foreign(self) -> bool:
        """Whether anything of another namespace may occur in it."""
        return self.root.foreign or b"xmlns" in self.piece.data

    def faults(self, faults: Iterable[Fault]) -> Iterator[Problem]:
        """Yield what makes the item invalid as problems: the first ones, and how many more there are."""
        remaining = iter(faults)
        for fault in islice(remaining, MAX_PROBLEMS):
            line = self._shifted(counted_line(fault.line))
            if line is None:
                line = self._lines([self._at(fault.path)])[0]
            yield Problem("schema-invalid", fault.reason, line, self.path + fault.path)
        more = sum(1 for _ in remaining)
        if more:
            yield Problem("more-problems", f"And {more} more.", self.line, self.path)

    def problems(self, findings: Sequence[Finding]) -> list[Problem]:
        """Return findings with their places."""
        lines = self._lines([finding.element for finding in findings])
        return [
            Problem(finding.code, finding.reason, line, self._path(finding))
            for finding, line in zip(findings, lines, strict=True)
        ]

    def _path(self, finding: Finding) -> str:
        if finding.element is None:
            return self.path
        own = self.element.getroottree()
        below = own.getpath(finding.element).removeprefix(own.getpath(self.element))
        return self.path + below + (f"/@{finding.attribute}" if finding.attribute else "")

    def _shifted(self, line: int | None) -> int | None:
        """Return the line in the file, None if the parser did not count so far."""
        return self.line + line - 1 if line is not None else None

    def _lines(self, elements: Sequence[Element | None]) -> list[int]:
        """Return the line of each element, that of the item for None."""
        lines = [self.line if element is None else self._shifted(line_of(element)) for element in elements]
        if all(line is not None for line in lines):
            return [line for line in lines if line is not None]
        wanted = {element for element, line in zip(elements, lines, strict=True) if line is None}
        counted = {
            element: self.line + line - 1
            for element, line in zip(
                self.element.getroottree().getroot().iter("*"),
                _count(self.root.around(self.piece.data)),
                strict=True,
            )
            if element in wanted
        }
        return [
            counted.get(element, self.line) if line is None and element is not None else line or self.line
            for element, line in zip(elements, lines, strict=True)
        ]

    def _at(self, path: str) -> Element | None:
        """Return the element at a path below the item, None if the path cannot be followed."""
        namespaces = {prefix: uri for prefix, uri in self.element.nsmap.items() if prefix}
        try:
            found = self.element.xpath(f".{path}", namespaces=namespaces)
        except etree.XPathError:
            return None
        return found[0] if isinstance(found, list) and found and isinstance(found[0], Element) else None


def _count(text: bytes) -> list[int]:
    """Return the line of every start tag of a text that is known to be well-formed."""
    lines: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def note(_name: str, _attributes: dict[str, str]) -> None:
        lines.append(parser.CurrentLineNumber)

    parser.StartElementHandler = note
    parser.Parse(text, True)
    return lines
