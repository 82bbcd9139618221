"""How each secret is replaced by another; every function tells what is to be done next, a line each."""

import secrets
from datetime import datetime

import asyncpg
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from deploy.nats_access import USERS, accounts_block, new_seed, public_key
from deploy.ops.alone import require_alone
from deploy.ops.client import issuer_of
from deploy.ops.failures import Failed
from deploy.ops.folder import SecretsFolder
from deploy.ops.settings import OpsSettings
from deploy.postgres_access import scram_verifier
from deploy.secret_folder import ACCOUNTS
from gateway.issuer.commands import rotate_key
from gateway.issuer.resealing import reseal
from gateway.issuer.sealing import Unsealable
from shared.chassis.db import Database

GATEWAY = "gateway"
PROCESSES = {GATEWAY: "gateway, projector, importer and webhooks"}
"""The processes of a service, where they are more than it."""
RESTART_NATS = (
    "Restart the NATS servers one after the other (docker compose restart nats, then nats-2 and nats-3 of a cluster):"
    " a container goes on with the file that it was started with."
)

_NOT_LET_IN = "28P01"
"""What PostgreSQL calls a password that is not right (SQLSTATE)."""
_ROLE = text("SELECT current_user")
_PROBE = text("SELECT 1")


def new_secret() -> str:
    """Return a random secret."""
    return secrets.token_urlsafe(32)


async def rotate_database_password(settings: OpsSettings, folder: SecretsFolder, service: str) -> list[str]:
    """Give a role another password: connections that are open stay, new ones need it.

    Raises:
        Failed: neither the password of the folder is right, nor one that was begun with.

    """
    name = f"postgres-{service}"
    new = folder.begin(name, new_secret)
    if not await _is_right(settings, service, new):
        database = Database(settings.url(service), password=SecretStr(folder.read(name)), pool=1)
        try:
            async with database.engine.begin() as connection:
                role = await connection.scalar(_ROLE)
                verifier = scram_verifier(new)
                await connection.exec_driver_sql(f"ALTER ROLE \"{role}\" PASSWORD '{verifier}'")
        finally:
            await database.dispose()
        if not await _is_right(settings, service, new):
            raise Failed(
                f"The new password of {service} does not work, though it was set; it is in {name}.new."
            )
    folder.finish(name)
    return [f"{name} is another.", f"Restart {PROCESSES.get(service, service)}: new connections need it."]


async def _is_right(settings: OpsSettings, service: str, password: str) -> bool:
    """Whether a password opens the database of a service."""
    database = Database(settings.url(service), password=SecretStr(password), pool=1)
    try:
        async with database.engine.connect() as connection:
            await connection.execute(_PROBE)
    except (SQLAlchemyError, asyncpg.PostgresError) as error:
        if getattr(getattr(error, "orig", error), "sqlstate", None) != _NOT_LET_IN:
            raise
        return False
    finally:
        await database.dispose()
    return True


async def rotate_issuer_key(settings: OpsSettings, folder: SecretsFolder) -> list[str]:
    """Seal under another key what the gateway keeps sealed: keys that sign tokens, secrets of webhooks, messages.

    Raises:
        Failed: the gateway's processes run, or something is sealed under another key than that of the folder.

    """
    async with settings.database(GATEWAY) as database, database.session() as session, session.begin():
        await require_alone(await session.connection(), GATEWAY)
        new = folder.begin("issuer", new_secret)
        try:
            count = await reseal(session, folder.read("issuer"), new)
        except Unsealable as error:
            raise Failed(f"{error}: the secret issuer of the folder is not the one that was used.") from error
    folder.finish("issuer")
    return [f"issuer is another; {count} values were sealed anew.", f"Start {PROCESSES[GATEWAY]}."]


async def rotate_signing_key(settings: OpsSettings, *, at_once: bool) -> list[str]:
    """Let another key sign tokens (docs/access.md).

    Raises:
        Failed: the key that seals it is not set.

    """
    issuer = issuer_of(settings)
    async with settings.database(GATEWAY) as database, database.session() as session, session.begin():
        told = await rotate_key(session, issuer, at_once=at_once)
    signs_from: datetime = told["signs_from"]
    return [
        f"Key {told['kid']} signs from {signs_from.isoformat(timespec='seconds')} on.",
        "Nothing is to be restarted.",
    ]


def rotate_cursor(folder: SecretsFolder) -> list[str]:
    """Sign cursors with another key; those of the former are taken for as long as that stays beside it."""
    folder.begin("cursor", new_secret)
    folder.write("cursor-former", folder.read("cursor"))
    folder.finish("cursor")
    return [
        "cursor is another, and cursor-former what it was (DEVCOOP_CURSOR_KEY_FORMER).",
        "Restart all processes. A cursor of the former key is good until the next rotation.",
    ]


def rotate_nats(folder: SecretsFolder, user: str) -> list[str]:
    """Give a user of NATS another nkey; the server takes the former one too, until it is told to finish.

    Raises:
        Failed: a rotation of this user is not finished yet.

    """
    name = f"nats-{user}"
    if folder.has(former_of(user)) and not folder.is_begun(name):
        raise Failed(f"The rotation of {user} has been begun; finish it with --finish.")
    new = folder.begin(name, new_seed)
    folder.write(former_of(user), public_key(folder.read(name)))
    keys = public_keys(folder) | {user: public_key(new)}
    folder.write(ACCOUNTS, accounts_block(keys, former=formers(folder)))
    folder.finish(name)
    return [
        f"nats-{user} is another; {ACCOUNTS} takes both.",
        f"1. {RESTART_NATS}",
        f"2. Restart {PROCESSES.get(user, user)}."
        if user != "operator"
        else "2. Use it as DEVCOOP_NATS_SEED.",
        f"3. devcoop ops rotate nats {user} --finish",
    ]


def finish_nats(folder: SecretsFolder, user: str) -> list[str]:
    """Let the server take the new nkey alone.

    Raises:
        Failed: no rotation of this user was begun, or it was broken off before both keys were taken.

    """
    if folder.is_begun(f"nats-{user}"):
        raise Failed(
            f"The rotation of {user} was broken off; run it again without --finish, and do as it says."
        )
    if not folder.has(former_of(user)):
        raise Failed(f"No rotation of {user} was begun.")
    former = {each: key for each, key in formers(folder).items() if each != user}
    folder.write(ACCOUNTS, accounts_block(public_keys(folder), former=former))
    folder.remove(former_of(user))
    return [
        f"{ACCOUNTS} takes the new key of {user} alone.",
        RESTART_NATS,
    ]


def public_keys(folder: SecretsFolder) -> dict[str, str]:
    """Return the public key of each user."""
    return {user: public_key(folder.read(f"nats-{user}")) for user in USERS}


def former_of(user: str) -> str:
    """Return the name of the file with the public key that a user had before."""
    return f"nats-{user}-former.pub"


def formers(folder: SecretsFolder) -> dict[str, str]:
    """Return the former public keys of those whose rotation is not finished."""
    return {user: folder.read(former_of(user)) for user in USERS if folder.has(former_of(user))}
