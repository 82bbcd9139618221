"""`devcoop ops rebuild`: the read model built anew beside the one that answers, which it then takes over from."""

import argparse

from deploy.ops.output import tell
from deploy.ops.settings import OpsSettings
from gateway.projection.rebuild import PATIENCE_SECONDS, rebuild

HELP = "build the read model anew while the present one answers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--seconds", type=float, default=PATIENCE_SECONDS, help="how long to wait for it (%(default)s)"
    )


async def run(arguments: argparse.Namespace) -> int:
    """Ask for a new generation and wait until it answers; 1 if it does not in time, though a projector goes on."""
    async with OpsSettings().database("gateway") as database:
        done, outcome = await rebuild(database, seconds=arguments.seconds)
    tell(outcome)
    return 0 if done else 1
