"""The services as separate processes of this machine, started, awaited and stopped together."""

import os
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from deploy.local.forkserver import NAME as MARK
from deploy.local.forkserver import Child, Launch, fork_server
from deploy.local.leftovers import end_leftover
from deploy.local.loopback import open_url
from deploy.local.ports import free_port

START_SECONDS = 60
STOP_SECONDS = 15
KILLED = -1
"""Status of a command that could not tell how it ended."""


class StartFailed(Exception):
    """A process did not come up; the message says which, and shows the end of its log."""


def _outer_environment() -> dict[str, str]:
    """Return our own environment without settings that are meant for one process alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DEVCOOP_")}


class Completed(NamedTuple):
    """What became of a command, with what it wrote to standard output and to standard error."""

    status: int
    output: str
    error: str


def run_command(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], *, seconds: float
) -> Completed:
    """Run a command of a service to its end.

    Raises:
        StartFailed: it could not be started.
        TimeoutError: it took longer; it was ended.

    """
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as error,
        tempfile.TemporaryFile() as end,
    ):
        child = _launch(module, module, arguments, environment, (output, error, end))
        try:
            child.wait(seconds)
        except TimeoutError:
            child.send(signal.SIGKILL)
            raise
        return Completed(int(_read(end) or KILLED), _read(output), _read(error))


def _launch(
    name: str,
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    written: Sequence[IO[bytes]],
) -> Child:
    launch = Launch(name, module, arguments, {**_outer_environment(), **environment})
    with Path(os.devnull).open("rb") as nothing:
        try:
            return fork_server().launch(launch, [each.fileno() for each in (nothing, *written)])
        except OSError as error:
            raise StartFailed(f"{name} cannot be started: {error}") from error


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@dataclass(slots=True)
class ServiceProcess:
    """One service process: its module, its environment, and where it logs and says its port."""

    name: str
    module: str
    environment: dict[str, str]
    folder: Path
    _process: Child | None = field(default=None, init=False)

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

        Raises:
            StartFailed: it could not even be forked.

        """
        end_leftover(self.pid_path, MARK)
        if self.environment.get("DEVCOOP_PORT", "0") == "0":
            self.environment["DEVCOOP_PORT"] = str(free_port())
        self.port_path.unlink(missing_ok=True)
        told = {**self.environment, "DEVCOOP_PORT_FILE": str(self.port_path)}
        with self.log_path.open("ab") as log, Path(os.devnull).open("wb") as nothing:
            self._process = _launch(self.name, self.module, (), told, (log, log, nothing))
        self.pid_path.write_text(str(self._process.pid))

    def await_ready(self) -> None:
        """Wait until the process says that it is ready.

        Raises:
            StartFailed: it ended, or took longer than a minute.

        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._running().has_ended():
                raise StartFailed(f"{self.name} ended at its start:\n{self.last_log_lines()}")
            if self.port_path.exists() and self._is_ready():
                return
            time.sleep(0.05)
        raise StartFailed(f"{self.name} is not ready after {START_SECONDS} s:\n{self.last_log_lines()}")

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._running().send(signal.SIGKILL)
        self._running().wait()
        self._process = None

    def ask_to_stop(self) -> None:
        """Ask the process to finish what it does and end."""
        if self._process is not None:
            self._process.send(signal.SIGTERM)

    def await_stop(self) -> None:
        """Wait until the process has ended, and end it if it takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except TimeoutError:
            self._process.send(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def has_ended(self) -> bool:
        """Whether the process ended by itself."""
        return self._process is not None and self._process.has_ended()

    def last_log_lines(self, count: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-count:])

    def _is_ready(self) -> bool:
        try:
            with open_url(f"{self.address}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except OSError:
            return False

    def _running(self) -> Child:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process
