"""The router: one process at a time follows the feed, and writes down what each subscription is to be told.

Its position moves in the transaction that writes deliveries, so that whatever dies nothing is missed and nothing is
written twice. A subscription that was made, enabled or replayed has a position of its own until it has come as far as the
others; one that is disabled keeps the position that it was disabled at.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import structlog
from sqlalchemy import TextClause, text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.feed.positions import Position, PositionAhead, PositionLost, newest_position
from gateway.feed.reading import Entry, entries_after
from gateway.projection.generations import ReadModel
from gateway.webhooks.changes import changes_of
from gateway.webhooks.models import DELETED, DISABLED, ENABLED, PENDING, Webhook, WebhookPosition
from gateway.webhooks.positions import begun_anew, is_reached, kept
from gateway.webhooks.principals import clients_of, principal_of
from gateway.webhooks.selection import Change, Subscriber, Verdict
from gateway.webhooks.store import CHANNEL, notify
from shared.chassis.db import Database, execute
from shared.chassis.errors import Unavailable
from shared.chassis.leadership import lead
from shared.chassis.workers import pause
from shared.contracts.catalog import OWNERS

ROUTER_LOCK = 0x0DD0
MOST_ENTRIES = 500
MOST_ROWS = 5000
MOST_PAGES, PAGE_SECONDS = 16, 2.0
"""Pages that are kept for those who are behind, and for how long."""
IDLE_SECONDS = 1.0
RETRY_SECONDS = 0.5
ONLY_ROW = 1

_COLUMNS = (
    *("webhook_id", "event_id", "type", "aggregate", "aggregate_id", "identifier", "version", "removed"),
    *("occurred_at", "state", "next_at", "created_at"),
)
_TYPES = {
    **dict.fromkeys(("webhook_id", "event_id", "aggregate_id"), "uuid"),
    **dict.fromkeys(("occurred_at", "next_at", "created_at"), "timestamptz"),
    "version": "int",
    "removed": "boolean",
}
_ARRAYS = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text')}[])" for name in _COLUMNS)
_NAMES = ", ".join(_COLUMNS)
_INSERT = f"""
INSERT INTO webhook_delivery ({_NAMES}, attempts)
SELECT {", ".join(f"r.{name}" for name in _COLUMNS)}, 0
FROM unnest({_ARRAYS}) WITH ORDINALITY AS r({_NAMES}, ordinal) ORDER BY r.ordinal
ON CONFLICT (webhook_id, event_id) DO
"""  # noqa: S608  (columns of our own)
_ONCE = text(_INSERT + " NOTHING")
_AGAIN = text(
    _INSERT + " UPDATE SET state = excluded.state, removed = excluded.removed, next_at = excluded.next_at,"
    " created_at = excluded.created_at, attempts = 0, done_at = NULL,"
    " position = nextval(pg_get_serial_sequence('webhook_delivery', 'position'))"
)

_log = structlog.get_logger()


@dataclass(slots=True)
class Page:
    """What was read of the feed at once, and the positions before and after it."""

    before: Position
    after: Position
    entries: Sequence[Entry]
    changes: Sequence[Change] = field(default_factory=list)

    @property
    def is_last(self) -> bool:
        """Whether there is nothing more."""
        return len(self.entries) < MOST_ENTRIES


class WebhookRouter:
    """Follows the feed for all subscriptions."""

    name = "webhook-router"

    def __init__(
        self, database: Database, read_model: ReadModel, lock: Database, *, issuer: str, keep: timedelta
    ) -> None:
        self._database, self._read_model, self._lock = database, read_model, lock
        self._issuer, self._keep = issuer, keep
        self._woken = asyncio.Event()
        self._is_heard = False
        self._pages: dict[tuple[tuple[int, ...], bool], tuple[float, Page]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Follow while this process is the leader, and wait to become it otherwise."""
        await lead(self._lock, ROUTER_LOCK, stop, self._lead)

    def _on_notification(self, _connection: object, _pid: int, _channel: str, told: str) -> None:
        if told:
            self._woken.set()

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        await connection.add_listener(CHANNEL, self._on_notification)
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await connection.execute("SELECT 1")
                moved = self._read_model.next_move()
                self._woken.clear()
                if not await self._follow(stop):
                    await self._wait(moved, stopped)
        finally:
            stopped.cancel()

    async def _wait(self, moved: asyncio.Event, stopped: asyncio.Task[bool]) -> None:
        """Wait until the read model moves, if anybody is told of that, a subscription changes, or it is time to look."""
        events = (moved, self._woken) if self._is_heard else (self._woken,)
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait({*waits, stopped}, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _follow(self, stop: asyncio.Event) -> bool:
        """Take one page for all, and one for each subscription that is behind; False where there was nothing."""
        try:
            position = await self._position()
            page = await self._read_for_all(position)
            await self._write(page)
            behind = await self._catch_up(page.after)
        except (Unavailable, PositionAhead):  # the read model is being built: it will come as far again
            await pause(stop, RETRY_SECONDS)
            return False
        return bool(page.entries and not page.is_last) or behind

    async def _position(self) -> Position:
        """Return how far all were told; where nothing was, from now on."""
        async with self._database.session() as session:
            row = await session.get(WebhookPosition, ONLY_ROW)
        if row is not None:
            return Position.of_values(row.position)
        async with self._read_model.session() as session:
            position = await newest_position(session)
        async with self._database.session() as session, session.begin():
            session.add(WebhookPosition(id=ONLY_ROW, position=kept(position), moved_at=datetime.now(UTC)))
        return position

    async def _read_for_all(self, position: Position) -> Page:
        """Read a page of the feed; where nobody is told it, pass over all that there is."""
        async with self._database.session() as session:
            asked = select(Webhook.agreements, Webhook.outcomes).where(
                col(Webhook.state) == ENABLED, col(Webhook.position).is_(None)
            )
            filters = (await session.exec(asked)).all()
        self._is_heard = bool(filters)
        if filters:
            return await self._read(position, about=any(each for filter_ in filters for each in filter_))
        async with self._read_model.session() as session:
            return Page(position, await newest_position(session), ())

    async def _read(self, position: Position, *, about: bool, until: Position | None = None) -> Page:
        """Read a page of the feed; where a stream was made anew, from its beginning."""
        async with self._read_model.session() as session:
            try:
                entries, after = await entries_after(session, position, most=MOST_ENTRIES)
            except PositionLost as lost:
                _log.warning("webhooks.stream_replaced", owner=str(lost))
                position = begun_anew(position, (await newest_position(session)).streams)
                entries, after = await entries_after(session, position, most=MOST_ENTRIES)
            if until is not None:
                entries = [each for each in entries if each.sequence <= until.sequence(each.owner)]
            changes = await changes_of(session, entries, position, about=about)
        return Page(position, after, entries, changes)

    async def _read_behind(self, position: Position, *, about: bool, until: Position) -> Page:
        """Read a page for those who are behind; many may ask for the same one after the other."""
        now, key = asyncio.get_running_loop().time(), (tuple(kept(position)), about)
        self._pages = {each: known for each, known in self._pages.items() if known[0] > now}
        if key not in self._pages:
            page = await self._read(position, about=about, until=until)
            if len(page.entries) < MOST_ENTRIES or len(self._pages) >= MOST_PAGES:
                return page
            self._pages[key] = (now + PAGE_SECONDS, page)
        return self._pages[key][1]

    async def _write(self, page: Page) -> None:
        """Write what a page is to those who are told it with all others, and move the position, in one transaction."""
        async with self._database.session() as session, session.begin():
            rows = (await session.exec(select(Webhook).where(col(Webhook.state) != DELETED))).all()
            for row in rows:
                if row.state == DISABLED and row.position is None:
                    row.position = kept(page.before)
            await session.flush()
            if kept(page.after) == kept(page.before):
                return
            enabled = [row for row in rows if row.state == ENABLED and row.position is None]
            oldest = datetime.now(UTC) - self._keep
            for again in (False, True):
                changes = [each for each in page.changes if each.erased is again]
                told = await self._told(session, enabled, changes, oldest=oldest)
                await _insert(session, _AGAIN if again else _ONCE, told)
            await session.exec(
                update(WebhookPosition)
                .where(col(WebhookPosition.id) == ONLY_ROW)
                .values(position=kept(page.after), moved_at=datetime.now(UTC))
            )

    async def _catch_up(self, reached: Position) -> bool:
        """Tell those who are behind a page each; False where nobody is behind any more.

        Those who are at the same position, as after an outage of many, are told the same page.
        """
        async with self._database.session() as session:
            behind = (col(Webhook.state) == ENABLED, col(Webhook.position).is_not(None))
            rows = (await session.exec(select(Webhook).where(*behind))).all()
        together: dict[tuple[int, ...], list[Webhook]] = defaultdict(list)
        for row in rows:
            together[tuple(row.position or ())].append(row)
        again = [await self._catch_up_some(each, reached) for each in together.values()]
        return any(again)

    async def _catch_up_some(self, webhooks: Sequence[Webhook], reached: Position) -> bool:
        """Tell some that have the same position a page; False once they are where all others are, or ahead.

        One that is ahead in some stream waits there until the others come: it was made after what they are told next.
        """
        position = Position.of_values(webhooks[0].position or [])
        about = any(each.agreements or each.outcomes for each in webhooks)
        page = await self._read_behind(position, about=about, until=reached)
        after = _within(page.after, page.before, reached)
        is_done = kept(after) == kept(reached)
        ids = [each.id for each in webhooks]
        async with self._database.session() as session, session.begin():
            rows = (
                await session.exec(
                    select(Webhook)
                    .where(
                        col(Webhook.id).in_(ids),
                        col(Webhook.state) == ENABLED,
                        col(Webhook.position) == webhooks[0].position,
                    )
                    .order_by(col(Webhook.id))
                    .with_for_update()
                )
            ).all()  # those that were changed meanwhile are told later
            await _insert(session, _AGAIN, await self._told(session, rows, page.changes, oldest=None))
            for row in rows:
                row.position = None if is_done else kept(after)
        return not is_done and (bool(page.entries) or not is_reached(reached, page.before))

    async def _told(
        self,
        session: AsyncSession,
        webhooks: Sequence[Webhook],
        changes: Sequence[Change],
        *,
        oldest: datetime | None,
    ) -> list[dict[str, Any]]:
        """Return the deliveries of changes; what was recorded before ``oldest`` was told by a stream that is no more."""
        if not webhooks or not changes:
            return []
        clients = await clients_of(session, self._issuer, webhooks)
        subscribers = [
            Subscriber(webhook, principal)
            for webhook in webhooks
            if (principal := principal_of(webhook, clients)) is not None
        ]
        now = datetime.now(UTC)
        return [
            _row(subscriber.webhook, change, verdict, now)
            for change in changes
            if oldest is None or change.recorded_at >= oldest
            for subscriber in subscribers
            if (verdict := subscriber.verdict(change)) is not None
        ]


def _within(after: Position, before: Position, reached: Position) -> Position:
    """Return the position after a page that was read no further than another position, unless it was further already."""
    sequences = {
        owner: max(min(after.sequence(owner), reached.sequence(owner)), before.sequence(owner))
        for owner in OWNERS
    }
    return Position(sequences, after.streams)


def _row(webhook: Webhook, change: Change, verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "event_id": change.id,
        "type": change.type,
        "aggregate": change.aggregate,
        "aggregate_id": change.aggregate_id,
        "identifier": change.identifier,
        "version": change.version,
        "removed": verdict is Verdict.REMOVED,
        "occurred_at": change.occurred_at,
        "state": PENDING,
        "next_at": now,
        "created_at": now,
    }


async def _insert(session: AsyncSession, statement: TextClause, rows: Sequence[dict[str, Any]]) -> None:
    for first in range(0, len(rows), MOST_ROWS):
        part = rows[first : first + MOST_ROWS]
        await execute(session, statement, **{name: [row[name] for row in part] for name in _COLUMNS})
    if rows:
        await notify(session)
