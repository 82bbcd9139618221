"""The database of a service: who gets in, what it holds, and whether it keeps what it was told."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import RowMapping, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.doctor.clocks import clock
from deploy.doctor.findings import Finding, fault, ok, warning
from shared.chassis.db import AWAY, Database

LEAST_VERSION = 14
RESERVED = 10
"""Connections that stay free for the superuser, backups and the doctor."""

_FACTS = text("""
    SELECT current_setting('server_version_num')::int / 10000 AS version,
        pg_get_userbyid(d.datdba) = current_user AS is_owner,
        r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls AS is_mighty,
        EXISTS (SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a WHERE a.grantee = 0) AS is_open,
        pg_encoding_to_char(d.encoding) AS encoding,
        current_setting('TimeZone') AS time_zone,
        current_setting('max_connections')::int AS connections,
        (SELECT string_agg(name, ', ' ORDER BY name) FROM pg_settings
            WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off') AS careless,
        to_regclass('alembic_version') IS NOT NULL AS is_made,
        extract(epoch FROM clock_timestamp())::float8 AS clock
    FROM pg_database AS d, pg_roles AS r WHERE d.datname = current_database() AND r.rolname = current_user
""")
_SLOTS = text(
    "SELECT slot_name, active, wal_status FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name"
)
_STREAMING = text("SELECT count(*) FROM pg_stat_replication")
_REFUSED, _NO_DATABASE = ("28P01", "28000"), "3D000"
"""States of SQL by which a server refuses a connection."""
_UTC = {"UTC", "Etc/UTC", "GMT", "Etc/UCT", "Universal", "Zulu"}


@dataclass(frozen=True, slots=True)
class Target:
    """The database of a service, and the tree of its migrations."""

    service: str
    url: SecretStr
    password: SecretStr | None
    migrations: Path

    @property
    def part(self) -> str:
        """What the findings are about."""
        return f"database {self.service}"

    @property
    def server(self) -> str:
        """Where its server is."""
        url = make_url(self.url.get_secret_value())
        hosts = url.host or url.query.get("host", "localhost")
        told = hosts if isinstance(hosts, str) else ",".join(hosts)
        return told if url.port is None else f"{told}:{url.port}"


class Slot(NamedTuple):
    """What a server keeps for a standby: its name, whether it is read, and whether all that was not read is still there."""

    name: str
    is_active: bool
    kept: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found of a database; of its server, if it told, how many connections it takes and what copies it."""

    findings: Sequence[Finding]
    server: str | None = None
    connections: int | None = None
    standbys: Sequence[Finding] = ()


async def examine(target: Target) -> Examined:
    """Look at a database."""
    try:
        server = target.server
        database = Database(target.url.get_secret_value(), password=target.password, pool=1)
    except (SQLAlchemyError, ImportError, ValueError):
        mend = "write it as postgresql+asyncpg://ROLE@HOST/DATABASE."
        return Examined([fault("database-address", target.part, "its URL is none of ours.", mend)])
    try:
        async with database.engine.connect() as connection:
            before = time.time()
            facts = (await connection.execute(_FACTS)).mappings().one()
            after = time.time()
            revision = await _revision(connection, facts)
            slots = [Slot(*row) for row in await connection.execute(_SLOTS)]
            streaming = await connection.scalar(_STREAMING)
        told = [*_rights(target, facts), *_server(target, facts), *_schema(target, revision)]
        told.append(clock(target.part, facts["clock"], before, after))
        copied = [*standbys(f"server {server}", slots, streaming)]
        return Examined(told, server, facts["connections"], copied)
    except AWAY as error:
        return Examined([_away(target, error)], server)
    finally:
        await database.dispose()


async def _revision(connection: AsyncConnection, facts: RowMapping) -> str | None:
    if not facts["is_made"]:
        return None
    told: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return told


def _away(target: Target, error: Exception) -> Finding:
    """Return why there is no connection, as far as the server tells."""
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None)
    if state in _REFUSED:
        mend = "compare the password with that of the role, and `pg_hba.conf` with the address."
        return fault("database-refused", target.part, "the server does not let the role in.", mend)
    if state == _NO_DATABASE:
        return fault("database-missing", target.part, "there is no such database.", "create it for its role.")
    what = f"it cannot be reached ({type(cause).__name__})."
    return fault(
        "database-unreachable", target.part, what, "see whether PostgreSQL is up, and the URL right."
    )


def _rights(target: Target, facts: RowMapping) -> Iterator[Finding]:
    part = target.part
    if not facts["is_owner"]:
        what = "the role does not own it, so that migrations fail."
        yield fault("database-owner", part, what, f"ALTER DATABASE ... OWNER TO {target.service};")
    if facts["is_mighty"]:
        what = "the role may more than its database: it is superuser, or makes roles, databases or copies."
        mend = "ALTER ROLE ... NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;"
        yield fault("database-role", part, what, mend)
    if facts["is_open"]:
        what = "every role of the server may connect to it."
        yield fault("database-open", part, what, "REVOKE ALL ON DATABASE ... FROM PUBLIC;")


def _server(target: Target, facts: RowMapping) -> Iterator[Finding]:
    part = target.part
    if facts["version"] < LEAST_VERSION:
        what = f"PostgreSQL {facts['version']} is too old; it has to be {LEAST_VERSION} or later."
        yield fault("database-version", part, what, "upgrade the server.")
    else:
        yield ok("database-version", part, f"PostgreSQL {facts['version']} lets the role in.")
    if facts["careless"]:
        what = f"{facts['careless']} is off, so that a power cut loses or breaks what was answered as stored."
        yield fault("database-durability", part, what, "turn it on.")
    if facts["encoding"] != "UTF8":
        mend = "make it anew with ENCODING 'UTF8'."
        yield fault("database-encoding", part, f"its encoding is {facts['encoding']}.", mend)
    if facts["time_zone"] not in _UTC:
        what = f"its time zone is {facts['time_zone']}; logs of the server and of processes differ by it."
        yield warning("database-time-zone", part, what, "ALTER DATABASE ... SET timezone TO 'UTC';")


def _schema(target: Target, revision: str | None) -> Iterator[Finding]:
    script = ScriptDirectory(str(target.migrations))
    head, part = script.get_current_head(), target.part
    if revision == head:
        yield ok("database-revision", part, f"its revision is {head}, as this version wants it.")
    elif revision in {each.revision for each in script.walk_revisions()} or revision is None:
        what = f"its revision is {revision or 'none'}, and this version wants {head}."
        yield fault("database-revision", part, what, "run `devcoop ops migrate`, or start the service.")
    else:
        what = f"its revision {revision} is not known to this version, so a later one made it."
        yield fault("database-revision", part, what, "run the version that made it, or a later one.")


def standbys(part: str, slots: Sequence[Slot], streaming: int) -> Iterator[Finding]:
    """Yield whether standbys stream from a server, and what it keeps for those that do not."""
    yield ok("standby", part, f"standbys that stream from it: {streaming or 'none'}.")
    for name, is_active, kept in slots:
        if kept == "lost":
            what = f"it no longer has what the standby of slot {name} did not take in."
            yield fault("standby-lost", part, what, "drop the slot, and copy the standby anew.")
        elif kept == "unreserved":
            what = f"it is about to remove what the standby of slot {name} did not take in."
            yield fault(
                "standby-lost", part, what, "start the standby at once, or raise max_slot_wal_keep_size."
            )
        elif not is_active:
            what = f"nobody reads slot {name}, and what is written is kept for it, so that the disk fills."
            mend = f"start its standby, or SELECT pg_drop_replication_slot('{name}');"
            yield warning("standby-away", part, what, mend)


def connections(server: str, most: int, needed: int, counted: str) -> Finding:
    """Return whether a server takes as many connections as the pools of all processes may open."""
    part = f"server {server}"
    what = f"pools may open {needed} connections, of {most} that the server takes ({counted})."
    if needed + RESERVED > most:
        return warning("database-connections", part, what, "raise max_connections, or set smaller pools.")
    return ok("database-connections", part, what)
