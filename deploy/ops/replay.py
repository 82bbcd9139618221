"""`devcoop ops replay`: what was told since a moment is taken in again.

The read model and the copies are read from the streams beside the processes that follow these, whose positions stay where
they are; what is known already changes nothing. So it mends what is missing. What is there and wrong, a rebuild mends.
Webhooks are told everything again that they would have been told, with the same ids.
"""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from deploy.ops.cursors import waiting_since
from deploy.ops.failures import Failed, in_words
from deploy.ops.keepers import COPIES, GATEWAY, Kept, kept_by
from deploy.ops.output import tell
from deploy.ops.settings import OpsSettings
from gateway.projection.generations import answering
from gateway.webhooks.handlers import replay_all, undeleted
from gateway.webhooks.positions import position_at
from shared.chassis.bus import Bus
from shared.chassis.stream import StreamMessage, StreamReader, StreamReplaced
from shared.contracts.catalog import OWNERS

HELP = "take in again what was told since a moment"
KEEPERS: Mapping[str, Sequence[str]] = {"projection": (GATEWAY,), "copies": tuple(COPIES)}
WEBHOOKS = "webhooks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--from",
        dest="since",
        type=moment,
        required=True,
        metavar="TIME",
        help="with its offset, as 2026-03-01T00:00:00Z",
    )
    parser.add_argument("--owner", action="append", choices=OWNERS, help="of these owners alone")
    parser.add_argument(
        "--consumer",
        choices=(*KEEPERS, WEBHOOKS),
        help="for these alone; webhooks only if asked for, since their receivers are told again",
    )
    parser.add_argument("--webhook", type=UUID, help="one webhook alone, by its id")
    parser.add_argument("--yes", action="store_true", help="do it; without, tell what would be done")


def moment(told: str) -> datetime:
    """Return the moment that a text is, in UTC.

    Raises:
        ValueError: it is none, or has no offset.

    """
    parsed = datetime.fromisoformat(told)
    if parsed.tzinfo is None:
        raise ValueError(f"{told} has no offset")
    return parsed.astimezone(UTC)


async def run(arguments: argparse.Namespace) -> int:
    """Replay, or tell what would be replayed; 1 if some of it could not be taken in."""
    settings = OpsSettings()
    if arguments.consumer == WEBHOOKS:
        if arguments.owner:
            tell("Webhooks are told of all owners; leave --owner out.")
            return 2
        await _replay_webhooks(settings, arguments)
        good = True
    else:
        good = await _replay_streams(settings, arguments)
    if not arguments.yes:
        tell("Nothing was done; say --yes to do it.")
    return 0 if good else 1


async def _replay_streams(settings: OpsSettings, arguments: argparse.Namespace) -> bool:
    services = [
        service
        for name, services in KEEPERS.items()
        if arguments.consumer in (None, name)
        for service in services
    ]
    good = True
    async with settings.bus() as bus:
        for service in services:
            async with kept_by(settings, service) as kept:
                for owner in kept.subjects:
                    if not arguments.owner or owner in arguments.owner:
                        good = await _replay(bus, kept, owner, arguments) and good
    return good


async def _replay(bus: Bus, kept: Kept, owner: str, arguments: argparse.Namespace) -> bool:
    place = await kept.takes.position(owner)
    if place is None:
        tell(f"{kept.service}: has read nothing of {owner} yet")
        return True
    subjects = kept.subjects[owner]
    after, count = await waiting_since(bus, owner, arguments.since, subjects)
    if not arguments.yes:
        tell(f"{kept.service}: {count} messages of {owner}")
        return True
    reader = StreamReader(bus, owner, after=after, created=place.stream_created, subjects=subjects)
    failed: dict[StreamMessage, Exception] = {}
    taken = 0
    try:
        while messages := await _next(reader, place.sequence):
            failed |= await kept.takes.take(messages)
            taken += len(messages)
    except StreamReplaced as error:
        raise Failed(
            f"{kept.service} has not read the stream of {owner} that there is now: {error}"
        ) from error
    finally:
        await reader.close()
    tell(f"{kept.service}: {taken - len(failed)} messages of {owner} taken in")
    for message, reason in failed.items():
        tell(f"{kept.service}/{owner}/{message.sequence}: {in_words(reason)}")
    return not failed


async def _next(reader: StreamReader, last: int) -> list[StreamMessage]:
    """Return the next messages up to a place, none behind it and at the end of the stream.

    What was deleted of the stream, the last message too, is no reason to wait.
    """
    while True:
        messages = await reader.read()
        if messages:
            return [message for message in messages if message.sequence <= last]
        if not await reader.unread():
            return []


async def _replay_webhooks(settings: OpsSettings, arguments: argparse.Namespace) -> None:
    """Let webhooks be told again; the process with that role sees it by itself."""
    async with settings.database(GATEWAY) as database:
        async with database.session() as session:
            generation = await answering(session)
        if generation is None:
            raise Failed("No generation of the read model of this version answers.")
        schema = database.on_schema(generation.schema_name)
        try:
            async with schema.session() as session:
                position = await position_at(session, arguments.since)
        finally:
            await schema.dispose()
        async with database.session() as session, session.begin():
            webhooks = await undeleted(session, arguments.webhook)
            if arguments.yes:
                await replay_all(session, webhooks, position)
    tell(f"{len(webhooks)} webhooks {'are told again' if arguments.yes else 'would be told again'}")
