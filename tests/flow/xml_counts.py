"""What an IATI file says, counted straight from its XML; it shares nothing with what the gateway reads it by."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Element

VERSIONS = ("2.01", "2.02", "2.03")
ITEMS = {"iati-activities": "iati-activity", "iati-organisations": "iati-organisation"}
IDENTIFIERS = {"iati-activity": "iati-identifier", "iati-organisation": "organisation-identifier"}

STAGES = {
    "1": "receipt",
    "2": "commitment",
    "3": "disbursement",
    "4": "expenditure",
    "5": "interest",
    "6": "loan_repayment",
    "7": "reimbursement",
    "8": "equity_purchase",
    "9": "equity_sale",
    "10": "guarantee",
    "11": "incoming_commitment",
    "12": "pledge",
    "13": "pledge",
}
ELEMENTS = {
    "budgets": "budget",
    "planned_disbursements": "planned-disbursement",
    "transactions": "transaction",
    "results": "result",
    "indicators": "result/indicator",
    "baselines": "result/indicator/baseline",
    "periods": "result/indicator/period",
    "targets": "result/indicator/period/target",
    "actuals": "result/indicator/period/actual",
}
PARTNER_BUDGETS = {
    "total-budget": "total",
    "recipient-org-budget": "recipient-org",
    "recipient-region-budget": "recipient-region",
    "recipient-country-budget": "recipient-country",
    "total-expenditure": "expenditure",
}

Money = dict[tuple[str, str | None], Decimal]
Budget = tuple[str, str, str, str | None, Decimal]


def parse(path: Path) -> Element | None:
    """Return the root of an XML file without its comments, None if it is not well-formed."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, strip_cdata=True
    )
    try:
        return etree.parse(path, parser).getroot()
    except (etree.XMLSyntaxError, OSError):
        return None


def valid_files(data: Path) -> dict[str, Element]:
    """Return the root of every file that is valid against the schema of the 2.0x version it states."""
    schemas = {
        (version, root): etree.XMLSchema(etree.parse(data / "schemas" / version / f"{root}-schema.xsd"))
        for version in VERSIONS
        for root in ITEMS
    }
    valid = {}
    for path in sorted(data.rglob("*.xml")):
        root = parse(path)
        schema = None if root is None else schemas.get((root.get("version"), root.tag))
        if schema is not None and schema.validate(root):
            valid[str(path.relative_to(data))] = root
    return valid


def items_of(root: Element) -> list[Element]:
    """Return the activities or organisations of a file."""
    return root.findall(ITEMS[root.tag])


def identifier_of(item: Element) -> str:
    return (item.findtext(IDENTIFIERS[item.tag]) or "").strip()


def counts_of(activity: Element) -> dict[str, int]:
    return {name: len(activity.findall(path)) for name, path in ELEMENTS.items()}


def money_of(activity: Element) -> Money:
    """Return the money of an activity by stage and currency; of budgets, those that count."""
    return summed(_flows(activity))


def summed(amounts: Iterable[tuple[str, str | None, Decimal]]) -> Money:
    sums: Money = defaultdict(Decimal)
    for kind, currency, amount in amounts:
        sums[kind, currency] += amount
    return dict(sums)


def budgets_of(activity: Element) -> list[Budget]:
    """Return every budget as reported: type, first and last day, currency and amount."""
    return [
        (
            (budget.get("type") or "").strip() or "1",
            budget.find("period-start").get("iso-date").strip()[:10],
            budget.find("period-end").get("iso-date").strip()[:10],
            *_value_of(budget, activity),
        )
        for budget in activity.findall("budget")
    ]


def partner_budgets_of(organisation: Element) -> tuple[Counter[str], Money]:
    """Return how many budgets of each kind an organisation has, and their money."""
    found = [(kind, each) for tag, kind in PARTNER_BUDGETS.items() for each in organisation.findall(tag)]
    return Counter(kind for kind, _ in found), summed(
        (kind, *_value_of(each, organisation)) for kind, each in found
    )


def partner_lines_of(organisation: Element) -> int:
    return len(organisation.xpath("*/budget-line | */expense-line"))


def _flows(activity: Element) -> Iterator[tuple[str, str | None, Decimal]]:
    budgets = budgets_of(activity)
    revised = {(start, end) for type_, start, end, _, _ in budgets if type_ == "2"}
    for type_, start, end, currency, amount in budgets:
        if type_ == "2" or (start, end) not in revised:
            yield "budget", currency, amount
    for plan in activity.findall("planned-disbursement"):
        yield "planned_disbursement", *_value_of(plan, activity)
    for transaction in activity.findall("transaction"):
        type_ = transaction.find("transaction-type").get("code").strip()
        yield STAGES.get(type_, "unclassified"), *_value_of(transaction, activity)


def _value_of(element: Element, item: Element) -> tuple[str | None, Decimal]:
    value = element.find("value")
    currency = (value.get("currency") or "").strip() or (item.get("default-currency") or "").strip()
    return currency.upper() or None, Decimal(value.text.strip())
