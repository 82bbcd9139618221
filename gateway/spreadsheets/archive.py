"""What may be opened as a workbook: an archive within bounds, of XML without declarations, and without programs.

What is packed is measured by what its directory tells, which the library that unpacks does not go beyond.
"""

import zipfile
from typing import IO

from shared.chassis.errors import Invalid, TooLarge

MOST_ENTRIES = 500
MOST_EXPANDED = 64 * 1024**2
MOST_RATIO = 200
RATIO_FROM = 1024**2
"""Bytes from which an entry may not be packed more tightly than ``MOST_RATIO``."""

_MARKUP = (".xml", ".rels", ".vml")
_PROGRAMS = ("vbaproject.bin", "activex", "macrosheets")
_PIECE = 64 * 1024


def require_workbook(file: IO[bytes]) -> None:
    """Check a file before it is opened.

    Raises:
        Invalid: it is no archive, holds programs, or XML that declares entities.
        TooLarge: it would become too large.

    """
    try:
        with zipfile.ZipFile(file) as archive:
            _require_bounds(archive.infolist())
            for entry in archive.infolist():
                _require_plain(archive, entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise unreadable() from error


def unreadable() -> Invalid:
    """Return the refusal of what is no workbook."""
    return Invalid("The file is no XLSX workbook that can be read.", code="spreadsheet-unreadable")


def _require_bounds(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    whole = sum(entry.file_size for entry in entries)
    dense = any(
        entry.file_size > RATIO_FROM and entry.file_size > MOST_RATIO * max(entry.compress_size, 1)
        for entry in entries
    )
    if len(entries) > MOST_ENTRIES or whole > MOST_EXPANDED or dense:
        detail = f"A workbook has at most {MOST_ENTRIES} parts and {MOST_EXPANDED} bytes unpacked."
        raise TooLarge(detail, code="spreadsheet-too-large")
    if len(set(names)) != len(names) or any(entry.flag_bits & 1 for entry in entries):
        raise unreadable()
    if any(word in name.lower() for name in names for word in _PROGRAMS):
        raise Invalid("A workbook with programs is not taken.", code="spreadsheet-with-macros")


def _require_plain(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Check that a part is XML in UTF-8 without a document type, which is what declares entities."""
    if not entry.filename.lower().endswith(_MARKUP):
        return
    last = b""
    with archive.open(entry) as part:
        while piece := part.read(_PIECE):
            if b"\0" in piece or b"<!DOCTYPE" in last + piece or b"<!ENTITY" in last + piece:
                raise unreadable()
            if b"macroenabled" in (last + piece).lower():
                raise Invalid("A workbook with programs is not taken.", code="spreadsheet-with-macros")
            last = piece[-16:]
