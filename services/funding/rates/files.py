"""Files of exchange rates: CSV in a wide or a long layout, plain or as the one file of a zip.

Wide is one line per date and one column per currency, as the European Central Bank publishes its history. Long is
one line per rate. A blank and ``N/A`` tell no rate; nothing else is read as one.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from shared.chassis.errors import MOST_FAULTS, Fault, Invalid, TooLarge
from shared.figures.currencies import exists

MAX_CSV_BYTES = 16 * 1024**2
"""Largest table, plain or expanded; the whole history of the European Central Bank has less than 2 MiB."""
MAX_ZIP_BYTES = 4 * 1024**2
MAX_RATES = 500_000
MAX_MONTHS = 1200

Rates = dict[tuple[str, date], Decimal]
"""Units by currency and date."""

_NO_RATE = ("", "N/A")
_DATE = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_UNITS = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,18})?")
_LONG = ["currency", "date", "rate"]
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Cell(NamedTuple):
    line: int
    currency: str
    day: date
    written: str


def unpacked(data: bytes) -> bytes:
    """Return the one file of a zip.

    Raises:
        Invalid: it is no zip, or not of one plain file.
        TooLarge: the zip, or what is in it, is larger than is taken.

    """
    if len(data) > MAX_ZIP_BYTES:
        raise TooLarge(f"A zip of rates has at most {MAX_ZIP_BYTES} bytes.", code="file-too-large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            if len(files) != 1 or files[0].compress_type not in _METHODS or files[0].flag_bits & 1:
                raise _unsupported("A zip of rates holds one file, stored or deflated, and not encrypted.")
            with archive.open(files[0]) as file:
                table = file.read(MAX_CSV_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _unsupported("The zip cannot be read.") from error
    _require_size(table)
    return table


def parse(table: bytes, base: str) -> Rates:
    """Return the rates of a CSV table.

    Raises:
        Invalid: it has another layout, or lines that tell no rate; up to fifty of them are named.
        TooLarge: it is larger than is taken.

    """
    _require_size(table)
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unsupported("The table is not UTF-8.") from error
    return _Reader(base).read(text)


class _Reader:
    """Reads one table, noting what is wrong with its lines."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._faults: list[Fault] = []

    def read(self, text: str) -> Rates:
        rates: Rates = {}
        try:
            for cell in self._cells(text):
                self._take(cell, rates)
                if len(rates) > MAX_RATES:
                    break
        except csv.Error as error:
            raise _unsupported(f"The table is not CSV: {error}.") from error
        if self._faults:
            raise self._refusal()
        if len(rates) > MAX_RATES or len({(day.year, day.month) for _, day in rates}) > MAX_MONTHS:
            detail = f"A file has at most {MAX_RATES} rates of {MAX_MONTHS} months."
            raise TooLarge(detail, code="file-too-large")
        return rates

    def _cells(self, text: str) -> Iterator[_Cell]:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(rows, [])]
        names = [name.casefold() for name in header]
        lines = ((rows.line_num, row) for row in rows if any(cell.strip() for cell in row))
        if sorted(names) == _LONG:
            yield from self._long(names, lines)
        elif names[:1] == ["date"] and any(names[1:]):
            yield from self._wide(header, lines)
        else:
            raise _unsupported("The first line is neither Date and currencies, nor currency, date and rate.")

    def _long(self, names: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> Iterator[_Cell]:
        places = [names.index(name) for name in _LONG]
        for line, row in lines:
            if not self._is_whole(line, row, names):
                continue
            currency, day, written = (row[place] for place in places)
            code, dated = self._currency(line, currency), self._day(line, day)
            if code and dated:
                yield _Cell(line, code, dated, written)

    def _wide(self, header: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> Iterator[_Cell]:
        columns = [(place, self._currency(1, name)) for place, name in enumerate(header) if place and name]
        if self._faults:
            return
        for line, row in lines:
            day = self._day(line, row[0]) if self._is_whole(line, row, header) else None
            for place, code in columns if day else ():
                if code and day and row[place] != "N/A":
                    yield _Cell(line, code, day, row[place])

    def _take(self, cell: _Cell, rates: Rates) -> None:
        """Add the rate of a cell, if it tells one."""
        line, currency, day, written = cell
        text = written.strip()
        if text.upper() in _NO_RATE:
            return
        units = Decimal(text) if _UNITS.fullmatch(text) else None
        if not units or (currency == self._base and units != 1):
            self._note(line, code="invalid-rate", detail=f"{text[:40]!r} is no rate of {currency}.")
        elif currency != self._base and rates.setdefault((currency, day), units) != units:
            self._note(
                line, code="duplicate-rate", detail=f"{currency} has another rate on {day} in this file."
            )

    def _currency(self, line: int, text: str) -> str | None:
        code = text.strip().upper()
        if exists(code):
            return code
        self._note(line, code="unknown-currency", detail=f"{code[:40]!r} is no code of a currency.")
        return None

    def _day(self, line: int, text: str) -> date | None:
        written = text.strip()
        try:
            if _DATE.fullmatch(written):
                return date.fromisoformat(written)
        except ValueError:
            pass
        self._note(line, code="invalid-date", detail=f"{written[:40]!r} is no date as in 2024-05-31.")
        return None

    def _is_whole(self, line: int, row: Sequence[str], header: Sequence[str]) -> bool:
        """Whether a line has a cell for each of the first line, and none where that has no name."""
        if len(row) == len(header) and all(
            name or not cell.strip() for name, cell in zip(header, row, strict=True)
        ):
            return True
        self._note(
            line,
            code="invalid-line",
            detail=f"The line does not have the {len(header)} cells of the first line.",
        )
        return False

    def _note(self, line: int, *, code: str, detail: str) -> None:
        """Note what is wrong with a line, and look no further where that are as many as are told."""
        self._faults.append(Fault(pointer=f"/lines/{line}", code=code, detail=detail))
        if len(self._faults) == MOST_FAULTS:
            raise self._refusal()

    def _refusal(self) -> Invalid:
        return Invalid("Lines of the file tell no rates.", errors=self._faults)


def _require_size(table: bytes) -> None:
    if len(table) > MAX_CSV_BYTES:
        raise TooLarge(f"A table of rates has at most {MAX_CSV_BYTES} bytes.", code="file-too-large")


def _unsupported(detail: str) -> Invalid:
    return Invalid(detail, code="unsupported-file")
