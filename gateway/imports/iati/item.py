"""From the text of one activity or organisation to the contracts, or to what refuses it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml.etree import _Element as Element
from pydantic import TypeAdapter, ValidationError

from gateway.imports.iati.activity import ACTIVITY
from gateway.imports.iati.findings import Findings
from gateway.imports.iati.ignored import note_comments, note_foreign
from gateway.imports.iati.organisation import ORGANISATION
from gateway.imports.iati.place import Place
from gateway.imports.iati.problems import Problem
from gateway.imports.iati.schema import Kind, faults_of
from gateway.imports.iati.shapes import Fields, text_of
from shared.contracts.base import MAX_DOCUMENT_BYTES, Contract
from shared.contracts.funding.v1 import ActivityFinance, Partner, Transaction
from shared.contracts.ids import Identifier
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity

IDENTIFIERS: dict[Kind, str] = {"activities": "iati-identifier", "organisations": "organisation-identifier"}

_LARGE_BYTES = 1024 * 1024
"""Text of an item beyond which its documents are measured; no JSON is 32 times as long as its XML."""

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_ACTIVITY_FIELDS = frozenset(Activity.model_fields)
_FINANCE_FIELDS = frozenset(ActivityFinance.model_fields)
_FRAMEWORK_FIELDS = frozenset(ResultsFramework.model_fields)


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
    child = next(element.iterchildren(IDENTIFIERS[kind]), None)
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
        note_comments(place.comments, findings)
        if place.has_foreign:
            note_foreign(element, findings)
        problems = list(place.faults(faults_of(element, self.kind)))
        content = None
        if not problems and not findings.problems:
            content = self._content(element, findings)
            if content is not None and len(place.piece.data) > _LARGE_BYTES:
                _measure(content, findings)
        problems = place.problems(findings.problems) + problems
        notices = place.problems([*findings.notices, *findings.unlisted()])
        return Item(
            ordinal, place.line, identifier, None if problems else content, tuple(problems), tuple(notices)
        )

    def _identifier(self, element: Element, findings: Findings, *, repeated: bool) -> str | None:
        """Return a good identifier, or None and note why there is none."""
        child = next(element.iterchildren(IDENTIFIERS[self.kind]), None)
        identifier = None if child is None else text_of(child)
        if not identifier:
            findings.refuse("missing-identifier", f"The {IDENTIFIERS[self.kind]} is missing or blank.", child)
            return None
        if repeated:
            reason = f"The identifier {identifier[:250]!r} occurs earlier in the file; the first good occurrence counts."
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


def _measure(content: ActivityParts | Partner, findings: Findings) -> None:
    """Refuse content of which a document is larger than an event can carry."""
    documents: tuple[Contract, ...] = (
        (content,) if isinstance(content, Partner) else (content.activity, content.finance, content.framework)
    )
    for document in documents:
        size = len(document.to_json().encode())
        if size > MAX_DOCUMENT_BYTES:
            reason = f"What {type(document).__name__} keeps of it takes {size} bytes, more than {MAX_DOCUMENT_BYTES}."
            findings.refuse("document-too-large", reason, None)


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
