"""Parsers of XML that reach for nothing outside the text and expand nothing inside it."""

from collections.abc import Iterator
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.problems import FileRefused

_MOST_LINES = 0xFFFF
_TOO_DEEP = "Excessive depth"


def element_parser() -> etree.XMLParser:
    """Return a parser of one element at a time."""
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def pull_parser(root_name: str) -> etree.XMLPullParser:
    """Return a parser that is fed block by block and tells when the root element begins."""
    return etree.XMLPullParser(
        events=("start",),
        tag=root_name,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def counted_line(line: int) -> int | None:
    """Return a line that the parser told of an element, None where it no longer counts: it has 16 bits for it."""
    return line if line < _MOST_LINES else None


def line_of(element: Element) -> int | None:
    """Return the line of an element within the text that was parsed, None where the parser no longer counts."""
    return counted_line(cast("int", element.sourceline))


def malformed(error: etree.XMLSyntaxError, *, at_end: bool = False) -> FileRefused:
    """Return the refusal of a file that is not well-formed."""
    line = error.lineno
    message = (error.msg or "not well-formed").rpartition(", line ")[0] or error.msg or "not well-formed"
    if _TOO_DEEP in message:
        return FileRefused("too-deep", "The file nests elements too deeply.", line)
    if at_end:
        reason = f"The file ends before its content does ({message}); the upload may have broken off."
        return FileRefused("truncated-xml", reason, line)
    return FileRefused("malformed-xml", f"The file is not well-formed XML: {message}.", line)


def refuse_malformed(blocks: Iterator[bytes]) -> FileRefused:
    """Return the refusal of a file whose root element cannot be found."""
    parser = pull_parser("*")
    try:
        for block in blocks:
            parser.feed(block)
    except etree.XMLSyntaxError as error:
        return malformed(error)
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        return malformed(error, at_end=True)
    return FileRefused("malformed-xml", "The file has no root element that could be read.")
