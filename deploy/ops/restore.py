"""`devcoop ops restore`: the databases as a backup has them, and streams made anew, so that all figures are as they were.

The processes are to be stopped. Every file is checked before anything is touched, and afterwards the audit of each service,
up to the head that the backup tells. Once the processes are started, the relays fill the streams, and the read model is
built from those.

One service may be restored alone, where it alone lost its database. Its owner then knows less than what others took of it:
their copies follow the new stream, and the read model is to be built anew.
"""

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text

from deploy.ops.alone import require_alone
from deploy.ops.failures import Failed
from deploy.ops.manifests import Manifest
from deploy.ops.migrate import tree_of
from deploy.ops.output import tell
from deploy.ops.programs import environment_of, program, run_program
from deploy.ops.settings import SERVICES, OpsSettings
from deploy.ops.streams import make_anew
from shared.chassis.audit.chain import Head
from shared.chassis.audit.verification import LATE_SECONDS, verify
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade
from shared.contracts.catalog import OWNERS

GATEWAY = "gateway"
HELP = "restore the databases of a backup, and make the streams anew"

_HOLDS = text(
    "SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema')"
)
_EMPTY = text("DROP OWNED BY CURRENT_USER CASCADE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", type=Path, help="of the backup")
    parser.add_argument(
        "--service",
        dest="services",
        action="append",
        choices=SERVICES,
        help="whose database to restore, with its stream; may be repeated; all if none is named",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace databases that hold something, for good"
    )


async def run(arguments: argparse.Namespace) -> int:
    """Restore, and return 1 if the audit of a service does not hold afterwards."""
    settings, folder = OpsSettings(), arguments.folder
    manifest = Manifest.read(folder)
    services = [each for each in SERVICES if each in (arguments.services or SERVICES)]
    owners = [each for each in OWNERS if each in services]
    _require_known(manifest, services)
    await asyncio.to_thread(manifest.require_whole, folder, services)
    program(settings, "pg_restore")
    await _require_free(settings, services, force=arguments.force)
    if owners:
        async with settings.bus() as bus:
            await bus.connect()
    for service in services:
        await _restore(settings, service, folder / manifest.databases[service].file)
        tell(f"{service}: restored")
    for owner in owners:
        count = await _make_anew(settings, owner)
        tell(f"{owner}: its stream is empty; {count} events are to be published")
    good = all([await audit_holds(settings, service, manifest) for service in services])
    tell("Start the processes: the relays fill the streams, and the read model is built from those.")
    if owners and GATEWAY not in services:
        tell("Once `devcoop ops status` tells that no outbox waits, run `devcoop ops rebuild`.")
    return 0 if good else 1


async def _make_anew(settings: OpsSettings, owner: str) -> int:
    async with settings.bus() as bus, settings.database(owner, pool=2) as database:
        return await make_anew(bus, database, owner)


def _require_known(manifest: Manifest, services: Sequence[str]) -> None:
    """Check that every database is there, in a revision that this version has or comes after.

    Raises:
        Failed: one is not.

    """
    if missing := set(services) - manifest.databases.keys():
        raise Failed(f"The backup has no database of {', '.join(sorted(missing))}.")
    for service in services:
        revision = manifest.databases[service].revision
        known = {each.revision for each in ScriptDirectory(str(tree_of(service))).walk_revisions()}
        if revision not in known:
            raise Failed(
                f"The backup of {service} has revision {revision}, which this version does not know."
            )


async def _require_free(settings: OpsSettings, services: Sequence[str], *, force: bool) -> None:
    """Check that nobody works with the databases, and that they are empty or may be replaced.

    Raises:
        Failed: not so.

    """
    for service in services:
        async with settings.database(service) as database, database.engine.connect() as connection:
            await require_alone(connection, service)
            if await connection.scalar(_HOLDS) and not force:
                raise Failed(
                    f"The database of {service} is not empty; --force replaces what it holds, for good."
                )


async def _restore(settings: OpsSettings, service: str, path: Path) -> None:
    async with settings.database(service) as database:
        await _make_empty(database)
        name = environment_of(settings, service)["PGDATABASE"]
        arguments: Iterable[str | Path] = (
            *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"),
            *(f"--dbname={name}", path),
        )
        await run_program(settings, "pg_restore", service, [*arguments])
        await upgrade(database, tree_of(service))


async def _make_empty(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(_EMPTY)


async def audit_holds(settings: OpsSettings, service: str, manifest: Manifest) -> bool:
    """Tell whether the audit of a service that was restored holds.

    What waited to be linked when the backup was begun waits still.
    """
    told = manifest.databases[service].audit_head
    since = datetime.now(UTC) - manifest.begun_at
    async with settings.database(service) as database:
        known = None if told is None else Head.parsed(told)
        verdict = await verify(
            database, service, known=known, late_seconds=since.total_seconds() + LATE_SECONDS
        )
    if verdict.flaw is None:
        tell(f"{service}: the audit holds up to {verdict.head}")
    else:
        tell(f"{service}: the audit DOES NOT HOLD: {verdict.flaw.kind}, {verdict.flaw.detail}")
    return verdict.holds
