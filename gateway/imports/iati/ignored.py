"""What stands in an activity but is no part of the standard: it is passed over, and flagged by what it is."""

from collections.abc import Iterable
from typing import cast

from lxml import etree
from lxml.etree import _Element as Element

from gateway.imports.iati.findings import Findings

_NAMES_SHOWN = 5
_FOREIGN_ELEMENTS = etree.XPath("descendant::*[namespace-uri() != '' and namespace-uri(..) = '']")
_FOREIGN_ATTRIBUTES = etree.XPath(
    "descendant-or-self::*[namespace-uri() = '']/@*[namespace-uri() != ''"
    " and not(starts-with(namespace-uri(), 'http://www.w3.org/'))]/.."
)


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
    elements = cast("list[Element]", _FOREIGN_ELEMENTS(element))
    if elements:
        names = _some(etree.QName(child).localname for child in elements)
        reason = f"{len(elements)} elements of other namespaces are ignored: {names}."
        findings.notice("foreign-element-ignored", reason, elements[0])
    bearers = cast("list[Element]", _FOREIGN_ATTRIBUTES(element))
    if bearers:
        foreign = [name for child in bearers for name in map(str, child.attrib) if _is_foreign(name)]
        names = _some(etree.QName(name).localname for name in foreign)
        reason = f"{len(foreign)} attributes of other namespaces are ignored: {names}."
        findings.notice("foreign-attribute-ignored", reason, bearers[0])


def _is_foreign(name: str) -> bool:
    return name.startswith("{") and not name.startswith("{http://www.w3.org/")


def _some(names: Iterable[str]) -> str:
    distinct = sorted(set(names))
    return ", ".join(distinct[:_NAMES_SHOWN]) + (", ..." if len(distinct) > _NAMES_SHOWN else "")
