"""`make run`, `make demo` and `make token`: the whole system on this machine, with a portfolio in it."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from rich.console import Console

from deploy.local.portfolio import PortfolioRefused, import_file, load_sample, print_summary
from deploy.local.system import LOADING, WITHOUT_RATES, LocalSystem, StartFailed, token_of

DEFAULT_PORT = 8100

console = Console(width=None if sys.stdout.isatty() else 100)


class Stop(Exception):
    """The person at the terminal, or the system, asks us to end."""


def main() -> int:
    """Run the command line and return its exit status."""
    arguments = _arguments()
    if arguments.command == "token":
        return _tell_token(Path(arguments.state))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stop)
    try:
        if arguments.command == "demo":
            with tempfile.TemporaryDirectory(prefix="devcoop-demo-") as state:
                return _serve(Path(state), arguments.data, port=0, stay=False)
        return _serve(Path(arguments.state), arguments.data, port=arguments.port, stay=True)
    except Stop:
        console.print("Stopped.")
        return 0
    except (StartFailed, PortfolioRefused) as error:
        console.print(f"[red]{error}[/red]", markup=True, highlight=False)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument(
        "command",
        choices=("run", "demo", "token"),
        help="serve until Ctrl-C, or print the summary and leave, or print a token of what is served",
    )
    parser.add_argument(
        "--state", default=".state", help="folder that keeps everything between runs (run, token)"
    )
    parser.add_argument("--data", type=Path, help="IATI file to load instead of the sample portfolio")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port of the gateway (run)")
    return parser.parse_args()


def _tell_token(state: Path) -> int:
    try:
        sys.stdout.write(f"{token_of(state)}\n")
    except StartFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve(state: Path, data: Path | None, *, port: int, stay: bool) -> int:
    if data is not None and not data.is_file():
        raise PortfolioRefused(f"There is no file {data}.")
    started = time.monotonic()
    state.mkdir(parents=True, exist_ok=True)
    with console.status("Starting PostgreSQL, NATS, projects, funding, monitoring and the gateway ..."):
        # A demo leaves before the history of rates would be in, and shows money as reported.
        settings = LOADING if stay else {**WITHOUT_RATES, **LOADING}
        system = LocalSystem(state.resolve(), gateway_port=port, settings=settings)
        system.start()
    try:
        if data is None:
            load_sample(console, system, state)
        else:
            import_file(console, system, data)
        print_summary(console, system)
        console.print(f"Ready after {time.monotonic() - started:.0f} s.")
        if stay:
            _stay(system, state)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave the rest running
        with console.status("Stopping ..."):
            system.stop()
    return 0


def _stay(system: LocalSystem, state: Path) -> None:
    address = system.address
    console.print(f"Serving on [bold]{address}[/bold], with the whole interface on {address}/docs")
    console.print(f"  curl '{address}/v1/results/summary?group_by=country'")
    console.print("What is not for everybody takes a token. One with all roles, good for an hour:")
    console.print(f"export TOKEN={system.token()}", soft_wrap=True, highlight=False)
    console.print(f"  curl --oauth2-bearer \"$TOKEN\" '{address}/v1/proposals?limit=5'")
    console.print(f"Another one: make -s token STATE={state}", soft_wrap=True, highlight=False)
    console.print(f"The secret that gets it is in {system.credentials}", soft_wrap=True, highlight=False)
    console.print("Ctrl-C stops everything.")
    while True:
        for process in system.ended():
            raise StartFailed(f"{process.name} ended by itself:\n{process.last_log_lines()}")
        time.sleep(0.5)


def _raise_stop(_number: int, _frame: FrameType | None) -> None:
    raise Stop


if __name__ == "__main__":
    sys.exit(main())
