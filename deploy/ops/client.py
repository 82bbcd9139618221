"""`devcoop ops client`: clients of the built-in issuer, of which the first has to be made by command (docs/access.md)."""

import argparse

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.ops.failures import Failed
from deploy.ops.migrate import tree_of
from deploy.ops.output import tell_json
from deploy.ops.settings import OpsSettings
from gateway.issuer.commands import Told, create, revoke
from gateway.issuer.tokens import Issuer
from shared.chassis.errors import NotFound
from shared.chassis.migrations import revisions, upgrade
from shared.policy.grants import Grant

GATEWAY = "gateway"
HELP = "make or revoke a client of the built-in issuer"
MOST_SECONDS = 600
"""How long a token would live; none is made here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True)
    creation = actions.add_parser("create", help="make a client, and tell its secret this once")
    creation.add_argument("name", help="what people call it")
    creation.add_argument(
        "--grant",
        dest="grants",
        action="append",
        type=Grant.model_validate_json,
        required=True,
        help='a role and where, as {"role":"partner","countries":["KE"]}',
    )
    creation.add_argument(
        "--dpop-bound", action="store_true", help="its tokens are bound to a key of its own"
    )
    revocation = actions.add_parser("revoke", help="revoke all secrets and tokens of a client")
    revocation.add_argument("id", help="of the client")


async def run(arguments: argparse.Namespace) -> int:
    """Make or revoke a client, and tell of it as JSON; a database that is empty is migrated first."""
    settings = OpsSettings()
    issuer = issuer_of(settings)
    async with settings.database(GATEWAY) as database:
        if (await revisions(database, tree_of(GATEWAY)))[0] is None:
            await upgrade(database, tree_of(GATEWAY))
        async with database.session() as session, session.begin():
            try:
                told = await _run(session, issuer, arguments)
            except (NotFound, ValidationError) as error:
                raise Failed(str(error)) from error
    tell_json(told)
    return 0


async def _run(session: AsyncSession, issuer: Issuer, arguments: argparse.Namespace) -> Told:
    if arguments.action == "revoke":
        return await revoke(session, arguments.id)
    return await create(session, issuer, arguments.name, arguments.grants, dpop_bound=arguments.dpop_bound)


def issuer_of(settings: OpsSettings) -> Issuer:
    """Return the built-in issuer.

    Raises:
        Failed: its key is not set.

    """
    if settings.issuer_key is None:
        raise Failed("DEVCOOP_ISSUER_KEY is not set.")
    return Issuer(
        url=settings.issuer_url, key=settings.issuer_key.get_secret_value(), token_seconds=MOST_SECONDS
    )
