"""The pages of the documentation: their links lead somewhere, and every stable code of the product is explained."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE_PAGES = (ROOT / "docs" / "field-offices.md", ROOT / "docs" / "imports.md")
SOURCES = [
    *sorted(
        path for part in ("shared/chassis", "services", "gateway") for path in (ROOT / part).rglob("*.py")
    ),
    *(ROOT / "shared" / "figures" / name for name in ("money.py", "shares.py", "triangular.py")),
]

REFUSALS = {"refuse": 0, "notice": 0, "FileRefused": 0, "Problem": 0, "Finding": 0, "GateClosed": 0}
"""Calls that take a code, and at which place."""
HTTP_CODES = {"method-not-allowed"}
"""Codes that are made of the phrase of an HTTP status, and stand nowhere in the source."""

POINTERS = re.compile(r"^/.*")
_SLUG = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TABLE = re.compile(r"^\| code \|.*\n(?:\|.*\n)+", re.MULTILINE)
_ROW = re.compile(r"^\| `([a-z][a-z0-9-]*)` \|", re.MULTILINE)


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(_prose(page))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_relative_link_leads_somewhere(page: Path):
    broken = []
    for link in _LINK.findall(_prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def _constants(node: ast.AST) -> Iterator[str]:
    """Yield the texts that an expression may be, if they look like a code."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SLUG.fullmatch(node.value):
        yield node.value
    elif not isinstance(node, ast.Subscript):
        for child in ast.iter_child_nodes(node):
            yield from _constants(child)


def _codes_of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = REFUSALS.get(name)
    if place is not None and place < len(call.args):
        yield from _constants(call.args[place])
    if name == "PydanticCustomError" and isinstance(call.args[0], ast.Constant):
        yield str(call.args[0].value).replace("_", "-")
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from _constants(keyword.value)


def _codes_of_assignment(assignment: ast.Assign) -> Iterator[str]:
    names = {
        each.id for target in assignment.targets for each in ast.walk(target) if isinstance(each, ast.Name)
    }
    if names & {"code", "default_code"}:
        yield from _constants(assignment.value)


def _codes_of_fault(fault: ast.Tuple) -> Iterator[str]:
    """Yield the code of a rule's fault, which is written (pointer, code, detail)."""
    if len(fault.elts) != 3:
        return
    first = fault.elts[0]
    is_pointer = isinstance(first, ast.Constant) and first.value in ("", *POINTERS.findall(str(first.value)))
    is_named = isinstance(first, ast.Name) and first.id in ("at", "pointer")
    if is_pointer or is_named or isinstance(first, ast.JoinedStr):
        yield from _constants(fault.elts[1])


def _codes_in(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from _codes_of_call(node)
        elif isinstance(node, ast.Assign):
            yield from _codes_of_assignment(node)
        elif isinstance(node, ast.Tuple):
            yield from _codes_of_fault(node)


def _used() -> set[str]:
    return {code for source in SOURCES for code in _codes_in(source)} | HTTP_CODES


def _documented() -> set[str]:
    """Return the codes of all tables whose first column is headed ``code``."""
    tables = (table for page in CODE_PAGES for table in _TABLE.findall(page.read_text(encoding="utf-8")))
    return {code for table in tables for code in _ROW.findall(table)}


def test_each_code_of_a_refusal_or_notice_is_documented():
    assert sorted(_used() - _documented()) == []


def test_no_code_is_documented_that_nothing_uses():
    assert sorted(_documented() - _used()) == []
