"""`devcoop ops rotate`: secrets replaced by others, in the folder of secrets and where they are used."""

import argparse
from pathlib import Path

from deploy.nats_access import USERS
from deploy.ops.failures import Failed
from deploy.ops.folder import SecretsFolder
from deploy.ops.output import tell
from deploy.ops.rotations import (
    finish_nats,
    rotate_cursor,
    rotate_database_password,
    rotate_issuer_key,
    rotate_nats,
    rotate_signing_key,
)
from deploy.ops.settings import SERVICES, OpsSettings

HELP = "replace a key or a password by another"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--secrets",
        type=Path,
        metavar="FOLDER",
        help="the folder of secrets (DEVCOOP_SECRETS_FOLDER)",
    )
    secrets = parser.add_subparsers(dest="what", required=True)
    password = secrets.add_parser("database-password", help="of the role of a service")
    password.add_argument("service", choices=SERVICES)
    nats = secrets.add_parser("nats", help="the nkey of a user of NATS")
    nats.add_argument("user", choices=USERS)
    nats.add_argument("--finish", action="store_true", help="take the new one alone from now on")
    secrets.add_parser("issuer-key", help="the key that seals keys and secrets in the gateway's database")
    signing = secrets.add_parser("signing-key", help="the key that signs tokens")
    signing.add_argument(
        "--at-once", action="store_true", help="and forget the others: tokens of theirs are void"
    )
    secrets.add_parser("cursor", help="the key that signs cursors")


async def run(arguments: argparse.Namespace) -> int:
    """Replace a secret, and tell what is to be done next."""
    settings = OpsSettings()
    if arguments.what == "signing-key":
        told = await rotate_signing_key(settings, at_once=arguments.at_once)
    else:
        told = await _rotate(settings, _folder(arguments.secrets or settings.secrets_folder), arguments)
    for line in told:
        tell(line)
    return 0


async def _rotate(settings: OpsSettings, folder: SecretsFolder, arguments: argparse.Namespace) -> list[str]:
    if arguments.what == "database-password":
        return await rotate_database_password(settings, folder, arguments.service)
    if arguments.what == "issuer-key":
        return await rotate_issuer_key(settings, folder)
    if arguments.what == "nats":
        return (finish_nats if arguments.finish else rotate_nats)(folder, arguments.user)
    return rotate_cursor(folder)


def _folder(path: Path | None) -> SecretsFolder:
    if path is None or not path.is_dir():
        raise Failed(
            f"There is no folder of secrets {path or ''}; --secrets or DEVCOOP_SECRETS_FOLDER names it."
        )
    return SecretsFolder(path)
