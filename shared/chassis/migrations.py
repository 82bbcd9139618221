"""Alembic, run by the service itself: one tree per service, one process at a time."""

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text

from shared.chassis.db import Database

MIGRATION_LOCK = 0x0A1E


async def upgrade(database: Database, tree: Path) -> None:
    """Bring a database to the newest revision of a service's tree."""
    async with database.engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        await connection.run_sync(_upgrade, tree)


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
    command.upgrade(config_of(tree, connection), "head")
