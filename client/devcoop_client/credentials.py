"""Who the office is to the server: the address, the client and its secret, in a file that its owner alone may read.

The secret is kept nowhere else: not in the store, not in a log, and it is taken from no argument of a command line, which
every process of the computer may read.
"""

import ipaddress
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from devcoop_client.errors import NotReady, Unusable

FILE = "credentials.json"
SECRET = "DEVCOOP_CLIENT_SECRET"  # noqa: S105  (the name of a variable)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client of a server, as an administrator of the server made it."""

    address: str
    client_id: str
    client_secret: str = field(repr=False)


def checked_address(text: str) -> str:
    """Return the address of a server without a slash at its end.

    Raises:
        Unusable: it is none, or the secret would go over the network in the clear.

    """
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL as error:
        raise Unusable(f"{text!r} is no address of a server: {error}") from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise Unusable(f"{text!r} is no address of a server, as in https://devcoop.example.org")
    if url.scheme == "http" and not _is_this_computer(url.host):
        raise Unusable(f"{text!r} is not encrypted: use https.")
    return str(url)


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def keep(home: Path, credentials: Credentials, *, with_secret: bool) -> None:
    """Keep credentials; without the secret where that is told by the environment each time."""
    told = {"address": credentials.address, "client_id": credentials.client_id}
    if with_secret:
        told["client_secret"] = credentials.client_secret
    write_private(home / FILE, json.dumps(told))


def read(home: Path) -> Credentials:
    """Return the credentials that were kept.

    Raises:
        NotReady: there are none, or the secret is told nowhere.

    """
    try:
        told = json.loads((home / FILE).read_text(encoding="utf-8"))
        secret = os.environ.get(SECRET) or told.get("client_secret")
        address, client_id = told["address"], told["client_id"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise NotReady("Log in first: devcoop login ADDRESS --client-id ID") from error
    if not secret:
        raise NotReady(f"The secret is not kept here: set {SECRET}, or log in again.")
    return Credentials(address, client_id, secret)


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody but its owner may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
