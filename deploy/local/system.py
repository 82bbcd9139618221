"""The whole system on this machine: embedded PostgreSQL and NATS, the owners, and the gateway."""

import fcntl
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from deploy.local.embedded import EmbeddedNats, EmbeddedStack
from deploy.local.processes import ServiceProcess, StartFailed

OWNERS = ("projects", "funding", "monitoring")

Settings = Mapping[str, Mapping[str, str]]
WITHOUT_RATES: Settings = {"funding": {"DEVCOOP_SEED_RATES": "false"}}
"""Leaves out the history of exchange rates, which takes its time."""


class LocalSystem:
    """Everything that `make run` starts; `stop` leaves no process behind."""

    def __init__(self, state: Path, *, gateway_port: int = 0, settings: Settings | None = None) -> None:
        """Prepare a system.

        Args:
            state: folder that keeps everything.
            gateway_port: 0 takes a free one.
            settings: environment variables by owner, beside those that every system has.

        """
        self._stack = EmbeddedStack(state / "stack")
        self._folder = state / "processes"
        self._keys = state / "keys"
        self._gateway_port = gateway_port
        self._settings = settings or {}
        self._lock: TextIO | None = None
        self.processes: dict[str, ServiceProcess] = {}

    def start(self) -> None:
        """Start all parts, the owners before the gateway, and wait until they are ready.

        Raises:
            StartFailed: a part did not come up; those that did are stopped again.

        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._take_folder()
        try:
            self._stack.start()
            self._start_owners()
            self._start_gateway()
        except BaseException:
            self.stop()
            raise

    @property
    def address(self) -> str:
        """The one public address."""
        return self.processes["gateway"].address

    @property
    def nats(self) -> EmbeddedNats:
        """The broker, to be ended and started apart from the rest."""
        return self._stack.nats

    def stop(self) -> None:
        """Stop every process, then the broker and the database."""
        for process in reversed(self.processes.values()):
            process.ask_to_stop()
        for process in reversed(self.processes.values()):
            process.await_stop()
        self._stack.stop()
        if self._lock is not None:
            self._lock.close()

    def ended(self) -> list[ServiceProcess]:
        """Return the processes that ended by themselves."""
        return [process for process in self.processes.values() if process.has_ended()]

    def _take_folder(self) -> None:
        """Keep the folder to ourselves: what is left over in it is ended at the start."""
        lock = (self._folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise StartFailed(f"Another system runs on {self._folder.parent}.") from None
        self._lock = lock

    def _start_owners(self) -> None:
        for owner in OWNERS:
            self._launch(owner, f"services.{owner}.main", owner, self._settings.get(owner, {}))
        for owner in OWNERS:
            self.processes[owner].await_ready()

    def _start_gateway(self) -> None:
        urls = {f"DEVCOOP_{owner.upper()}_URL": self.processes[owner].address for owner in OWNERS}
        for role in ("projector", "importer"):
            self._launch(
                f"gateway-{role}", "gateway.main", "gateway", {**urls, "DEVCOOP_ROLES": f'["{role}"]'}
            )
        api = {**urls, "DEVCOOP_ROLES": '["api"]', "DEVCOOP_PORT": str(self._gateway_port)}
        self._launch("gateway", "gateway.main", "gateway", api)
        for name in ("gateway-projector", "gateway-importer", "gateway"):
            self.processes[name].await_ready()

    def _launch(self, name: str, module: str, database: str, extra: Mapping[str, str]) -> None:
        environment = {
            "DEVCOOP_DATABASE_URL": self._stack.database(database),
            "DEVCOOP_NATS_URL": self._stack.nats_url,
            "DEVCOOP_CURSOR_KEY": self._key("cursor"),
            **extra,
        }
        process = ServiceProcess(name, module, environment, self._folder)
        process.start()
        self.processes[name] = process

    def _key(self, name: str) -> str:
        """Return a development key, made on first use and kept for this state folder alone."""
        path = self._keys / name
        if not path.exists():
            self._keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32))
        return path.read_text()


__all__ = ["WITHOUT_RATES", "LocalSystem", "Settings", "StartFailed"]
