"""Bodies of deliveries, made at the moment of sending: scope is asked again, and nothing of them is kept at rest.

Versions are read for many deliveries at once, and kept in memory for a moment, since many subscriptions are told the same.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from gateway.feed.reading import Entry, Key, data_of, entries_of, without
from gateway.feed.views import View
from gateway.projection.generations import ReadModel
from gateway.webhooks.catalogue import ENDPOINT_DISABLED, PING
from gateway.webhooks.lanes import Due
from gateway.webhooks.models import Webhook
from gateway.webhooks.payloads import full, payload, thin
from shared.chassis.db import Database

KEPT_SECONDS = 2.0
MOST_BYTES = 32 * 1024 * 1024
MOST_AT_ONCE = 500
MOST_BYTES_AT_ONCE = 8 * 1024 * 1024
ENTRY_BYTES = 1000
"""What an entry without its data is counted as."""


_Asked: TypeAlias = tuple[Key, bool]
"""A version, and whether its data is asked for too."""


class Rendered(NamedTuple):
    """A body, and the span that took in what it tells, where that was traced."""

    body: bytes
    traceparent: str | None = None


class NotKnownYet(Exception):
    """The read model does not know the version at this moment; it is being built."""


@dataclass(slots=True)
class _Kept:
    """A version in memory until a moment, as it was read at another; its data only where it was asked for."""

    entry: Entry
    read_at: datetime
    until: float
    data: str | None = None
    cut: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return ENTRY_BYTES + sum(len(each) for each in (self.data or "", *self.cut.values()))


class Renderer:
    """Makes bodies for all lanes."""

    def __init__(
        self,
        database: Database,
        read_model: ReadModel,
        base: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._read_model, self._base, self._clock = database, read_model, base, clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._asked: dict[_Asked, asyncio.Future[_Kept | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def rendered(self, delivery: Due, view: View, *, is_full: bool) -> Rendered | None:
        """Return what is sent, None if the principal of a view may not see it any more.

        Raises:
            NotKnownYet: the read model has to come so far first.
            Unavailable: there is no read model at this moment.

        """
        if delivery.type == ENDPOINT_DISABLED:
            notice = await self._notice(delivery)
            return None if notice is None else Rendered(notice)
        if delivery.type == PING:
            return Rendered(payload(PING, delivery.occurred_at, {"webhook": delivery.aggregate_id}))
        if delivery.removed:
            return Rendered(thin(delivery, self._base))
        key = (delivery.aggregate, delivery.aggregate_id, delivery.version)
        kept = await self._version(key, is_full, delivery.created_at)
        if kept is None:
            raise NotKnownYet
        entry = kept.entry
        if not view.shows(entry.aggregate, entry.place, is_public=entry.is_public):
            return None
        body = thin(delivery, self._base)
        if is_full:
            body = full(body, self._cut(kept, view.withheld(entry.aggregate, entry.place)))
        return Rendered(body, entry.traceparent)

    def _cut(self, kept: _Kept, withheld: tuple[str, ...]) -> str:
        """Return the data without some members, which is made once for all who do not see them."""
        data = kept.data or ""
        if not withheld:
            return data
        if withheld not in kept.cut:
            kept.cut[withheld] = without(data, withheld)
            if self._kept.get(kept.entry.key) is kept:
                self._bytes += len(kept.cut[withheld])
        return kept.cut[withheld]

    async def _notice(self, delivery: Due) -> bytes | None:
        async with self._database.session() as session:
            webhook = await session.get(Webhook, delivery.aggregate_id)
        if webhook is None:
            return None
        data: dict[str, str | UUID | None] = {
            "webhook": webhook.id,
            "url": webhook.url,
            "reason": webhook.disabled_because,
        }
        return payload(ENDPOINT_DISABLED, delivery.occurred_at, data)

    async def _version(self, key: Key, is_full: bool, since: datetime) -> _Kept | None:
        """Return a version as it was read since its delivery was written: it may say something else than before."""
        kept = self._kept.get(key)
        is_whole = kept is not None and (kept.data is not None or not is_full)
        if kept is not None and is_whole and kept.until > self._clock() and kept.read_at >= since:
            return kept
        kept = await self._asked_for(key, is_full)
        if kept is not None and kept.read_at < since:  # others had asked before
            kept = await self._asked_for(key, is_full)
        return kept

    async def _asked_for(self, key: Key, is_full: bool) -> _Kept | None:
        """Read a version together with whatever else is asked for at the moment."""
        asked = self._asked.get((key, is_full))
        if asked is None:
            asked = self._asked[key, is_full] = asyncio.get_running_loop().create_future()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read(), name="webhook-versions")
        return await asked

    async def _read(self) -> None:
        """Read what is asked for, again and again until nothing is."""
        try:
            await asyncio.sleep(0)
            while self._asked:
                asked = list(self._asked)[:MOST_AT_ONCE]
                try:
                    self._answer(await self._read_some(asked))
                except Exception as error:  # noqa: BLE001  (whatever it is, those who asked are told)
                    self._refuse(asked, error)
        finally:
            self._reading = None

    async def _read_some(self, asked: Sequence[_Asked]) -> dict[_Asked, _Kept | None]:
        """Read versions, those with data only as far as they are not large together."""
        read_at = datetime.now(UTC)
        async with self._read_model.session() as session:
            entries = await entries_of(session, {key for key, _ in asked})
            whole: list[Key] = []
            found: dict[_Asked, _Kept | None] = {}
            size = 0
            for key, is_full in asked:
                if is_full and key in entries:
                    if whole and size + entries[key].size > MOST_BYTES_AT_ONCE:
                        continue
                    whole.append(key)
                    size += entries[key].size
                found[key, is_full] = None
            data = await data_of(session, whole)
        until = self._clock() + KEPT_SECONDS
        for key, is_full in found:
            if key in entries and (not is_full or key in data):
                found[key, is_full] = self._keep(key, _Kept(entries[key], read_at, until, data.get(key)))
        return found

    def _answer(self, found: dict[_Asked, _Kept | None]) -> None:
        for asked, kept in found.items():
            future = self._asked.pop(asked)
            if not future.done():
                future.set_result(kept)

    def _refuse(self, asked: Sequence[_Asked], error: Exception) -> None:
        for each in asked:
            future = self._asked.pop(each, None)
            if future is not None and not future.done():
                future.set_exception(error)

    def _keep(self, key: Key, kept: _Kept) -> _Kept:
        self._drop(key)
        self._kept[key] = kept
        self._bytes += kept.size
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))
        return kept

    def _drop(self, key: Key) -> None:
        former = self._kept.pop(key, None)
        if former is not None:
            self._bytes -= former.size
