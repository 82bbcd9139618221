"""Facts that are told again: only one that says that it was erased takes the place of what was told of its version."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from gateway.projection.events import Event
from shared.chassis.db import Database, execute
from shared.contracts.catalog import ACTIVITY
from shared.contracts.iati import Narrative, ReportingOrganisation
from shared.contracts.projects.v1 import Activity
from shared.testing.read_models import NewReadModel, contents, event, take


def told(version: int, *, by: str, erased: bool = False) -> Event:
    activity = Activity(
        iati_identifier="XM-1",
        reporting_organisation=ReportingOrganisation(ref="XM"),
        titles=(Narrative(text=f"Version {version}"),),
        status="2",
    )
    return replace(event(ACTIVITY, activity, version), actor=by, erased=erased)


async def actors(database: Database) -> list[str]:
    async with database.session() as session:
        rows = await execute(session, text("SELECT actor FROM fact ORDER BY version"))
        return list(rows.scalars())


@pytest.mark.parametrize("version", [1, 2])
async def test_a_version_is_replaced_by_what_says_that_it_was_erased(
    new_read_model: NewReadModel, version: int
):
    database = await new_read_model()
    await take(database, [told(1, by="jane"), told(2, by="jane")])
    derived = without_facts(await contents(database))
    await take(database, [told(version, by="somebody")])
    assert await actors(database) == ["jane", "jane"]
    await take(database, [told(version, by="erased-1", erased=True)])
    expected = ["jane", "jane"]
    expected[version - 1] = "erased-1"
    assert await actors(database) == expected
    await take(database, [told(version, by="jane")])
    assert await actors(database) == expected
    assert without_facts(await contents(database)) == derived


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0)])
async def test_in_one_batch_the_erased_one_stays_whatever_comes_first(
    new_read_model: NewReadModel, order: tuple[int, ...]
):
    events = [told(1, by="jane"), told(1, by="erased-1", erased=True), told(2, by="erased-1", erased=True)]
    together, apart = await new_read_model(), await new_read_model()
    await take(together, [events[index] for index in order])
    for each in events:
        await take(apart, [each])
    assert await actors(together) == ["erased-1", "erased-1"]
    assert await contents(together) == await contents(apart)


def without_facts(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: rows for name, rows in tables.items() if name != "fact"}
