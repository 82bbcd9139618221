"""The package keeps the rules of the house, and its types are those of the OpenAPI document."""

import ast
import tomllib
from pathlib import Path
from typing import get_type_hints

import devcoop_client
import pytest
from devcoop_client import documents, types_activity, types_report

from client import generate
from gateway.passthrough import OWNER_OF_PATH
from shared.contracts.catalog import CATALOG
from tests.contract.test_house_rules import DRAWERS, MOST_LINES, swallows

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "client").rglob("*.py"))
MOST_LINES_OF_A_FUNCTION = 40
DEPENDENCIES = {"httpx", "rich"}


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_keeps_the_rules(path: Path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert path.name not in DRAWERS
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print")
        assert not (isinstance(node, ast.ExceptHandler) and swallows(node))
        if isinstance(node, ast.FunctionDef):
            assert not any(isinstance(each, ast.Import | ast.ImportFrom) for each in ast.walk(node))
            assert node.end_lineno - node.lineno < MOST_LINES_OF_A_FUNCTION


def test_the_package_needs_what_it_says():
    used = set().union(
        *(imported(ast.parse(path.read_text())) for path in FILES if path.name != "generate.py")
    )
    needed = used - {"devcoop_client"} - set(__import__("sys").stdlib_module_names)
    assert needed == DEPENDENCIES
    told = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())["project"]
    assert {each.partition(">")[0] for each in told["dependencies"]} == DEPENDENCIES


def test_the_types_are_those_of_the_document(capsys: pytest.CaptureFixture):
    assert generate.main(["--check"]) == 0, f"run `{generate.COMMAND}`: {capsys.readouterr().out}"


def test_types_are_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "docs").mkdir()
    (tmp_path / generate.FOLDER).mkdir(parents=True)
    (tmp_path / generate.DOCUMENT).write_text((ROOT / generate.DOCUMENT).read_text())
    assert generate.main([], tmp_path) == 0
    assert capsys.readouterr().out.count("written: ") == len(generate.FILES)
    for name in generate.FILES:
        path = f"{generate.FOLDER}/{name}.py"
        assert (tmp_path / path).read_text() == (ROOT / path).read_text()


def test_decimals_are_typed_as_the_strings_in_which_they_travel():
    for name in ("types_finance", "types_framework", "types_report", "types_activity"):
        assert "float" not in (ROOT / generate.FOLDER / f"{name}.py").read_text()
    assert set(get_type_hints(types_activity.Activity)) >= {"iati_identifier", "titles"}
    assert types_report.Report.__required_keys__ >= {"identifier", "period_start"}


def test_what_a_field_office_writes_has_the_address_of_its_owner():
    aggregates = {each.aggregate for each in CATALOG.values()}
    assert {*documents.COLLECTIONS} <= aggregates
    assert {*documents.COLLECTIONS.values()} <= {*OWNER_OF_PATH}


def test_what_is_public_is_there():
    assert [name for name in devcoop_client.__all__ if not hasattr(devcoop_client, name)] == []
    assert devcoop_client.__all__ == sorted(devcoop_client.__all__)
