"""A process that has imported the services once and forks one of itself for each that is started.

To import a service takes two seconds of a processor, to fork one a hundredth of that. What a child runs is what
``python -m MODULE`` runs: with its own session, environment and files, and settings that it reads itself. The server
has one thread and opens nothing before it forks, and it ends with whoever started it; its children do not.
"""

import atexit
import contextlib
import gc
import importlib
import json
import math
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import FrameType

import psutil

PRELOADED = ("services.projects.main", "services.funding.main", "services.monitoring.main", "gateway.main")
_IMPORTED_LATE = ("anyio._backends._asyncio", "httpcore", "uvicorn.lifespan.on")
"""What every service imports as soon as it runs."""
NAME = "deploy.local.forkserver"
"""Stands in the command line of the server and of every child."""
FILES = 4
"""Standard input, output and error of a child, and where it writes its exit status, unless it is killed."""
LONGEST_NAME = 15
"""How much the system keeps of the name that it shows of a process."""
_CHUNK = 65536
_STOP_SECONDS = 10
_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Launch:
    """A module to be run, as whom, with which arguments and in which environment."""

    name: str
    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


class ForkServer:
    """The server as its starter knows it; it starts on first use, and anew if it died."""

    def __init__(self, preloaded: Sequence[str] = PRELOADED) -> None:
        """Prepare a server that imports these modules at its start."""
        self._preloaded = preloaded
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Let it import the services meanwhile; `launch` waits until it has."""
        with self._lock:
            self._running()

    def launch(self, launch: Launch, files: Sequence[int]) -> "Child":
        """Fork a process, and return it.

        Args:
            launch: what it runs.
            files: descriptors of its standard input, output and error, and of what its exit status is written to.

        Raises:
            OSError: the server died.

        """
        with self._lock:
            try:
                channel = self._running()
                _send(channel, json.dumps(asdict(launch)).encode() + b"\n", files)
                told = channel.recv(_CHUNK)
            except ConnectionError:
                told = b""
            if not told:
                self.stop()
                raise OSError("the server that forks died; it said why on standard error")
        return Child(int(told))

    def stop(self) -> None:
        """End the server; what it forked lives on."""
        if self._process is not None and self._channel is not None:
            self._channel.close()
            self._process.wait(_STOP_SECONDS)
        self._process = self._channel = None

    def _running(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None or self._channel is None:
            self._channel, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", NAME, str(theirs.fileno()), *self._preloaded],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        return self._channel


class Child:
    """A process that was forked: ours to end, though not our child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(pid)

    def has_ended(self) -> bool:
        """Whether it ended, of itself or not."""
        try:
            return self._process is None or self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still lives."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._process is not None:
                self._process.send_signal(number)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended.

        Raises:
            TimeoutError: it has not, after so many seconds.

        """
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} has not ended after {seconds} s")
            time.sleep(_POLL_SECONDS)


@cache
def fork_server() -> ForkServer:
    """Return the server of this process, which ends with it."""
    server = ForkServer()
    atexit.register(server.stop)
    return server


def main(arguments: Sequence[str]) -> None:
    """Import the modules, then fork until the starter is gone; in a child, run what was launched."""
    descriptor, *modules = arguments
    for module in modules:
        importlib.import_module(module)
        del sys.modules[module]  # who runs it makes it anew, as the main module; what it imports stays
    for module in _IMPORTED_LATE:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _bury)
    channel = socket.socket(fileno=int(descriptor))
    while launched := _receive(channel):
        message, files = launched
        child = os.fork()
        if not child:
            channel.close()
            launch, (*standard, told) = Launch(**json.loads(message)), files
            _become(launch, standard)
            _run(launch.module, told)
            return
        for each in files:
            os.close(each)
        channel.sendall(str(child).encode())


def _bury(_number: int, _frame: FrameType | None) -> None:
    """Leave no zombie: nobody waits for a child here."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(launch: Launch, files: Sequence[int]) -> None:
    """Be the process that was launched."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, given in enumerate(files):
        os.dup2(given, number)
        os.close(given)
    os.environ.clear()
    os.environ.update(launch.environment)
    with contextlib.suppress(OSError):  # where there is no such file, all have one name
        Path("/proc/self/comm").write_text(launch.name[:LONGEST_NAME])
    sys.argv[1:] = launch.arguments


def _run(module: str, told: int) -> None:
    """Run a module as the main one, and tell how it ended."""
    status = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else bool(end.code)
        raise
    finally:
        os.write(told, b"%d" % status)


def _send(channel: socket.socket, message: bytes, files: Sequence[int]) -> None:
    sent = socket.send_fds(channel, [message], files)
    channel.sendall(message[sent:])


def _receive(channel: socket.socket) -> tuple[bytes, list[int]] | None:
    """Return a message with its files, None if nobody is there to send one any more."""
    message, files, _, _ = socket.recv_fds(channel, _CHUNK, FILES)
    while message and not message.endswith(b"\n"):
        message += channel.recv(_CHUNK)
    return (message, files) if message else None


if __name__ == "__main__":
    main(sys.argv[1:])
