"""The first pass over a file: is it an IATI file as a whole, and of which kind and version?"""

import contextlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.content import Content
from gateway.imports.iati.parsing import element_parser, refuse_malformed
from gateway.imports.iati.problems import FileRefused
from gateway.imports.iati.schema import Kind, root_faults
from gateway.imports.iati.source import open_source
from gateway.imports.iati.values import read_datetime
from gateway.imports.iati.window import Root, Window, read_root

MAX_EXPANDED_BYTES = 4 * 1024**3
VERSIONS = ("2.01", "2.02", "2.03")

_ACCEPTED = "versions 2.01, 2.02 and 2.03 are accepted"
_KINDS: dict[str, Kind] = {"iati-activities": "activities", "iati-organisations": "organisations"}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a scan found out; ``count`` is the number of activities or organisations."""

    kind: Kind
    version: str
    count: int
    encoding: str
    compressed: bool
    expanded_bytes: int
    generated_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as values that JSON knows."""
        generated_at = self.generated_at.isoformat() if self.generated_at else None
        return {**asdict(self), "generated_at": generated_at}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the facts that ``to_dict`` made values of."""
        told = values["generated_at"]
        return cls(**{**values, "generated_at": datetime.fromisoformat(told) if told else None})


def scan(path: Path, *, max_expanded_bytes: int = MAX_EXPANDED_BYTES) -> FileFacts:
    """Read a file from end to end, in bounded memory, and return what it is.

    Args:
        path: a plain or gzip file.
        max_expanded_bytes: most bytes that the file may have after unpacking.

    Raises:
        FileRefused: what makes the file as a whole unacceptable.

    """
    with open_source(path, max_expanded_bytes=max_expanded_bytes) as source:
        root = read_root(Window(source.blocks))
    if root is None:
        with open_source(path, max_expanded_bytes=max_expanded_bytes) as source:
            raise refuse_malformed(source.blocks)
    element = _parse(root)
    kind = _kind_of(root, element)
    _check(root, element, kind)
    content = Content(root, kind)
    with open_source(path, max_expanded_bytes=max_expanded_bytes) as source:
        content.follow(source.blocks)
    generated_at = None
    with contextlib.suppress(ValueError):  # valid, but beyond the years that a datetime knows
        generated_at = read_datetime(element.get("generated-datetime") or "")
    return FileFacts(
        kind=kind,
        version=element.get("version", ""),
        count=content.count,
        encoding=source.encoding,
        compressed=source.compressed,
        expanded_bytes=source.unpacked.size,
        generated_at=generated_at,
    )


def _parse(root: Root) -> Element:
    try:
        return etree.fromstring(root.around(b""), element_parser())
    except etree.XMLSyntaxError as error:
        raise FileRefused(
            "malformed-xml", f"The root element is not well-formed: {error.msg}.", root.line
        ) from None


def _kind_of(root: Root, element: Element) -> Kind:
    kind = _KINDS.get(element.tag)
    if kind is not None:
        return kind
    if etree.QName(element).localname in _KINDS:
        reason = f"The root element is in the namespace {etree.QName(element).namespace!r}; IATI elements have none."
    else:
        reason = f"The root element is {root.name!r}, not 'iati-activities' or 'iati-organisations'."
    raise FileRefused("not-iati", reason, root.line, f"/{root.name}")


def _check(root: Root, element: Element, kind: Kind) -> None:
    version = element.get("version")
    place = (root.line, f"/{root.name}/@version")
    if version is None or not version.strip():
        raise FileRefused(
            "missing-version", f"The file does not state its IATI version; {_ACCEPTED}.", *place
        )
    if version not in VERSIONS:
        raise FileRefused("unsupported-version", f"The file is IATI {version[:50]!r}; {_ACCEPTED}.", *place)
    for reason in root_faults(element, kind):
        raise FileRefused("schema-invalid", reason, root.line, f"/{root.name}")
