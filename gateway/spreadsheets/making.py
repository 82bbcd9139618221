"""A template as a workbook: locked but for its open cells, with choices where there are any.

No text of a document becomes a formula, and numbers that a spreadsheet would round are text.
"""

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gateway.spreadsheets.layout import (
    ABOUT,
    ACTUALS,
    CODES,
    EXPENDITURE_COLUMNS,
    EXPENDITURE_ROWS,
    EXPENDITURES,
    FIRST_ROW,
    NUMBER_DIGITS,
    Address,
    Raw,
    Template,
)
from gateway.spreadsheets.lines import packed
from gateway.spreadsheets.texts import TEXTS, Texts
from shared.figures.readings import read_number

MOST_CELL = 32_767
"""Characters of a cell (Excel specifications and limits)."""
NUMBERS = 3
"""Cells of an entry that hold numbers, before those that hold words."""
COLOURS = {"recorded": "C6EFCE", "unchanged": "EDEDED", "refused": "FFC7CE", "conflict": "FFEB9C"}

_OPEN = Protection(locked=False)
_YELLOW = PatternFill("solid", start_color="FFF9DB")
_HEAD = PatternFill("solid", start_color="1F4E79")
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_WIDTHS = {
    ACTUALS: (34, 40, 24, 24, 12, 12, 12, 14, 14, 14, 40, 40, 40),
    EXPENDITURES: (6, 13, 18, 16, 10, 40, 32, 32, 20, 40),
}
_DAY, _AMOUNT = "yyyy-mm-dd", "#,##0.00"

Outcomes = Mapping[Address, tuple[str, str]]
"""By row what became of it, and why."""


def workbook_of(
    template: Template,
    seal: str,
    *,
    filled: Mapping[Address, Sequence[Raw]] | None = None,
    outcomes: Outcomes | None = None,
) -> bytes:
    """Return the workbook of a template, empty, or as it was filled in and with what became of each row."""
    texts = TEXTS[template.lang]
    book = Workbook()
    about = book.active
    assert isinstance(about, Worksheet)  # noqa: S101  (told to the type checker)
    _fill_about(about, template, texts)
    actuals, expenditures = book.create_sheet(ACTUALS), book.create_sheet(EXPENDITURES)
    _fill_codes(book.create_sheet(CODES), template, texts, seal)
    _fill_actuals(actuals, template, texts, filled or {})
    _fill_expenditures(expenditures, template, texts, filled or {})
    for sheet in (actuals, expenditures):
        _finish(sheet, texts, outcomes)
    book.security.lockStructure = True
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def codes_of(template: Template) -> list[str]:
    """Return what the hidden sheet keeps of the lines."""
    return [packed(line) for line in template.lines]


def _fill_about(sheet: Worksheet, template: Template, texts: Texts) -> None:
    sheet.title = ABOUT
    told = {
        "title": template.title,
        "identifier": template.identifier,
        "made": template.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        "language": template.lang,
    }
    for row, (name, value) in enumerate(told.items(), 1):
        _write(sheet.cell(row, 1), texts.about[name]).font = Font(bold=True)
        _write(sheet.cell(row, 2), value)
    for row, line in enumerate(texts.how, len(told) + 2):
        _write(sheet.cell(row, 1), f"{row - len(told) - 1}.")
        _write(sheet.cell(row, 2), line).alignment = _WRAPPED
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 100
    sheet.protection.enable()


def _fill_codes(sheet: Worksheet, template: Template, texts: Texts, seal: str) -> None:
    """Write the hidden sheet: the seal and what is kept of each line, and the lists to choose of."""
    types = [f"{code} {name}" for code, name in texts.types.items()]
    columns = ([seal, *codes_of(template)], template.currencies, template.organisations, types)
    for column, values in enumerate(columns, 1):
        for row, value in enumerate(values, 1):
            _write(sheet.cell(row, column), value)
    sheet.sheet_state = "veryHidden"
    sheet.protection.enable()


def _fill_actuals(
    sheet: Worksheet, template: Template, texts: Texts, filled: Mapping[Address, Sequence[Raw]]
) -> None:
    _head(sheet, texts.actuals)
    rows = enumerate(zip(template.lines, template.shown, strict=True), FIRST_ROW)
    for row, (line, shown) in rows:
        for column, text in enumerate(shown, 1):
            _write(sheet.cell(row, column), text).alignment = _WRAPPED
        given = filled.get((ACTUALS, row))
        for place, text in enumerate(line.base):
            cell = sheet.cell(row, len(shown) + 1 + place)
            if given is None:
                _write_entry(cell, text, is_number=place < NUMBERS)
            else:
                _write_raw(cell, given[place])
            cell.alignment = _WRAPPED
            if place in line.open:
                cell.protection, cell.fill = _OPEN, _YELLOW
    if template.lines:
        last = FIRST_ROW + len(template.lines) - 1
        number = DataValidation(
            type="decimal", operator="between", formula1="-1E+300", formula2="1E+300", allow_blank=True
        )
        share = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        _check(sheet, number, f"H{FIRST_ROW}:H{last}", texts.number, style="warning")
        _check(sheet, share, f"I{FIRST_ROW}:J{last}", texts.number)


def _fill_expenditures(
    sheet: Worksheet, template: Template, texts: Texts, filled: Mapping[Address, Sequence[Raw]]
) -> None:
    _head(sheet, texts.expenditures)
    last = FIRST_ROW + EXPENDITURE_ROWS - 1
    for row in range(FIRST_ROW, last + 1):
        sheet.cell(row, 1).value = row - FIRST_ROW + 1
        given = filled.get((EXPENDITURES, row))
        for column in range(2, EXPENDITURE_COLUMNS + 1):
            cell = sheet.cell(row, column)
            cell.protection, cell.fill, cell.alignment = _OPEN, _YELLOW, _WRAPPED
            cell.number_format = {2: _DAY, 4: _AMOUNT}.get(column, "General")
            if given is not None:
                _write_raw(cell, given[column - 2])
    day = DataValidation(
        type="date", operator="between", formula1="DATE(1990,1,1)", formula2="TODAY()", allow_blank=True
    )
    amount = DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
    _check(sheet, day, f"B{FIRST_ROW}:B{last}", texts.day)
    _check(sheet, _choice("D", len(texts.types)), f"C{FIRST_ROW}:C{last}", texts.choose)
    _check(sheet, amount, f"D{FIRST_ROW}:D{last}", texts.number, style="warning")
    _check(sheet, _choice("B", len(template.currencies)), f"E{FIRST_ROW}:E{last}", texts.choose)
    if template.organisations:
        free = _choice("C", len(template.organisations))
        free.showErrorMessage = False  # a name that is not on the list is as good
        free.add(f"G{FIRST_ROW}:H{last}")
        sheet.add_data_validation(free)


def _choice(column: str, count: int) -> DataValidation:
    return DataValidation(type="list", formula1=f"{CODES}!${column}$1:${column}${count}", allow_blank=True)


def _check(
    sheet: Worksheet,
    rule: DataValidation,
    cells: str,
    message: str,
    *,
    style: Literal["stop", "warning"] = "stop",
) -> None:
    rule.error, rule.errorStyle, rule.showErrorMessage = message, style, True
    rule.add(cells)
    sheet.add_data_validation(rule)


def _head(sheet: Worksheet, names: Sequence[str]) -> None:
    for column, name in enumerate(names, 1):
        _write_head(sheet, column, name)


def _write_head(sheet: Worksheet, column: int, name: str) -> None:
    cell = _write(sheet.cell(1, column), name)
    cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEAD


def _finish(sheet: Worksheet, texts: Texts, outcomes: Outcomes | None) -> None:
    """Freeze, size and lock a sheet, and tell what became of its rows."""
    widths = _WIDTHS[sheet.title]
    if outcomes is not None:
        column = len(widths)
        _write_head(sheet, column, texts.outcome)
        for (name, row), (outcome, why) in outcomes.items():
            if name == sheet.title:
                told = texts.outcomes[outcome] + (f": {why}" if why else "")
                cell = _write(sheet.cell(row, column), told)
                cell.fill, cell.alignment = PatternFill("solid", start_color=COLOURS[outcome]), _WRAPPED
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"A{FIRST_ROW}"
    sheet.protection.enable()
    sheet.protection.formatColumns = sheet.protection.formatRows = False  # these are allowed


def _write(cell: Any, text: str) -> Any:  # noqa: ANN401  (a cell, of which the library has many classes)
    """Write a text as text, whatever it begins with."""
    assert isinstance(cell, Cell)  # noqa: S101
    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)[:MOST_CELL]
    cell.data_type = "s"
    return cell


def _write_entry(cell: Any, text: str, *, is_number: bool) -> None:  # noqa: ANN401
    """Write what was reported: a number as one, if a spreadsheet keeps all of its digits."""
    number = read_number(text).number if is_number and text else None
    if number is not None and len(number.as_tuple().digits) <= NUMBER_DIGITS:
        cell.value = number
    elif text:
        _write(cell, text)


def _write_raw(cell: Any, raw: Raw) -> None:  # noqa: ANN401
    """Write a cell as it was read; what was a formula is the text of it."""
    if isinstance(raw.value, str):
        _write(cell, raw.value)
    elif isinstance(raw.value, float):
        cell.value = Decimal(repr(raw.value))
    elif raw.value is not None:
        cell.value = raw.value
