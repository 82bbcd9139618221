"""Every command of `devcoop ops` that a page tells is one that there is, with all that it has to be told."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from deploy.ops.commands import COMMANDS, module_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (DOCS / "ops.md", *sorted((DOCS / "runbooks").glob("*.md")))
TOLD = re.compile(r"(?:^|`)devcoop ops ([^`#\n]+)", re.MULTILINE)
EXAMPLES = {
    "FOLDER": "backups",
    "NAME": "projects",
    "SERVICE": "projects",
    "USER": "funding",
    "ID": "0192",
    "COMMAND": "status",
    "<owner>": "projects",
    "<time>": "2026-03-01T00:00:00Z",
}
"""What stands for a word of the reader's own."""


def told_by(page: Path) -> list[str]:
    """Return the commands of a page that are told with their words, not named alone."""
    found = {command.strip() for command in TOLD.findall(page.read_text(encoding="utf-8"))}
    return sorted(command for command in found if command not in COMMANDS and "..." not in command)


def parse(command: str) -> None:
    """Take a command as `devcoop ops` does, without running it."""
    words = [EXAMPLES.get(word, word) for word in shlex.split(command)]
    assert words[0] in COMMANDS, command
    parser = argparse.ArgumentParser(command)
    module_of(words[0]).add_arguments(parser)
    if "--help" not in words:
        parser.parse_args(words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_command_that_a_page_tells_is_one(page):
    for command in told_by(page):
        parse(command)


def test_commands_are_found_and_wrong_ones_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "`devcoop ops dead-letters`\n\n```sh\ndevcoop ops streams restore  # now\n```\n`devcoop ops status`\n"
    )
    (command,) = told_by(page)
    assert command == "streams restore"
    with pytest.raises(SystemExit):
        parse(command)
