"""How far it is: a bar on a terminal, a line now and then elsewhere, or nothing."""

import time
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

PLAIN_SECONDS = 5.0


class Meter(Protocol):
    """What is told how far something is."""

    def at(self, done: int, total: int | None, note: str = "") -> None:
        """Tell how much is done, of how much where that is known."""

    def close(self) -> None:
        """Tell that it is over."""


class Silent:
    """Tells nothing."""

    def at(self, done: int, total: int | None, note: str = "") -> None:
        """Tell nothing."""

    def close(self) -> None:
        """Tell nothing."""


class Bar:
    """A bar on a terminal."""

    def __init__(self, title: str, console: Console) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task(title, total=None, note="")
        self._progress.start()

    def at(self, done: int, total: int | None, note: str = "") -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total, note=note)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()


class Plain:
    """A line at the beginning, and then at most one in some seconds."""

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title, self._stream, self._told = title, stream, float("-inf")

    def at(self, done: int, total: int | None, note: str = "") -> None:
        """Write a line where it is time for one, or where there is something to say."""
        if not note and time.monotonic() - self._told < PLAIN_SECONDS:
            return
        self._told = time.monotonic()
        of = "" if total is None else f" of {total}"
        self._stream.write(f"{self._title}: {done}{of}{f' ({note})' if note else ''}\n")
        self._stream.flush()

    def close(self) -> None:
        """Write nothing more."""


def meter(title: str, stream: TextIO, *, silent: bool = False) -> Meter:
    """Return what fits where progress is written to."""
    if silent:
        return Silent()
    return Bar(title, Console(file=stream)) if stream.isatty() else Plain(title, stream)
