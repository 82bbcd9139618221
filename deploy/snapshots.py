"""Committed snapshots: the events, each owner's OpenAPI document, the gateway's that joins them, and pages.

``python -m deploy.snapshots`` writes them anew; with ``--check`` it writes nothing, names the files that
differ, and exits with 1 if there are any.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from deploy import configuration_page, policy_page, webhooks_page
from gateway.main import SERVICE as GATEWAY
from gateway.openapi import combine
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.app import Application, Service, create_app
from shared.contracts import snapshots as events

COMMAND = "python -m deploy.snapshots"
OWNED = "shared/contracts/openapi"
COMBINED = "docs/openapi.json"
OWNERS = (PROJECTS, FUNDING, MONITORING)


def application(service: Service) -> Application:
    """Return the application of a service, which is not served and needs no database."""
    settings = service.settings(
        database_url="postgresql+asyncpg:///none", nats_url="nats://none", cursor_key="x" * 32
    )
    return create_app(service, settings)


@cache
def generate() -> dict[str, str]:
    """Return the text of every snapshot but those of the events, by its path in the project."""
    owned = {service.name: application(service).openapi() for service in OWNERS}
    own = Application.openapi(application(GATEWAY))
    texts = {f"{OWNED}/{name}.json": _text(document) for name, document in owned.items()}
    combined = combine(own, list(owned.values()))
    return {
        **texts,
        COMBINED: _text(combined),
        configuration_page.PAGE: configuration_page.text(),
        policy_page.PAGE: policy_page.text(),
        webhooks_page.PAGE: webhooks_page.text(),
    }


def differing(root: Path = events.ROOT) -> list[str]:
    """Return the paths of those that are missing or out of date."""
    return [path for path, text in generate().items() if _read(root / path) != text]


def write(root: Path = events.ROOT) -> list[str]:
    """Make them equal to what the services and the policy say, and return the paths that changed."""
    texts, changed = generate(), differing(root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(texts[path], encoding="utf-8", newline="\n")
    return changed


def main(arguments: Sequence[str] | None = None, root: Path = events.ROOT) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write the snapshots of every interface.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming what differs")
    check = parser.parse_args(arguments).check
    paths = [*events.differing(root), *differing(root)] if check else [*events.write(root), *write(root)]
    for path in paths:
        sys.stdout.write(f"{'differs' if check else 'written'}: {path}\n")
    return 1 if check and paths else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.exit(main())
