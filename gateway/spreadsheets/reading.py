"""A workbook that came back: whether it is a template of ours, and what stands in its open cells.

Rows are read one by one, and no further than a template goes, whatever the sheet says of its size. Merged cells, formats,
links and all else that a workbook may hold is not looked at.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO, Any
from uuid import UUID

import structlog
from openpyxl import load_workbook
from pydantic_core import from_json

from gateway.spreadsheets.archive import require_workbook, unreadable
from gateway.spreadsheets.layout import (
    ACTUAL_COLUMNS,
    ACTUALS,
    CODES,
    EXPENDITURE_COLUMNS,
    EXPENDITURE_ROWS,
    EXPENDITURES,
    FIRST_ROW,
    LOCKED_COLUMNS,
    MOST_LINES,
    Address,
    Filled,
    Raw,
    Template,
)
from gateway.spreadsheets.lines import digest, unpacked
from shared.chassis.errors import BadRequest, Invalid
from shared.chassis.pagination import CursorCodec

KIND = "spreadsheet"
MOST_LIST = MOST_LINES
"""Lines of a list to choose of."""

_log = structlog.get_logger()


def seal_of(template: Template, codes: Sequence[str], codec: CursorCodec) -> str:
    """Return what tells a template of ours, signed together with all that its hidden sheet keeps."""
    return codec.encode(
        [
            KIND,
            str(template.id),
            template.identifier,
            template.title,
            template.made_at.isoformat(),
            template.lang,
            digest(*codes),
        ]
    )


def read_workbook(file: IO[bytes], codec: CursorCodec) -> tuple[Template, Filled]:
    """Return the template that a workbook was made of, and what was filled in.

    Raises:
        Invalid: it is no workbook, or none of ours, or what is hidden in it was changed.
        TooLarge: it would become too large.

    """
    require_workbook(file)
    try:
        book = load_workbook(file, read_only=True, keep_links=False)
        sheets = {
            name: list(_rows(book[name], last, columns)) if name in book.sheetnames else []
            for name, last, columns in (
                (CODES, MOST_LIST + 1, 4),
                (ACTUALS, FIRST_ROW + MOST_LINES, ACTUAL_COLUMNS),
                (EXPENDITURES, FIRST_ROW + EXPENDITURE_ROWS, EXPENDITURE_COLUMNS),
            )
        }
    except Exception as error:  # the library raises whatever it meets
        _log.info("spreadsheet.unreadable", exc_info=error)
        raise unreadable() from error
    template = _template(sheets[CODES], sheets[ACTUALS], codec)
    return template, _filled(template, sheets[ACTUALS], sheets[EXPENDITURES])


def _rows(sheet: Any, last: int, columns: int) -> Iterator[tuple[Raw, ...]]:  # noqa: ANN401  (read-only sheets are untyped)
    """Yield the rows of a sheet up to one, blank ones included."""
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_row=last, max_col=columns):
        found = [Raw(cell.value, cell.data_type or "n") for cell in row[:columns]]
        yield tuple(found + [Raw()] * (columns - len(found)))


def _template(
    codes: Sequence[Sequence[Raw]], actuals: Sequence[Sequence[Raw]], codec: CursorCodec
) -> Template:
    columns = [
        [str(row[column].value) for row in codes if row[column].value is not None] for column in range(4)
    ]
    seal, *kept = columns[0] or [""]
    try:
        kind, id_, identifier, title, made_at, lang, told = codec.decode(seal, *[str] * 7)
    except BadRequest as error:
        raise _unknown() from error
    if kind != KIND or told != digest(*kept):
        raise _unknown()
    shown = tuple(
        tuple(_text(cell) for cell in row[:LOCKED_COLUMNS]) for row in actuals[FIRST_ROW - 1 :][: len(kept)]
    )
    missing = len(kept) - len(shown)
    return Template(
        UUID(id_),
        identifier,
        title,
        datetime.fromisoformat(made_at),
        lang,
        tuple(unpacked(from_json(each)) for each in kept),
        (*shown, *(("",) * LOCKED_COLUMNS for _ in range(missing))),
        tuple(columns[1]),
        tuple(columns[2]),
    )


def _unknown() -> Invalid:
    detail = "The workbook is no template that was made here, or its hidden sheet was changed."
    return Invalid(detail, code="spreadsheet-unknown")


def _filled(
    template: Template, actuals: Sequence[Sequence[Raw]], expenditures: Sequence[Sequence[Raw]]
) -> Filled:
    rows: dict[Address, tuple[Raw, ...]] = {}
    for row, cells in enumerate(actuals[FIRST_ROW - 1 :], FIRST_ROW):
        is_line = row < FIRST_ROW + len(template.lines)
        if is_line or any(_is_filled(cell) for cell in cells):
            rows[ACTUALS, row] = tuple(cells[LOCKED_COLUMNS:])
    for row, cells in enumerate(expenditures[FIRST_ROW - 1 :], FIRST_ROW):
        if any(_is_filled(cell) for cell in cells[1:]):
            rows[EXPENDITURES, row] = tuple(cells[1:])
    changed = {
        FIRST_ROW + place
        for place, (line, shown) in enumerate(zip(template.lines, template.shown, strict=True))
        if digest(*shown) != line.locked
    }
    return Filled(rows, frozenset(changed))


def _is_filled(cell: Raw) -> bool:
    return cell.value is not None and str(cell.value).strip() != ""


def _text(cell: Raw) -> str:
    return "" if cell.value is None else str(cell.value)
