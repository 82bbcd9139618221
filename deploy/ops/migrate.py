"""`devcoop ops migrate`: databases at the newest revision, and streams in the configuration of this version."""

import argparse
from pathlib import Path

from deploy.ops.output import add_json, tell, tell_json
from deploy.ops.settings import SERVICES, OpsSettings
from deploy.streams import configure
from shared.chassis.migrations import revisions, upgrade

HELP = "bring databases and streams to this version"
ROOT = Path(__file__).resolve().parents[2]


def tree_of(service: str) -> Path:
    """Return the folder of a service's migrations."""
    return (ROOT if service == "gateway" else ROOT / "services") / service / "migrations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "services", nargs="*", metavar="service", help=f"of {', '.join(SERVICES)}; all if none is named"
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if something is to be done"
    )
    parser.add_argument("--no-streams", action="store_true", help="leave the streams alone")
    add_json(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Migrate, or tell what would be migrated."""
    if unknown := set(arguments.services) - set(SERVICES):
        tell(f"There is no service {', '.join(sorted(unknown))}.")
        return 2
    settings, told = OpsSettings(), {}
    for service in arguments.services or SERVICES:
        told[service] = await _migrate(settings, service, check=arguments.check)
        if not arguments.json:
            tell(_line(service, told[service], check=arguments.check))
    if not (arguments.check or arguments.no_streams):
        async with settings.bus() as bus:
            await configure(bus)
        if not arguments.json:
            tell("Streams have the configuration of this version.")
    if arguments.json:
        tell_json(told)
    return 1 if arguments.check and any(each["from"] != each["to"] for each in told.values()) else 0


async def _migrate(settings: OpsSettings, service: str, *, check: bool) -> dict[str, str | None]:
    async with settings.database(service) as database:
        before, head = await revisions(database, tree_of(service))
        if not check:
            await upgrade(database, tree_of(service))
    return {"from": before, "to": head}


def _line(service: str, told: dict[str, str | None], *, check: bool) -> str:
    if told["from"] == told["to"]:
        return f"{service}: {told['to']}, nothing to do"
    return f"{service}: {told['from'] or 'empty'} -> {told['to']}{' is to be done' if check else ''}"
