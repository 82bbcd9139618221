"""The answers of this project's own figures to the vectors: one function for each rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget, Transaction
from shared.contracts.iati import Money
from shared.contracts.monitoring.v1 import Dimension, Measurement
from shared.figures.biennium import Biennium, biennium_of, by_biennium
from shared.figures.converted import Dated, conversion_of, converted_total
from shared.figures.delivery import STAGES_OF, delivery_rate
from shared.figures.disaggregation import check_dimensions
from shared.figures.double_counting import Entry, Node, exclusions
from shared.figures.earmarking import coordination_levy
from shared.figures.exact import EXACT
from shared.figures.hierarchy import Input, Kind, roll_up
from shared.figures.money import SPEND, budget_faults, effective_budgets, ledger
from shared.figures.over_time import PeriodValue, Update, by_period, of_sources, over_life
from shared.figures.percentages import percentage, pool
from shared.figures.progress import Band, GradedBand, OnTrackBand, expected_progress, indicator_progress
from shared.figures.rates import Rate, RateTable
from shared.figures.readings import read_number
from shared.figures.scores import Told, scores
from shared.figures.shares import currency_places, split
from shared.figures.workplan import Agreement, AllocationRefused, OutcomePlan, resource_gap

Given = Mapping[str, Any]
DAY = "2024-06-30"


def answer(rule: str, given: Given) -> dict[str, Any]:
    """Return what a rule makes of what is given; amounts are texts, None is unknown."""
    return RULES[rule](given)


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def day(text_: str | None) -> date | None:
    return None if text_ is None else date.fromisoformat(text_)


def added(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    total = Decimal(0)
    for amount in known:
        total = EXACT.add(total, amount)
    return total if known else None


def progress(given: Given) -> dict[str, Any]:
    actual = number(given["actual"])
    if fraction := given.get("actual_fraction"):
        parts = number(fraction["numerator"]), number(fraction["denominator"])
        actual = percentage(*parts, scale=given["scale"])
    made = indicator_progress(
        number(given["baseline"]),
        number(given["target"]),
        actual,
        ascending=given["ascending"],
        measure=given["measure"],
    )
    assumed = "baseline-assumed-zero" in made.flags
    return {"progress": text(made.progress), "state": made.state, "baseline_assumed_zero": assumed}


def achievement(given: Given) -> dict[str, Any]:
    made = indicator_progress(
        None, number(given["target"]), number(given["actual"]), ascending=True, measure="1"
    )
    return {"achievement": text(made.achievement)}


def expected(given: Given) -> dict[str, Any]:
    start, end, on = (date.fromisoformat(given[name]) for name in ("start", "end", "on"))
    return {"expected": text(expected_progress(start, end, on))}


def band(convention: Given) -> Band:
    if convention["kind"] == "tolerance":
        return OnTrackBand(Decimal(convention["behind"]), number(convention["ahead"]))
    grades = tuple((each["name"], Decimal(each["from"])) for each in convention["grades"])
    return GradedBand(grades, convention["lowest"], convention["on_track_from"])


def on_track(given: Given) -> dict[str, Any]:
    made = indicator_progress(
        *(number(given[name]) for name in ("baseline", "target", "actual")),
        ascending=given["ascending"],
        measure="1",
        expected=number(given["expected"]),
        band=band(given["convention"]),
    )
    return {"on_track": made.on_track, "grade": made.grade}


def over_time(given: Given) -> dict[str, Any]:
    values = [
        PeriodValue(
            date.fromisoformat(each["start"]),
            date.fromisoformat(each["end"]),
            number(each["value"]),
            each["reported"],
        )
        for each in given["periods"]
    ]
    return {"value": text(over_life(values, given["mode"], given["role"]).value)}


def updates(given: Given) -> dict[str, Any]:
    told = [
        Update(
            each["source"],
            date.fromisoformat(each["start"]),
            date.fromisoformat(each["end"]),
            number(each["value"]),
            each["approved"],
            datetime.fromisoformat(each["moment"]),
        )
        for each in given["updates"]
    ]
    values = {(made.start, made.end): made.value for made in by_period(told, given["mode"])}
    periods = [(day(each["start"]), day(each["end"])) for each in given["periods"]]
    life = of_sources(told, given["mode"])
    return {"values": [text(values.get(period)) for period in periods], "life": text(life.value)}


def hierarchy(given: Given) -> dict[str, Any]:
    inputs = [
        Input(
            id=each["id"],
            kind=Kind(each["measure"], each["ascending"], each["unit"]),
            value=number(each["value"]),
            numerator=number(each["numerator"]),
            denominator=number(each["denominator"]),
            as_of=day(each["as_of"]),
            reported=each["reported"],
            aggregation_status=each["aggregation_status"],
            linked=each["linked"],
        )
        for each in given["children"]
    ]
    made = roll_up(inputs, given["operator"], Kind(given["measure"], given["ascending"], given["unit"]))
    excluded = [{"id": id_, "reason": reason} for id_, reason in made.excluded]
    return {"value": text(made.value), "counted": list(made.counted), "excluded": excluded}


def percentages(given: Given) -> dict[str, Any]:
    made = pool((number(each["numerator"]), number(each["denominator"])) for each in given["pairs"])
    return {name: text(getattr(made, name)) for name in ("numerator", "denominator", "share")}


def disaggregation(given: Given) -> dict[str, Any]:
    measurements = [
        Measurement(
            value=None if each["value"] is None else read_number(each["value"]),
            numerator=number(each["numerator"]),
            denominator=number(each["denominator"]),
            dimensions=tuple(Dimension(name=name, value=side) for name, side in each["dimensions"].items()),
        )
        for each in given["values"]
        if each["approved"]
    ]
    checks = check_dimensions(measurements, given["measure"])
    return {"dimensions": {c.dimension: {"sum": text(c.sum), "agreement": c.agreement} for c in checks}}


def told_scores(given: Given) -> dict[str, Any]:
    made = scores(Told(each["score"], each["reported"], each["approved"]) for each in given["updates"])
    spread = [{"score": score, "count": count} for score, count in made.distribution]
    return {"counted": made.counted, "distribution": spread, "value": None}


def budgets(given: Given) -> dict[str, Any]:
    listed = [
        PeriodBudget(
            type=each["type"],
            period_start=date.fromisoformat(each["period_start"]),
            period_end=date.fromisoformat(each["period_end"]),
            value=Money(amount=Decimal(each["amount"]), currency="USD"),
        )
        for each in given["budgets"]
    ]
    total = added(budget.value.amount for _, budget in effective_budgets(listed))
    faults = [{"pointer": pointer, "code": code} for pointer, code, _ in budget_faults(listed)]
    return {"total": text(total), "faults": faults}


def stages(given: Given) -> dict[str, Any]:
    transactions = tuple(
        Transaction(
            type=each["type"], date=date.fromisoformat(DAY), value=Money(amount=Decimal(each["amount"]))
        )
        for each in given["transactions"]
    )
    entries = ledger(ActivityFinance(iati_identifier="X-1", transactions=transactions))
    spend = added(entry.amount for entry in entries if entry.stage in SPEND)
    return {"stages": {entry.stage: text(entry.amount) for entry in entries}, "spend": text(spend)}


def delivery(given: Given) -> dict[str, Any]:
    amounts = {"disbursement": number(given["disbursed"]), "expenditure": number(given["spent"])}
    spent = added(amounts[stage] for stage in sorted(STAGES_OF[given["convention"]]))
    made = delivery_rate(spent, number(given["allocation"]), convention=given["convention"])
    return {"rate": text(made.ratio) if made else None}


def splits(given: Given) -> dict[str, Any]:
    shares = [(each["code"], number(each["percentage"])) for each in given["shares"]]
    made = split(Decimal(given["amount"]), shares, places=currency_places(given["currency"]))
    parts = [{"code": code, "amount": text(amount)} for code, amount in made.parts]
    return {"parts": parts, "flags": list(made.flags)}


def levy(given: Given) -> dict[str, Any]:
    made = coordination_levy(
        Decimal(given["amount"]),
        given["category"],
        third_party=given["third_party"],
        development=given["development"],
    )
    return {"levy": text(made)}


def biennium(given: Given) -> dict[str, Any]:
    made = biennium_of(date.fromisoformat(given["on"]))
    return {"label": made.label, "start": made.start.isoformat(), "end": made.end.isoformat()}


def biennium_split(given: Given) -> dict[str, Any]:
    start, end = date.fromisoformat(given["start"]), date.fromisoformat(given["end"])
    places = currency_places(given["currency"])
    parts = by_biennium(Decimal(given["amount"]), start, end, places=places)
    return {"parts": [{"biennium": each.label, "amount": text(amount)} for each, amount in parts]}


def gap(given: Given) -> dict[str, Any]:
    made_of = {source: number(amount) for source, amount in given["budgets"].items()}
    plan = OutcomePlan(given["outcome"], Biennium(int(given["biennium"][:4])), number(given["cost"]), made_of)
    agreements = [
        Agreement(
            each["reference"],
            each["standing"],
            number(each["amount"]),
            day(each["start"]),
            day(each["end"]),
            {share["outcome"]: Decimal(share["percentage"]) for share in each["allocations"]},
        )
        for each in given["agreements"]
    ]
    try:
        made = resource_gap(plan, agreements, places=currency_places(given["currency"]))
    except AllocationRefused:
        return {"refused": True}
    amounts = {name: text(getattr(made, name)) for name in ("gap", "firm", "pipeline", "pledged")}
    return {**amounts, "unknown": list(made.unknown), "refused": False}


def currency(given: Given) -> dict[str, Any]:
    table = RateTable(
        Rate(
            "vectors",
            "un-operational",
            each["base"],
            each["currency"],
            date.fromisoformat(each["date"]),
            Decimal(each["units"]),
        )
        for each in given["rates"]
    )
    into, today = given["into"], date.fromisoformat(given["today"])
    amounts = [
        Dated(each["currency"], day(each["value_date"]), Decimal(each["amount"]), each["planned"])
        for each in given["amounts"]
    ]
    converted = [
        made
        and {
            "amount": text(EXACT.multiply(dated.amount, made.rate)),
            "rate": text(made.rate),
            "rate_date": made.date.isoformat(),
            "provisional": made.provisional,
        }
        for dated in amounts
        for made in [conversion_of(dated, into, table, today=today)]
    ]
    total = converted_total(amounts, into, table, today=today)
    missing = [
        {"currency": each.currency, "amount": text(each.amount), "values": each.values}
        for each in total.missing
    ]
    return {
        "total": text(total.amount),
        "converted": converted,
        "missing": missing,
        "provisional": total.provisional,
    }


def double_counting(given: Given) -> dict[str, Any]:
    nodes = [
        Node(
            each["id"],
            [
                Entry(
                    e["id"],
                    e["stage"],
                    e["currency"],
                    Decimal(e["amount"]),
                    date.fromisoformat(e["on"]) if "on" in e else None,
                    e["other"],
                    e.get("organisation"),
                    e.get("year", 0),
                )
                for e in each["entries"]
            ],
            parents=frozenset(each["parents"]),
            secondary=each["secondary"],
            organisation=each.get("organisation"),
        )
        for each in given["activities"]
    ]
    left_out = sorted((each.node, each.pointer, each.reason, each.amount) for each in exclusions(nodes))
    gone = {(node, pointer): amount for node, pointer, _, amount in left_out}
    totals: Counter[tuple[str, str | None]] = Counter()
    for node in {node.id: node for node in nodes}.values():
        for entry in node.entries:
            counts = entry.amount - gone.get((node.id, entry.pointer), Decimal(0))
            if counts or not entry.amount:
                totals[entry.stage, entry.currency] += counts
    return {
        "totals": [
            {"stage": stage, "currency": code, "amount": text(totals[stage, code])}
            for stage, code in sorted(totals)
        ],
        "excluded": [
            {"activity": node, "entry": entry, "reason": reason, "amount": text(amount)}
            for node, entry, reason, amount in left_out
        ],
    }


RULES: dict[str, Callable[[Given], dict[str, Any]]] = {
    "achievement": achievement,
    "biennium": biennium,
    "biennium-split": biennium_split,
    "budgets": budgets,
    "currency": currency,
    "delivery-rate": delivery,
    "disaggregation": disaggregation,
    "double-counting": double_counting,
    "earmarking-levy": levy,
    "expected": expected,
    "hierarchy": hierarchy,
    "on-track": on_track,
    "over-time": over_time,
    "percentages": percentages,
    "progress": progress,
    "resource-gap": gap,
    "scores": told_scores,
    "splits": splits,
    "stages": stages,
    "updates": updates,
}
