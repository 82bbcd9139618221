"""The command that tells all settings."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from deploy.configuration_page import Row, rows
from deploy.ops.output import add_json, console, table, tell, tell_json

HELP = "tell all settings: variable, type, default, who reads it and what it means"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command can be told."""
    add_json(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Print the table, and return the exit status."""
    told = rows()
    if arguments.json:
        tell_json([asdict(row) for row in told])
    else:
        show(told, console())
    return 0


def show(told: Sequence[Row], to: Console) -> None:
    """Print a table; where nobody reads it at a terminal, a line for each setting, with tabs between."""
    cells = [(row.variable, row.type, row.default, row.read_by, row.meaning) for row in told]
    if to.is_terminal:
        made = table("Settings", ("setting", "type", "default", "read by", "meaning"), cells)
        made.columns[0].no_wrap = True
        to.print(made)
    else:
        for row in cells:
            tell("\t".join(row))
