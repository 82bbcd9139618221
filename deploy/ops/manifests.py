"""The manifest of a backup: what is in the folder, and how to know that it is whole."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.keys import FOR_OURSELVES, write_whole
from deploy.ops.failures import Failed

FILE = "manifest.json"
FORMAT = 1
_PIECE = 1024 * 1024


class Dump(BaseModel):
    """The dump of one database: its file, what it has to be, and what was in the database at the time."""

    model_config = ConfigDict(frozen=True)

    file: str
    bytes: int
    sha256: str
    revision: str
    audit_head: str | None


class Manifest(BaseModel):
    """What a backup holds, by service; it is written last, so a folder without one is no backup."""

    model_config = ConfigDict(frozen=True)

    format: int
    begun_at: datetime
    ended_at: datetime
    postgres: str
    databases: dict[str, Dump]

    def write(self, folder: Path) -> None:
        """Write it into the folder of the backup, whole or not at all."""
        write_whole(folder / FILE, self.model_dump_json(indent=2) + "\n", FOR_OURSELVES)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Return the manifest of a folder.

        Raises:
            Failed: there is none, or it is of another format.

        """
        try:
            manifest = cls.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Failed(f"{folder} is no backup: it has no {FILE}.") from None
        except ValidationError as error:
            raise Failed(f"{folder / FILE} is no manifest of a backup: {error}") from error
        if manifest.format != FORMAT:
            raise Failed(f"The backup is of format {manifest.format}, and this version reads {FORMAT}.")
        return manifest

    def require_whole(self, folder: Path, services: Iterable[str]) -> None:
        """Check that the file of each of some services is what it was.

        Raises:
            Failed: one is missing, or was changed.

        """
        for service in services:
            dump = self.databases[service]
            path = folder / dump.file
            if not path.is_file():
                raise Failed(f"The dump of {service} is missing: {path}")
            if path.stat().st_size != dump.bytes or digest_of(path) != dump.sha256:
                raise Failed(f"The dump of {service} is not what was written: {path}")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
