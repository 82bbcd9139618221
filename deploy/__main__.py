"""`devcoop serve`, `devcoop health` and `devcoop ops`: what a container runs.

``serve`` runs a service until it is told to stop, ``health`` tells whether the process of this container is ready, and
``ops`` looks after the whole system (docs/ops.md). Nothing is imported but what the command needs: a health check is
made every few seconds.
"""

import argparse
import importlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

SERVICES = {
    "projects": "services.projects.main",
    "funding": "services.funding.main",
    "monitoring": "services.monitoring.main",
    "gateway": "gateway.main",
}
OPS = "deploy.ops.commands"
PORT = "8000"
HEALTH_SECONDS = 5.0

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    if told[:1] == ["ops"]:
        status: int = importlib.import_module(OPS).main(told[1:])
        return status
    parser = argparse.ArgumentParser(prog="devcoop", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run a service until SIGTERM")
    serve.add_argument("service", choices=SERVICES)
    health = commands.add_parser("health", help="exit with 0 if the process of this container is ready")
    health.add_argument("--live", action="store_true", help="ask only whether it answers (/livez)")
    commands.add_parser("ops", help="look after the system: devcoop ops --help", add_help=False)
    given = parser.parse_args(told)
    return _serve(given.service) if given.command == "serve" else _health("livez" if given.live else "readyz")


def _serve(service: str) -> int:
    module = importlib.import_module(SERVICES[service])
    module.serve(module.SERVICE)
    return 0


def _health(page: str) -> int:
    """Ask the process for its state, and return 0 if that is good.

    ``/readyz``, since others wait for this before they start; it is bad only while requests would fail. An engine that
    restarts what is unhealthy is to ask ``/livez``: a restart does not bring back a database that is away.
    """
    address = f"http://127.0.0.1:{os.environ.get('DEVCOOP_PORT', PORT)}/{page}"
    try:
        with _DIRECT.open(address, timeout=HEALTH_SECONDS) as answer:
            told = json.load(answer)["status"]
    except urllib.error.HTTPError as error:
        sys.stderr.write(f"{address}: {error.code} {error.reason}\n")
        return 1
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{address}: {error}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
