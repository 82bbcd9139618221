from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gateway.imports.iati.problems import Problem
from gateway.imports.iati.reader import Item

Activity = Callable[..., str]
Items = Callable[..., list[Item]]
One = Callable[[str], Item]


def codes(found: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in found]


def transaction(value: str = "1", currency: str = "", day: str = "2020-02-01", more: str = "") -> str:
    stated = f'currency="{currency}"' if currency else ""
    return (
        f'<transaction><transaction-type code="3"/><transaction-date iso-date="{day}"/>'
        f'<value {stated} value-date="2020-01-01">{value}</value>{more}</transaction>'
    )


def budget(start: str = "2020-01-01", end: str = "2020-12-31", value: str = "1") -> str:
    return (
        f'<budget><period-start iso-date="{start}"/><period-end iso-date="{end}"/>'
        f'<value value-date="2020-01-01">{value}</value></budget>'
    )


def result(measured: str) -> str:
    """Return a result with one baseline, one target and one actual, each with a value."""
    return f"""<result type="1"><title><narrative>r</narrative></title>
<indicator measure="1"><title><narrative>i</narrative></title><baseline year="2019" {measured}/>
<period><period-start iso-date="2020-01-01"/><period-end iso-date="2020-12-31"/>
<target {measured}/><actual {measured}/></period></indicator></result>"""


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0", "0"),
        ("-0.00", "-0.00"),
        ("-1500", "-1500"),
        ("\n 12.50 ", "12.50"),
        ("+3.", "3"),
        (".000001", "0.000001"),
        ("250000000000", "250000000000"),
        ("9" * 20, "9" * 20),
        ("1" * 20 + "." + "1" * 18, "1" * 20 + "." + "1" * 18),
        ("0" * 30 + "1." + "0" * 30, "1"),
        ("1<!-- c -->5", "15"),
    ],
)
def test_money_is_exact(written: str, amount: str, activity: Activity, item: One):
    read_item = item(activity(more=budget(value=written) + transaction(written)))
    finance = read_item.content.finance
    for value in (finance.transactions[0].value, finance.budgets[0].value):
        assert str(value.amount) == str(Decimal(amount))
        assert (value.currency, value.value_date) == ("EUR", date(2020, 1, 1))


@pytest.mark.parametrize("written", ["1" * 21, "0." + "1" * 19, "-" + "9" * 400])
def test_money_out_of_range_is_refused(written: str, activity: Activity, item: One):
    read_item = item(activity(more=transaction() + transaction(written)))
    assert read_item.content is None
    assert [(p.code, p.xpath) for p in read_item.problems] == [
        ("number-out-of-range", "/iati-activities/iati-activity[1]/transaction[2]/value")
    ]


@pytest.mark.parametrize("written", ["", "1,000", "1e3", "£5", "NaN", "INF", "1 000"])
def test_money_that_is_no_decimal_is_refused(written: str, activity: Activity, item: One):
    assert set(codes(item(activity(more=transaction(written))).problems)) == {"schema-invalid"}


@pytest.mark.parametrize(
    ("default", "own", "known"),
    [
        ("EUR", "", "EUR"),
        ("EUR", "usd", "USD"),
        (" eur ", "", "EUR"),
        ("Eur", " Gbp ", "GBP"),
        ("EUR", "  ", "EUR"),
        ("", "XDR", "XDR"),
    ],
)
def test_a_currency_is_its_own_or_the_default_in_upper_case(
    default: str, own: str, known: str, activity: Activity, item: One
):
    attributes = f'default-currency="{default}"' if default else ""
    read_item = item(activity(attributes=attributes, more=transaction(currency=own)))
    assert read_item.content.finance.transactions[0].value.currency == known
    assert codes(read_item.notices) == []


@pytest.mark.parametrize("attributes", ["", 'default-currency=" "'])
def test_a_missing_currency_is_flagged_and_none(attributes: str, activity: Activity, item: One):
    read_item = item(activity(attributes=attributes, more=budget() + transaction()))
    finance = read_item.content.finance
    assert {finance.budgets[0].value.currency, finance.transactions[0].value.currency} == {None}
    assert codes(read_item.notices) == ["missing-currency"] * 2


def test_negative_budgets_are_flagged_and_negative_transactions_are_not(activity: Activity, item: One):
    read_item = item(activity(more=budget(value="-5") + budget(value="-0") + transaction("-5")))
    assert codes(read_item.notices) == ["negative-budget"]


def test_transactions_that_are_equal_in_every_respect_are_flagged_and_kept(activity: Activity, item: One):
    many = [
        transaction("1"),
        transaction("1", more="<description><narrative>x</narrative></description>"),
        transaction("1.0"),
        transaction("1", "EUR"),
        transaction("1", "USD"),
        transaction("2"),
    ]
    read_item = item(activity(more="".join(many)))
    assert len(read_item.content.finance.transactions) == 6
    assert [(note.code, note.xpath) for note in read_item.notices] == [
        ("twin-transaction", f"/iati-activities/iati-activity[1]/transaction[{n}]") for n in (3, 4)
    ]


def test_a_transaction_of_the_future_is_flagged(activity: Activity, item: One):
    read_item = item(activity(more=transaction(day="9619-01-01") + transaction(day="1000-01-01")))
    assert codes(read_item.notices) == ["future-transaction-date"]


@pytest.mark.parametrize(
    ("start", "end", "notices"),
    [
        ("2020-01-01", "2020-12-31", []),
        ("2020-01-01", "2021-01-01", []),
        ("2020-02-29", "2021-02-28", []),
        ("2020-01-01", "2021-01-02", ["budget-longer-than-a-year"]),
        ("2020-01-02", "2020-01-01", ["end-before-start"]),
    ],
)
def test_the_period_of_a_budget_is_looked_at(
    start: str, end: str, notices: list[str], activity: Activity, item: One
):
    assert codes(item(activity(more=budget(start, end))).notices) == notices


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("2019-01-01", date(2019, 1, 1)),
        ("2020-02-29", date(2020, 2, 29)),
        ("2019-01-01+08:00", date(2019, 1, 1)),
        ("2019-01-01-11:00", date(2019, 1, 1)),
        ("2019-01-01Z", date(2019, 1, 1)),
        ("1000-01-01", date(1000, 1, 1)),
        ("9619-12-31", date(9619, 12, 31)),
    ],
)
def test_a_date_is_the_day_as_written_whatever_its_offset(
    written: str, known: date, activity: Activity, item: One
):
    dates = f'<activity-date type="1" iso-date="{written}"/>'
    assert item(activity(dates=dates)).content.activity.dates[0].date == known


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("-0044-03-15", "date-out-of-range"),
        ("12019-01-01", "date-out-of-range"),
        ("2019-02-29", "schema-invalid"),
        ("3/31/2024", "schema-invalid"),
        ("2019", "schema-invalid"),
        ("", "schema-invalid"),
    ],
)
def test_a_date_that_no_calendar_holds_is_refused(written: str, code: str, activity: Activity, item: One):
    dates = f'<activity-date type="1" iso-date="{written}"/>'
    assert set(codes(item(activity(dates=dates)).problems)) == {code}


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("2024-05-01T12:00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00.9999999Z", datetime(2024, 5, 1, 12, 0, 0, 999999, tzinfo=UTC)),
        ("2024-05-01T01:00:00+02:00", datetime(2024, 4, 30, 23, tzinfo=UTC)),
        ("2023-12-31T24:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-05-01T12:00:00-14:00", datetime(2024, 5, 2, 2, tzinfo=UTC)),
    ],
)
def test_a_moment_is_told_in_utc(written: str, known: datetime, activity: Activity, item: One):
    read_item = item(activity(attributes=f'last-updated-datetime="{written}"'))
    assert read_item.content.activity.last_updated == known


@pytest.mark.parametrize(
    "written", ["9999-12-31T24:00:00", "0001-01-01T00:00:00+01:00", "10000-01-01T00:00:00"]
)
def test_a_moment_beyond_all_calendars_is_refused(written: str, activity: Activity, item: One):
    read_item = item(activity(attributes=f'last-updated-datetime="{written}"'))
    assert codes(read_item.problems) == ["date-out-of-range"]


def test_an_activity_that_ends_before_it_starts_is_flagged(activity: Activity, item: One):
    told = {"1": "2020-01-01", "3": "2019-12-31", "2": "2020-01-01", "4": "2020-01-01"}
    dates = "".join(f'<activity-date type="{type_}" iso-date="{day}"/>' for type_, day in told.items())
    (notice,) = item(activity(dates=dates)).notices
    assert (notice.code, notice.xpath) == (
        "end-before-start",
        "/iati-activities/iati-activity[1]/activity-date[2]",
    )


def share(element: str, percentage: str | None, vocabulary: str = "1") -> str:
    stated = "" if percentage is None else f'percentage="{percentage}"'
    return f'<{element} code="1" vocabulary="{vocabulary}" {stated}/>'.replace(
        ' vocabulary="1"', "" if element == "recipient-country" else ' vocabulary="1"'
    )


@pytest.mark.parametrize(
    ("shares", "flagged"),
    [
        ([("sector", "60", "1"), ("sector", "40", "1")], 0),
        ([("sector", "33.3", "1"), ("sector", "33.3", "1"), ("sector", "33.3", "1")], 0),
        ([("sector", "60", "1"), ("sector", "39", "1")], 1),
        ([("sector", "100", "1"), ("sector", "100", "2")], 0),
        ([("sector", "100", "1"), ("sector", "90", "2")], 1),
        ([("sector", None, "1"), ("sector", None, "1")], 0),
        ([("recipient-country", "50", "1"), ("recipient-region", "50", "1")], 0),
        ([("recipient-country", "100", "1"), ("recipient-region", "50", "1")], 1),
        ([("recipient-country", "100", "1"), ("recipient-region", "50", "2")], 0),
        ([("recipient-country", "0", "1")], 1),
    ],
)
def test_percentages_that_are_not_a_whole_are_flagged_and_kept(
    shares: list[tuple[str, str | None, str]], flagged: int, activity: Activity, item: One
):
    read_item = item(activity(more="".join(share(*each) for each in shares)))
    assert codes(read_item.notices) == ["percentages-not-100"] * flagged
    kept = read_item.content.activity
    percentages = [s.percentage for s in kept.recipient_countries + kept.recipient_regions + kept.sectors]
    assert percentages == [None if told is None else Decimal(told) for _, told, _ in shares]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("قرية المياه", "قرية المياه"),
        ("\u202bقرية\u202c", "\u202bقرية\u202c"),
        ("<![CDATA[a < b & c]]>", "a < b & c"),
        ("a &lt; b &amp; c &#233;", "a < b & c é"),
        ("\n  outer blanks\n", "outer blanks"),
        ("two\r\nlines  and blanks", "two\nlines  and blanks"),
        ("💧 水 Вода", "💧 水 Вода"),
    ],
)
def test_a_narrative_is_kept_as_written(written: str, text: str, activity: Activity, items: Items):
    head = '<iati-activities version="2.03">'
    content = head + activity(title=f"<narrative>{written}</narrative>") + "</iati-activities>"
    (item,) = items(b"\xef\xbb\xbf" + content.encode())
    assert [told.text for told in item.content.activity.titles] == [text]


def test_a_blank_narrative_is_flagged_and_left_out(activity: Activity, item: One):
    title = "<narrative/><narrative> \n</narrative><narrative>T</narrative><narrative><!-- c --></narrative>"
    read_item = item(activity(title=title))
    assert [told.text for told in read_item.content.activity.titles] == ["T"]
    assert codes(read_item.notices).count("blank-narrative-dropped") == 3


def test_a_language_is_that_of_the_narrative_the_activity_or_the_file(activity: Activity, items: Items):
    title = '<narrative>A</narrative><narrative xml:lang="fr">B</narrative>'
    content = activity("1", title=title, attributes='xml:lang="es"') + activity("2")
    text = f'<iati-activities version="2.03" xml:lang="pt">{content}</iati-activities>'
    first, second = (item.content.activity for item in items(text.encode()))
    assert [told.lang for told in first.titles] == [None, "fr"]
    assert (first.language, second.language) == ("es", "pt")


@pytest.mark.parametrize(
    ("written", "reading", "number"),
    [
        ("0", "plain", "0"),
        (" -4.00 ", "plain", "-4.00"),
        ("18,000,000.00", "grouped", "18000000.00"),
        ("", "blank", None),
        ("  ", "blank", None),
        ("£13,000,000", "unreadable", None),
        ("30,6", "unreadable", None),
        ("17,000", "unreadable", None),
        ("NULL", "unreadable", None),
        ("1:130", "unreadable", None),
        ("'-4.00", "unreadable", None),
        ("36%", "unreadable", None),
        ("3/31/2024", "unreadable", None),
        ("1e5", "unreadable", None),
        ("9" * 60, "unreadable", None),
    ],
)
def test_a_value_is_kept_verbatim_beside_its_number(
    written: str, reading: str, number: str | None, activity: Activity, item: One
):
    read_item = item(activity(more=result(f'value="{written}"')))
    (indicator,) = read_item.content.framework.results[0].indicators
    (period,) = indicator.periods
    expected = (written, None if number is None else Decimal(number), reading)
    for measured in (indicator.baselines[0], period.targets[0], period.actuals[0]):
        assert (measured.value.raw, measured.value.number, measured.value.reading) == expected
    flagged = [] if reading in ("plain", "blank") else [f"{reading}-value"] * 3
    assert codes(read_item.notices) == flagged
    assert all(note.xpath.endswith("/@value") for note in read_item.notices)


def test_no_value_is_not_zero(activity: Activity, item: One):
    read_item = item(activity(more=result("")))
    (indicator,) = read_item.content.framework.results[0].indicators
    (period,) = indicator.periods
    assert {m.value for m in (indicator.baselines[0], period.targets[0], period.actuals[0])} == {None}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (f'<collaboration-type code="{"1" * 501}"/>', "text-too-long"),
        (f'<capital-spend percentage="{"1" * 21}"/>', "number-out-of-range"),
        ('<capital-spend percentage="50"/><result type="1"/>', "schema-invalid"),
    ],
)
def test_what_the_contracts_cannot_hold_is_refused(more: str, code: str, activity: Activity, item: One):
    assert set(codes(item(activity(more=more)).problems)) == {code}


@pytest.mark.parametrize("year", ["1", "2019", "9999"])
def test_a_year_is_one_that_a_calendar_has(year: str, activity: Activity, item: One):
    read_item = item(activity(more=result("").replace("2019", year)))
    assert read_item.content.framework.results[0].indicators[0].baselines[0].year == int(year)


@pytest.mark.parametrize("year", ["10000", "9" * 99])
def test_a_year_beyond_all_calendars_is_refused(year: str, activity: Activity, item: One):
    assert codes(item(activity(more=result("").replace("2019", year))).problems) == ["date-out-of-range"]
