"""Which generation a process reads from."""

import asyncio

from gateway.projection.generations import ReadModel, activate, begin
from gateway.results.cache import AnswerCache
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade
from tests.component.gateway.conftest import MIGRATIONS


async def test_all_who_come_first_read_by_the_same_connections(database_url: str):
    public = Database(database_url)
    await upgrade(public, MIGRATIONS)
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    model = ReadModel(public, AnswerCache(0), past_moments=1)
    seen = set()

    async def read() -> None:
        async with model.session():
            seen.add(id(model.database))
            await asyncio.sleep(0.05)

    await asyncio.gather(*(read() for _ in range(8)))
    assert seen == {id(model.database)}
    await model.dispose()
    await public.dispose()
