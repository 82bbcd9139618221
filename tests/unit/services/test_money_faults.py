"""What an author may not write of money."""

from datetime import date

import pytest

from services.funding.domain import faults_of_record, record_transaction
from services.funding.faults import faults_of_finance, faults_of_partner
from shared.contracts.funding.v1 import ActivityFinance, Partner, Transaction

TODAY = date(2025, 6, 30)
PAST = {"amount": "1", "currency": "USD", "value_date": "2025-06-30"}
LATER = {"amount": "1", "currency": "USD", "value_date": "2025-07-01"}
UNKNOWN = {"amount": "1", "currency": "XYZ"}
YEAR = {"period_start": "2026-01-01", "period_end": "2026-12-31"}


def faults(**members) -> list[tuple[str, str]]:
    finance = ActivityFinance.model_validate({"iati_identifier": "X-1", **members})
    return [(pointer, code) for pointer, code, _ in faults_of_finance(finance, TODAY)]


def transaction(day: str = "2025-06-30", value: dict | None = None) -> dict:
    return {"type": "3", "date": day, "value": PAST if value is None else value}


def test_what_is_sound_has_no_fault():
    assert not faults(
        default_currency="DEM",
        budgets=[{**YEAR, "value": LATER}],
        planned_disbursements=[{**YEAR, "value": LATER}],
        transactions=[transaction(), transaction(value={"amount": "-5", "currency": "XDR"})],
        country_budget_items={"vocabulary": "2", "items": [{"code": "1", "percentage": "100"}]},
    )


def test_transactions_have_happened():
    told = faults(transactions=[transaction(), transaction("2025-07-01", LATER)])
    assert told == [
        ("/transactions/1/date", "date-in-future"),
        ("/transactions/1/value/value_date", "date-in-future"),
    ]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"default_currency": "usd"}, "/default_currency"),
        ({"budgets": [{**YEAR, "value": UNKNOWN}]}, "/budgets/0/value/currency"),
        ({"planned_disbursements": [{**YEAR, "value": UNKNOWN}]}, "/planned_disbursements/0/value/currency"),
        ({"transactions": [transaction(value=UNKNOWN)]}, "/transactions/0/value/currency"),
        (
            {"crs_additions": {"loan_status": {"year": "2024", "currency": ""}}},
            "/crs_additions/loan_status/currency",
        ),
        (
            {
                "forward_spending": {
                    "extraction_date": "2025-01-01",
                    "forecasts": [{"year": "2026", "value": UNKNOWN}],
                }
            },
            "/forward_spending/forecasts/0/value/currency",
        ),
    ],
)
def test_currencies_exist_wherever_they_stand(members: dict, pointer: str):
    assert faults(**members) == [(pointer, "unknown-currency")]


def test_the_money_of_a_partner_is_in_currencies_that_exist():
    budget = {"kind": "total", **YEAR, "value": UNKNOWN, "lines": [{"value": PAST}, {"value": UNKNOWN}]}
    partner = Partner.model_validate(
        {"organisation_identifier": "X-1", "names": [], "default_currency": "EURO", "budgets": [budget]}
    )
    assert [(pointer, code) for pointer, code, _ in faults_of_partner(partner)] == [
        ("/default_currency", "unknown-currency"),
        ("/budgets/0/value/currency", "unknown-currency"),
        ("/budgets/0/lines/1/value/currency", "unknown-currency"),
    ]


def test_budgets_are_held_to_their_periods():
    told = faults(budgets=[{**YEAR, "value": PAST}, {**YEAR, "value": PAST}])
    assert told == [("/budgets/1/period_start", "budget-periods-overlap")]


@pytest.mark.parametrize(
    ("percentages", "fault"),
    [
        (("60", "60"), ("/country_budget_items/items/0/percentage", "shares-over-100")),
        (("60", "-1"), ("/country_budget_items/items/1/percentage", "share-out-of-range")),
    ],
)
def test_budget_items_are_shares_of_one_whole(percentages: tuple, fault: tuple):
    items = [{"code": "1", "percentage": percentage} for percentage in percentages]
    assert faults(country_budget_items={"vocabulary": "2", "items": items}) == [fault]


@pytest.mark.parametrize(
    ("default", "currency", "expected"),
    [
        ("USD", None, []),
        ("XYZ", "USD", []),
        (None, None, [("/value/currency", "missing-currency")]),
        ("XYZ", None, [("/value/currency", "unknown-currency")]),
        ("USD", "XYZ", [("/value/currency", "unknown-currency")]),
    ],
)
def test_what_is_recorded_has_a_currency_that_exists(
    default: str | None, currency: str | None, expected: list
):
    finance = ActivityFinance(iati_identifier="X-1", default_currency=default)
    new = Transaction.model_validate(transaction(value={"amount": "1", "currency": currency}))
    found = faults_of_record(finance, new, TODAY)
    assert [(pointer, code) for pointer, code, _ in found] == expected
    if not expected:
        assert not list(faults_of_finance(record_transaction(finance, new), TODAY))[1:]


def test_the_day_is_given():
    new = Transaction.model_validate(transaction("2025-07-01", LATER))
    finance = ActivityFinance(iati_identifier="X-1", default_currency="USD")
    assert [code for _, code, _ in faults_of_record(finance, new, TODAY)] == ["date-in-future"] * 2
    assert not faults_of_record(finance, new, date(2025, 7, 1))
