"""Alembic, run by the service itself: one tree per service, one process at a time."""

from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command, context, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from shared.chassis.db import Database

MIGRATION_LOCK = 0x0A1E


async def upgrade(database: Database, tree: Path) -> None:
    """Bring a database to the newest revision of a service's tree."""
    async with database.engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        await connection.run_sync(_upgrade, tree)


async def revisions(database: Database, tree: Path) -> tuple[str | None, str | None]:
    """Return the revision that a database has, None if it is empty, and the newest of a service's tree."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(_revisions, tree)


def _revisions(connection: Connection, tree: Path) -> tuple[str | None, str | None]:
    return MigrationContext.configure(connection).get_current_revision(), _head(tree)


@cache
def _head(tree: Path) -> str | None:
    """Return the newest revision of a tree, whose files a process reads once."""
    return ScriptDirectory(str(tree)).get_current_head()


def config_of(tree: Path, connection: Connection) -> Config:
    """Return the Alembic configuration of a tree on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(tree))
    config.attributes["connection"] = connection
    return config


def run_environment(metadata: MetaData) -> None:
    """Run the migrations that Alembic was asked for; each tree's ``env.py`` calls this."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        include_schemas=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _upgrade(connection: Connection, tree: Path) -> None:
    revision, head = _revisions(connection, tree)
    if revision != head:
        command.upgrade(config_of(tree, connection), "head")


def create_document_table(name: str, *columns: sa.Column[Any]) -> None:
    """Create a table of documents (``shared/chassis/documents``), with the columns that its list filters by."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("correlation_id", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("identifier", name=op.f(f"uq_{name}_identifier")),
    )
    op.create_index(op.f(f"ix_{name}_updated_at"), name, ["updated_at"], unique=False)


def add_place_columns(*tables: str) -> None:
    """Add to tables of documents the columns that tell where a row belongs; what is stored is placed at the next start."""
    for name in tables:
        for column in ("place_countries", "place_organisations"):
            op.add_column(name, sa.Column(column, sa.ARRAY(sa.Text()), nullable=False, server_default="{}"))
        op.add_column(
            name, sa.Column("place_projects", sa.ARRAY(sa.Uuid()), nullable=False, server_default="{}")
        )
        op.add_column(name, sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.add_column(name, sa.Column("placed_by", sa.Integer(), nullable=False, server_default="0"))
        for column in ("place_countries", "place_organisations", "place_projects", "is_public", "placed_by"):
            op.alter_column(name, column, server_default=None)
        op.create_index(op.f(f"ix_{name}_placed_by"), name, ["placed_by"], unique=False)


def drop_place_columns(*tables: str) -> None:
    """Drop from tables of documents the columns that tell where a row belongs."""
    for name in tables:
        for column in ("placed_by", "is_public", "place_projects", "place_organisations", "place_countries"):
            op.drop_column(name, column)


def add_copy_places() -> None:
    """Add to the table of copies where projects belong, and read what is wanted of them anew."""
    for column in ("place_countries", "place_organisations"):
        op.add_column("copy", sa.Column(column, sa.ARRAY(sa.Text()), nullable=False, server_default="{}"))
        op.alter_column("copy", column, server_default=None)
    op.add_column("copy", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("copy", "is_public", server_default=None)
    op.execute("UPDATE copy_position SET subjects = ''")


def drop_copy_places() -> None:
    """Drop from the table of copies where projects belong."""
    for column in ("is_public", "place_organisations", "place_countries"):
        op.drop_column("copy", column)


def create_copy_tables() -> None:
    """Create the tables of copies (``shared/chassis/copies``)."""
    op.create_table(
        "copy",
        sa.Column("aggregate", AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("aggregate", "id", name=op.f("pk_copy")),
    )
    op.create_table(
        "copy_position",
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("stream_created", UTCDateTime(), nullable=True),
        sa.Column("subjects", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_copy_position")),
    )
    op.create_table(
        "copy_letter",
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "sequence", name=op.f("pk_copy_letter")),
    )


def drop_copy_tables() -> None:
    """Drop the tables of copies."""
    for name in ("copy_letter", "copy_position", "copy"):
        op.drop_table(name)


def create_identity_tables() -> None:
    """Create the tables of identity (``shared/chassis/identity``)."""
    op.create_table(
        "identity_document",
        sa.Column("source", AutoString(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("fetched_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_identity_document")),
    )
    op.create_table(
        "seen_proof",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_seen_proof")),
    )
    op.create_index(op.f("ix_seen_proof_until"), "seen_proof", ["until"], unique=False)


def drop_identity_tables() -> None:
    """Drop the tables of identity."""
    for name in ("seen_proof", "identity_document"):
        op.drop_table(name)
