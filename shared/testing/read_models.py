"""Events of our own making, to feed a read model with, and what it holds."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.imports.iati.reader import ActivityParts, read
from gateway.imports.iati.scan import scan
from gateway.projection.documents import KINDS
from gateway.projection.events import Event
from gateway.projection.generations import ReadModel
from gateway.projection.reducers import reduce
from shared.chassis.db import Database
from shared.chassis.scoping import PERMIT
from shared.contracts import ids
from shared.contracts.base import Contract
from shared.contracts.catalog import ACTIVITY, FINANCE, FRAMEWORK, AggregateFacts
from shared.contracts.events import Header
from shared.contracts.funding.v1 import ActivityFinance, RateSheet
from shared.contracts.ids import activity_id, rate_sheet_id
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity
from shared.policy.grants import Grant
from shared.policy.permits import permit
from shared.policy.principals import Principal
from shared.testing.identity import ALL_ROLES, everywhere

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = date(2026, 7, 1)

NewReadModel = Callable[[], Awaitable[Database]]
"""Makes an empty generation and gives a database on its tables."""


def event(
    kind: AggregateFacts,
    document: Contract,
    version: int = 1,
    recorded_at: datetime = MOMENT,
) -> Event:
    """Return the event that an owner publishes of a document."""
    type_ = kind.created if version == 1 else kind.changed
    aggregate = _aggregate_id(kind.created.aggregate, document)
    header = Header(
        id=uuid4(),
        type=type_.name,
        version=1,
        subject=type_.subject(aggregate),
        aggregate_id=aggregate,
        aggregate_version=version,
        occurred_at=MOMENT,
        recorded_at=recorded_at,
        actor="tests",
        correlation_id="tests",
    )
    return Event.of(header, document.to_json().encode(), owner=type_.owner, sequence=1)


def _aggregate_id(noun: str, document: Contract) -> UUID:
    """Return the id of a document's aggregate, as its owner makes it."""
    if isinstance(document, RateSheet):
        return rate_sheet_id(document.identifier)
    if isinstance(document, Activity | ActivityFinance | ResultsFramework):
        return activity_id(document.iati_identifier)
    id_of: Callable[[str], UUID] = getattr(ids, f"{noun.replace('-', '_')}_id")
    return id_of(KINDS[noun].identifier(document))


def events_of(parts: ActivityParts, version: int = 1) -> list[Event]:
    """Return the events of the three parts of an activity."""
    return [
        event(ACTIVITY, parts.activity, version),
        event(FINANCE, parts.finance, version),
        event(FRAMEWORK, parts.framework, version),
    ]


def activities_of(path: Path) -> list[ActivityParts]:
    """Return the activities of a file that are good."""
    items = list(read(path, scan(path)))
    return [item.content for item in items if isinstance(item.content, ActivityParts)]


async def take(database: Database, events: Sequence[Event], on: date = TODAY) -> None:
    """Take events in, as one batch."""
    async with database.session() as session, session.begin():
        await reduce(session, events, today=on)


@asynccontextmanager
async def reading(
    read_model: Database | ReadModel,
    *grants: Grant,
    resource: str = "results",
    as_of: datetime | None = None,
) -> AsyncIterator[AsyncSession]:
    """Open a session as a request for a resource has it, by a principal with these grants; without any, with all roles."""
    principal = Principal("https://issuer.test", "tests", "tests", "tests", grants or everywhere(ALL_ROLES))
    opened = read_model.session(as_of) if isinstance(read_model, ReadModel) else read_model.session()
    async with opened as session:
        session.info[PERMIT] = permit(principal, resource, "read")
        yield session


async def contents(database: Database) -> dict[str, list[str]]:
    """Return every row of a read model, by table, in order."""
    tables = {}
    async with database.engine.connect() as connection:
        names = await connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
        )
        for name in names.all():
            rows = await connection.scalars(text(f"SELECT CAST(t.* AS text) FROM {name} t ORDER BY 1"))  # noqa: S608
            tables[name] = list(rows)
    return tables
