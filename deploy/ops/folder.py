"""The folder of secrets of a host, one in a file; a secret is replaced in two steps, so that none is ever lost.

A new one is written beside the former first, as ``NAME.new``, and takes its place once everybody who has to know it does.
Whoever is interrupted in between goes on with the same one.
"""

from collections.abc import Callable
from pathlib import Path

from deploy.keys import FOR_CONTAINERS, mode_of, replace, write_whole
from deploy.ops.failures import Failed


class SecretsFolder:
    """A folder of secrets."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> str:
        """Return a secret.

        Raises:
            Failed: it is not there.

        """
        try:
            return (self._path / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise Failed(f"There is no secret {self._path / name}.") from None

    def has(self, name: str) -> bool:
        """Whether there is such a secret."""
        return (self._path / name).is_file()

    def begin(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret that is to take the place of another; made and written down, unless it was before."""
        if not self.is_begun(name):
            write_whole(self._unfinished(name), make(), mode_of(self._path / name, FOR_CONTAINERS))
        return self._unfinished(name).read_text(encoding="utf-8").strip()

    def is_begun(self, name: str) -> bool:
        """Whether a secret is being replaced, by one that has not taken its place yet."""
        return self._unfinished(name).is_file()

    def finish(self, name: str) -> None:
        """Let the new secret take the place of the former."""
        replace(self._unfinished(name), self._path / name)

    def write(self, name: str, secret: str) -> None:
        """Write a secret, whole or not at all."""
        write_whole(self._path / name, secret, FOR_CONTAINERS)

    def remove(self, name: str) -> None:
        """Remove a secret, if it is there."""
        (self._path / name).unlink(missing_ok=True)

    def _unfinished(self, name: str) -> Path:
        return self._path / f"{name}.new"
