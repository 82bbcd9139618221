"""From the text of one activity or organisation to the contracts, or to what refuses it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree
from lxml.etree import _Element as Element
from pydantic import TypeAdapter, ValidationError

from gateway.imports.iati.activity import ACTIVITY
from gateway.imports.iati.findings import Finding, Findings
from gateway.imports.iati.organisation import ORGANISATION
from gateway.imports.iati.place import Place
from gateway.imports.iati.problems import Problem
from gateway.imports.iati.schema import Kind, faults_of
from gateway.imports.iati.shapes import Fields, text_of
from shared.contracts.funding.v1 import ActivityFinance, Partner, Transaction
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity

IDENTIFIERS: dict[Kind, str] = {"activities": "iati-identifier", "organisations": "organisation-identifier"}

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_ACTIVITY_FIELDS = frozenset(Activity.model_fields)
_FINANCE_FIELDS = frozenset(ActivityFinance.model_fields)
_FRAMEWORK_FIELDS = frozenset(ResultsFramework.model_fields)
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ActivityParts:
    """An activity, cut by the service that owns each part."""

    activity: Activity
    finance: ActivityFinance
    framework: ResultsFramework


@dataclass(frozen=True, slots=True)
class Item:
    """One activity or organisation of a file, ``ordinal`` counting from 1.

    It is refused if it has problems, and its content is None then; notices flag what is kept as it is.
    """

    ordinal: int
    line: int
    identifier: str | None
    content: ActivityParts | Partner | None
    problems: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()


def identifier_of(element: Element, kind: Kind) -> str | None:
    """Return the identifier of an activity or organisation, None if it has none or a blank one."""
    child = element.find(IDENTIFIERS[kind])
    return None if child is None else text_of(child) or None


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Reads the items of a file of one kind; ``language`` is that of its root element."""

    kind: Kind
    today: date
    language: str | None

    def read(self, ordinal: int, place: Place, *, repeated: bool) -> Item:
        """Return an item; ``repeated`` tells that an earlier one of the file has its identifier."""
        element = place.element
        findings = Findings(self.today)
        identifier = self._identifier(element, findings, repeated=repeated)
        _note_ignored(place, findings)
        problems = list(place.faults(faults_of(element, self.kind)))
        content = None
        if not problems and not findings.problems:
            content = self._content(element, findings)
        problems = place.problems(findings.problems) + problems
        notices = place.problems([*findings.notices, *findings.unlisted()])
        return Item(
            ordinal, place.line, identifier, None if problems else content, tuple(problems), tuple(notices)
        )

    def _identifier(self, element: Element, findings: Findings, *, repeated: bool) -> str | None:
        """Return a good identifier, or None and note why there is none."""
        child = element.find(IDENTIFIERS[self.kind])
        identifier = identifier_of(element, self.kind)
        if identifier is None or child is None:
            findings.refuse("missing-identifier", f"The {IDENTIFIERS[self.kind]} is missing or blank.", child)
            return None
        if repeated:
            reason = f"The identifier {identifier[:250]!r} occurs earlier in the file; the first occurrence counts."
            findings.refuse("duplicate-identifier", reason, child)
        try:
            return _IDENTIFIER.validate_python(identifier)
        except ValidationError as error:
            reason = f"{identifier[:50]!r}: {error.errors()[0]['msg']}."
            findings.refuse("invalid-identifier", reason, child)
            return None

    def _content(self, element: Element, findings: Findings) -> ActivityParts | Partner | None:
        findings.currency = (element.get("default-currency") or "").strip().upper() or None
        fields = (ACTIVITY if self.kind == "activities" else ORGANISATION)(element, findings)
        if self.language is not None:
            fields.setdefault("language", self.language)
        if findings.problems:
            return None
        try:
            return (
                _parts(element, fields, findings)
                if self.kind == "activities"
                else Partner.model_validate(fields)
            )
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                where = ".".join(str(step) for step in fault["loc"])
                findings.refuse("value-out-of-range", f"{where}: {fault['msg']}.", None)
            return None


def _parts(element: Element, fields: Fields, findings: Findings) -> ActivityParts:
    parts = ActivityParts(
        Activity.model_validate({name: fields[name] for name in fields if name in _ACTIVITY_FIELDS}),
        ActivityFinance.model_validate({name: fields[name] for name in fields if name in _FINANCE_FIELDS}),
        ResultsFramework.model_validate({name: fields[name] for name in fields if name in _FRAMEWORK_FIELDS}),
    )
    transactions = parts.finance.transactions
    alike = Counter((each.type, each.date, each.value.amount) for each in transactions)
    if len(alike) < len(transactions):
        _note_twins(element, transactions, alike, findings)
    return parts


def _note_twins(
    element: Element,
    transactions: tuple[Transaction, ...],
    alike: Counter[tuple[str, date, Decimal]],
    findings: Findings,
) -> None:
    """Flag transactions that repeat an earlier one in every respect."""
    seen: set[Transaction] = set()
    for child, each in zip(element.iterchildren("transaction"), transactions, strict=True):
        if alike[each.type, each.date, each.value.amount] == 1:
            continue
        if each in seen:
            findings.notice(
                "twin-transaction", "The transaction equals an earlier one in every respect.", child
            )
        seen.add(each)


def _note_ignored(place: Place, findings: Findings) -> None:
    """Flag what is no part of the standard, and take comments out of the way."""
    element = place.element
    if b"<!--" in place.text or b"<?" in place.text:
        count = sum(1 for _ in element.iter(etree.Comment, etree.ProcessingInstruction))
        etree.strip_tags(element, etree.Comment, etree.ProcessingInstruction)
        if count:
            reason = f"{count} comments or processing instructions are ignored."
            findings.notice("comment-ignored", reason, None)
    if b"xmlns" in place.text:
        _note_foreign("foreign-element-ignored", "elements", list(_foreign_elements(element)), findings)
        _note_foreign("foreign-attribute-ignored", "attributes", list(_foreign_attributes(element)), findings)


def _note_foreign(code: str, what: str, found: list[Finding], findings: Findings) -> None:
    if found:
        names = sorted({finding.reason for finding in found})
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
        reason = f"{len(found)} {what} of other namespaces are ignored: {shown}."
        findings.notice(code, reason, found[0].element)


def _foreign_elements(element: Element) -> Iterator[Finding]:
    """Yield the outermost elements of other namespaces, by name."""
    for child in element.iter("{*}*"):
        parent = child.getparent()
        if _is_foreign(child) and parent is not None and not _is_foreign(parent):
            yield Finding("", etree.QName(child).localname, child)


def _foreign_attributes(element: Element) -> Iterator[Finding]:
    """Yield the attributes of other namespaces, by name."""
    for child in element.iter("*"):
        for name in child.attrib:
            if str(name).startswith("{") and not str(name).startswith("{http://www.w3.org/"):
                yield Finding("", etree.QName(name).localname, child)


def _is_foreign(element: Element) -> bool:
    return str(element.tag).startswith("{")
