"""`devcoop ops audit verify`: the chain of every service's audit, computed anew (docs/audit.md)."""

import argparse
from dataclasses import asdict

from deploy.ops.output import add_json, tell, tell_json
from deploy.ops.settings import SERVICES, OpsSettings
from shared.chassis.audit.chain import Head
from shared.chassis.audit.verification import LATE_SECONDS, Verdict, verify

HELP = "verify that nobody changed the audit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True)
    action = actions.add_parser("verify", help="verify the chain of each service")
    action.add_argument(
        "services", nargs="*", metavar="service", help=f"of {', '.join(SERVICES)}; all if none is named"
    )
    action.add_argument(
        "--head", type=Head.parsed, help="a head that was logged, as SEQ:HASH; of one service"
    )
    action.add_argument("--late-seconds", type=float, default=LATE_SECONDS, help="how long an entry may wait")
    add_json(action)


async def run(arguments: argparse.Namespace) -> int:
    """Verify, and return 1 if a chain does not hold."""
    services = arguments.services or SERVICES
    if unknown := set(services) - set(SERVICES):
        tell(f"There is no service {', '.join(sorted(unknown))}.")
        return 2
    if arguments.head is not None and len(services) != 1:
        tell("A head is of one service; name it.")
        return 2
    settings, verdicts = OpsSettings(), []
    for service in services:
        async with settings.database(service) as database:
            verdict = await verify(
                database, service, known=arguments.head, late_seconds=arguments.late_seconds
            )
        verdicts.append(verdict)
        if not arguments.json:
            tell(_line(verdict))
    if arguments.json:
        tell_json([{**asdict(each), "head": str(each.head), "holds": each.holds} for each in verdicts])
    return 0 if all(each.holds for each in verdicts) else 1


def _line(verdict: Verdict) -> str:
    if verdict.flaw is None:
        return f"{verdict.service}: holds up to {verdict.head}"
    flaw = verdict.flaw
    place = f" at link {flaw.seq}" if flaw.seq is not None else ""
    return f"{verdict.service}: DOES NOT HOLD behind {verdict.head}: {flaw.kind}{place}, {flaw.detail}"
