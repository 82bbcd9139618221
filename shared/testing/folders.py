"""Where the servers of the tests keep their files."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108  (the system's own place for files in memory)
PLENTY = 8 * 1024**3


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that is gone in the end: in memory, where there is plenty of it.

    A database is hundreds of files, and a disk takes longer to make and delete them than most tests take with them.
    """
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_parent()) as folder:
        yield Path(folder)


@cache
def _parent() -> Path | None:
    """Return where there is memory for files, None if there is none to spare."""
    if not MEMORY.is_dir() or psutil.virtual_memory().available < PLENTY:
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > PLENTY else None
