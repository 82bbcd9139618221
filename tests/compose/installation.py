"""DevCoop as `docker-compose` runs it, on ports, secrets and volumes of a test's own."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from deploy.local.ports import free_port
from shared.contracts.snapshots import ROOT
from shared.policy.grants import Role
from tests.compose.engine import Engine
from tests.flow.client import await_until

PROCESSES = ("projects", "funding", "monitoring", "gateway", "projector", "importer", "webhooks")
UP_SECONDS = 300
RENEWED_SECONDS = 240
GRANTS = [json.dumps({"role": role.value}) for role in Role if role is not Role.PUBLIC]


class Installation:
    """A project of Compose."""

    def __init__(
        self, engine: Engine, folder: Path, name: str, overlays: Sequence[str], *, scheme: str = "http"
    ) -> None:
        """Prepare a project; nothing is started.

        Args:
            engine: that runs it.
            folder: of its secrets.
            name: of the project.
            overlays: Compose files beside ``docker-compose.yml``, from the root of the repository.
            scheme: of its public address.

        """
        self.engine, self.name = engine, name
        self._folder, self._files = folder, ("docker-compose.yml", *overlays)
        published = f"127.0.0.1:{free_port()}"
        self.address = f"{scheme}://{published}"
        self._token, self._renew_at = "", 0.0
        self.environment = {
            **engine.environment,
            "COMPOSE_PROJECT_NAME": name,
            "DEVCOOP_SECRETS": str(folder / "secrets"),
            "DEVCOOP_PUBLISH": published,
            "DEVCOOP_PUBLIC_URL": self.address,
        }

    def make_secrets(self) -> None:
        """Make the folder of secrets as an operator does."""
        command = [sys.executable, "-m", "deploy", "ops", "secrets", str(self._folder / "secrets")]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)  # noqa: S603

    def compose(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of docker-compose."""
        files = [word for name in self._files for word in ("-f", name)]
        done = subprocess.run(  # noqa: S603
            ["docker-compose", *files, *words],  # noqa: S607
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout[-3000:]}\n{done.stderr[-2000:]}"
        return done

    def up(self) -> None:
        """Start everything, and wait until all that serves is healthy."""
        self.compose("up", "-d", "--no-build")
        try:
            await_until(self.is_healthy, what=f"{self.name} is healthy", seconds=UP_SECONDS, pause=0.5)
        except AssertionError as error:
            error.add_note(self.logs())
            raise

    def down(self, *words: str) -> None:
        """Stop and remove the containers; volumes stay unless told otherwise."""
        self.compose("down", "--timeout", "30", *words)

    def logs(self) -> str:
        """Return the last lines of every container."""
        files = [word for name in self._files for word in ("-f", name)]
        command = ["docker-compose", *files, "logs", "--no-color", "--tail", "15"]
        done = subprocess.run(  # noqa: S603
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout[-12000:]

    def containers(self, service: str | None = None) -> list[str]:
        """Return the ids of containers that there are, of a service or of all."""
        return self.compose("ps", "-q", *([service] if service else [])).stdout.split()

    def states(self) -> dict[str, dict[str, Any]]:
        """Return what the engine knows of each container, by its name."""
        ids = self.containers()
        told = json.loads(self.engine.run("inspect", *ids)) if ids else []
        return {each["Name"].removeprefix(f"/{self.name}_"): each for each in told}

    def is_healthy(self) -> bool:
        """Whether all that serves is healthy, and all that was to be done once is done."""
        states = self.states()
        healths = {name: told["State"].get("Health", {}).get("Status") for name, told in states.items()}
        once = {name: told["State"] for name, told in states.items() if healths[name] is None}
        done = all(state["Running"] or state["ExitCode"] == 0 for state in once.values())
        return bool(states) and done and all(each in (None, "healthy") for each in healths.values())

    def kill(self, service: str, index: int = 0) -> str:
        """End the processes of a container as a crash would, and return the container's id."""
        container = self.containers(service)[index]
        os.kill(self.engine.inspect(container)["State"]["Pid"], signal.SIGKILL)
        return container

    def run_in(self, service: str, *command: str, index: int = 0) -> str:
        """Run a command in a container."""
        return self.engine.run("exec", self.containers(service)[index], *command)

    def ops(self, *words: str) -> str:
        """Run `devcoop ops` as an operator does."""
        return self.compose("run", "--rm", "ops", *words).stdout

    def rotate(self, *words: str) -> None:
        """Replace a secret of the folder, as its owner."""
        folder = f"{self._folder / 'secrets'}:/secrets"
        user = str(os.getuid())
        self.compose(
            "run", "--rm", "--user", user, "-v", folder, "ops", "rotate", "--secrets", "/secrets", *words
        )

    def restart(self, service: str) -> None:
        """Start the containers of a service anew, and wait until all is healthy."""
        self.compose("restart", "--timeout", "30", service)
        await_until(self.is_healthy, what=f"{service} is healthy", seconds=UP_SECONDS, pause=0.5)

    def faults(self) -> list[Any]:
        """Return what the doctor finds wrong."""
        told = json.loads(self.compose("run", "--rm", "ops", "doctor", "--json", check=False).stdout)
        return [finding for finding in told if finding["level"] == "fault"]

    def token(self) -> str:
        """Return a token with all roles, which lives for some minutes at least."""
        if time.monotonic() > self._renew_at:
            self._token = self._new_token()
            self._renew_at = time.monotonic() + RENEWED_SECONDS
        return self._token

    def _new_token(self) -> str:
        body = urlencode({"grant_type": "client_credentials"}).encode()
        told = f"{self._client['client_id']}:{self._client['client_secret']}".encode()
        headers = {"Authorization": f"Basic {b64encode(told).decode()}"}
        request = urllib.request.Request(f"{self.address}/oauth/token", body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:  # noqa: S310
            token: str = json.load(answer)["access_token"]
            return token

    @cached_property
    def trust(self) -> ssl.SSLContext | None:
        """Whom a client of it trusts: its certificate, which is its own."""
        if not self.address.startswith("https"):
            return None
        return ssl.create_default_context(cafile=self._folder / "secrets" / "tls.crt")

    @cached_property
    def _client(self) -> Mapping[str, str]:
        grants = [word for grant in GRANTS for word in ("--grant", grant)]
        client: Mapping[str, str] = json.loads(self.ops("client", "create", "tests", *grants))
        return client

    def remove(self) -> None:
        """Leave nothing of it."""
        self.compose("down", "--timeout", "5", "--volumes", "--remove-orphans", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)
