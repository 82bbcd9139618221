"""Commands of the issuer, on the database and with the key of the gateway's settings; each prints one JSON object."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.issuer.commands import Told, create, revoke, rotate_key
from gateway.issuer.tokens import Issuer, issuer_of
from gateway.settings import Settings
from shared.chassis.errors import NotFound
from shared.chassis.migrations import upgrade
from shared.policy.grants import Grant

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    told = parser.parse_args(arguments)
    try:
        settings = Settings()
        issuer = issuer_of(settings)
        if issuer is None:
            parser.error("DEVCOOP_ISSUER_KEY is not set")
        answer = asyncio.run(_run(settings, issuer, told))
    except (NotFound, ValidationError) as error:
        parser.error(str(error))
    sys.stdout.write(to_json(answer, indent=2).decode() + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.issuer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create-client", help="make a client, and tell its secret this once")
    create.add_argument("name", help="what people call it")
    create.add_argument(
        "--grant",
        action="append",
        required=True,
        help='a role and where, as {"role":"partner","countries":["KE"]}',
    )
    create.add_argument("--dpop-bound", action="store_true", help="its tokens are bound to a key of its own")
    rotation = commands.add_parser("rotate-key", help="let a new key sign, once every service knows it")
    rotation.add_argument(
        "--at-once", action="store_true", help="and forget the others: tokens of theirs are void"
    )
    revocation = commands.add_parser("revoke-client", help="revoke all secrets and tokens of a client")
    revocation.add_argument("id", help="of the client")
    return parser


async def _run(settings: Settings, issuer: Issuer, told: argparse.Namespace) -> Told:
    database = settings.open_database(pool=1)
    try:
        await upgrade(database, MIGRATIONS)
        async with database.session() as session, session.begin():
            return await _COMMANDS[told.command](session, issuer, told)
    finally:
        await database.dispose()


async def _create_client(session: AsyncSession, issuer: Issuer, told: argparse.Namespace) -> Told:
    grants = [Grant.model_validate_json(grant) for grant in told.grant]
    return await create(session, issuer, told.name, grants, dpop_bound=told.dpop_bound)


async def _rotate_key(session: AsyncSession, issuer: Issuer, told: argparse.Namespace) -> Told:
    return await rotate_key(session, issuer, at_once=told.at_once)


async def _revoke_client(session: AsyncSession, _issuer: Issuer, told: argparse.Namespace) -> Told:
    return await revoke(session, told.id)


_COMMANDS = {"create-client": _create_client, "rotate-key": _rotate_key, "revoke-client": _revoke_client}

if __name__ == "__main__":
    sys.exit(main())
