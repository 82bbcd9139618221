"""Every command of `devcoop ops` and every setting of it is told of in docs/ops.md."""

import re
from pathlib import Path

import pytest

from deploy.ops.commands import COMMANDS
from deploy.ops.settings import OpsSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ops.md").read_text(encoding="utf-8")
ALIKE = re.compile(r"DEVCOOP_(FUNDING|MONITORING|GATEWAY)_DATABASE_PASSWORD")
"""What the page tells of by one of them, `and so on`."""


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_documented(command: str):
    assert f"devcoop ops {command}" in PAGE or f"| `{command} " in PAGE


@pytest.mark.parametrize("name", OpsSettings.model_fields)
def test_each_setting_is_described_and_documented(name: str):
    variable = f"DEVCOOP_{name}".upper()
    assert OpsSettings.model_fields[name].description
    assert ALIKE.fullmatch(variable) or f"`{variable}`" in PAGE
