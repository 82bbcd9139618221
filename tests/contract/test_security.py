"""The page on security: every test that it names exists, and every claim names one or says why not."""

import ast
import re
from functools import cache

import pytest

from shared.contracts.snapshots import ROOT

PAGE = ROOT / "docs" / "security.md"
POINTS = tuple(f"API{number}" for number in range(1, 11))
VERDICTS = {"yes", "partly", "no"}

_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_POINT = re.compile(r"^### (API\d+): .+?(?=^##)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (V[\d.]+) \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)


@cache
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


@pytest.mark.parametrize(("path", "name"), sorted(set(_NAMED.findall(text()))))
def test_a_test_that_is_named_exists(path: str, name: str):
    assert (ROOT / path).is_file()
    assert any(each.startswith("test_") for each in functions_of(path))
    assert not name or name in functions_of(path)


def test_every_point_of_the_ten_names_tests():
    told = {found[1]: found[0] for found in _POINT.finditer(text())}
    assert tuple(told) == POINTS
    assert [point for point, words in told.items() if not _NAMED.search(words)] == []


def test_every_requirement_has_a_verdict_and_a_test_or_a_reason():
    rows = [[cell.strip() for cell in row] for row in _ROW.findall(text())]
    ids = [row[0] for row in rows]
    assert len(rows) > len(POINTS)
    assert len(ids) == len(set(ids)), "a requirement is told twice"
    for requirement, asks, verdict, how, test in rows:
        assert re.fullmatch(r"V\d+\.\d+\.\d+", requirement)
        assert asks
        assert verdict in VERDICTS, requirement
        assert how or verdict == "yes", f"{requirement} is not met, and no reason is told"
        assert _NAMED.fullmatch(test) or (verdict != "yes" and how), f"{requirement} names no test"


def test_every_row_of_the_table_is_read():
    lines = [line for line in text().splitlines() if line.startswith("| V")]
    assert len(lines) == len(_ROW.findall(text()))
