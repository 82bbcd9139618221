"""The sender: one process at a time delivers what subscriptions are to be told, each in a lane of its own.

Nothing that one endpoint does delays another: a lane has its own places, its own order and its own pauses. What was sent
and not yet written down when the process dies is sent again, with the same id.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from gateway.webhooks.attempts import Attempt, attempt
from gateway.webhooks.disabling import FAILING, GONE, VOID, disable
from gateway.webhooks.lanes import Due, Lane
from gateway.webhooks.loading import load
from gateway.webhooks.meters import Meters
from gateway.webhooks.models import DELIVERED, FAILED, PENDING, SKIPPED
from gateway.webhooks.records import Outcome, Recorder
from gateway.webhooks.rendering import NotKnownYet, Rendered, Renderer
from gateway.webhooks.schedule import drawn, hold_after, pause_after
from gateway.webhooks.store import CHANNEL
from gateway.webhooks.targets import Target, Targets
from shared.chassis.db import Database
from shared.chassis.egress import Egress
from shared.chassis.errors import Unavailable
from shared.chassis.leadership import lead

SENDER_LOCK = 0x0DD1
LOOK_SECONDS = 1.0
"""How often the database is looked at, whether or not anything was heard of."""
FINISH_SECONDS = 8.0
"""How long what is under way may take when the process is to stop."""
NOT_KNOWN_SECONDS = 0.5
DISABLING_SECONDS = 60.0
"""How long an endpoint that is to be disabled is left alone, should the database not take that."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rules:
    """How often a failed delivery is tried again, when an endpoint is given up, how much is under way at once."""

    retry_seconds: Sequence[float]
    failing: timedelta
    concurrency: int


class WebhookSender:
    """Sends for all subscriptions."""

    name = "webhook-sender"

    def __init__(  # noqa: PLR0913
        self,
        database: Database,
        lock: Database,
        egress: Egress,
        targets: Targets,
        renderer: Renderer,
        rules: Rules,
        meters: Meters,
    ) -> None:
        self._database, self._lock, self._egress = database, lock, egress
        self._rules, self._meters = rules, meters
        self._reader, self._renderer = targets, renderer
        self._targets: Mapping[UUID, Target] = {}
        self._lanes: dict[UUID, Lane] = {}
        self._recorder = Recorder(database)
        self._woken = asyncio.Event()
        self._changed: set[UUID] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Send while this process is the leader, and wait to become it otherwise."""
        await lead(self._lock, SENDER_LOCK, stop, self._lead)

    def _on_notification(self, _connection: object, _pid: int, _channel: str, told: str) -> None:
        if told:
            self._changed.add(UUID(told))
        for lane in self._lanes.values():
            lane.has_more = True
        self._woken.set()

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        self._lanes, self._stopping = {}, False
        await connection.add_listener(CHANNEL, self._on_notification)
        ended = asyncio.Event()
        self._recorder = Recorder(self._database)
        recording = asyncio.create_task(self._recorder.run(ended), name="webhook-records")
        waking = asyncio.create_task(self._wake_at(stop), name="webhook-stop")
        try:
            await self._send(connection, stop)
        finally:
            self._stopping = True
            await self._finish()
            ended.set()
            await asyncio.wait([recording], timeout=FINISH_SECONDS)
            for task in (recording, waking):
                task.cancel()
            await asyncio.gather(recording, waking, return_exceptions=True)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._woken.set()

    async def _send(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        looked = float("-inf")
        while not stop.is_set():
            self._woken.clear()
            if self._changed or loop.time() - looked >= LOOK_SECONDS:
                looked = loop.time()
                await connection.execute("SELECT 1")  # the lock is lost with the connection
                await self._look()
            if await self._load() and any(lane.wants_more for lane in self._lanes.values()):
                continue
            await self._rest(loop)

    async def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until there is something to do, and no longer than until a delivery is due."""
        now = loop.time()
        due = [moment for lane in self._lanes.values() if (moment := lane.next_due()) and moment > now]
        seconds = min([LOOK_SECONDS, *(moment - now for moment in due)])
        timer = loop.call_later(seconds, self._woken.set)
        await self._woken.wait()
        timer.cancel()
        for lane in self._lanes.values():
            self._pump(lane)

    async def _look(self) -> None:
        """Follow what was made, changed, enabled and disabled."""
        changed, self._changed = self._changed, set()
        self._targets = await self._reader.read(datetime.now(UTC))
        for id_ in self._lanes.keys() - self._targets.keys():
            del self._lanes[id_]
        for id_, target in self._targets.items():
            lane = self._lanes.get(id_)
            if target.view is None:
                await self._disable(id_, VOID)
            elif lane is None:
                self._lanes[id_] = Lane(id_, self._rules.concurrency)
            elif id_ in changed:
                await self._recorder.settle()
                lane.reset()
            else:
                lane.has_more = True

    async def _load(self) -> bool:
        lanes = [lane for lane in self._lanes.values() if lane.wants_more or lane.rests]
        if not lanes or self._recorder.is_behind:
            return False
        loop = asyncio.get_running_loop()
        found = await load(self._database, lanes, now=loop.time(), wall=datetime.now(UTC))
        for lane in lanes:
            self._pump(lane)
        return found

    def _pump(self, lane: Lane) -> None:
        """Begin as many deliveries of a lane as may be under way."""
        loop = asyncio.get_running_loop()
        target = self._targets.get(lane.webhook_id)
        if target is None or self._stopping or self._recorder.is_behind:
            return
        while (delivery := lane.next(loop.time())) is not None:
            task = asyncio.create_task(self._deliver(lane, target, delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _deliver(self, lane: Lane, target: Target, delivery: Due) -> None:
        """Make a delivery, and let the lane go on, whatever comes of it."""
        loop = asyncio.get_running_loop()
        try:
            rendered = await self._rendered(target, delivery)
            signers = target.signers(datetime.now(UTC))
            if rendered is None or not signers:
                self._record(delivery, SKIPPED, datetime.now(UTC))
                lane.done(delivery)
            else:
                id_, (body, cause) = str(delivery.event_id), rendered
                done = await attempt(self._egress, target.url, signers, id_=id_, body=body, cause=cause)
                self._meters.attempts.labels(done.kind).inc()
                await self._settle(lane, target, delivery, done)
        except (NotKnownYet, Unavailable):
            lane.again(delivery, loop.time() + NOT_KNOWN_SECONDS)
        except Exception as error:  # noqa: BLE001  (one delivery must not hold up the lane)
            _log.error(
                "webhook.broken", webhook=str(target.id), event_id=str(delivery.event_id), exc_info=error
            )
            lane.again(delivery, loop.time() + self._rules.retry_seconds[0])
        self._pump(lane)
        if lane.wants_more or lane.rests:
            self._woken.set()

    async def _rendered(self, target: Target, delivery: Due) -> Rendered | None:
        if target.view is None:
            return None
        return await self._renderer.rendered(delivery, target.view, is_full=target.is_full)

    async def _settle(self, lane: Lane, target: Target, delivery: Due, done: Attempt) -> None:
        loop = asyncio.get_running_loop()
        delivery.attempts += 1
        if done.is_success:
            self._record(delivery, DELIVERED, done.at, done)
            target.failing_since = None
            lane.succeeded()
            lane.done(delivery)
            return
        now = loop.time()
        hold = hold_after(lane.failures + 1, self._rules.retry_seconds)
        lane.failed(now + max(hold, done.asked if done.is_busy else 0))
        target.failing_since = target.failing_since or done.at
        pause = pause_after(delivery.attempts, self._rules.retry_seconds, asked=done.asked, chance=drawn())
        if pause is None:
            self._record(delivery, FAILED, done.at, done)
            lane.done(delivery)
        else:
            delivery.next_at = datetime.now(UTC) + timedelta(seconds=pause)
            self._record(delivery, PENDING, done.at, done)
            lane.again(delivery, now + pause)
        if done.ends_it or done.at - target.failing_since > self._rules.failing:
            lane.failed(now + DISABLING_SECONDS)
            await self._disable(target.id, GONE if done.ends_it else FAILING)

    async def _disable(self, webhook_id: UUID, because: str) -> None:
        async with self._database.session() as session, session.begin():
            await disable(session, webhook_id, because)

    def _record(self, delivery: Due, state: str, at: datetime, done: Attempt | None = None) -> None:
        self._recorder.add(
            Outcome(
                webhook_id=delivery.webhook_id,
                event_id=delivery.event_id,
                position=delivery.position,
                state=state,
                attempts=delivery.attempts,
                next_at=delivery.next_at,
                at=at,
                status=done.status if done else None,
                error=done.error if done else None,
                milliseconds=done.milliseconds if done else None,
                answer=done.answer if done else "",
            )
        )

    async def _finish(self) -> None:
        """Let what is under way come to its end; what takes too long is sent again by the next leader."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=FINISH_SECONDS / 2)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
