"""The command that says what is wrong with an installation, and how to mend it."""

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.configuration_page import SERVICES
from deploy.doctor import access, broker, databases, folders, processes
from deploy.doctor.findings import Finding, Level, fault, outcome, unseen, warning, within
from deploy.doctor.pools import Pools
from deploy.ops.migrate import tree_of
from deploy.ops.output import add_json, console, tell, tell_json
from deploy.ops.settings import OpsSettings
from shared.chassis.identity.issuers import TrustedIssuer
from shared.chassis.loading import examine as examine_settings
from shared.chassis.sources import Configuration

HELP = "say what is wrong with the installation, and how to mend it"
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "red"}


class Common(Configuration):
    """What services have in common, as far as this environment tells it."""

    database_url: SecretStr | None = None
    database_pool: int | None = None
    issuers: tuple[TrustedIssuer, ...] | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command can be told."""
    add_json(parser)
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
        tell_json([asdict(each) for each in found])
    else:
        show(found, console())
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
        checks.extend(_checks(settings, common, await _replicas(settings.parts), secrets))
    if secrets is not None:
        checks.append(within(folders.PART, asyncio.to_thread(folders.secrets, secrets)))
    checks.extend(within(f"disk of {disk}", asyncio.to_thread(folders.disk, disk)) for disk in disks)
    told = await asyncio.gather(*checks)
    return [*found, *(finding for findings in told for finding in findings)]


async def _replicas(parts: Mapping[str, str]) -> list[processes.Process]:
    """Return every process that is to be asked; where a host is not known, that is found when it is."""
    told = await asyncio.gather(
        *(outcome(name, processes.replicas(name, address)) for name, address in parts.items())
    )
    found: list[processes.Process] = []
    for (name, address), replicas in zip(parts.items(), told, strict=True):
        found.extend([processes.Process(name, address)] if isinstance(replicas, Finding) else replicas)
    return found


def _checks(
    settings: OpsSettings, common: Common, asked: Sequence[processes.Process], secrets: Path | None
) -> Iterator[Awaitable[Sequence[Finding]]]:
    """Yield a check for each part that the settings tell of."""
    pools = Pools(Counter(process.name for process in asked), common.database_pool)
    yield _databases(list(_targets(settings)), pools)
    if (
        settings.nats_url is not None
        and settings.nats_seed is not None
        and not _is_of_service(settings, common)
    ):
        url = settings.nats_url.get_secret_value()
        seed = settings.nats_seed.get_secret_value()
        yield within(broker.PART, broker.examine(url, seed, settings.stream_replicas))
        if secrets is not None:
            yield within("NATS users", broker.permissions(url, secrets))
    for process in asked:
        yield within(process.part, processes.examine(process))
    for issuer in common.issuers or ():
        yield within(f"issuer {issuer.issuer}", access.issuer(issuer))


def _is_of_service(settings: OpsSettings, common: Common) -> bool:
    """Whether the environment is that of a service, which knows its own database, and whose seed is not the operator's."""
    return common.database_url is not None and not list(_targets(settings))


def _unseen(settings: OpsSettings, common: Common) -> Iterator[Finding]:
    """Yield which parts are not told of."""
    if common.issuers is None:
        yield unseen("issuers", "DEVCOOP_ISSUERS")
    if _is_of_service(settings, common):
        what = "this is the environment of a service, so that databases and NATS were not looked at."
        mend = "run it in the environment of `devcoop ops` too."
        yield warning("not-looked-at", "installation", what, mend)
        return
    for service in SERVICES:
        if getattr(settings, f"{service}_database_url") is None:
            yield unseen(f"database {service}", f"DEVCOOP_{service.upper()}_DATABASE_URL")
    for name in ("nats_url", "nats_seed"):
        if getattr(settings, name) is None:
            yield unseen(broker.PART, f"DEVCOOP_{name.upper()}")
    if not settings.parts:
        yield unseen("processes", "DEVCOOP_PARTS")


def _targets(settings: OpsSettings) -> Iterator[databases.Target]:
    for service in SERVICES:
        url: SecretStr | None = getattr(settings, f"{service}_database_url")
        if url is not None:
            yield databases.Target(
                service, url, getattr(settings, f"{service}_database_password"), tree_of(service)
            )


async def _databases(targets: Sequence[databases.Target], pools: Pools) -> Sequence[Finding]:
    """Look at all databases, and once at each of their servers: its standbys, and whether it takes all connections."""
    examined = await asyncio.gather(*map(_database, targets))
    found = [finding for each in examined for finding in each.findings]
    users: dict[str, list[str]] = defaultdict(list)
    servers: dict[str, databases.Examined] = {}
    for target, each in zip(targets, examined, strict=True):
        if each.server is not None:
            users[each.server].append(target.service)
            if each.connections is not None:
                servers[each.server] = each
    for server, each in servers.items():
        needed = sum(pools.connections(service) for service in users[server])
        counted = pools.told(users[server])
        found.append(databases.connections(server, each.connections or 0, needed, counted))
        found.extend(each.standbys)
    return found


async def _database(target: databases.Target) -> databases.Examined:
    examined = await outcome(target.part, databases.examine(target))
    return databases.Examined([examined]) if isinstance(examined, Finding) else examined


def show(found: Sequence[Finding], to: Console) -> None:
    """Print a table; where nobody reads it at a terminal, a line for each finding, with tabs between."""
    if to.is_terminal:
        to.print(_table(found))
    else:
        for each in found:
            tell(f"{each.level}\t{each.code}\t{each.part}\t{each.what}\t{each.mend}")
    counted = {level: sum(each.level is level for each in found) for level in Level}
    tell(", ".join(f"{count} {level}" for level, count in counted.items()))


def _table(found: Sequence[Finding]) -> Table:
    made = Table("", "code", "part", "what", "how to mend it")
    for each in found:
        texts = (each.code, each.part, each.what, each.mend)
        made.add_row(Text(each.level, COLOURS[each.level]), *map(Text, texts))
    return made
