"""`pg_dump` and `pg_restore`, run on a service's database; what they need to know they are told by their environment."""

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import make_url

from deploy.ops.failures import Failed
from deploy.ops.settings import OpsSettings

_ERROR = re.compile(r"pg_\w+: (error|fatal|detail: Error message from server): ")


async def run_program(
    settings: OpsSettings, name: str, service: str, arguments: Sequence[str | Path]
) -> None:
    """Run a program of PostgreSQL on a service's database to its end.

    Raises:
        Failed: it is not there, or ended with an error.

    """
    process = await asyncio.create_subprocess_exec(
        program(settings, name),
        *map(str, arguments),
        env=environment_of(settings, service),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, error = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        why = errors_in(error.decode(errors="replace"))
        raise Failed(f"{name} of {service} ended with {process.returncode}:\n{why}")


async def version_of(settings: OpsSettings, name: str) -> str:
    """Return what a program says of its version.

    Raises:
        Failed: it is not there.

    """
    process = await asyncio.create_subprocess_exec(
        program(settings, name), "--version", stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return told.decode().strip()


def program(settings: OpsSettings, name: str) -> str:
    """Return the path of a program of PostgreSQL.

    Raises:
        Failed: it is not there.

    """
    found = shutil.which(name, path=None if settings.pg_bin is None else str(settings.pg_bin))
    if found is None:
        where = (
            "on the path; DEVCOOP_PG_BIN names another folder"
            if settings.pg_bin is None
            else f"in {settings.pg_bin}"
        )
        raise Failed(f"There is no {name} {where}.")
    return found


def environment_of(settings: OpsSettings, service: str) -> dict[str, str]:
    """Return the environment of libpq for a service's database: no password is ever an argument of a process.

    It is read from the URL as the driver reads it: one server or several, and how the connection is encrypted. What
    libpq and the driver know of certificates (``PGSSLROOTCERT`` and others) is handed on.
    """
    url, password = make_url(settings.url(service)), settings.password(service)
    told = url.get_dialect()().create_connect_args(url)[1]
    wanted = {
        "PGHOST": _listed(told.get("host")),
        "PGPORT": _listed(told.get("port")),
        "PGUSER": told.get("user"),
        "PGDATABASE": told.get("database"),
        "PGPASSWORD": told.get("password") if password is None else password.get_secret_value(),
        "PGSSLMODE": told.get("sslmode", told.get("ssl")),
        "PGTARGETSESSIONATTRS": told.get("target_session_attrs"),
        "PGAPPNAME": "devcoop ops",
    }
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PGSSL") or not name.startswith(("PG", "DEVCOOP_"))
    }
    return {**inherited, **{name: value for name, value in wanted.items() if value is not None}}


def errors_in(told: str) -> str:
    """Return what a program says of errors; the rest of it may have rows of tables."""
    lines = [line for line in told.splitlines() if _ERROR.match(line)]
    return "\n".join(lines) or "It does not say why."


def _listed(value: object) -> str | None:
    """Return one value or several as libpq takes them."""
    if value is None:
        return None
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
