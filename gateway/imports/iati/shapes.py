"""How an element of a known shape becomes the fields of a contract.

A ``Shape`` tells for each attribute and each child element which field it goes to and how it is read; an
element is then read in one pass over what it has. What the schema does not know cannot stand there, because
an item is validated first; elements and attributes of other namespaces are passed over.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from lxml.etree import _Element as Element

from gateway.imports.iati.findings import Findings
from gateway.imports.iati.values import code, code_or_none, day, decimal

Fields = dict[str, Any]
Convert = Callable[[str, Element, Findings], Any]
Read = Callable[[Element, Findings], Any]
Check = Callable[[Element, Fields, Findings], None]

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class One:
    """A child that occurs once; ``field`` None means that its fields belong to the parent."""

    field: str | None
    read: Read


@dataclass(frozen=True, slots=True)
class Many:
    """A child that may be repeated; a reading of None is left out."""

    field: str
    read: Read


class Shape:
    """Reads elements of one kind; ``fixed`` are fields that every one of them has."""

    def __init__(
        self,
        attributes: Mapping[str, tuple[str, Convert]] | None = None,
        children: Mapping[str, One | Many] | None = None,
        *,
        check: Check | None = None,
        fixed: Mapping[str, Any] | None = None,
    ) -> None:
        self._attributes = dict(attributes or {})
        self._children: dict[Any, tuple[str | None, bool, Read]] = {
            name: (rule.field, isinstance(rule, Many), rule.read) for name, rule in (children or {}).items()
        }
        self._check = check
        self._fixed = dict(fixed or {})

    def __call__(self, element: Element, findings: Findings) -> Fields:
        """Return the fields that an element tells."""
        fields = self._fixed.copy()
        attributes = self._attributes
        items: Any = element.items()  # pairs of str
        for attribute_name, raw in items:
            if attribute_name in attributes:
                field, convert = attributes[attribute_name]
                fields[field] = convert(raw, element, findings)
        children = self._children
        for child in element if children else ():
            rule = children.get(child.tag)
            if rule is None:
                continue
            name, many, read = rule
            value = read(child, findings)
            if name is None:
                fields.update(value)
            elif not many:
                fields[name] = value
            elif value is not None:
                if name in fields:
                    fields[name].append(value)
                else:
                    fields[name] = [value]
        if self._check is not None:
            self._check(element, fields, findings)
        return fields


def text_of(element: Element) -> str:
    """Return the text of an element, whatever it is divided by, without outer blanks."""
    if not len(element):
        return (element.text or "").strip()
    return "".join(cast("Iterator[str]", element.itertext())).strip()


def text(element: Element, _findings: Findings) -> str | None:
    """Return the text of an element, None if it is blank."""
    return text_of(element) or None


def coded_text(element: Element, findings: Findings) -> str | None:
    """Return the text of an element that is a code, None if it is blank."""
    return code_or_none(text_of(element), element, findings)


def narrative(element: Element, findings: Findings) -> Fields | None:
    """Return a text with its language; a blank one is left out and flagged."""
    told = text_of(element)
    if not told:
        findings.notice("blank-narrative-dropped", "A narrative without text is left out.", element)
        return None
    lang = element.get(XML_LANG)
    return {"text": told, "lang": lang.strip() or None} if lang else {"text": told}


NARRATIVES: Mapping[str, Many] = {"narrative": Many("narratives", narrative)}
NAMES: Mapping[str, Many] = {"narrative": Many("names", narrative)}


def narratives(element: Element, findings: Findings) -> list[Fields]:
    """Return the texts of an element in every language given."""
    told = (narrative(child, findings) for child in element if child.tag == "narrative")
    return [text for text in told if text is not None]


def attribute(name: str, convert: Convert) -> Read:
    """Return how to read an element that tells one thing, in an attribute."""

    def read(element: Element, findings: Findings) -> Any:  # noqa: ANN401  (what the conversion returns)
        raw = element.get(name)
        return None if raw is None else convert(raw, element, findings)

    return read


code_attribute = attribute("code", code)
code_or_none_attribute = attribute("code", code_or_none)
date_attribute = attribute("iso-date", day)


def number(element: Element, findings: Findings) -> Any:  # noqa: ANN401  (a decimal or None)
    """Return the number that is an element's text."""
    return decimal(text_of(element), element, findings)
