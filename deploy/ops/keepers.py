"""What is kept of the streams, and by whom: the read model of the gateway, and copies of funding and monitoring."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from deploy.ops.failures import Failed
from deploy.ops.settings import OpsSettings
from gateway.projection.again import ReadModelAgain
from gateway.projection.generations import answering
from services.funding.partnerships.copies import TABLES as FUNDING_TABLES
from services.funding.partnerships.copies import WANTED as FUNDING_WANTED
from services.monitoring.copies import WANTED as MONITORING_WANTED
from services.monitoring.models import COPY_TABLES as MONITORING_TABLES
from shared.chassis.copies_again import CopiesAgain
from shared.chassis.db import Database
from shared.chassis.letters import Letter, StreamPlace
from shared.chassis.stream import StreamMessage
from shared.contracts.catalog import OWNERS

GATEWAY = "gateway"
COPIES: dict[str, Callable[[Database], CopiesAgain]] = {
    "funding": lambda database: CopiesAgain(database, FUNDING_TABLES, FUNDING_WANTED),
    "monitoring": lambda database: CopiesAgain(database, MONITORING_TABLES, MONITORING_WANTED),
}
KEEPERS = (GATEWAY, *COPIES)


class Takes(Protocol):
    """Takes messages in once more, beside the process that follows the streams."""

    async def position(self, owner: str) -> StreamPlace | None:
        """Return how far into a stream was read."""

    async def letters(self) -> list[Letter]:
        """Return the messages that could not be taken in."""

    async def drop(self, owner: str, sequence: int) -> None:
        """Drop a letter."""

    async def take(self, messages: list[StreamMessage]) -> dict[StreamMessage, Exception]:
        """Take messages of an owner in, and return those that cannot be taken."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one service keeps: ``subjects`` are those of each owner that it reads, none being all."""

    service: str
    takes: Takes
    subjects: dict[str, list[str]]


@asynccontextmanager
async def kept_by(settings: OpsSettings, service: str) -> AsyncIterator[Kept]:
    """Open what a service keeps.

    Raises:
        Failed: no generation of the read model answers, or the address of the database is not set.

    """
    async with settings.database(service) as database:
        if service != GATEWAY:
            copies = COPIES[service](database)
            yield Kept(service, copies, {owner: copies.subjects(owner) for owner in copies.owners})
            return
        async with database.session() as session:
            generation = await answering(session)
        if generation is None or generation.id is None:
            raise Failed(
                "No generation of the read model of this version answers; a projector has to build it."
            )
        schema = database.on_schema(generation.schema_name)
        try:
            yield Kept(service, ReadModelAgain(schema, generation.id), {owner: [] for owner in OWNERS})
        finally:
            await schema.dispose()
