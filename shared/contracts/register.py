"""The register of personal data: a table of every member that may hold it, kept in ``docs/personal-data.md``.

``python -m shared.contracts.register`` writes the table anew; with ``--check`` it writes nothing, and exits with 1 if
it is out of date.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.contracts.catalog import ALL
from shared.contracts.events import Header
from shared.contracts.personal import Personal, personal_members
from shared.contracts.snapshots import ROOT

PAGE = "docs/personal-data.md"
COMMAND = "python -m shared.contracts.register"
BEGIN, END = "<!-- register -->\n", "<!-- end of the register -->\n"

_HEAD = "| kept by | of | member | kind | whose | what for |\n|---|---|---|---|---|---|\n"


def table() -> str:
    """Return the table in Markdown: the members of documents by owner and noun, and those of every event."""
    return _HEAD + "".join(_rows())


def page(text: str) -> str:
    """Return the text of the page with the table as it is now.

    Raises:
        ValueError: the page has no place for it.

    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no place for the register")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write the register of personal data.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it is out of date")
    check = parser.parse_args(arguments).check
    path = root / PAGE
    text = path.read_text(encoding="utf-8")
    if page(text) == text:
        return 0
    if not check:
        path.write_text(page(text), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{'differs' if check else 'written'}: {PAGE}\n")
    return 1 if check else 0


def _rows() -> Iterator[str]:
    for path, marker in personal_members(Header):
        yield _row("every owner", "events", path, marker)
    for facts in ALL:
        event = facts.created
        for path, marker in personal_members(event.data):
            yield _row(event.owner, event.aggregate, path, marker)


def _row(owner: str, noun: str, path: str, marker: Personal) -> str:
    return f"| {owner} | {noun} | `{path}` | {marker.kind} | {marker.whose} | {marker.purpose} |\n"


if __name__ == "__main__":
    sys.exit(main())
