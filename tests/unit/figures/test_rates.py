from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.figures.exact import EXACT
from shared.figures.rates import DIGITS, Conversion, Rate, RateTable

DAY = date(2024, 5, 6)
TODAY = date(2024, 5, 20)
AMOUNTS = st.decimals(min_value=-(10**18), max_value=10**18, places=6)
UNITS = st.decimals(min_value="0.000001", max_value=10**9, places=6)


def ecb(currency, day, units, **members):
    return Rate(
        **{"source": "ECB", "kind": "ecb-daily", "base": "EUR", **members},
        currency=currency,
        date=day,
        units=Decimal(units),
    )


USD, JPY = ecb("USD", DAY, "1.25"), ecb("JPY", DAY, "165.3")


def test_a_rate_from_the_base_is_as_published():
    assert RateTable([USD]).at("EUR", "USD", DAY) == Conversion(
        Decimal("1.25"), DAY, "ECB", "ecb-daily", provisional=False, legs=(USD,)
    )


@pytest.mark.parametrize("units", ["1.23456789012345678", "0.000000000000000001", "372274"])
def test_a_published_rate_keeps_every_digit(units):
    assert RateTable([ecb("TRL", DAY, units)]).at("EUR", "TRL", DAY).rate == Decimal(units)


@pytest.mark.parametrize(
    ("currency", "into", "rate"),
    [
        ("USD", "EUR", "0.8"),
        ("JPY", "EUR", "0.00604960677555"),  # 0.006049606775559...
        ("USD", "JPY", "132.24"),
        ("JPY", "USD", "0.00756200846944"),  # 0.007562008469449...
    ],
)
def test_a_rate_that_is_divided_is_rounded_down(currency, into, rate):
    found = RateTable([USD, JPY]).at(currency, into, DAY)
    assert found.rate == Decimal(rate)
    assert len(found.rate.as_tuple().digits) <= DIGITS


def test_a_cross_rate_has_two_legs_and_the_older_date():
    older = ecb("JPY", DAY - timedelta(days=3), "160")
    found = RateTable([USD, older]).at("USD", "JPY", DAY)
    assert (found.rate, found.date, found.legs) == (Decimal(128), older.date, (USD, older))


@pytest.mark.parametrize(
    ("days", "units"),
    [(-1, None), (0, "1.25"), (3, "1.25"), (4, "1.30"), (14, "1.30"), (15, None)],
)
def test_the_latest_rate_on_or_before_the_day_is_in_effect(days, units):
    table = RateTable([ecb("USD", DAY + timedelta(days=4), "1.30"), USD])
    found = table.at("EUR", "USD", DAY + timedelta(days=days))
    assert (found and found.rate) == (units and Decimal(units))


@pytest.mark.parametrize(
    ("kind", "days", "known"),
    [
        ("ecb-daily", 10, True),
        ("ecb-daily", 11, False),
        ("un-operational", 45, True),
        ("un-operational", 46, False),
        ("donor", 20_000, True),
    ],
)
def test_how_old_a_rate_may_be(kind, days, known):
    table = RateTable([ecb("USD", DAY, "1.25", kind=kind)])
    assert (table.at("USD", "EUR", DAY + timedelta(days=days)) is not None) is known


def test_a_currency_that_the_source_gave_up_has_no_rate_though_others_have():
    roubles = ecb("RUB", date(2022, 3, 1), "117.201")
    table = RateTable([roubles, USD])
    assert table.at("RUB", "USD", date(2022, 3, 1)) is None
    assert table.at("RUB", "EUR", date(2022, 3, 11)) is not None
    assert table.at("RUB", "EUR", date(2022, 3, 12)) is None
    assert table.planned("RUB", "EUR", None, DAY) is None
    assert table.planned("RUB", "EUR", None, date(2022, 3, 5)).provisional


def test_both_legs_have_to_be_in_effect():
    assert RateTable([USD, ecb("JPY", DAY - timedelta(days=11), "160")]).at("USD", "JPY", DAY) is None


@pytest.mark.parametrize("currency", [None, "", "  ", "XXX", "DOLLARS"])
def test_an_unknown_currency_has_no_rate(currency):
    table = RateTable([USD])
    assert table.at(currency, "USD", DAY) is None
    assert table.at("USD", currency, DAY) is None
    assert table.planned(currency, "USD", None, DAY) is None


@pytest.mark.parametrize(("currency", "into"), [("USD", "USD"), (" usd", "USD "), ("XXX", "xxx")])
def test_the_same_currency_has_rate_1_and_needs_no_source(currency, into):
    for table in (RateTable([]), RateTable([USD])):
        for found in (table.at(currency, into, TODAY), table.planned(currency, into, None, TODAY)):
            assert found == Conversion(Decimal(1), TODAY, None, None, provisional=False, legs=())


def test_codes_are_compared_without_case_and_blanks():
    table = RateTable([ecb(" usd", DAY, "1.25", base="eur ")])
    assert table.at("Usd ", " eur", DAY).rate == Decimal("0.8")


def test_a_table_without_rates_knows_nothing():
    assert RateTable([]).at("USD", "EUR", DAY) is None
    assert RateTable([]).planned("USD", "EUR", None, DAY) is None


@pytest.mark.parametrize(
    ("value_date", "provisional", "units"),
    [
        (None, True, "1.30"),
        (TODAY + timedelta(days=1), True, "1.30"),
        (TODAY, False, "1.30"),
        (DAY, False, "1.25"),
        (DAY - timedelta(days=1), False, None),
    ],
)
def test_planned_money_has_the_rate_of_its_value_date_or_the_latest(value_date, provisional, units):
    later = ecb("USD", TODAY + timedelta(days=2), "2")
    table = RateTable([USD, ecb("USD", TODAY - timedelta(days=2), "1.30"), later])
    found = table.planned("EUR", "USD", value_date, TODAY)
    if units is None:
        assert found is None
    else:
        assert (found.rate, found.provisional) == (Decimal(units), provisional)


def test_the_latest_rate_of_a_source_that_comes_late_still_serves_as_provisional():
    long_after = DAY + timedelta(days=300)
    table = RateTable([USD])
    assert table.at("EUR", "USD", long_after) is None
    found = table.planned("EUR", "USD", None, long_after)
    assert (found.rate, found.date, found.provisional) == (Decimal("1.25"), DAY, True)


def test_a_planned_day_before_all_rates_has_none():
    assert RateTable([USD]).planned("EUR", "USD", None, DAY - timedelta(days=1)) is None


def test_rates_of_another_base_are_never_crossed():
    other = ecb("KES", DAY, "130", base="USD")
    table = RateTable([USD, other])
    assert table.at("KES", "EUR", DAY) is None
    assert table.at("USD", "KES", DAY).rate == Decimal(130)


def test_a_rate_of_the_base_itself_counts_for_nothing():
    assert RateTable([USD, ecb("EUR", DAY, "7")]).at("EUR", "USD", DAY).rate == Decimal("1.25")


@pytest.mark.parametrize("units", ["0", "-1"])
def test_a_rate_is_above_zero(units):
    with pytest.raises(ValueError, match="above zero"):
        RateTable([ecb("USD", DAY, units)])


def test_a_table_is_of_one_source():
    with pytest.raises(ValueError, match="several sources: ECB, UN"):
        RateTable([USD, ecb("JPY", DAY, "1", source="UN")])


@given(AMOUNTS, UNITS, UNITS)
def test_there_and_back_is_never_more_than_there_was(amount, usd, jpy):
    table = RateTable([ecb("USD", DAY, usd), ecb("JPY", DAY, jpy)])
    for origin, target in (("EUR", "USD"), ("USD", "EUR"), ("USD", "JPY"), ("JPY", "USD")):
        there = EXACT.multiply(amount, table.at(origin, target, DAY).rate)
        back = EXACT.multiply(there, table.at(target, origin, DAY).rate)
        assert back.copy_abs() <= amount.copy_abs()
        assert back * amount >= 0


@given(st.lists(st.integers(0, 60), unique=True, max_size=12), st.integers(-5, 80))
def test_the_rate_is_what_looking_at_all_of_them_finds(offsets, asked):
    rates = [ecb("USD", DAY + timedelta(days=offset), offset + 1) for offset in offsets]
    near = [offset for offset in offsets if asked - 10 <= offset <= asked]
    found = RateTable(rates).at("EUR", "USD", DAY + timedelta(days=asked))
    assert (found and found.rate) == (Decimal(max(near) + 1) if near else None)
