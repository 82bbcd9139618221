"""Real files against a count of their elements that shares nothing with the reader."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from xml.parsers import expat

import pytest
from lxml import etree

from gateway.imports.iati.item import ActivityParts
from gateway.imports.iati.problems import FileRefused, Problem
from gateway.imports.iati.reader import Item, read
from gateway.imports.iati.scan import VERSIONS, scan
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import Partner
from shared.contracts.iati import Document, Narrative

REFUSED = {
    "cove-iati/basic_iati_org_valid_repeat_identifiers.xml": ["duplicate-identifier"],
    "iati-public-validator/versions/201not1x.xml": ["missing-identifier"],
    "iati-public-validator/versions/202not201.xml": ["missing-identifier"],
    "iati-public-validator/versions/203not202.xml": ["missing-identifier"],
    "iatipublisher/complete.xml": ["text-too-long"],
    "js-validator-api/integration-tests/test-files/iati-dup-activity-ids.xml": ["duplicate-identifier"],
    "js-validator-api/integration-tests/test-files/multi-blank-activity-ids.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-UTF-16.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-UTF-16LE.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-UTF-8.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/dataset-encoding/valid-undetectable-encoding.xml": [
        "missing-identifier"
    ],
    "pyiati-testdata/version_independent/dataset-encoding/valid.xml": ["missing-identifier"],
    "pyiati-testdata/version_independent/valid.xml": ["missing-identifier"],
}
"""Files that are valid against the schema, with what rightly refuses items of them all the same."""

INDICATOR = "result/indicator"
ELEMENTS = {
    "participating organisations": "participating-org",
    "countries": "recipient-country",
    "regions": "recipient-region",
    "sectors": "sector",
    "locations": "location",
    "own documents": "document-link",
    "documents": ".//document-link",
    "budgets": "budget",
    "planned disbursements": "planned-disbursement",
    "transactions": "transaction",
    "results": "result",
    "indicators": INDICATOR,
    "baselines": f"{INDICATOR}/baseline",
    "periods": f"{INDICATOR}/period",
    "targets": f"{INDICATOR}/period/target",
    "actuals": f"{INDICATOR}/period/actual",
    "values": ".//*[(self::baseline or self::target or self::actual) and @value]",
    "narratives": ".//narrative[normalize-space() and not(ancestor::*[namespace-uri() != ''])]",
}
PARTNER_BUDGETS = {
    "total": "total-budget",
    "recipient-org": "recipient-org-budget",
    "recipient-region": "recipient-region-budget",
    "recipient-country": "recipient-country-budget",
    "expenditure": "total-expenditure",
}
COUNT = {name: etree.XPath(path) for name, path in ELEMENTS.items()}

Sums = dict[tuple[str, str | None], Decimal]


def within(value: object) -> Iterator[Contract]:
    """Yield every contract inside a value, itself included."""
    if isinstance(value, tuple):
        for each in value:
            yield from within(each)
    elif isinstance(value, Contract):
        yield value
        for each in vars(value).values():
            yield from within(each)


def counted(parts: ActivityParts) -> dict[str, int]:
    activity, finance = parts.activity, parts.finance
    indicators = [i for result in parts.framework.results for i in result.indicators]
    periods = [period for indicator in indicators for period in indicator.periods]
    targets, actuals = (sum((getattr(p, name) for p in periods), ()) for name in ("targets", "actuals"))
    baselines = [baseline for indicator in indicators for baseline in indicator.baselines]
    kinds = Counter(type(each) for part in (activity, finance, parts.framework) for each in within(part))
    return {
        "participating organisations": len(activity.participating_organisations),
        "countries": len(activity.recipient_countries),
        "regions": len(activity.recipient_regions),
        "sectors": len(activity.sectors),
        "locations": len(activity.locations),
        "own documents": len(activity.documents),
        "documents": kinds[Document],
        "budgets": len(finance.budgets),
        "planned disbursements": len(finance.planned_disbursements),
        "transactions": len(finance.transactions),
        "results": len(parts.framework.results),
        "indicators": len(indicators),
        "baselines": len(baselines),
        "periods": len(periods),
        "targets": len(targets),
        "actuals": len(actuals),
        "values": sum(measured.value is not None for measured in (*baselines, *targets, *actuals)),
        "narratives": kinds[Narrative],
    }


def summed(amounts: Iterable[tuple[str, str | None, Decimal]]) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for kind, currency, amount in amounts:
        sums[kind, currency] += amount
    return dict(sums)


def currency_of(value: etree._Element, item: etree._Element) -> str | None:
    stated = (value.get("currency") or "").strip() or (item.get("default-currency") or "").strip()
    return stated.upper() or None


def money_in(activity: etree._Element) -> Sums:
    return summed(
        (each.find("transaction-type").get("code"), currency_of(value, activity), Decimal(value.text.strip()))
        for each in activity.findall("transaction")
        for value in [each.find("value")]
    )


def money_of(parts: ActivityParts) -> Sums:
    return summed((each.type, each.value.currency, each.value.amount) for each in parts.finance.transactions)


def budgets_in(organisation: etree._Element) -> tuple[Counter[str], Sums]:
    found = [(kind, each) for kind, name in PARTNER_BUDGETS.items() for each in organisation.findall(name)]
    values = [(kind, each.find("value")) for kind, each in found]
    sums = summed(
        (kind, currency_of(value, organisation), Decimal(value.text.strip())) for kind, value in values
    )
    return Counter(kind for kind, _ in found), sums


def budgets_of(partner: Partner) -> tuple[Counter[str], Sums]:
    sums = summed((each.kind, each.value.currency, each.value.amount) for each in partner.budgets)
    return Counter(each.kind for each in partner.budgets), sums


def differences(item: Item, element: etree._Element) -> str | None:
    """Return what an item has otherwise than its element, None if nothing."""
    etree.strip_tags(element, etree.Comment)
    if isinstance(item.content, ActivityParts):
        told = {name: len(find(element)) for name, find in COUNT.items()}
        kept = counted(item.content)
        different = {name: (told[name], kept[name]) for name in told if told[name] != kept[name]}
        money = money_in(element), money_of(item.content)
    else:
        different, money = {}, (budgets_in(element), budgets_of(item.content))
    return f"{different} {money}" if different or money[0] != money[1] else None


@pytest.fixture(scope="module")
def readings(data: Path) -> dict[str, list[Item] | Problem]:
    """Return what becomes of every file there is, of any kind; no other exception comes of one."""
    found: dict[str, list[Item] | Problem] = {}
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        try:
            found[str(path.relative_to(data))] = list(read(path, scan(path)))
        except FileRefused as refused:
            found[str(path.relative_to(data))] = refused.problem
    return found


@pytest.fixture(scope="module")
def valid_files(data: Path) -> dict[str, etree._Element]:
    """Return the root of every file that is valid against the schema of its version."""
    schemas = {
        (version, kind): etree.XMLSchema(etree.parse(data / "schemas" / version / f"{kind}-schema.xsd"))
        for version in VERSIONS
        for kind in ("iati-activities", "iati-organisations")
    }
    roots = {}
    for path in sorted(data.rglob("*.xml")):
        try:
            root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
        except (etree.XMLSyntaxError, OSError):
            continue
        schema = schemas.get((root.get("version"), root.tag))
        if schema is not None and schema.validate(root):
            roots[str(path.relative_to(data))] = root
    return roots


def test_every_valid_file_is_read_whole_and_loses_nothing(
    valid_files: dict[str, etree._Element], readings: dict[str, list[Item]]
):
    assert len(valid_files) > 180
    refused, wrong = {}, []
    for name, root in valid_files.items():
        items = readings[name]
        elements = [child for child in root if child.tag in ("iati-activity", "iati-organisation")]
        codes = {problem.code for item in items for problem in item.problems}
        if codes:
            refused[name] = sorted(codes)
        for item, element in zip(items, elements, strict=True):
            different = differences(item, element) if item.content else None
            if different:
                wrong.append((name, item.ordinal, different))
    assert wrong == []
    assert refused == REFUSED


def lines_of(path: Path) -> list[int]:
    """Return the line of every activity or organisation as another parser counts it."""
    lines, parser = [], expat.ParserCreate()

    def note(name: str, _attributes: dict[str, str]) -> None:
        if name in ("iati-activity", "iati-organisation"):
            lines.append(parser.CurrentLineNumber)

    parser.StartElementHandler = note
    parser.Parse(path.read_bytes(), True)
    return lines


def test_lines_of_items_are_those_of_the_file(
    data: Path, valid_files: dict[str, etree._Element], readings: dict[str, list[Item]]
):
    for name in valid_files:
        assert [item.line for item in readings[name]] == lines_of(data / name), name


def test_whatever_is_sent_is_read_or_refused(readings: dict[str, list[Item] | Problem]):
    assert len(readings) > 1000
    refusals = {found.code for found in readings.values() if isinstance(found, Problem)}
    assert sum(len(found) for found in readings.values() if not isinstance(found, Problem)) > 2000
    assert refusals == {
        "invalid-encoding",
        "malformed-xml",
        "missing-version",
        "not-iati",
        "not-xml",
        "schema-invalid",
        "truncated-xml",
        "unsupported-version",
    }
