"""Files of reports: a CSV table of actuals or of expenditures, or a JSON list of both.

A table is known by the names of its columns, which are those of the options: ``result, indicator, period, value, ...`` or
``date, amount, currency, ...``. A column ``dimension:sex`` tells a dimension. A file is taken whole or not at all.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from devcoop_client.documents import Documents
from devcoop_client.entries import ActualEntry, ExpenditureEntry, actual_draft, expenditure_draft
from devcoop_client.errors import Unusable
from devcoop_client.outbox import Draft

DIMENSION = "dimension:"
MOST_MESSAGES = 50
_ACTUAL = {each.name for each in fields(ActualEntry)}
_EXPENDITURE = {each.name for each in fields(ExpenditureEntry)}


def drafts_of(documents: Documents, project: str, path: Path, today: date) -> list[Draft]:
    """Return the commands of a file.

    Raises:
        Unusable: it cannot be read, or some of its lines cannot be taken; each is named.

    """
    drafts, messages = [], []
    for number, row in _rows(path):
        try:
            drafts.append(_draft(documents, project, row, today))
        except Unusable as unusable:
            messages.append(f"{path.name}, line {number}: {unusable}")
    if messages:
        raise Unusable(
            *messages[:MOST_MESSAGES], f"Nothing was queued: {len(messages)} lines cannot be taken."
        )
    if not drafts:
        raise Unusable(f"{path.name} has no lines.")
    return drafts


def _draft(documents: Documents, project: str, row: Mapping[str, Any], today: date) -> Draft:
    told = {name: value for name, value in row.items() if value not in (None, "", {})}
    if "amount" in told:
        _require_known(told, _EXPENDITURE, ("date", "amount"))
        return expenditure_draft(documents, project, ExpenditureEntry(**told), today)
    _require_known(told, _ACTUAL, ("result", "indicator", "period"))
    return actual_draft(documents, project, ActualEntry(**told))


def _require_known(told: Mapping[str, Any], known: Iterable[str], needed: Iterable[str]) -> None:
    missing, unknown = [each for each in needed if each not in told], sorted({*told} - {*known})
    if missing:
        raise Unusable(f"{', '.join(missing)} is missing.")
    if unknown:
        raise Unusable(f"{', '.join(unknown)} is not known; there are {', '.join(sorted(known))}.")


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the rows of a file with their numbers, each value as text.

    Raises:
        Unusable: it cannot be read.

    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _of_json(text) if path.suffix.lower() == ".json" else _of_csv(text)
    except (OSError, ValueError, csv.Error) as error:
        raise Unusable(f"{path} cannot be read: {error}") from error


def _of_csv(text: str) -> list[tuple[int, dict[str, Any]]]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise ValueError(f"line {reader.line_num} has more or fewer cells than the first")
        named = {name.strip().lower(): value.strip() for name, value in row.items()}
        if any(named.values()):
            rows.append((reader.line_num, _with_dimensions(named)))
    return rows


def _with_dimensions(row: Mapping[str, str]) -> dict[str, Any]:
    dimensions = {name[len(DIMENSION) :]: value for name, value in row.items() if name.startswith(DIMENSION)}
    told = {name: value for name, value in row.items() if not name.startswith(DIMENSION)}
    return {**told, "dimensions": {name: value for name, value in dimensions.items() if value}}


def _of_json(text: str) -> list[tuple[int, dict[str, Any]]]:
    told = json.loads(text, parse_float=str, parse_int=str)
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise ValueError("it is no list of objects")
    for number, row in enumerate(told, 1):
        dimensions = row.get("dimensions") or {}
        values = [value for name, value in row.items() if name != "dimensions" and value is not None]
        if not isinstance(dimensions, dict):
            raise ValueError(f'the dimensions of object {number} are no object, as in {{"sex": "female"}}')  # noqa: TRY004
        if not all(isinstance(value, str) for value in [*values, *dimensions.values()]):
            raise ValueError(f"object {number} holds something else than texts and numbers")
    return list(enumerate(told, 1))
