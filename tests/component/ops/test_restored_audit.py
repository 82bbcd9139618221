"""What was not linked yet when a backup was made is no flaw of the audit, however old the backup is."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from deploy.ops.manifests import FORMAT, Dump, Manifest
from deploy.ops.restore import audit_holds
from deploy.ops.settings import OpsSettings
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade

DAY = timedelta(days=1)
ENTRY = text(
    "INSERT INTO audit_entry (at, identity_digest, action, outcome, count, correlation_id, place_countries,"
    " place_organisations, place_projects, digest) VALUES (:at, '', 'create', 'done', 1, 'x', '{}', '{}', '{}', '')"
)


def manifest_of(begun_at):
    dump = Dump(file="projects.dump", bytes=0, sha256="", revision="", audit_head=None)
    return Manifest(
        format=FORMAT, begun_at=begun_at, ended_at=begun_at, postgres="", databases={"projects": dump}
    )


@pytest.mark.parametrize(
    ("noted", "holds"),
    [(timedelta(seconds=-1), True), (timedelta(seconds=1), True), (-DAY, False)],
    ids=["just-before", "meanwhile", "long-before"],
)
async def test_an_entry_that_was_not_linked_yet(database_url, noted, holds):
    begun_at = datetime.now(UTC) - DAY
    database = Database(database_url, pool=1)
    await upgrade(database, PROJECTS.migrations)
    async with database.engine.begin() as connection:
        await connection.execute(ENTRY, {"at": begun_at + noted})
    await database.dispose()
    settings = OpsSettings(projects_database_url=database_url)
    assert await audit_holds(settings, "projects", manifest_of(begun_at)) is holds
