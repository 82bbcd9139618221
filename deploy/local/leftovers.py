"""Processes whose starter died before it could stop them."""

import contextlib
from pathlib import Path

import psutil

END_SECONDS = 10


def end_leftover(pid_file: Path, mark: str) -> None:
    """End the process that a file names, if it is still the one that we started: its command has ``mark``."""
    if not pid_file.exists():
        return
    with contextlib.suppress(psutil.NoSuchProcess, ValueError):
        process = psutil.Process(int(pid_file.read_text()))
        if any(mark in word for word in process.cmdline()):
            process.kill()
            process.wait(END_SECONDS)
    pid_file.unlink(missing_ok=True)
