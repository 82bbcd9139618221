"""A folder of secrets, one in a file: made on first use, and kept as they are from then on."""

import secrets
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
            unfinished = path.with_name(f".{name}")
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=FOR_OURSELVES)
            unfinished.write_text(make())
            unfinished.chmod(self._mode)
            unfinished.replace(path)
        return path.read_text()
