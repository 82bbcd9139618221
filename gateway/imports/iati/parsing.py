"""Parsers of XML that reach for nothing outside the text and expand nothing inside it."""

from collections.abc import Iterator
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.problems import FileRefused

_MOST_LINES = 0xFFFF
_TOO_DEEP = "Excessive depth"
_TOO_LONG = "XML_PARSE_HUGE"
"""What libxml2 advises against its limits, of which no other than that of one text can be met."""


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


def feed(parser: etree.XMLPullParser, block: bytes) -> None:
    """Feed a parser with one more block.

    Raises:
        FileRefused: what it was fed so far is not well-formed.

    """
    try:
        parser.feed(block)
    except etree.XMLSyntaxError as error:
        raise _malformed(parser, error) from None
    if parser.feed_error_log.filter_from_errors():  # an unknown entity or prefix raises nothing here
        raise _malformed(parser)


def close(parser: etree.XMLPullParser, *, broken_off: bool) -> Element:
    """Return the root element of a text that was fed to its end, which may seem to have broken off.

    Raises:
        FileRefused: the text is not well-formed as a whole.

    """
    try:
        return parser.close()
    except etree.XMLSyntaxError as error:
        raise _malformed(parser, error, broken_off=broken_off) from None


def _malformed(
    parser: etree.XMLPullParser, error: etree.XMLSyntaxError | None = None, *, broken_off: bool = False
) -> FileRefused:
    """Return the refusal of a file that is not well-formed, by the first thing that is wrong with it."""
    first = next(iter(parser.feed_error_log.filter_from_errors()), None)
    if first is not None:
        message, line = first.message.strip(), first.line
    else:
        message, line = (error and error.msg) or "not well-formed", (error and error.lineno) or None
    if _TOO_DEEP in message:
        return FileRefused("too-deep", "The file nests elements too deeply.", line)
    if _TOO_LONG in message:
        return FileRefused("element-too-large", "A single text of the file exceeds 10,000,000 bytes.", line)
    if broken_off:
        reason = f"The file ends before its content does ({message}); the upload may have broken off."
        return FileRefused("truncated-xml", reason, line)
    return FileRefused("malformed-xml", f"The file is not well-formed XML: {message}.", line)


def refuse_malformed(blocks: Iterator[bytes]) -> FileRefused:
    """Return the refusal of a file whose root element cannot be found."""
    parser = pull_parser("*")
    try:
        for block in blocks:
            feed(parser, block)
        close(parser, broken_off=True)
    except FileRefused as refused:
        return refused
    return FileRefused("malformed-xml", "The file has no root element that could be read.")
