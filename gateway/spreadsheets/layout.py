"""Where what stands in a workbook: the same for making, reading and answering it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from gateway.spreadsheets.lines import ActualLine

ABOUT, ACTUALS, EXPENDITURES, CODES = "About", "Actuals", "Expenditures", "Codes"
FIRST_ROW = 2
"""Below the heading."""
LOCKED_COLUMNS = 7
ACTUAL_COLUMNS = 12
EXPENDITURE_COLUMNS = 9
EXPENDITURE_ROWS = 200
MOST_LINES = 5000
"""Lines of a sheet of actuals."""
NUMBER_DIGITS = 15
"""Digits that a number of a spreadsheet keeps (ECMA-376 holds them as IEEE 754 doubles)."""

Address = tuple[str, int]
"""Sheet and row."""


class Raw(NamedTuple):
    """A cell as it was read; ``kind`` is its data type: n, s, d, b, e or f."""

    value: Any = None
    kind: str = "n"


@dataclass(frozen=True, slots=True)
class Template:
    """A template of one project; ``shown`` are the texts of the locked cells of each line."""

    id: UUID
    identifier: str
    title: str
    made_at: datetime
    lang: str
    lines: tuple[ActualLine, ...]
    shown: tuple[tuple[str, ...], ...]
    currencies: tuple[str, ...]
    organisations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the open cells of each row that has any, and which lines had locked cells changed."""

    rows: Mapping[Address, tuple[Raw, ...]]
    changed: frozenset[int] = frozenset()
