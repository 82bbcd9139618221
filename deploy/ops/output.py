"""What the commands of ops print: tables for people, JSON for programs."""

import argparse
import sys
from collections.abc import Iterable, Sequence

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 120
"""Columns of what is not written to a terminal."""


def console() -> Console:
    """Return where people read; what is told is never taken for markup."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(width=width, markup=False, highlight=False, soft_wrap=not sys.stdout.isatty())


def tell(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    """Write a line of what went wrong, apart from what was asked for."""
    sys.stderr.write(f"{text}\n")


def tell_json(told: object) -> None:
    """Write a JSON document."""
    tell(to_json(told, indent=2).decode())


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; None is shown as a dash."""
    made = Table(*columns, title=title, title_justify="left")
    for row in rows:
        made.add_row(*("-" if value is None else str(value) for value in row))
    return made


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option of JSON."""
    parser.add_argument("--json", action="store_true", help="print JSON")
