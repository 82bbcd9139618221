"""The owners and a gateway that reads them, as tests that erase persons from them see them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gateway.projection.dump import dump
from shared.chassis.app import Service
from shared.chassis.audit.verification import Flaw, Verdict, verify
from shared.chassis.bus import Bus
from shared.chassis.db import Database, execute
from shared.chassis.documents.actors import Actor
from shared.chassis.documents.store import put_many
from shared.chassis.personal.erasure import Asked, Keeper, erase
from shared.chassis.personal.tables import Erasure
from shared.chassis.stream import StreamReader
from shared.testing.mission import ACTIVITY as PROJECT
from shared.testing.personal import JANE, cast, portfolio

SECONDS = 30.0
CLERK = Actor(name="clerk", correlation_id="erasure", operation="erase_personal_data")
ASKED = Asked(JANE, "Asked by Jane Doe, who left.")
PAGES = (
    f"/v1/results/projects/{PROJECT}",
    f"/v1/results/projects/{PROJECT}/revisions",
    "/v1/results/projects",
    "/v1/results/summary?group_by=country",
    "/v1/results/donors",
    "/v1/results/donors/SE-0",
    "/v1/results/appraisals",
    "/v1/results/alerts",
    "/v1/results/mobilisation?biennium=2026-27",
    "/v1/results/delivery?by=project&year=2026",
    "/v1/results/orphans",
)


@dataclass
class Owner:
    """A service with what it keeps, as its processes see it, and a client of it."""

    service: Service
    keeper: Keeper
    database: Database
    bus: Bus
    client: httpx.AsyncClient

    @property
    def name(self) -> str:
        return self.service.name

    async def erase(self) -> Erasure:
        return await erase(self.database, self.bus, self.keeper, ASKED, CLERK)

    async def put(self, documents: dict[str, Any], actor: Actor) -> None:
        for aggregate in self.service.aggregates:
            document = documents.get(f"{self.name}.{aggregate.noun}.v1")
            if document is not None:
                async with self.database.session() as session, session.begin():
                    await put_many(session, aggregate, [document], actor=actor)

    async def documents(self) -> dict[str, str]:
        """Return the text of every document."""
        found = {}
        async with self.database.session() as session:
            for aggregate in self.service.aggregates:
                statement = text(f"SELECT identifier, document FROM {aggregate.model.__tablename__}")  # noqa: S608
                rows = await execute(session, statement)
                found |= {f"{aggregate.noun} {identifier}": document for identifier, document in rows}
        return found

    async def messages(self) -> list[bytes]:
        """Return all that the stream says."""
        reader = StreamReader(self.bus, self.name, after=0)
        found = [message.data for message in await reader.read()]
        while await reader.unread():
            found += [message.data for message in await reader.read()]
        await reader.close()
        return found

    async def is_published(self) -> bool:
        async with self.database.session() as session:
            waiting = text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            return (await execute(session, waiting)).scalar_one() == 0

    async def verdict(self) -> Verdict:
        """Verify the audit as soon as all of it is linked."""
        await until(self._is_linked)
        return await verify(self.database, self.name, late_seconds=0)

    async def _is_linked(self) -> bool:
        async with self.database.session() as session:
            waiting = text("SELECT count(*) FROM audit_unlinked")
            return (await execute(session, waiting)).scalar_one() == 0


@dataclass
class System:
    """The three owners, and a gateway that reads them."""

    owners: Sequence[Owner]
    gateway: Owner

    @property
    def services(self) -> Sequence[Owner]:
        return (*self.owners, self.gateway)

    @property
    def database(self) -> Database:
        return self.gateway.database

    async def tell(self, draw: random.Random, versions: int = 3) -> None:
        """Store a portfolio in several versions, by persons who are drawn for reasons that name some."""
        for _ in range(versions):
            documents = {name: cast(document, draw) for name, document in portfolio().items()}
            by = draw.choice([*JANE, "clerk"])
            actor = Actor(name=by, correlation_id=uuid4().hex, rationale=f"As {by} and Ann Lee agreed.")
            for owner in self.owners:
                await owner.put(documents, actor)

    async def erase(self) -> list[Erasure]:
        return [await service.erase() for service in self.services]

    async def flaws(self) -> list[Flaw | None]:
        """Return what is wrong with the audit of each service."""
        return [(await service.verdict()).flaw for service in self.services]

    async def settle(self) -> None:
        """Wait until everything is published and in the read model."""
        for owner in self.owners:
            await until(owner.is_published)
        await until(self._is_current)

    async def _is_current(self) -> bool:
        ends = {owner.name: (await owner.bus.stream(owner.name)).state.last_seq for owner in self.owners}
        async with self.database.session() as session:
            schema = text("SELECT max(id) FROM generation WHERE state = 'active'")
            active = (await execute(session, schema)).scalar()
            if active is None:
                return False
            rows = await execute(session, text(f"SELECT owner, sequence FROM read_{active}.position"))  # noqa: S608
            return {row[0]: row[1] for row in rows} == ends

    async def recorded(self) -> dict[str, datetime]:
        """Return up to when the read model knows each owner's events."""
        async with self.database.session() as session:
            active = text("SELECT max(id) FROM generation WHERE state = 'active'")
            schema = f"read_{(await execute(session, active)).scalar_one()}"
            rows = await execute(session, text(f"SELECT owner, recorded_at FROM {schema}.position"))  # noqa: S608
            return {row[0]: row[1] for row in rows}

    async def answers(self, as_of: datetime) -> dict[str, Any]:
        """Return what the gateway answers, now and as of a moment."""
        found = {}
        for page in PAGES:
            for question in (page, f"{page}{'&' if '?' in page else '?'}as_of={as_of:%Y-%m-%dT%H:%M:%S.%fZ}"):
                answer = await self.gateway.client.get(question)
                while answer.status_code == 503:
                    await asyncio.sleep(0.2)
                    answer = await self.gateway.client.get(question)
                assert answer.status_code == 200, (question, answer.text)
                found[question] = standing(answer.json())
        return found

    async def dumped(self) -> list[str]:
        return [line async for line in dump(self.database)]

    async def everything(self) -> list[str]:
        """Return all text of all databases and streams."""
        found = []
        for service in self.services:
            found += await all_text(service.database)
        for owner in self.owners:
            found += [data.decode(errors="replace") for data in await owner.messages()]
        return found


PASSING = ("as_of", "position", "version", "recorded_at", "updated_at")


def standing(value: Any) -> Any:
    """Return an answer without moments and versions, which an erasure adds to."""
    if isinstance(value, dict):
        return {name: standing(member) for name, member in value.items() if name not in PASSING}
    return [standing(item) for item in value] if isinstance(value, list) else value


def differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Return where two values differ otherwise than by a pseudonym in place of a text."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return [each for name in before for each in differences(before[name], after[name], f"{at}/{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [each for index, (old, new) in pairs for each in differences(old, new, f"{at}/{index}")]
    if before == after or (isinstance(before, str) and isinstance(after, str) and "erased-" in after):
        return []
    return [f"{at}: {before!r} became {after!r}"]


def drawing(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (what is drawn is no secret)


MOST_LOOKS = 20
UNDEFINED_TABLE = "42P01"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await holds():
            await asyncio.sleep(0.02)


async def all_text(database: Database) -> list[str]:
    """Return every value of every table as text; a generation that is dropped meanwhile lets it look again."""
    for _ in range(MOST_LOOKS):
        try:
            return await _all_text(database)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != UNDEFINED_TABLE:
                raise
    raise TimeoutError("tables come and go all the time")


async def _all_text(database: Database) -> list[str]:
    names = text(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    found = []
    async with database.engine.connect() as connection:
        for schema, name in (await connection.execute(names)).all():
            rows = await connection.execute(text(f'SELECT * FROM "{schema}"."{name}"'))  # noqa: S608
            values = [value for row in rows for value in row]
            found += [value.decode(errors="replace") for value in values if isinstance(value, bytes)]
            found += [str(value) for value in values if not isinstance(value, bytes)]
    return found
