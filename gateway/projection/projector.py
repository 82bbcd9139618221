"""The projector: one process at a time keeps the read model up to date, and lets a new generation take over."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from gateway.projection.follower import Follower
from gateway.projection.generations import State, activate, begin, drop_retired, followed
from shared.chassis.bus import BrokerAway, Bus
from shared.chassis.db import Database
from shared.chassis.leadership import lead
from shared.chassis.stream import last_sequence
from shared.chassis.workers import pause
from shared.contracts.catalog import OWNERS

PROJECTOR_LOCK = 0x0DC0
CHECK_SECONDS = 0.2
DROP_SECONDS = 5.0

_log = structlog.get_logger()


class Projector:
    """Follows the streams for every generation of this code."""

    name = "projector"

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._over: dict[int, asyncio.Event] = {}
        self._databases: dict[int, Database] = {}
        self.followers: dict[int, Follower] = {}
        self.taken: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Project while this process is the leader, and wait to become it otherwise."""
        await lead(self._database, PROJECTOR_LOCK, stop, self._lead)

    def newest(self) -> Follower | None:
        """Return what follows for the newest generation, None for a standby."""
        return self.followers[max(self.followers)] if self.followers else None

    async def lag(self) -> dict[str, int]:
        """Return how many events each owner's stream is ahead of the newest generation; empty for a standby.

        Raises:
            BrokerAway: the streams cannot be asked.

        """
        newest = self.newest()
        if newest is None:
            return {}
        positions = newest.positions
        ends = {owner: (await last_sequence(self._bus, owner))[0] for owner in positions}
        return {owner: max(0, end - positions[owner]) for owner, end in ends.items()}

    async def _lead(self, lock: asyncpg.Connection, stop: asyncio.Event) -> None:
        try:
            await self._project(lock, stop)
        finally:
            await self._end_all()  # while the lock is still held

    async def _project(self, lock: asyncpg.Connection, stop: asyncio.Event) -> None:
        """Lead for as long as the connection that holds the lock is alive."""
        retired_at: float | None = 0.0
        while not stop.is_set():
            await lock.execute("SELECT 1")
            building = await self._follow()
            for generation_id in building:
                if await self._has_caught_up(self.followers[generation_id]):
                    async with self._database.session() as session, session.begin():
                        await activate(session, generation_id)
                    _log.info("read_model.activated", generation=generation_id)
                    retired_at = asyncio.get_running_loop().time()
            if retired_at is not None and asyncio.get_running_loop().time() - retired_at > DROP_SECONDS:
                retired_at = None if await self._drop_retired() else asyncio.get_running_loop().time()
            await pause(stop, CHECK_SECONDS)

    async def _drop_retired(self) -> bool:
        """Drop what answers no more; False if somebody still reads it."""
        try:
            async with self._database.session() as session, session.begin():
                await drop_retired(session)
        except DBAPIError as error:
            _log.warning("read_model.still_read", error=type(error).__name__)
            return False
        return True

    async def _follow(self) -> Sequence[int]:
        """Follow the streams for what is to be kept up to date, and return what is being built."""
        async with self._database.session() as session, session.begin():
            generations = [(g.id, g.state, g.schema_name) for g in await followed(session)]
            if not generations:
                begun = await begin(session)
                generations = [(begun.id, begun.state, begun.schema_name)]
        wanted = {id_: schema for id_, _, schema in generations if id_ is not None}
        for generation_id in self.followers.keys() - wanted.keys():
            await self._end(generation_id)
        for generation_id, task in list(self._tasks.items()):
            if task.done():
                _log.error("projector.follower_failed", generation=generation_id, exc_info=task.exception())
                await self._end(generation_id)
        for generation_id in wanted.keys() - self.followers.keys():
            self._begin(generation_id, wanted[generation_id])
        return [id_ for id_, state, _ in generations if id_ is not None and state == State.BUILDING]

    async def _has_caught_up(self, follower: Follower) -> bool:
        """Whether a follower has taken in all that its streams hold now."""
        if not follower.positions:
            return False
        try:
            ends = {owner: await last_sequence(self._bus, owner) for owner in OWNERS}
        except BrokerAway:
            return False
        return all(
            follower.positions[owner] >= end and follower.streams[owner] == created
            for owner, (end, created) in ends.items()
        )

    def _begin(self, generation_id: int, schema: str) -> None:
        database = self._database.on_schema(schema)
        follower = Follower(generation_id, database, self._bus, self.taken)
        self._databases[generation_id], self.followers[generation_id] = database, follower
        self._over[generation_id] = over = asyncio.Event()
        self._tasks[generation_id] = asyncio.create_task(follower.run(over), name=f"follower-{generation_id}")

    async def _end(self, generation_id: int) -> None:
        task = self._tasks.pop(generation_id)
        del self.followers[generation_id]
        self._over.pop(generation_id).set()  # what it waits for may swallow the cancellation
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self._databases.pop(generation_id).dispose()

    async def _end_all(self) -> None:
        for generation_id in list(self._tasks):
            await self._end(generation_id)
