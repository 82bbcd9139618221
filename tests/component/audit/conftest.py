"""A service of nothing but an outbox and an audit, on a database of its own."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text
from sqlmodel import SQLModel

from shared.chassis.audit import Affected, Attempt, add_audit_tables, note_changes
from shared.chassis.audit.chain import link
from shared.chassis.audit.migration import create_audit_tables
from shared.chassis.db import Database, new_registry
from shared.chassis.ids import uuid7
from shared.chassis.outbox import OutboxRow
from shared.contracts.events import Header, encode

SERVICE = "scratch"
AGGREGATE_ID = UUID("0f0e0d0c-0b0a-5908-8706-050403020100")
ATTEMPT = Attempt(
    principal="https://id.example#grace.owino",
    name="Grace Owino",
    client="nairobi-desk",
    source="192.0.2.7",
    action="put_activity",
    correlation_id="desk:1",
    reason="The donor asked for it.",
)


class Base(SQLModel, registry=new_registry()):
    """What the tables are declared on."""


class Outbox(OutboxRow, Base, table=True):
    """Events that the entries tell of."""

    __tablename__ = "outbox"


add_audit_tables(Base.metadata)


class Scratch:
    """The database of the service, and what a test does to it."""

    def __init__(self, database):
        self.database = database

    async def create(self):
        async with self.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.tables["outbox"].create)
            await connection.run_sync(in_migration, create_audit_tables, SERVICE)

    async def run(self, *statements, **parameters):
        """Run statements in one transaction and return the rows of the last."""
        async with self.database.engine.begin() as connection:
            for statement in ("SET LOCAL synchronous_commit = off", *statements):
                result = await connection.execute(text(statement), parameters)
            return result.all() if result.returns_rows else []

    async def value(self, statement, **parameters):
        ((value,),) = await self.run(statement, **parameters)
        return value

    async def stage(self, session, version, *, identifier="XM-1", aggregate_id=AGGREGATE_ID):
        """Put an event into the outbox, and return what an entry tells of it."""
        event_id, now = uuid7(), datetime.now(UTC)
        header = Header(
            id=event_id,
            type="projects.activity.revised",
            version=1,
            subject=f"projects.v1.activity.revised.{aggregate_id}",
            aggregate_id=aggregate_id,
            aggregate_version=version,
            occurred_at=now,
            recorded_at=now,
            actor="Grace Owino",
            correlation_id="desk:1",
        )
        payload = encode(header, f'{{"iati_identifier":"{identifier}","status":"{version}"}}')
        await (await session.connection()).execute(
            text(
                "INSERT INTO outbox (event_id, aggregate_id, subject, payload, size, recorded_at)"
                " VALUES (:event_id, :aggregate_id, :subject, :payload, :size, :now)"
            ),
            {
                "event_id": event_id,
                "aggregate_id": aggregate_id,
                "subject": header.subject,
                "payload": payload,
                "size": len(payload),
                "now": now,
            },
        )
        return Affected(
            aggregate="activity",
            aggregate_id=aggregate_id,
            identifier=identifier,
            version_before=version - 1 or None,
            version_after=version,
            event_id=event_id,
            event_digest=hashlib.sha256(payload.encode()).digest(),
            place_countries=["KE", "UG"],
            place_organisations=["XM-DAC-1"],
            place_projects=[aggregate_id],
        )

    async def change(self, version, *, attempt=ATTEMPT, **of):
        """Change an aggregate: an event and its entry, in one transaction."""
        async with self.database.session() as session, session.begin():
            affected = await self.stage(session, version, **of)
            (entry_id,) = await note_changes(session, attempt, [affected])
        return entry_id

    async def link_all(self):
        head = None
        while (linked := await link(self.database, SERVICE)) is not None:
            head = linked
        return head


def in_migration(connection, step, *arguments):
    with Operations.context(MigrationContext.configure(connection)):
        step(*arguments)


def another(name, **told):
    """Return the attempt of somebody else."""
    own = {"principal": f"https://id.example#{name}", "name": name, "client": f"{name}-desk"}
    return replace(ATTEMPT, **own, **told)


@pytest.fixture
async def scratch(database_url):
    database = Database(database_url, pool=12)
    made = Scratch(database)
    await made.create()
    yield made
    await database.dispose()
