"""`devcoop ops streams restore`: an owner's stream made anew from its outbox, which has every event that ever was.

The outbox is marked as unpublished, and the relay of the owner publishes all of it to a new stream. Whoever follows the
stream sees that it is another, and reads it from its beginning. Meanwhile writes and reads go on.
"""

import argparse
import asyncio
from dataclasses import fields

import asyncpg
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from nats.js.errors import APIError, NotFoundError
from sqlalchemy import text

from deploy.ops.failures import Failed
from deploy.ops.output import tell
from deploy.ops.settings import STATEMENT_SECONDS, OpsSettings
from shared.chassis.bus import BrokerAway, Bus, stream_configuration, stream_name
from shared.chassis.db import Database
from shared.chassis.leadership import leadership
from shared.chassis.relay import ACK_SECONDS, RELAY_LOCK
from shared.contracts.catalog import OWNERS

HELP = "restore a stream that was lost"
LEAD_SECONDS = 30.0
"""How long to try to take the lead from the relay."""
SETTLE_SECONDS = 2 * ACK_SECONDS
"""How long a relay that lost the lead may still be publishing what it had read."""
POLL_SECONDS = 0.05
PUBLISH_SECONDS = 3600.0

_END_RELAY = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = :key"
    " AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_UNPUBLISH = "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL"
_WAITING = text("SELECT count(*) FROM outbox WHERE published_at IS NULL")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True)
    restore = actions.add_parser("restore", help="make an owner's stream anew from its outbox")
    restore.add_argument("owner", choices=OWNERS)
    restore.add_argument(
        "--yes", action="store_true", help="also where the stream is there, and holds messages"
    )
    restore.add_argument("--no-wait", action="store_true", help="do not wait until all is published")
    restore.add_argument(
        "--seconds", type=float, default=PUBLISH_SECONDS, help="how long to wait for that (%(default)s)"
    )


async def run(arguments: argparse.Namespace) -> int:
    """Restore a stream; 1 if not all was published in time."""
    settings = OpsSettings()
    async with settings.bus() as bus, settings.database(arguments.owner, pool=2) as database:
        held = await messages_in(bus, arguments.owner)
        if held and not arguments.yes:
            raise Failed(
                f"The stream {stream_name(arguments.owner)} holds {held} messages; say --yes to replace it."
            )
        count = await make_anew(bus, database, arguments.owner)
        tell(f"{stream_name(arguments.owner)} was made anew; {count} events are to be published.")
        if arguments.no_wait:
            return 0
        left = await _published(database, arguments.seconds)
    tell("All are published." if not left else f"{left} are still to be published; the relay goes on.")
    return 1 if left else 0


async def messages_in(bus: Bus, owner: str) -> int | None:
    """Return how many messages a stream holds, None if it is not there.

    Raises:
        BrokerAway: NATS cannot be reached.

    """
    info = await _info(bus, owner)
    return None if info is None else info.state.messages


async def changes_of(bus: Bus, owner: str, replicas: int) -> list[str]:
    """Return the names of what in a stream's configuration is another than by this version.

    Raises:
        BrokerAway: NATS cannot be reached.

    """
    info = await _info(bus, owner)
    if info is None:
        return ["all"]
    wanted = stream_configuration(owner, replicas)
    told = {each.name: getattr(wanted, each.name) for each in fields(wanted)}
    return [name for name, value in told.items() if value is not None and value != getattr(info.config, name)]


async def _info(bus: Bus, owner: str) -> StreamInfo | None:
    js = await bus.jetstream()
    try:
        return await js.stream_info(stream_name(owner))
    except NotFoundError:
        return None
    except (NatsError, APIError, TimeoutError) as error:
        raise BrokerAway(f"{stream_name(owner)}: {error or type(error).__name__}") from error


async def make_anew(bus: Bus, database: Database, owner: str) -> int:
    """Mark the whole outbox as unpublished and put an empty stream in place of the owner's; return how many events wait.

    In this order: should we die in between, everything is published, to the former stream too, and this is done again.

    Raises:
        Failed: the lead could not be taken from the relay.
        BrokerAway: NATS cannot be reached, or refuses.

    """
    deadline = asyncio.get_running_loop().time() + LEAD_SECONDS
    ended = 0
    while asyncio.get_running_loop().time() < deadline:
        async with leadership(database, RELAY_LOCK) as lock:
            if lock is not None:
                await bus.connect()
                await asyncio.sleep(SETTLE_SECONDS if ended else 0)
                return await _replace(bus, lock, owner)
            ended += await _end_relay(database)
        await asyncio.sleep(POLL_SECONDS)
    raise Failed(
        f"The relay of {owner} does not give up the lead; stop the processes of {owner} and try again."
    )


async def _end_relay(database: Database) -> int:
    """End the connection of the relay that leads, and return how many that were; it will lead again once we let it."""
    async with database.engine.connect() as connection:
        return int(await connection.scalar(_END_RELAY, {"key": RELAY_LOCK}) or 0)


async def _replace(bus: Bus, lock: asyncpg.Connection, owner: str) -> int:
    await lock.execute(_UNPUBLISH, timeout=STATEMENT_SECONDS)
    count = await lock.fetchval(_WAITING.text, timeout=STATEMENT_SECONDS)
    js = await bus.jetstream()
    try:
        if await messages_in(bus, owner) is not None:
            await js.delete_stream(stream_name(owner))
    except (NatsError, APIError, TimeoutError) as error:
        raise BrokerAway(f"{stream_name(owner)}: {error or type(error).__name__}") from error
    await bus.configure_stream(owner)
    return int(count)


async def _published(database: Database, seconds: float) -> int:
    """Wait until the relay has published all, and return how many events are left."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        async with database.engine.connect() as connection:
            left = int(await connection.scalar(_WAITING) or 0)
        if not left or asyncio.get_running_loop().time() > deadline:
            return left
        await asyncio.sleep(POLL_SECONDS * 10)
