"""Rules of the house that no linter knows."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

from gateway.settings import Settings as Gateway
from services.funding.settings import Settings as Funding
from services.monitoring.settings import Settings as Monitoring
from services.projects.settings import Settings as Projects
from shared import VERSION
from shared.contracts.snapshots import ROOT

PRODUCT = ("shared", "services", "gateway", "deploy")
TEST_KIT = "shared/testing/"
HTTP = "shared/chassis/http.py"
MOST_LINES = 400
DRAWERS = {"utils.py", "helpers.py", "common.py"}


def product_files():
    return [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]


def named(path):
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0]


def swallows(handler):
    broad = handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"}
    return broad and all(isinstance(step, ast.Pass) for step in handler.body)


def test_one_module_knows_the_http_library():
    found = {named(path) for path in product_files() if "httpx" in set(imported(path))}
    assert {path for path in found if not path.startswith(TEST_KIT)} == {HTTP}


@pytest.mark.parametrize("path", product_files(), ids=named)
def test_a_file_keeps_the_rules(path):
    nodes = list(ast.walk(tree(path)))
    assert path.name not in DRAWERS
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    prints = [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not prints, f"print in line {prints}"
    swallowed = [node.lineno for node in nodes if isinstance(node, ast.ExceptHandler) and swallows(node)]
    assert not swallowed, f"an exception is swallowed in line {swallowed}"


@pytest.mark.parametrize("path", product_files(), ids=named)
def test_functions_import_nothing(path):
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        inner = [each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)]
        assert not inner, f"{node.name} imports"


@pytest.mark.parametrize("settings", [Projects, Funding, Monitoring, Gateway])
def test_every_setting_is_described(settings):
    assert [name for name, field in settings.model_fields.items() if not field.description] == []


def test_the_files_of_the_product_are_found():
    assert Path(ROOT / HTTP) in product_files()


def test_the_product_knows_its_version():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert told["project"]["version"] == VERSION
