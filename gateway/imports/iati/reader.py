"""The second pass over a file: its activities or organisations, one after the other."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from gateway.imports.iati.ignored import drop_comments
from gateway.imports.iati.item import ActivityParts, Item, ItemReader, identifier_of
from gateway.imports.iati.parsing import element_parser
from gateway.imports.iati.place import Place
from gateway.imports.iati.problems import FileRefused, Problem
from gateway.imports.iati.scan import FileFacts
from gateway.imports.iati.schema import ELEMENTS
from gateway.imports.iati.shapes import XML_LANG
from gateway.imports.iati.source import open_source
from gateway.imports.iati.window import Piece, Root, Window, read_root, split

__all__ = ["ActivityParts", "Item", "read"]


def read(path: Path, facts: FileFacts, *, skip: int = 0, refused: Collection[int] = ()) -> Iterator[Item]:
    """Yield the items of a file that was scanned, in order, holding one at a time.

    Args:
        path: the file as it was scanned.
        facts: what the scan found out.
        skip: how many items to pass over; their identifiers still count as taken,
        refused: but not those of items with these ordinals.

    Raises:
        FileRefused: the file is no longer what was scanned.

    """
    with open_source(path, max_expanded_bytes=facts.expanded_bytes) as source:
        window = Window(source.blocks)
        root = read_root(window)
        if root is None:
            raise _changed()
        yield from _items(window, root, facts, skip, refused)


def _items(
    window: Window, root: Root, facts: FileFacts, skip: int, refused: Collection[int]
) -> Iterator[Item]:
    parser = element_parser()
    name = ELEMENTS[facts.kind]
    language = etree.fromstring(root.around(b""), parser).get(XML_LANG)
    reader = ItemReader(facts.kind, datetime.now(UTC).date(), language)
    seen: set[bytes] = set()
    ordinal = 0
    for ordinal, piece in enumerate(split(window, name.encode()), 1):
        path = f"/{root.name}/{name}[{ordinal}]"
        try:
            element = etree.fromstring(root.around(piece.data), parser)[0]
        except etree.XMLSyntaxError as error:
            yield _unparsed(ordinal, piece, path, error)
            continue
        comments = 0 if piece.plain else drop_comments(element)
        digest = _digest(identifier_of(element, facts.kind))
        is_refused = ordinal in refused
        if ordinal > skip:
            item = reader.read(ordinal, Place(element, piece, root, path, comments), repeated=digest in seen)
            is_refused = bool(item.problems)
            yield item
        if digest is not None and not is_refused:
            seen.add(digest)
    if ordinal != facts.count:
        raise _changed()


def _digest(identifier: str | None) -> bytes | None:
    """Return what stands for an identifier, short enough to keep for every item of a large file."""
    if identifier is None:
        return None
    return hashlib.blake2b(identifier.encode(), digest_size=16).digest()


def _unparsed(ordinal: int, piece: Piece, path: str, error: etree.XMLSyntaxError) -> Item:
    line = piece.line + (error.lineno or 1) - 1
    problem = Problem("malformed-xml", f"Not well-formed on its own: {error.msg}.", line, path)
    return Item(ordinal, piece.line, None, None, (problem,))


def _changed() -> FileRefused:
    return FileRefused("file-changed", "The file is not the one that was scanned.")
