"""`devcoop ops migrate`: databases at the newest revision, and streams in the configuration of this version."""

import argparse
from pathlib import Path

from deploy.ops.output import add_json, tell, tell_json
from deploy.ops.settings import SERVICES, OpsSettings
from deploy.ops.streams import changes_of
from deploy.streams import configure
from shared.chassis.migrations import revisions, upgrade
from shared.contracts.catalog import OWNERS

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
    streams = {} if arguments.no_streams else await _configure(settings, check=arguments.check)
    if arguments.json:
        tell_json({"databases": told, "streams": streams})
    else:
        for owner, changes in streams.items():
            tell(_stream_line(owner, changes, check=arguments.check))
    is_to_do = any(each["from"] != each["to"] for each in told.values()) or any(streams.values())
    return 1 if arguments.check and is_to_do else 0


async def _migrate(settings: OpsSettings, service: str, *, check: bool) -> dict[str, str | None]:
    async with settings.database(service) as database:
        before, head = await revisions(database, tree_of(service))
        if not check:
            await upgrade(database, tree_of(service))
    return {"from": before, "to": head}


async def _configure(settings: OpsSettings, *, check: bool) -> dict[str, list[str]]:
    """Return what of each owner's stream is another than in this version, and change it unless it is only asked for."""
    async with settings.bus() as bus:
        changes = {owner: await changes_of(bus, owner, settings.stream_replicas) for owner in OWNERS}
        if not check:
            await configure(bus)
    return changes


def _stream_line(owner: str, changes: list[str], *, check: bool) -> str:
    if not changes:
        return f"stream of {owner}: nothing to do"
    return f"stream of {owner}: {', '.join(changes)} {'is to be done' if check else 'is done'}"


def _line(service: str, told: dict[str, str | None], *, check: bool) -> str:
    if told["from"] == told["to"]:
        return f"{service}: {told['to']}, nothing to do"
    return f"{service}: {told['from'] or 'empty'} -> {told['to']}{' is to be done' if check else ''}"
