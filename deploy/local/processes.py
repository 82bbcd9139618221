"""The services as separate processes of this machine, started, awaited and stopped together."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deploy.local.leftovers import end_leftover
from deploy.local.loopback import open_url
from deploy.local.ports import free_port

START_SECONDS = 60
STOP_SECONDS = 15


class StartFailed(Exception):
    """A process did not come up; the message says which, and shows the end of its log."""


def _outer_environment() -> dict[str, str]:
    """Return our own environment without settings that are meant for one process alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DEVCOOP_")}


@dataclass(slots=True)
class ServiceProcess:
    """One service process: its module, its environment, and where it logs and says its port."""

    name: str
    module: str
    environment: dict[str, str]
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _log: IO[bytes] | None = field(default=None, init=False)

    @property
    def log_path(self) -> Path:
        """The file that the process logs to."""
        return self.folder / f"{self.name}.log"

    @property
    def port_path(self) -> Path:
        """The file that the process writes its port to once it listens."""
        return self.folder / f"{self.name}.port"

    @property
    def pid_path(self) -> Path:
        """The file that names the process, for whoever starts it next, should we die before it."""
        return self.folder / f"{self.name}.pid"

    @property
    def address(self) -> str:
        """Base address of the process, once it is ready."""
        return f"http://127.0.0.1:{self.port_path.read_text().strip()}"

    @property
    def pid(self) -> int:
        """Process id."""
        return self._running().pid

    def start(self) -> None:
        """Start the process, in a session of its own so that Ctrl-C reaches us alone.

        A process that is started again keeps its port, because others know it by that.
        """
        end_leftover(self.pid_path, self.module)
        if self.environment.get("DEVCOOP_PORT", "0") == "0":
            self.environment["DEVCOOP_PORT"] = str(free_port())
        self.port_path.unlink(missing_ok=True)
        self._log = self.log_path.open("ab")
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", self.module],
            env={**_outer_environment(), **self.environment, "DEVCOOP_PORT_FILE": str(self.port_path)},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self.pid_path.write_text(str(self._process.pid))

    def await_ready(self) -> None:
        """Wait until the process says that it is ready.

        Raises:
            StartFailed: it ended, or took longer than a minute.

        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._running().poll() is not None:
                raise StartFailed(f"{self.name} ended at its start:\n{self.last_log_lines()}")
            if self.port_path.exists() and self._is_ready():
                return
            time.sleep(0.05)
        raise StartFailed(f"{self.name} is not ready after {START_SECONDS} s:\n{self.last_log_lines()}")

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._running().kill()
        self._running().wait()
        self._close()

    def ask_to_stop(self) -> None:
        """Ask the process to finish what it does and end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def await_stop(self) -> None:
        """Wait until the process has ended, and end it if it takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def has_ended(self) -> bool:
        """Whether the process ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def last_log_lines(self, count: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-count:])

    def _is_ready(self) -> bool:
        try:
            with open_url(f"{self.address}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except OSError:
            return False

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process

    def _close(self) -> None:
        if self._log is not None:
            self._log.close()
        self._process = self._log = None
