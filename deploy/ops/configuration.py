"""The command that tells all settings."""

import argparse
import sys
from dataclasses import asdict

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.configuration_page import rows

HELP = "tell all settings: variable, type, default, who reads it and what it means"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command can be told."""
    parser.add_argument("--json", action="store_true", help="print JSON")


async def run(arguments: argparse.Namespace) -> int:
    """Print the table, and return the exit status."""
    told = rows()
    if arguments.json:
        sys.stdout.write(to_json([asdict(row) for row in told], indent=2).decode() + "\n")
        return 0
    table = Table("setting", "type", "default", "read by", "meaning")
    table.columns[0].no_wrap = True
    for row in told:
        table.add_row(
            *(Text(each) for each in (row.variable, row.type, row.default, row.read_by, row.meaning))
        )
    Console().print(table)
    return 0
