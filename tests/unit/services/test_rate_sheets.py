"""Sheets of exchange rates: their contract, and what becomes of them when rates are added."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.funding.rates.sheets import Counts, by_month, merged
from shared.contracts.funding.v1 import RateSheet
from shared.contracts.ids import rate_sheet_id

FIRST, SECOND, NEXT = date(2024, 5, 2), date(2024, 5, 3), date(2024, 6, 3)


def sheet(*rates, **members):
    listed = [{"currency": currency, "date": day, "rate": Decimal(rate)} for currency, day, rate in rates]
    told = {"source": "ECB", "kind": "ecb-daily", "base": "EUR", "month": "2024-05", **members}
    return RateSheet.model_validate({**told, "rates": listed})


HELD = sheet(("USD", FIRST, "1.10"), ("JPY", FIRST, "164"))


def test_a_sheet_is_named_by_source_and_month_and_its_rates_are_in_order():
    assert HELD.identifier == "ECB/2024-05"
    assert [rate.currency for rate in HELD.rates] == ["JPY", "USD"]
    assert RateSheet.from_json(HELD.to_json()) == HELD


def test_the_id_of_a_sheet_never_changes():
    assert str(rate_sheet_id("ECB/2024-05")) == "cb4144df-2a45-59a0-8508-871a398ad13a"


@pytest.mark.parametrize(
    ("rates", "members", "code"),
    [
        ([("USD", NEXT, "1")], {}, "date_outside_month"),
        ([("USD", FIRST, "1"), ("USD", FIRST, "1")], {}, "duplicate_rate"),
        ([("EUR", FIRST, "1")], {}, "rate_of_base"),
        ([("USD", FIRST, "0")], {}, "greater_than"),
        ([("USD", FIRST, "-1")], {}, "greater_than"),
        ([("usd", FIRST, "1")], {}, "string_pattern_mismatch"),
        ([], {"month": "2024-13"}, "string_pattern_mismatch"),
        ([], {"source": "E/B"}, "string_pattern_mismatch"),
        ([], {"source": ".."}, "string_pattern_mismatch"),
        ([], {"source": "x" * 61}, "string_pattern_mismatch"),
        ([], {"kind": "guessed"}, "literal_error"),
        ([], {"base": None}, "string_type"),
    ],
)
def test_what_is_no_sheet(rates, members, code):
    with pytest.raises(ValidationError) as refused:
        sheet(*rates, **members)
    assert [error["type"] for error in refused.value.errors()] == [code]


def test_rates_apart_by_month():
    rates = {("USD", NEXT): Decimal(3), ("USD", FIRST): Decimal(1), ("JPY", SECOND): Decimal(2)}
    assert by_month(rates) == {
        "2024-05": {("USD", FIRST): Decimal(1), ("JPY", SECOND): Decimal(2)},
        "2024-06": {("USD", NEXT): Decimal(3)},
    }
    assert list(by_month(rates)) == ["2024-05", "2024-06"]


@pytest.mark.parametrize(
    ("replace", "usd", "counts"), [(True, "1.2", Counts(1, 1, 1)), (False, "1.10", Counts(1, 0, 2))]
)
def test_rates_that_are_there_give_way_only_if_told_so(replace, usd, counts):
    rates = {("USD", FIRST): Decimal("1.2"), ("JPY", FIRST): Decimal(164), ("USD", SECOND): Decimal("1.3")}
    counted = Counts()
    made = merged(HELD, rates, counted, replace=replace)
    assert counted == counts
    assert made == sheet(("USD", FIRST, usd), ("JPY", FIRST, "164"), ("USD", SECOND, "1.3"))


def test_a_number_that_is_written_in_another_way_is_no_other_rate():
    counts = Counts()
    assert merged(HELD, {("USD", FIRST): Decimal("1.1000")}, counts, replace=True).to_json() == HELD.to_json()
    assert counts == Counts(kept=1)


def test_rates_that_are_not_named_stay():
    assert merged(HELD, {}, Counts(), replace=True) is HELD
