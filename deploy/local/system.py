"""The whole system on this machine: embedded PostgreSQL and NATS, the owners, and the gateway."""

import asyncio
import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from deploy.keys import Keys
from deploy.local.access import DevelopmentAccess
from deploy.local.embedded import EmbeddedNats, EmbeddedStack, ops_environment
from deploy.local.forkserver import fork_server
from deploy.local.ports import free_port
from deploy.local.processes import ServiceProcess, StartFailed
from deploy.streams import configure
from shared.chassis.bus import BrokerAway

OWNERS = ("projects", "funding", "monitoring")

Settings = Mapping[str, Mapping[str, str]]
EVERY = "every"
WITHOUT_RATES: Settings = {"funding": {"DEVCOOP_SEED_RATES": "false"}}
"""Leaves out the history of exchange rates, which takes its time."""
UNLIMITED: Settings = {EVERY: {"DEVCOOP_RATE_LIMIT": "0", "DEVCOOP_ANONYMOUS_RATE_LIMIT": "0"}}
"""Lets everybody ask as often as they like, for tests and measurements."""
LOADING: Settings = {EVERY: {"DEVCOOP_RATE_LIMIT": "12000"}}
"""Lets one client load a portfolio without being held up; everybody else is limited as ever."""
ISSUER = "http://127.0.0.1:8100"
"""Name of the issuer in its tokens, wherever the gateway of a system listens."""
TOKEN_SECONDS = 3600


class LocalSystem:
    """Everything that `make run` starts; `stop` leaves no process behind."""

    def __init__(self, state: Path, *, gateway_port: int = 0, settings: Settings | None = None) -> None:
        """Prepare a system.

        Args:
            state: folder that keeps everything.
            gateway_port: 0 takes a free one.
            settings: environment variables by service, or of ``EVERY`` one, beside those that every system has.

        """
        self._keys = Keys(state / "keys")
        self._stack = EmbeddedStack(state / "stack", self._keys)
        self._access = DevelopmentAccess(state / "keys")
        self._folder = state / "processes"
        self._gateway_port = gateway_port or free_port()  # the owners are told before it listens
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
            fork_server().start()
            self._stack.start()
            self._configure_streams()
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
    def credentials(self) -> Path:
        """The file with the secret of the client that tokens are given to."""
        return self._access.path

    def token(self) -> str:
        """Return a token with all roles everywhere, which lives for a minute at least.

        Raises:
            OSError: the gateway is away.

        """
        return self._access.token(self.address)

    @property
    def nats(self) -> EmbeddedNats:
        """The broker, to be ended and started apart from the rest."""
        return self._stack.nats

    @property
    def ops_environment(self) -> dict[str, str]:
        """The environment of `devcoop ops` for this system."""
        parts = {name: process.address for name, process in self.processes.items()}
        issuer = {"DEVCOOP_ISSUER_URL": ISSUER, "DEVCOOP_PARTS": json.dumps(parts)}
        return {**ops_environment(self._stack, self._keys), **issuer}

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

    def _configure_streams(self) -> None:
        try:
            asyncio.run(configure(self.nats.user().bus()))
        except BrokerAway as error:
            raise StartFailed(f"NATS does not answer: {error}") from error

    def _start_owners(self) -> None:
        for owner in OWNERS:
            self._launch(owner, f"services.{owner}.main", owner, {})
        self._access.prepare(ops_environment(self._stack, self._keys))
        for owner in OWNERS:
            self.processes[owner].await_ready()

    def _start_gateway(self) -> None:
        urls = {f"DEVCOOP_{owner.upper()}_URL": self.processes[owner].address for owner in OWNERS}
        for name, roles in (("projector", ("projector",)), ("importer", ("importer", "webhooks"))):
            told = {**urls, "DEVCOOP_ROLES": json.dumps(roles)}
            self._launch(f"gateway-{name}", "gateway.main", "gateway", told)
        api = {**urls, "DEVCOOP_ROLES": '["api"]', "DEVCOOP_PORT": str(self._gateway_port)}
        self._launch("gateway", "gateway.main", "gateway", api)
        for name in ("gateway-projector", "gateway-importer", "gateway"):
            self.processes[name].await_ready()

    def _launch(self, name: str, module: str, service: str, extra: Mapping[str, str]) -> None:
        process = ServiceProcess(name, module, {**self._environment(service), **extra}, self._folder)
        process.start()
        self.processes[name] = process

    def _environment(self, service: str) -> dict[str, str]:
        issues = {
            "DEVCOOP_ISSUER_KEY": self._keys.secret("issuer"),
            "DEVCOOP_ISSUER_URL": ISSUER,
            "DEVCOOP_TOKEN_SECONDS": str(TOKEN_SECONDS),
        }
        return {
            "DEVCOOP_ENVIRONMENT": "development",
            "DEVCOOP_DATABASE_URL": self._stack.database(service),
            "DEVCOOP_DATABASE_PASSWORD": self._keys.password(service),
            "DEVCOOP_NATS_URL": self._stack.nats_url,
            "DEVCOOP_NATS_SEED": self._keys.seed(service),
            "DEVCOOP_CURSOR_KEY": self._keys.secret("cursor"),
            "DEVCOOP_ISSUERS": json.dumps([self._trusted_issuer()]),
            **(issues if service == "gateway" else {}),
            **self._settings.get(EVERY, {}),
            **self._settings.get(service, {}),
        }

    def _trusted_issuer(self) -> dict[str, object]:
        """Return the gateway's own issuer as a setting of those who trust it."""
        gateway = f"http://127.0.0.1:{self._gateway_port}"
        return {
            "issuer": ISSUER,
            "jwks_url": f"{gateway}/oauth/jwks",
            "revocations_url": f"{gateway}/oauth/revocations",
            "may_delegate": True,
        }


def token_of(state: Path) -> str:
    """Return a token of the system that some process runs on a folder.

    Raises:
        StartFailed: none does.

    """
    try:
        port = (state / "processes" / "gateway.port").read_text().strip()
        return DevelopmentAccess(state / "keys").token(f"http://127.0.0.1:{port}")
    except OSError as error:
        raise StartFailed(f"No system gives a token on {state}: {error}") from None


__all__ = ["LOADING", "UNLIMITED", "WITHOUT_RATES", "LocalSystem", "Settings", "StartFailed", "token_of"]
