"""Cells of spreadsheets: numbers to the last digit or not at all, days, texts, and what is no value."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spreadsheets.filling import RowRefused, entry_told, transaction_told
from gateway.spreadsheets.layout import ACTUALS, EXPENDITURES, Filled, Raw
from gateway.spreadsheets.lines import ActualLine, Entry, Place, digest, packed, unpacked
from shared.contracts.monitoring.v1 import Dimension

AT = datetime(2026, 3, 31)  # noqa: DTZ001  (as a spreadsheet has it)
EMPTY = Raw()


def raw(value: Any) -> Raw:
    kinds = {str: "s", bool: "b", datetime: "d", date: "d"}
    return Raw(value, kinds.get(type(value), "n"))


def line(measure: str = "1", base: Entry | None = None) -> ActualLine:
    side = (Dimension(name="sex", value="female"),)
    return ActualLine(Place(1, 2, 3), "shape", measure, side, ("KE-30",), base or Entry(), "locked")


def told(*cells: Any, measure: str = "1", base: Entry | None = None) -> Entry:
    given_cells = [raw(cell) if not isinstance(cell, Raw) else cell for cell in cells]
    row = (*given_cells, *[EMPTY] * (5 - len(given_cells)))
    return entry_told(Filled({(ACTUALS, 2): row}), 2, line(measure, base))


def faults(*cells: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(RowRefused) as refused:
        told(*cells, **more)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (620, "620"),
        (98000.5, "98000.5"),
        (0.1, "0.1"),
        (1.1000000000000001, "1.1"),  # as Excel writes what was typed as 1.1
        (-0.0, "0"),
        (0, "0"),
        (10.0, "10"),
        (1e15, "1000000000000000"),
        (123456789012345, "123456789012345"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        (" 7 ", "7"),
        ("0.10", "0.1"),
        (None, ""),
        ("  ", ""),
    ],
)
def test_a_number_is_taken_to_its_last_digit(cell: Any, value: str):
    assert told(cell).value == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (0.1 + 0.2, "inexact-number"),
        (1234567890123456, "inexact-number"),
        (float("inf"), "not-a-number"),
        (float("nan"), "not-a-number"),
        ("17,000", "not-a-number"),
        ("98000,50", "not-a-number"),
        ("many", "not-a-number"),
        (True, "not-a-number"),
        (AT, "not-a-number"),
        (Raw("=1+1", "f"), "formula"),
        (Raw("#N/A", "e"), "cell-with-error"),
    ],
)
def test_what_is_no_exact_number_is_refused_at_its_cell(cell: Any, code: str):
    assert faults(cell) == [("/Actuals/H2", code)]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**10), max_value=10**10))
def test_no_number_of_fifteen_digits_is_changed_by_a_spreadsheet(number: Decimal):
    assert Decimal(told(float(number)).value) == number


def test_each_measure_has_cells_of_its_own():
    assert told(None, 15, 50, "of the lists", measure="2") == Entry(
        numerator="15", denominator="50", comment="of the lists"
    )
    assert told(30.5, 15, 50, measure="2", base=Entry(value="30.5", numerator="1")).value == ""
    assert told(None, None, None, "In words", measure="5").comment == "In words"
    assert told("high", measure="4").value == "high"
    assert faults(30, 15, 50, measure="2") == [("/Actuals/H2", "locked-cell-changed")]
    assert faults(1, measure="5") == [("/Actuals/H2", "locked-cell-changed")]
    assert faults(1, 2) == [("/Actuals/I2", "locked-cell-changed")]


def test_words_may_be_written_as_anything_but_a_formula():
    assert told(1, None, None, 2026, AT)[3:] == ("2026", "2026-03-31")
    assert told(1, None, None, True).comment == "TRUE"
    assert faults(1, None, None, Raw("=A1", "f")) == [("/Actuals/K2", "formula")]


def test_a_value_is_not_taken_back():
    assert faults(None, base=Entry(value="5")) == [("/Actuals/H2", "value-cleared")]
    assert told(5, base=Entry(value="5", comment="was")).comment == ""


def test_a_row_whose_locked_cells_were_changed_is_refused():
    with pytest.raises(RowRefused) as refused:
        entry_told(Filled({(ACTUALS, 2): (EMPTY,) * 5}, frozenset({2})), 2, line())
    assert refused.value.faults[0].code == "locked-cell-changed"


def transaction(*cells: Any) -> Any:
    row = tuple(raw(cell) if not isinstance(cell, Raw) else cell for cell in cells)
    return transaction_told(Filled({(EXPENDITURES, 7): row}), 7)


def test_a_row_is_a_transaction():
    told_ = transaction(AT, "4 Expenditure", 98000.5, "usd", "Rent", "Sida [SE-6]", "Landlord", 17)
    assert told_.model_dump(exclude_defaults=True, mode="json") == {
        "type": "4",
        "date": "2026-03-31",
        "value": {"amount": "98000.5", "currency": "USD", "value_date": "2026-03-31"},
        "ref": "17",
        "descriptions": [{"text": "Rent"}],
        "provider": {"ref": "SE-6", "names": [{"text": "Sida"}]},
        "receiver": {"names": [{"text": "Landlord"}]},
    }
    least = transaction("2026-03-31", "3", "1.50", "KES", *[None] * 4)
    assert (least.ref, least.descriptions, least.provider) == (None, (), None)


@pytest.mark.parametrize(
    ("place", "cell", "code"),
    [
        (0, None, "missing-value"),
        (0, "31.3.2026", "not-a-date"),
        (0, 46112, "not-a-date"),
        (0, AT + timedelta(hours=1), "not-a-date"),
        (1, None, "missing-value"),
        (1, "11 Incoming", "unknown-choice"),
        (2, None, "missing-value"),
        (2, 0.1 + 0.2, "inexact-number"),
        (3, "", "missing-value"),
        (4, Raw("=1", "f"), "formula"),
    ],
)
def test_a_row_that_is_no_transaction_tells_its_cell(place: int, cell: Any, code: str):
    cells: list[Any] = [AT, "4", 1, "USD", *[None] * 4]
    cells[place] = cell
    with pytest.raises(RowRefused) as refused:
        transaction(*cells)
    assert [(each.pointer, each.code) for each in refused.value.faults] == [
        (f"/Expenditures/{'BCDEFGHI'[place]}7", code)
    ]


def test_a_line_is_kept_and_read_back():
    given_line = line(base=Entry("1", "", "", "why", "https://example.org"))
    assert unpacked(json.loads(packed(given_line))) == given_line
    assert digest("a  b\n") == digest("a b") != digest("ab")
