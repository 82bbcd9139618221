"""A Docker engine: the one that is there, or one that is started for the tests and stopped by its id."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

START_SECONDS = 60
STOP_SECONDS = 60
PROGRAMS = ("dockerd", "docker", "docker-compose", "debootstrap", "tar")


@dataclass(frozen=True)
class Engine:
    """An engine at an address."""

    host: str

    @property
    def environment(self) -> dict[str, str]:
        """What its clients are told."""
        return {**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}

    def run(self, *words: str, stdin: IO[bytes] | None = None, check: bool = True) -> str:
        """Run a command of ``docker`` and return what it printed."""
        done = subprocess.run(  # noqa: S603
            ["docker", *words],  # noqa: S607
            env=self.environment,
            stdin=stdin,
            capture_output=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.stderr.decode()[-3000:]}"
        return done.stdout.decode().strip()

    def has(self, image: str) -> bool:
        """Whether there is an image of a name."""
        return bool(self.run("images", "--quiet", image))

    def inspect(self, container: str) -> dict[str, Any]:
        """Return what the engine knows of a container."""
        told: dict[str, Any] = json.loads(self.run("inspect", container))[0]
        return told


def missing_programs() -> list[str]:
    """Return the programs that are not on this machine."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def running(folder: Path) -> Iterator[Engine]:
    """Start an engine that keeps everything in a folder, and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(f"unix://{folder / 'docker.sock'}")
    told = {"data-root": "data", "exec-root": "exec", "pidfile": "dockerd.pid"}
    command = ["dockerd", "-H", engine.host, *(f"--{name}={folder / at}" for name, at in told.items())]
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        try:
            deadline = time.monotonic() + START_SECONDS
            while not engine.run("version", "--format", "{{.Server.Version}}", check=False):
                assert process.poll() is None, (folder / "dockerd.log").read_text()[-3000:]
                assert time.monotonic() < deadline, "dockerd does not answer"
                time.sleep(0.2)
            yield engine
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
