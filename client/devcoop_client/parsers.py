"""The words of the command line."""

import argparse
from pathlib import Path

from devcoop_client.reports import RATINGS

_EXAMPLES = """\
  devcoop login https://devcoop.example.org --client-id dcc_...
  devcoop pull
  devcoop report XM-DAC-41302-KEN/01/25 actual --result 1 --indicator 2 --period 2026-03-31 --value 620
  devcoop report XM-DAC-41302-KEN/01/25 expenditure --date 2026-03-12 --amount 1250.50 --ref PV-17
  devcoop report XM-DAC-41302-KEN/01/25 file week.csv
  devcoop push
  devcoop status
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = argparse.ArgumentParser(
        prog="devcoop",
        description="Work with DevCoop from a field office, online or not.",
        epilog=f"examples:\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="answer in JSON")
    shared.add_argument("--quiet", action="store_true", help="do not tell how far it is")
    shared.add_argument("--home", help="folder that keeps everything (also DEVCOOP_HOME)")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, meaning: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=meaning, description=meaning, parents=[shared])

    _login(command("login", "tell who the office is; the secret is asked for, or in DEVCOOP_CLIENT_SECRET"))
    _pull(command("pull", "take in what changed"))
    _report(command("report", "keep what is reported, to be pushed later"), shared)
    _push(command("push", "send what waits"))
    command("status", "what waits, what is in conflict, when it was pulled and pushed last")
    _conflicts(command("conflicts", "what is in conflict or was refused, and why"))
    _resolve(command("resolve", "resolve what is in conflict or was refused"))
    dropped = command("drop", "give up what was not sent yet, or was refused")
    dropped.add_argument("keys", nargs="+", metavar="KEY", help="key of a command, or its beginning")
    return root


def _add_tries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tries", type=int, default=12, metavar="N", help="how often in a row the link may fail (12)"
    )


def _login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="of the server, as in https://devcoop.example.org")
    parser.add_argument("--client-id", required=True, help="the office's client, from an administrator")


def _pull(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--aggregate", action="append", help="only these, as framework; may be given again")
    parser.add_argument("--country", action="append", help="only of these, as KE; may be given again")
    parser.add_argument("--all", action="store_true", help="everything, after some was chosen")
    _add_tries(parser)
    parser.add_argument("--wait", type=int, default=0, metavar="SECONDS", help="wait for a change, up to 60")


def _push(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--merge", action="store_true", help="merge what is in conflict where both sides did not meet"
    )
    _add_tries(parser)
    parser.add_argument(
        "--most", type=int, default=None, metavar="LINES", help="commands in one upload at most"
    )


def _conflicts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", nargs="*", metavar="KEY", help="only these")


def _resolve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keys", nargs="*", metavar="KEY", help="key of a command, or its beginning")
    how = parser.add_mutually_exclusive_group(required=True)
    for name, meaning in (
        ("merge", "keep both sides, where they did not meet"),
        ("mine", "send it as it is on the version that is there now"),
        ("theirs", "give it up"),
    ):
        how.add_argument(f"--{name}", dest="how", action="store_const", const=name, help=meaning)
    how.add_argument("--edit", type=Path, metavar="FILE", help="send what is in a JSON file instead")
    parser.add_argument("--all", action="store_true", help="with --merge: all that can be merged")


def _report(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    parser.add_argument("project", help="IATI identifier of the project")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    actual = kinds.add_parser("actual", help="a value of an indicator for a period", parents=[shared])
    for name, meaning in (
        ("result", "its place, from 1"),
        ("indicator", "its place in the result, from 1"),
        ("period", "its place in the indicator, from 1, or a day in it"),
    ):
        actual.add_argument(f"--{name}", required=True, help=meaning)
    for name in ("value", "numerator", "denominator", "comment", "location"):
        actual.add_argument(f"--{name}")
    actual.add_argument(
        "--dimension",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="as sex=female; may be given again",
    )
    money = kinds.add_parser("expenditure", help="money that was spent or disbursed", parents=[shared])
    money.add_argument("--date", required=True)
    money.add_argument("--amount", required=True)
    for name in ("currency", "ref", "description"):
        money.add_argument(f"--{name}")
    money.add_argument("--disbursement", action="store_true", help="it was disbursed, not spent")
    progress = kinds.add_parser("progress", help="a progress report on a period", parents=[shared])
    for name in ("start", "end", "text"):
        progress.add_argument(f"--{name}", required=True)
    progress.add_argument("--rating", required=True, choices=RATINGS)
    progress.add_argument("--by", action="append", required=True, metavar="NAME", help="who wrote it")
    for name in ("due", "office"):
        progress.add_argument(f"--{name}")
    progress.add_argument("--submit", action="store_true", help="submit it too")
    table = kinds.add_parser("file", help="a CSV or JSON file of actuals or expenditures", parents=[shared])
    table.add_argument("path", type=Path)
