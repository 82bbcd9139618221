"""The command that says what is wrong with an installation, and how to mend it."""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.configuration_page import SERVICES
from deploy.doctor import access, broker, databases, folders, processes
from deploy.doctor.findings import Finding, Level, fault, outcome, unseen, within
from deploy.ops.settings import OpsSettings
from gateway.main import SERVICE as GATEWAY
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.loading import examine as examine_settings
from shared.chassis.settings import ServiceSettings
from shared.chassis.sources import Configuration

HELP = "say what is wrong with the installation, and how to mend it"
MIGRATIONS = {each.name: each.migrations for each in (PROJECTS, FUNDING, MONITORING, GATEWAY)}
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}
GATEWAY_POOLS = 3
"""Pools of a process of the gateway: its own, that of the read model, and that of a generation that is built."""
APART = 2
"""Connections of a process beside its pools, such as those of the router and the sender of webhooks."""


class Common(Configuration):
    """What services have in common, as far as this environment tells it."""

    database_pool: int = ServiceSettings.model_fields["database_pool"].default
    issuers: tuple[TrustedIssuer, ...] | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command can be told."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        choices=list(SERVICES),
        help="look at the settings that this environment gives to a service; may be repeated",
    )
    parser.add_argument("--secrets", type=Path, help="the folder of secrets on the host")
    parser.add_argument("--disk", type=Path, action="append", default=[], help="a folder that data are in")


async def run(arguments: argparse.Namespace) -> int:
    """Look at everything that is told, print what was found, and return the exit status: 1 if there is a fault."""
    found = await diagnose(arguments.service, arguments.secrets, arguments.disk)
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    else:
        _print(found)
    return 1 if any(each.level is Level.FAULT for each in found) else 0


async def diagnose(
    services: Sequence[str] = (), secrets: Path | None = None, disks: Sequence[Path] = ()
) -> list[Finding]:
    """Return what is found of all parts that the environment tells of."""
    (settings, wrong), (common, also) = examine_settings(OpsSettings), examine_settings(Common)
    part = "settings of ops"
    found = [fault("setting", part, f"{each.variable}: {each.what}", each.mend) for each in (*wrong, *also)]
    checks: list[Awaitable[Sequence[Finding]]] = [
        within(f"settings {name}", access.settings(name)) for name in services
    ]
    if settings is not None and common is not None:
        found.extend(_unseen(settings, common))
        checks.extend(_checks(settings, common, secrets))
    if secrets is not None:
        checks.append(within(folders.PART, asyncio.to_thread(folders.secrets, secrets)))
    checks.extend(within(f"disk of {disk}", asyncio.to_thread(folders.disk, disk)) for disk in disks)
    told = await asyncio.gather(*checks)
    return [*found, *(finding for findings in told for finding in findings)]


def _checks(
    settings: OpsSettings, common: Common, secrets: Path | None
) -> Iterator[Awaitable[Sequence[Finding]]]:
    """Yield a check for each part that the settings tell of."""
    yield _databases(list(_targets(settings)), settings.parts, common.database_pool)
    if settings.nats_url is not None and settings.nats_seed is not None:
        url = settings.nats_url.get_secret_value()
        seed = settings.nats_seed.get_secret_value()
        yield within(broker.PART, broker.examine(url, seed, settings.stream_replicas))
        if secrets is not None:
            yield within("NATS users", broker.permissions(url, secrets))
    for name, address in settings.parts.items():
        yield within(f"process {name}", processes.examine(name, address))
    for issuer in common.issuers or ():
        yield within(f"issuer {issuer.issuer}", access.issuer(issuer))


def _unseen(settings: OpsSettings, common: Common) -> Iterator[Finding]:
    """Yield which parts are not told of."""
    for service in SERVICES:
        if getattr(settings, f"{service}_database_url") is None:
            yield unseen(f"database {service}", f"DEVCOOP_{service.upper()}_DATABASE_URL")
    for name in ("nats_url", "nats_seed"):
        if getattr(settings, name) is None:
            yield unseen(broker.PART, f"DEVCOOP_{name.upper()}")
    if not settings.parts:
        yield unseen("processes", "DEVCOOP_PARTS")
    if common.issuers is None:
        yield unseen("issuers", "DEVCOOP_ISSUERS")


def _targets(settings: OpsSettings) -> Iterator[databases.Target]:
    for service, migrations in MIGRATIONS.items():
        url: SecretStr | None = getattr(settings, f"{service}_database_url")
        if url is not None:
            yield databases.Target(
                service, url, getattr(settings, f"{service}_database_password"), migrations
            )


async def _databases(
    targets: Sequence[databases.Target], parts: Mapping[str, str], pool: int
) -> Sequence[Finding]:
    """Look at all databases, and whether their servers take the connections of all processes."""
    found: list[Finding] = []
    most: dict[str, int] = {}
    needed: dict[str, int] = defaultdict(int)
    for target, examined in zip(targets, await asyncio.gather(*map(_database, targets)), strict=True):
        found.extend(examined.findings)
        if examined.server is None:
            continue
        needed[examined.server] += sum(
            _connections(name, pool) for name in parts if _service_of(name) == target.service
        )
        if examined.connections is not None:
            most[examined.server] = examined.connections
    return [*found, *(databases.connections(server, most[server], needed[server]) for server in most)]


async def _database(target: databases.Target) -> databases.Examined:
    examined = await outcome(target.part, databases.examine(target))
    return databases.Examined([examined]) if isinstance(examined, Finding) else examined


def _service_of(process: str) -> str:
    """Return the service that a process is of, by its name, as in ``funding-2``; the gateway's have many names."""
    return next((name for name in SERVICES if process.startswith(name)), "gateway")


def _connections(process: str, pool: int) -> int:
    """Return the most connections that a process opens."""
    return pool * (GATEWAY_POOLS if _service_of(process) == "gateway" else 1) + APART


def _print(found: Sequence[Finding]) -> None:
    table = Table("", "part", "what", "how to mend it")
    for each in found:
        colour = COLOURS[each.level]
        table.add_row(Text(each.level, colour), Text(each.part), Text(each.what), Text(each.mend))
    console = Console()
    console.print(table)
    counted = {level: sum(each.level is level for each in found) for level in Level}
    console.print(", ".join(f"{count} {level}" for level, count in counted.items()))
