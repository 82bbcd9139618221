"""The commands of `devcoop ops`, each a module of this package that is imported when it is run.

A module has ``HELP``, ``add_arguments(parser)`` and ``async run(arguments)``, which returns the exit status: 0 all is
well, 1 it is not, or the command could not do it, 2 it was asked in a wrong way.
"""

import argparse
import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, cast

from pydantic import ValidationError

from deploy.ops.failures import EXPECTED, Failed, in_words
from shared.chassis.telemetry import configure_logging

COMMANDS = (
    "status",
    "doctor",
    "configuration",
    "secrets",
    "migrate",
    "rebuild",
    "replay",
    "streams",
    "dead-letters",
    "backup",
    "restore",
    "audit",
    "client",
    "rotate",
)


class Command(Protocol):
    """What a module of a command has."""

    HELP: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Awaitable[int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="devcoop ops", description="Look after the system (docs/ops.md).")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name in [told[0]] if told and told[0] in COMMANDS else COMMANDS:
        command = module_of(name)
        command.add_arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    given = parser.parse_args(told)
    configure_logging("ops", "warning")
    try:
        return asyncio.run(_run(module_of(given.command), given))
    except Failed as failed:
        sys.stderr.write(f"{failed}\n")
    except ValidationError as error:
        sys.stderr.write(f"The settings are wrong: {error}\n")
    except EXPECTED as error:
        sys.stderr.write(f"{in_words(error)}\n")
    return 1


async def _run(command: Command, given: argparse.Namespace) -> int:
    return await command.run(given)


def module_of(name: str) -> Command:
    """Return the module of a command."""
    return cast("Command", importlib.import_module(f"deploy.ops.{name.replace('-', '_')}"))
