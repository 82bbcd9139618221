"""The way into a system on this machine: a client of the gateway's own issuer, for development, and its tokens."""

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from deploy.keys import FOR_OURSELVES, write_whole
from deploy.local.loopback import open_url
from deploy.local.processes import StartFailed, run_command
from shared.policy.grants import Role

FILE = "development-client.json"
RENEWED_SECONDS = 60
"""How long before it expires a token is replaced by another."""
COMMAND_SECONDS = 60
GRANTS = [{"role": role.value} for role in Role if role is not Role.PUBLIC]
"""All roles, everywhere: whoever runs a system on their machine does everything that is done in it."""

_ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client of the issuer and its secret."""

    client_id: str
    client_secret: str = field(repr=False)


class DevelopmentAccess:
    """The client of a state folder, made on first use; its secret is at ``path``, for whoever runs it alone."""

    def __init__(self, keys: Path) -> None:
        self.path = keys / FILE
        self._credentials: Credentials | None = None
        self._token, self._expires = "", 0.0

    def prepare(self, environment: Mapping[str, str]) -> Credentials:
        """Return the client's credentials; make the client first, if there is none.

        Args:
            environment: settings of `devcoop ops`; the gateway's database has been started.

        Raises:
            StartFailed: the client cannot be made.

        """
        if not self.path.exists():
            self._write(_create_client("development", environment))
        return self._told()

    def token(self, address: str) -> str:
        """Return a token of the client, which lives for a minute at least.

        Raises:
            OSError: the gateway at the address gives none, or no client was made.

        """
        if time.monotonic() > self._expires - RENEWED_SECONDS:
            asked = time.monotonic()
            self._token, seconds = request_token(address, self._credentials or self._told())
            self._expires = asked + seconds
        return self._token

    def _told(self) -> Credentials:
        self._credentials = Credentials(**json.loads(self.path.read_text()))
        return self._credentials

    def _write(self, text: str) -> None:
        """Keep what was made, whole or not at all."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.path, text, FOR_OURSELVES)


def request_token(address: str, credentials: Credentials) -> tuple[str, int]:
    """Return a token from the gateway, and the seconds that it lives.

    Raises:
        OSError: it gives none.

    """
    told = b64encode(f"{credentials.client_id}:{credentials.client_secret}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310  (our own process)
        f"{address}/oauth/token",
        data=urlencode({"grant_type": "client_credentials"}).encode(),
        headers={"Authorization": f"Basic {told}"},
    )
    with open_url(request, timeout=_ANSWER_SECONDS) as answer:
        told_token = json.load(answer)
    return told_token["access_token"], told_token["expires_in"]


def _create_client(name: str, environment: Mapping[str, str]) -> str:
    """Return what the command prints: the id and the secret, as JSON."""
    told = [word for grant in GRANTS for word in ("--grant", json.dumps(grant))]
    command = ["ops", "client", "create", name, *told]
    try:
        made = run_command("deploy", command, environment, seconds=COMMAND_SECONDS)
    except TimeoutError:
        raise StartFailed(f"The client for development was not made within {COMMAND_SECONDS} s.") from None
    if made.status:
        raise StartFailed(f"The client for development cannot be made:\n{made.error}")
    return made.output
