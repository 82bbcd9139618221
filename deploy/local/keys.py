"""The secrets of one state folder: made on first use, kept for it alone, and readable by whoever runs it alone."""

import secrets
from collections.abc import Callable
from pathlib import Path

from deploy.nats_access import new_seed


class Keys:
    """A folder of secrets, one in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def secret(self, name: str) -> str:
        """Return a random key by its name."""
        return self._kept(name, lambda: secrets.token_urlsafe(32))

    def password(self, role: str) -> str:
        """Return the password of a role of PostgreSQL."""
        return self.secret(f"postgres-{role}")

    def seed(self, user: str) -> str:
        """Return the seed of the nkey of a user of NATS."""
        return self._kept(f"nats-{user}", new_seed)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = path.with_suffix(".new")
            unfinished.touch(mode=0o600)
            unfinished.write_text(make())
            unfinished.replace(path)
        return path.read_text()
