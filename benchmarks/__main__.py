"""`make bench`: start the system once, measure every part beside its bare baseline, and print tables.

It judges nothing: it says which bars of the design are reached, and ends with 0 if all could be measured.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from rich.console import Console

from benchmarks import access, imports, reads, rebuilds, relays, visibility, webhooks, writes
from benchmarks.stand import Stand, standing

PARTS: dict[str, Callable[[Stand, Console], None]] = {
    "import": imports.measure,
    "reads": reads.measure,
    "access": access.measure,
    "writes": writes.measure,
    "visibility": visibility.measure,
    "relay": relays.measure,
    "webhooks": webhooks.measure,
    "rebuild": rebuilds.measure,
}
WIDTH = 130


def main() -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", help=f"parts to measure, with commas between: {', '.join(PARTS)}")
    told = parser.parse_args().only
    chosen = told.split(",") if told else list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, _end)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    started = time.monotonic()
    console.print(
        f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} CPUs, "
        f"load average {os.getloadavg()[0]:.1f} before the start. The load comes from the same "
        "machine. Figures are medians of rounds; a ratio is the median of the ratios of paired rounds."
    )
    with tempfile.TemporaryDirectory(prefix="devcoop-bench-") as folder, standing(Path(folder)) as stand:
        imports.load_portfolio(stand)
        failed = [name for name in PARTS if name in chosen and not _measured(name, stand, console)]
    console.print(f"Measured in {time.monotonic() - started:.0f} s.")
    return 1 if failed else 0


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as on Ctrl-C, so that nothing that was started is left behind."""
    raise KeyboardInterrupt


def _measured(name: str, stand: Stand, console: Console) -> bool:
    """Measure a part, and go on with the next if that cannot be done."""
    try:
        PARTS[name](stand, console)
    except Exception as error:  # noqa: BLE001  (whatever it is, the other parts are still worth measuring)
        console.print(f"{name} could not be measured: {type(error).__name__}: {error}", markup=False)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
