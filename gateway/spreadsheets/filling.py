"""What was typed into the open cells of a row: entries of actuals, and transactions.

A number is taken to the last digit or not at all. A spreadsheet keeps numbers as binary floating point, of which the
shortest decimal that stands for it is what was typed, as long as that has no more than 15 digits; one that has more was
computed or rounded, and is refused. Formulas are refused, since what they came to is not for us to trust.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal

from pydantic import ValidationError

from gateway.spreadsheets.layout import (
    ACTUALS,
    EXPENDITURES,
    LOCKED_COLUMNS,
    NUMBER_DIGITS,
    Filled,
    Raw,
)
from gateway.spreadsheets.lines import ActualLine, Entry, plain
from shared.chassis.errors import Fault, faults_of
from shared.contracts.funding.v1 import Transaction
from shared.contracts.iati import Money, Narrative, TransactionOrganisation
from shared.figures.progress import UNIT
from shared.figures.readings import read_number

TYPES = ("3", "4")
"""TransactionTypes of the sheet: disbursement and expenditure."""

WORDS = 3
"""Where the cells of an entry begin that hold words."""

_ORGANISATION = re.compile(r"(?P<name>.*?)\s*\[(?P<ref>[^\[\]]+)\]", re.DOTALL)
_FIRST_EXPENDITURE_COLUMN = 2


class RowRefused(Exception):
    """A row that says what can not be taken; each fault points at its cell."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


class _CellRefused(Exception):
    def __init__(self, *, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class _Row:
    """The open cells of a row, and what is wrong with them."""

    def __init__(self, sheet: str, row: int, first: int, cells: Sequence[Raw]) -> None:
        self._sheet, self._row, self._first, self._cells = sheet, row, first, cells
        self.faults: list[Fault] = []

    def fault(self, column: int, detail: str, *, code: str) -> None:
        """Note a fault of a cell."""
        pointer = f"/{self._sheet}/{chr(ord('A') + self._first - 1 + column)}{self._row}"
        self.faults.append(Fault(pointer=pointer, code=code, detail=detail))

    def text(self, column: int, *, needed: bool = False) -> str:
        """Return the text of a cell, empty where there is none."""
        try:
            text = text_of(self._cells[column])
        except _CellRefused as refused:
            self.fault(column, str(refused), code=refused.code)
            return ""
        if needed and not text:
            self.fault(column, "The row takes a value here.", code="missing-value")
        return text

    def number(self, column: int, *, needed: bool = False) -> Decimal | None:
        """Return the number of a cell."""
        try:
            number = number_of(self._cells[column])
        except _CellRefused as refused:
            self.fault(column, str(refused), code=refused.code)
            return None
        if needed and number is None:
            self.fault(column, "The row takes a value here.", code="missing-value")
        return number

    def day(self, column: int) -> date | None:
        """Return the day of a cell, which has to have one."""
        try:
            day = day_of(self._cells[column])
        except _CellRefused as refused:
            self.fault(column, str(refused), code=refused.code)
            return None
        if day is None:
            self.fault(column, "The row takes a day here.", code="missing-value")
        return day


def entry_told(filled: Filled, row: int, line: ActualLine) -> Entry:
    """Return what the open cells of a row of actuals tell.

    Raises:
        RowRefused: a cell has a fault, or one that is locked was changed.

    """
    cells = _Row(ACTUALS, row, LOCKED_COLUMNS + 1, filled.rows[ACTUALS, row])
    if row in filled.changed:
        cells.fault(
            -LOCKED_COLUMNS, "A locked cell of the row is not as in the template.", code="locked-cell-changed"
        )
        raise RowRefused(cells.faults)
    entry = Entry(_value(cells, line), _part(cells, 1), _part(cells, 2), cells.text(3), cells.text(4))
    for column, (before, now) in enumerate(zip(line.base, entry, strict=True)):
        if column not in line.open and now != before:
            cells.fault(column, "The cell is locked for indicators of this unit.", code="locked-cell-changed")
        elif column < WORDS and before and not now:
            cells.fault(column, "A value can not be taken back here; report another.", code="value-cleared")
    if cells.faults:
        raise RowRefused(cells.faults)
    return line.opened(entry)


def transaction_told(filled: Filled, row: int) -> Transaction:
    """Return what a row of expenditures tells.

    Raises:
        RowRefused: a cell has a fault.

    """
    cells = _Row(EXPENDITURES, row, _FIRST_EXPENDITURE_COLUMN, filled.rows[EXPENDITURES, row])
    day = cells.day(0)
    type_, amount = cells.text(1, needed=True).partition(" ")[0], cells.number(2, needed=True)
    currency = cells.text(3, needed=True)
    told = [cells.text(column) for column in range(4, 8)]
    if type_ and type_ not in TYPES:
        cells.fault(1, "The type is one of the list.", code="unknown-choice")
    if cells.faults or day is None or amount is None:
        raise RowRefused(cells.faults)
    description, provider, receiver, reference = told
    try:
        return Transaction(
            type=type_,
            date=day,
            value=Money(amount=Decimal(plain(amount)), currency=currency.upper(), value_date=day),
            ref=reference or None,
            descriptions=(Narrative(text=description),) if description else (),
            provider=_organisation(provider),
            receiver=_organisation(receiver),
        )
    except ValidationError as error:
        raise RowRefused(faults_of(error)) from error


def text_of(cell: Raw) -> str:
    """Return the text of a cell, whatever its type."""
    _require_value(cell)
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return plain(number_of(cell) or Decimal(0))
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date().isoformat()
    return str(value).strip()


def number_of(cell: Raw) -> Decimal | None:
    """Return the number of a cell to its last digit, None where it is empty."""
    _require_value(cell)
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        reading = read_number(value)
        if reading.reading != "plain" or reading.number is None:
            raise _CellRefused(
                code="not-a-number", detail="A number is written with digits and a point, as in 1234.50."
            )
        return reading.number
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _CellRefused(code="not-a-number", detail="The cell holds no number.")
    number = Decimal(repr(value))
    if not number.is_finite():
        raise _CellRefused(code="not-a-number", detail="The cell holds no number.")
    if len(number.normalize().as_tuple().digits) > NUMBER_DIGITS:
        detail = f"A spreadsheet keeps {NUMBER_DIGITS} digits; type this number as text, or round it."
        raise _CellRefused(code="inexact-number", detail=detail)
    return number


def day_of(cell: Raw) -> date | None:
    """Return the day of a cell, None where it is empty."""
    _require_value(cell)
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date()
    elif isinstance(value, date):
        return value
    elif isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value.strip())
    raise _CellRefused(code="not-a-date", detail="A day is written as in 2026-03-31.")


def _require_value(cell: Raw) -> None:
    if cell.kind == "f":
        raise _CellRefused(code="formula", detail="Formulas are not taken; type the value.")
    if cell.kind == "e" and cell.value is not None:
        raise _CellRefused(code="cell-with-error", detail="The cell holds an error of the spreadsheet.")


def _value(cells: _Row, line: ActualLine) -> str:
    """Return the value: a number of a unit; of nominal and ordinal indicators what is written."""
    if line.measure == UNIT:
        number = cells.number(0)
        return "" if number is None else plain(number)
    text = cells.text(0)
    number = read_number(text).number if text else None
    return plain(number) if number is not None else text


def _part(cells: _Row, column: int) -> str:
    number = cells.number(column)
    return "" if number is None else plain(number)


def _organisation(text: str) -> TransactionOrganisation | None:
    """Return an organisation by its name, and its identifier in brackets if that is told."""
    if not text:
        return None
    match = _ORGANISATION.fullmatch(text)
    name, ref = (match["name"].strip(), match["ref"].strip()) if match else (text, None)
    return TransactionOrganisation(ref=ref, names=(Narrative(text=name),) if name else ())
