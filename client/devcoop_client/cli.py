"""The command line ``devcoop``.

Exit codes: 0 done; 1 something was refused or is in conflict, and a person has to look; 2 what was typed cannot be taken;
3 the server could not be reached, try again later; 4 log in or pull first.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from devcoop_client import commands, parsers
from devcoop_client.commands import Context, Done
from devcoop_client.errors import FieldClientError
from devcoop_client.store import FILE, Store

HOME = "DEVCOOP_HOME"
INTERRUPTED = 130

_COMMANDS: Mapping[str, Callable[[Context, argparse.Namespace], Done]] = {
    "login": commands.login,
    "pull": commands.pull,
    "report": commands.report,
    "push": commands.push,
    "status": commands.status,
    "conflicts": commands.conflicts,
    "resolve": commands.resolve_commands,
    "drop": commands.drop,
}


def run() -> None:
    """Run the command line of this process, and end it."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    told = parsers.parser().parse_args(arguments)
    home = Path(told.home or os.environ.get(HOME) or default_home())
    try:
        context = Context(home, Store(home / FILE), as_json=told.json, quiet=told.json or told.quiet)
    except FieldClientError as error:
        return _failed(error, as_json=told.json)
    try:
        done = _COMMANDS[told.command](context, told)
    except FieldClientError as error:
        return _failed(error, as_json=told.json)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing is lost: the same command goes on from here.\n")
        return INTERRUPTED
    finally:
        context.store.close()
    sys.stdout.write(_json(done.told) if told.json else "".join(f"{line}\n" for line in done.lines))
    return done.exit_code


def default_home() -> Path:
    """Return the folder that keeps everything of this user."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "devcoop"
    return Path(os.environ.get("XDG_DATA_HOME", "~/.local/share")).expanduser() / "devcoop"


def _failed(error: FieldClientError, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(_json({"error": type(error).__name__, "message": str(error)}))
    else:
        sys.stderr.write(f"{error}\n")
    return error.exit_code


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
