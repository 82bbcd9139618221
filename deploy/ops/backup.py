"""`devcoop ops backup`: the databases of all services in one folder, while they go on.

Whoever keeps something of others is dumped before them, so that nobody knows of a version that its owner does not have:
the gateway, monitoring, funding, projects. The read model is left out, since it is made of the owners' events; so are the
streams, which are made anew of the outboxes.
"""

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from deploy.ops.failures import Failed
from deploy.ops.manifests import FORMAT, Dump, Manifest, digest_of
from deploy.ops.migrate import tree_of
from deploy.ops.output import add_json, tell, tell_json
from deploy.ops.programs import run_program, version_of
from deploy.ops.settings import OpsSettings
from shared.chassis.migrations import revisions

HELP = "write the databases of all services into a folder"
ORDER = ("gateway", "monitoring", "funding", "projects")
LEFT_OUT = (
    "--exclude-schema=read_*",
    "--exclude-schema=past_*",
    "--exclude-table-data=public.generation",
    "--exclude-table-data=public.past_moment",
)
"""The read model, and what tells that there is one."""

_HEAD = text("SELECT seq || ':' || encode(hash, 'hex') FROM audit_link ORDER BY seq DESC LIMIT 1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", type=Path, help="where to write it; made, or empty")
    add_json(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Back up, and tell what was written."""
    manifest = await back_up(OpsSettings(), arguments.folder)
    if arguments.json:
        tell_json(manifest)
        return 0
    for service, dump in manifest.databases.items():
        tell(f"{service}: {dump.file}, {dump.bytes} bytes, revision {dump.revision}")
    tell(f"The backup is in {arguments.folder}.")
    return 0


async def back_up(settings: OpsSettings, folder: Path) -> Manifest:
    """Write a backup into a folder, with its manifest.

    Raises:
        Failed: the folder is not empty, or a database cannot be dumped.

    """
    _make(folder)
    begun = datetime.now(UTC)
    dumps = {service: await _dump(settings, service, folder) for service in ORDER}
    manifest = Manifest(
        format=FORMAT,
        begun_at=begun,
        ended_at=datetime.now(UTC),
        postgres=await version_of(settings, "pg_dump"),
        databases=dumps,
    )
    manifest.write(folder)
    return manifest


def _make(folder: Path) -> None:
    """Make the folder, for whoever runs this alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Failed(f"{folder} is not empty.")


async def _dump(settings: OpsSettings, service: str, folder: Path) -> Dump:
    async with settings.database(service) as database:
        revision, _ = await revisions(database, tree_of(service))
        if revision is None:
            raise Failed(f"The database of {service} is empty; migrate first.")
        async with database.engine.connect() as connection:
            head: str | None = await connection.scalar(_HEAD)
    path = folder / f"{service}.dump"
    await asyncio.to_thread(path.touch, mode=0o600)
    left_out = LEFT_OUT if service == "gateway" else ()
    arguments = ("--format=custom", "--no-owner", "--no-privileges", *left_out, f"--file={path}")
    await run_program(settings, "pg_dump", service, arguments)
    return Dump(
        file=path.name,
        bytes=path.stat().st_size,
        sha256=digest_of(path),
        revision=revision,
        audit_head=head,
    )
