"""A folder of secrets, one in a file: made on first use, and kept as they are from then on."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from deploy.nats_access import new_seed

FOR_OURSELVES = 0o600
FOR_CONTAINERS = 0o644
"""Containers run as other users than whoever owns the folder; the folder itself is closed to everybody else."""


class Keys:
    """The secrets of a folder by their names; nobody but its owner gets into it."""

    def __init__(self, folder: Path, *, mode: int = FOR_OURSELVES) -> None:
        self.folder, self._mode = folder, mode

    def secret(self, name: str) -> str:
        """Return a random key by its name."""
        return self.kept(name, lambda: secrets.token_urlsafe(32))

    def password(self, role: str) -> str:
        """Return the password of a role of PostgreSQL."""
        return self.secret(f"postgres-{role}")

    def seed(self, user: str) -> str:
        """Return the seed of the nkey of a user of NATS."""
        return self.kept(f"nats-{user}", new_seed)

    def kept(self, name: str, make: Callable[[], str]) -> str:
        """Return what a file holds; one that is not there is made first, whole or not at all."""
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, make(), self._mode)
        return path.read_text()


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all, so that a loss of power costs neither it nor what it replaces.

    Args:
        path: of the file; one that is there keeps its mode.
        text: what it is to hold.
        mode: of a new file, whatever the umask.

    """
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FOR_OURSELVES)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode_of(path, mode))
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    replace(unfinished, path)


def replace(path: Path, other: Path) -> None:
    """Let a file take the place of another in its folder, for good once this returns."""
    path.replace(other)
    folder = os.open(other.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def mode_of(path: Path, otherwise: int) -> int:
    """Return the permissions of a file, or others if it is not there."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else otherwise
