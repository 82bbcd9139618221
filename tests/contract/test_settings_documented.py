"""Every setting is in the table of docs/configuration.md with its meaning, and no page tells of another."""

import argparse
import json
import re
from io import StringIO

import pytest
from pydantic import BaseModel
from rich.console import Console

from deploy.configuration_page import PAGE, READERS, rows, text
from deploy.ops import configuration
from shared.chassis.redaction import is_secret
from shared.contracts.snapshots import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OF_THE_FIELD_CLIENT = {"DEVCOOP_CLIENT_SECRET", "DEVCOOP_HOME"}
OF_COMPOSE = {
    "DEVCOOP_SECRETS",
    "DEVCOOP_PUBLISH",
    "DEVCOOP_VERSION",
    "DEVCOOP_BACKUPS",
    "DEVCOOP_INNER_SUBNET",
}
_VARIABLE = re.compile(r"DEVCOOP_[A-Z][A-Z_]*[A-Z]")


def _documented() -> set[str]:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    return set(
        re.findall(r"^\| `(DEVCOOP_[A-Z_]+)` \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    )


@pytest.mark.parametrize("kind", READERS.values(), ids=READERS)
def test_each_setting_of_a_service_is_documented(kind: type[BaseModel]):
    assert {f"DEVCOOP_{name}".upper() for name in kind.model_fields} - _documented() == set()


def test_each_setting_has_a_meaning_in_a_sentence():
    assert [row.variable for row in rows() if not re.fullmatch(r"[a-zA-Z].+[.\w)']", row.meaning)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_tells_of_a_setting_that_nobody_reads(page):
    told = set(_VARIABLE.findall(page.read_text(encoding="utf-8")))
    assert told - {row.variable for row in rows()} - OF_THE_FIELD_CLIENT - OF_COMPOSE == set()


def test_what_is_named_as_a_secret_is_one():
    public = {
        "DEVCOOP_DATABASE_URL",
        "DEVCOOP_NATS_URL",
        *(row.variable for row in rows() if "DATABASE_URL" in row.variable),
    }
    named = {row.variable for row in rows() if is_secret(row.variable) and row.type.split(",")[0] != "path"}
    counted = {"DEVCOOP_TOKEN_SECONDS", "DEVCOOP_TOKEN_RATE_LIMIT", "DEVCOOP_SEED_RATES"}
    assert {row.variable for row in rows() if row.secret} - public == named - counted
    assert "secret text" in next(row.type for row in rows() if row.variable == "DEVCOOP_CURSOR_KEY")


def test_a_setting_that_differs_by_its_reader_tells_both():
    pool = next(row for row in rows() if row.variable == "DEVCOOP_DATABASE_POOL")
    assert "monitoring: integer, 6 or more" in pool.type
    assert text().count("`DEVCOOP_DATABASE_POOL`") == 1


@pytest.mark.parametrize("as_json", [True, False])
async def test_the_command_prints_every_setting(as_json, capsys):
    parser = argparse.ArgumentParser()
    configuration.add_arguments(parser)
    assert await configuration.run(parser.parse_args(["--json"] if as_json else [])) == 0
    printed = capsys.readouterr().out
    if as_json:
        assert [each["variable"] for each in json.loads(printed)] == [row.variable for row in rows()]
    assert [row.variable for row in rows() if row.variable not in printed] == []


def test_the_command_prints_a_table_at_a_terminal():
    seen = Console(file=StringIO(), width=900, force_terminal=True, color_system=None, markup=False)
    configuration.show(rows(), seen)
    printed = seen.file.getvalue()
    assert [row.variable for row in rows() if f"│ {row.variable} " not in printed] == []
    assert "[built-in issuer](access.md#the-built-in-issuer)" in printed
