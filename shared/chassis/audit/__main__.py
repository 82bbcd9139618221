"""Verify the audit of a service: ``python -m shared.chassis.audit verify --service projects [--head SEQ:HASH]``.

It reads ``DEVCOOP_DATABASE_URL`` and ``DEVCOOP_DATABASE_PASSWORD``, prints what it found as JSON, and exits with 1 if
the chain does not hold.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from shared.chassis.audit.chain import Head
from shared.chassis.audit.verification import LATE_SECONDS, Verdict, verify
from shared.chassis.settings import DatabaseSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.chassis.audit", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("verify", help="verify the chain of a service's audit")
    command.add_argument("--service", required=True, help="name of the service")
    command.add_argument("--head", type=Head.parsed, help="a head that was logged, as SEQ:HASH")
    command.add_argument(
        "--late-seconds", type=float, default=LATE_SECONDS, help="how long an entry may wait"
    )
    given = parser.parse_args(arguments)
    verdict = asyncio.run(_verify(given.service, given.head, given.late_seconds))
    flaw = None if verdict.flaw is None else asdict(verdict.flaw)
    told = {"service": verdict.service, "holds": verdict.holds, "head": str(verdict.head), "flaw": flaw}
    sys.stdout.write(f"{json.dumps(told)}\n")
    return 0 if verdict.holds else 1


async def _verify(service: str, known: Head | None, late_seconds: float) -> Verdict:
    database = DatabaseSettings().open_database(pool=1)
    try:
        return await verify(database, service, known=known, late_seconds=late_seconds)
    finally:
        await database.dispose()


if __name__ == "__main__":
    sys.exit(main())
