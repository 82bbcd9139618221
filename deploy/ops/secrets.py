"""The command that makes the secrets of an installation."""

import argparse
import sys
from pathlib import Path

from deploy.ops.output import add_json, tell, tell_json
from deploy.secret_folder import ACCOUNTS, HalfThere, fill, strangers

HELP = "make the secrets of an installation that are missing; those that are there stay as they are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command can be told."""
    parser.add_argument("folder", type=Path, help="the folder of secrets, one in a file")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="a name of the certificate beside localhost; may be repeated",
    )
    add_json(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Make what is missing, print the names of it and no value, and return the exit status."""
    try:
        made = fill(arguments.folder, arguments.name)
    except HalfThere as error:
        sys.stderr.write(f"{error}\n")
        return 1
    unknown = strangers(arguments.folder)
    if arguments.json:
        tell_json({"made": made, "unknown_to_nats": unknown})
        return 1 if unknown else 0
    for name in made:
        tell(f"made: {name}")
    if not made:
        tell("nothing was missing")
    if unknown:
        tell(f"{ACCOUNTS} does not have the key of {', '.join(unknown)}: remove it, and run this again.")
    return 1 if unknown else 0
