"""What the gateway tells of an activity or organisation, against what its file says."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lxml.etree import _Element as Element

from tests.flow import xml_counts
from tests.flow.client import Gateway

TOTALS = {
    "budget": "budget",
    "pledges": "pledge",
    "incoming_commitments": "incoming_commitment",
    "commitments": "commitment",
    "receipts": "receipt",
    "disbursements": "disbursement",
    "expenditures": "expenditure",
}


def told_counts(project: Mapping[str, Any]) -> dict[str, int]:
    """Count the elements in the facts of a project."""
    finance = project["finance"]["data"]
    results = project["results"]["data"].get("results", [])
    indicators = [each for result in results for each in result.get("indicators", [])]
    periods = [each for indicator in indicators for each in indicator.get("periods", [])]
    return {
        **{name: len(finance.get(name, [])) for name in ("budgets", "planned_disbursements", "transactions")},
        "results": len(results),
        "indicators": len(indicators),
        "baselines": sum(len(indicator.get("baselines", [])) for indicator in indicators),
        "periods": len(periods),
        **{name: sum(len(each.get(name, [])) for each in periods) for name in ("targets", "actuals")},
    }


def figured_counts(project: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts that the figures of a project state."""
    counts = {**project["finance"]["figures"]["counts"], **project["results"]["figures"]["counts"]}
    return {name: counts[name] for name in xml_counts.ELEMENTS}


def ledger_sums(project: Mapping[str, Any]) -> xml_counts.Money:
    lines = project["finance"]["figures"]["ledger"]
    return xml_counts.summed((line["stage"], line["currency"], Decimal(line["amount"])) for line in lines)


def totals(project: Mapping[str, Any]) -> xml_counts.Money:
    return {
        (stage, total["currency"]): Decimal(total[name])
        for total in project["finance"]["figures"]["totals"]
        for name, stage in TOTALS.items()
        if total[name] is not None
    }


def raw_budgets(project: Mapping[str, Any]) -> list[xml_counts.Budget]:
    return [
        (
            budget.get("type") or "1",
            budget["period_start"],
            budget["period_end"],
            budget["value"].get("currency"),
            Decimal(budget["value"]["amount"]),
        )
        for budget in project["finance"]["data"].get("budgets", [])
    ]


def differences_of_activity(activity: Element, project: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the gateway tells of an activity otherwise than its file does."""
    money = xml_counts.money_of(activity)
    in_totals = {key: amount for key, amount in money.items() if key[0] in TOTALS.values()}
    counts = xml_counts.counts_of(activity)
    pairs = {
        "counts": (counts, told_counts(project)),
        "counts in figures": (counts, figured_counts(project)),
        "budgets": (xml_counts.budgets_of(activity), raw_budgets(project)),
        "ledger": (money, ledger_sums(project)),
        "totals": (in_totals, totals(project)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def differences_of_partner(organisation: Element, partner: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the gateway tells of an organisation otherwise than its file does."""
    budgets = partner.get("budgets", [])
    counts, money = xml_counts.partner_budgets_of(organisation)
    told_money = xml_counts.summed(
        (each["kind"], each["value"].get("currency"), Decimal(each["value"]["amount"])) for each in budgets
    )
    told_kinds = [each["kind"] for each in budgets]
    pairs = {
        "budgets": (dict(counts), {kind: told_kinds.count(kind) for kind in told_kinds}),
        "lines": (
            xml_counts.partner_lines_of(organisation),
            sum(len(each.get("lines", [])) for each in budgets),
        ),
        "documents": (len(organisation.findall("document-link")), len(partner.get("documents", []))),
        "money": (money, told_money),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def differences(gateway: Gateway, item: Element) -> dict[str, Any]:
    identifier = xml_counts.identifier_of(item)
    if item.tag == "iati-activity":
        return differences_of_activity(item, gateway.project(identifier))
    return differences_of_partner(item, gateway.partner(identifier))
