"""Facts of a stream that was made anew: they come before everything that the new one tells, and get their place in that."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from gateway.projection import streams
from gateway.projection.streams import leave_stream
from shared.chassis.db import Database, execute
from shared.testing.access import Asking
from shared.testing.read_models import NewReadModel, take
from tests.component.gateway.feeds import STREAM, Follower, Model, Owners, activity, finance, tell


async def sequences(database: Database) -> list[tuple[str, int, int]]:
    async with database.session() as session:
        rows = await execute(
            session, text("SELECT identifier, version, sequence FROM fact WHERE owner = 'projects'")
        )
        return sorted((row[0], row[1], row[2]) for row in rows)


async def test_facts_of_a_former_stream_come_first(
    new_read_model: NewReadModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streams, "MOST_FACTS", 2)
    owners = Owners()
    for document in (
        activity("P-1"),
        activity("P-2"),
        activity("P-1"),
        activity("P-3"),
        activity("P-4"),
        finance("P-1"),
    ):
        tell(owners, document)
    model = Model(await new_read_model(), owners)
    await model.take()
    await leave_stream(model.database, "projects", STREAM)
    former = [("P-1", 1, -5), ("P-1", 2, -3), ("P-2", 1, -4), ("P-3", 1, -2), ("P-4", 1, -1)]
    assert await sequences(model.database) == former
    follower = Follower(Asking(()))
    await follower.read(model.database, most=2)
    assert len(follower.held) == 5

    events = [replace(each, sequence=number) for number, each in enumerate(owners.told["projects"][1:3], 1)]
    await take(model.database, events)
    again = [("P-1", 1, -5), ("P-1", 2, 2), ("P-2", 1, 1), ("P-3", 1, -2), ("P-4", 1, -1)]
    assert await sequences(model.database) == again
    await take(model.database, [replace(events[0], sequence=9)])
    assert await sequences(model.database) == again
    await leave_stream(model.database, "projects", STREAM)
    lower = 1 << 40
    assert await sequences(model.database) == [
        *(
            ("P-1", 1, -5 - lower),
            ("P-1", 2, -1),
            ("P-2", 1, -2),
            ("P-3", 1, -2 - lower),
            ("P-4", 1, -1 - lower),
        ),
    ]
    async with model.database.session() as session:
        position = await execute(session, text("SELECT sequence FROM position WHERE owner = 'projects'"))
        assert position.scalar_one() == 0
