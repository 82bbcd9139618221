"""Migrations: an empty database becomes what the models say, and can be taken back."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from gateway.base import Base as Gateway
from gateway.main import SERVICE as GATEWAY
from services.funding.main import SERVICE as FUNDING
from services.funding.models import Base as Funding
from services.monitoring.main import SERVICE as MONITORING
from services.monitoring.models import Base as Monitoring
from services.projects.main import SERVICE as PROJECTS
from services.projects.models import Base as Projects
from shared.chassis.db import Database
from shared.chassis.migrations import config_of, upgrade

TREES = [
    pytest.param(service.migrations, base.metadata, id=service.name)
    for service, base in (
        (PROJECTS, Projects),
        (FUNDING, Funding),
        (MONITORING, Monitoring),
        (GATEWAY, Gateway),
    )
]


@pytest.fixture
async def database(database_url):
    database = Database(database_url, pool=2)
    yield database
    await database.dispose()


async def run(database, function, *arguments):
    async with database.engine.begin() as connection:
        return await connection.run_sync(function, *arguments)


def differences(connection, metadata):
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def tables(connection):
    return set(inspect(connection).get_table_names())


@pytest.mark.parametrize(("tree", "metadata"), TREES)
async def test_an_upgraded_database_is_what_the_models_say(database, tree, metadata):
    await upgrade(database, tree)
    assert await run(database, differences, metadata) == []
    await upgrade(database, tree)


@pytest.mark.parametrize(("tree", "metadata"), TREES)
async def test_a_downgrade_takes_everything_back(database, tree, metadata):
    await upgrade(database, tree)
    assert await run(database, tables) == {*metadata.tables, "alembic_version"}
    await run(database, lambda connection: command.downgrade(config_of(tree, connection), "base"))
    assert await run(database, tables) == {"alembic_version"}
    await upgrade(database, tree)
    assert await run(database, differences, metadata) == []


@pytest.mark.parametrize(("tree", "metadata"), TREES)
async def test_a_tree_has_one_head(database, tree, metadata):  # noqa: ARG001
    script = await run(database, lambda connection: ScriptDirectory.from_config(config_of(tree, connection)))
    assert len(script.get_heads()) == 1
