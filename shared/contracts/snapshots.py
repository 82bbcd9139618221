"""Committed snapshots of the contracts: a schema per data contract, the envelope, the AsyncAPI document.

``python -m shared.contracts.snapshots`` writes them anew; with ``--check`` it writes nothing, names the
files that differ, and exits with 1 if there are any.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from shared.contracts import asyncapi
from shared.contracts.base import Contract
from shared.contracts.catalog import CATALOG
from shared.contracts.events import Envelope

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = "shared/contracts/schemas"
ASYNCAPI = "docs/events.asyncapi.json"
COMMAND = "python -m shared.contracts.snapshots"


def contracts() -> dict[str, type[Contract]]:
    """Return each contract that has a snapshot, by the name of its schema, as in ``funding.partner.v1``."""
    data = {f"{event.owner}.{event.aggregate}.v{event.version}": event.data for event in CATALOG.values()}
    return {**data, "envelope.v1": Envelope}


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a contract by its name."""
    body = contracts()[name].model_json_schema(
        mode=asyncapi.SCHEMA_MODE, schema_generator=asyncapi.WireSchema
    )
    return {
        "$schema": asyncapi.WireSchema.schema_dialect,
        "$id": f"urn:devcoop:schema:{name}",
        **body,
    }


@cache
def generate() -> dict[str, str]:
    """Return the text of every snapshot by its path in the project."""
    texts = {f"{SCHEMAS}/{name}.json": _text(schema(name)) for name in contracts()}
    return {**texts, ASYNCAPI: _text(asyncapi.document())}


def differing(root: Path = ROOT) -> list[str]:
    """Return the paths of snapshots that are missing, out of date, or of no contract any more."""
    texts = generate()
    wrong = {path for path, text in texts.items() if _read(root / path) != text}
    return sorted(wrong | _orphans(root, texts))


def write(root: Path = ROOT) -> list[str]:
    """Make the snapshots equal to what the contracts say, and return the paths that changed."""
    texts = generate()
    changed = differing(root)
    for path in changed:
        if path in texts:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(texts[path], encoding="utf-8", newline="\n")
        else:
            (root / path).unlink()
    return changed


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write the snapshots of the event contracts.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming what differs")
    check = parser.parse_args(arguments).check
    paths = differing(root) if check else write(root)
    for path in paths:
        sys.stdout.write(f"{'differs' if check else 'written'}: {path}\n")
    return 1 if check and paths else 0


def _orphans(root: Path, texts: dict[str, str]) -> set[str]:
    found = {path.relative_to(root).as_posix() for path in (root / SCHEMAS).glob("*.json")}
    return found - texts.keys()


def _read(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8") if path.is_file() else None


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
