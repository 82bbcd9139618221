"""Every code that the doctor finds something under is in the table of docs/operations.md, with the levels that it has."""

import ast
import re
from collections import defaultdict

from shared.contracts.snapshots import ROOT

SOURCES = [*ROOT.glob("deploy/doctor/*.py"), ROOT / "deploy" / "ops" / "doctor.py"]
LEVELS = ("ok", "warning", "fault")


def _told() -> dict[str, set[str]]:
    """Return the levels of each code, by the calls that make findings."""
    found = defaultdict(set)
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LEVELS:
                found[ast.literal_eval(node.args[0])].add(node.func.id)
    return found


def _documented() -> list[tuple[str, set[str]]]:
    chapter = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("| code | level |")[2]
    rows = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \| [^|]+ \|$", chapter.partition("\n\n")[0], re.MULTILINE)
    return [
        (code, set(level.split(", "))) for codes, level in rows for code in re.findall(r"`([^`]+)`", codes)
    ]


def test_each_code_that_needs_attention_is_told_once_with_its_levels():
    documented = _documented()
    assert len(dict(documented)) == len(documented)
    wrong = {code: levels - {"ok"} for code, levels in _told().items() if levels != {"ok"}}
    assert dict(documented) == wrong


def test_each_code_of_what_is_as_it_should_be_is_told():
    only_ok = {code for code, levels in _told().items() if levels == {"ok"}}
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    sentence = re.search(r"^What is as it should be .+$", page, re.MULTILINE).group()
    assert only_ok == set(re.findall(r"`([^`]+)`", sentence)) - {"ok"}
