"""What stands in an activity but is no part of the standard: it is passed over, and flagged by what it is."""

from collections.abc import Iterable
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.findings import Findings

_NAMES_SHOWN = 5
_W3C = "{http://www.w3.org/"


def drop_comments(element: Element) -> int:
    """Take comments and processing instructions out of an element, and return how many there were."""
    count = sum(1 for _ in element.iter(etree.Comment, etree.ProcessingInstruction))
    etree.strip_tags(element, etree.Comment, etree.ProcessingInstruction)
    return count


def note_comments(count: int, findings: Findings) -> None:
    """Flag comments and processing instructions that were taken out."""
    if count:
        reason = f"{count} comments or processing instructions are ignored."
        findings.notice("comment-ignored", reason, None)


def note_foreign(element: Element, findings: Findings) -> None:
    """Flag elements and attributes of other namespaces, by the first of each."""
    elements: list[Element] = []
    attributes: list[tuple[Element, str]] = []
    for each in element.iter("*"):
        if _is_foreign(each):
            if not _is_foreign(cast("Element", each.getparent())):
                elements.append(each)
            continue
        names = cast("list[str]", each.keys())
        attributes += [(each, name) for name in names if name[0] == "{" and not name.startswith(_W3C)]
    if elements:
        shown = _some(etree.QName(child).localname for child in elements)
        reason = f"{len(elements)} elements of other namespaces are ignored: {shown}."
        findings.notice("foreign-element-ignored", reason, elements[0])
    if attributes:
        shown = _some(etree.QName(name).localname for _, name in attributes)
        reason = f"{len(attributes)} attributes of other namespaces are ignored: {shown}."
        findings.notice("foreign-attribute-ignored", reason, attributes[0][0])


def _is_foreign(element: Element) -> bool:
    return str(element.tag).startswith("{")


def _some(names: Iterable[str]) -> str:
    distinct = sorted(set(names))
    return ", ".join(distinct[:_NAMES_SHOWN]) + (", ..." if len(distinct) > _NAMES_SHOWN else "")
