"""A lane: what is to be delivered to one subscription, in memory and bounded; the database knows all of it.

Deliveries of one aggregate go one after the other, those of different ones at once. After a failure the aggregate waits
until its delivery is due again; what follows it is not kept meanwhile, but loaded again once the delivery is done. Pure:
no IO, and time is told.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.webhooks.schedule import MANY_FAILURES

ROOM = 200
"""Deliveries of a lane that are kept in memory, and those that wait to be tried again, each."""
MOST_AT_ONCE = 50
"""Deliveries of one aggregate that are loaded again at once."""

Thing = tuple[str, UUID]
"""Noun and id of an aggregate."""


@dataclass(slots=True)
class Due:
    """A delivery that is still to be made, as ``WebhookDelivery`` has it."""

    webhook_id: UUID
    event_id: UUID
    position: int
    type: str
    aggregate: str
    aggregate_id: UUID
    identifier: str | None
    version: int
    removed: bool
    occurred_at: datetime
    attempts: int
    next_at: datetime
    created_at: datetime


def thing_of(delivery: Due) -> Thing:
    """Return what a delivery is about."""
    return delivery.aggregate, delivery.aggregate_id


@dataclass(frozen=True, slots=True)
class Rest:
    """Deliveries of a thing that have to be loaded again: those behind a position, up to what its lane has loaded."""

    thing: Thing
    after: int


@dataclass(slots=True)
class Lane:
    """The lane of a subscription; ``loaded`` is the position up to which it knows what there is."""

    webhook_id: UUID
    concurrency: int
    loaded: int = 0
    has_more: bool = True
    failures: int = 0
    held_until: float = 0
    busy: dict[Thing, Due] = field(default_factory=dict)
    rests: dict[Thing, Rest] = field(default_factory=dict)
    _ready: "OrderedDict[Thing, deque[Due]]" = field(default_factory=OrderedDict)
    _waiting: dict[Thing, Due] = field(default_factory=dict)
    _due: list[tuple[float, int, Thing]] = field(default_factory=list)
    _evicted: set[Thing] = field(default_factory=set)
    _count: int = 0

    @property
    def room(self) -> int:
        """How many more deliveries it takes."""
        return max(ROOM - self._count, 0) if len(self._waiting) < ROOM else 0

    @property
    def wants_more(self) -> bool:
        """Whether it should be given more, if there is more."""
        return self.has_more and self.room > ROOM // 2

    @property
    def limit(self) -> int:
        """How many deliveries may be under way: one, while the endpoint as a whole fails."""
        return 1 if self.failures >= MANY_FAILURES else self.concurrency

    def take(self, deliveries: Iterable[Due], *, asked: int, now: float, wall: float) -> None:
        """Take what was loaded behind ``loaded``, in order; it is all there is if it is less than was asked for.

        ``now`` is the time of the loop, and ``wall`` the same moment in seconds since 1970.
        """
        count = 0
        for delivery in deliveries:
            count += 1
            self.loaded = delivery.position
            thing = thing_of(delivery)
            if thing in self._evicted or thing in self.rests or self._is_under_way(delivery):
                continue
            due = delivery.next_at.timestamp()
            if due > wall and thing not in self._ready and thing not in self.busy:
                self._wait(delivery, now + due - wall)
            else:
                self._queue(delivery)
        self.has_more = count >= asked

    def take_rest(self, rest: Rest, deliveries: Iterable[Due]) -> None:
        """Take what was loaded of one thing; there may be more of it if that is as much as is loaded at once."""
        if self.rests.get(rest.thing) is not rest:
            return
        del self.rests[rest.thing]
        found = list(deliveries)
        if len(found) >= MOST_AT_ONCE:
            self._evicted.add(rest.thing)
        for delivery in found:
            self._queue(delivery)

    def next(self, now: float) -> Due | None:
        """Return what is to be sent now, None if nothing is or too much is under way."""
        if len(self.busy) >= self.limit or now < self.held_until:
            return None
        while self._due and self._due[0][0] <= now:
            _, _, thing = heapq.heappop(self._due)
            delivery = self._waiting.pop(thing, None)
            if delivery is not None:
                self._ready[thing] = deque([delivery])
                self._ready.move_to_end(thing, last=False)
                self._count += 1
        for thing, queue in self._ready.items():
            if thing not in self.busy:
                delivery = queue.popleft()
                self._count -= 1
                if queue:
                    self._ready.move_to_end(thing)
                else:
                    del self._ready[thing]
                self.busy[thing] = delivery
                return delivery
        return None

    def next_due(self) -> float | None:
        """Return when something is to be looked at next, None if nothing waits."""
        due = self._due[0][0] if self._due else None
        if self.held_until and (self._ready or due is not None):
            return max(self.held_until, due or 0) if not self._ready else self.held_until
        return due

    def done(self, delivery: Due) -> None:
        """Let what follows a delivery go on: it was delivered, or given up."""
        thing = thing_of(delivery)
        self.busy.pop(thing, None)
        if thing in self._evicted and thing not in self._ready:
            self._evicted.discard(thing)
            self.rests[thing] = Rest(thing, delivery.position)

    def again(self, delivery: Due, due: float) -> None:
        """Let a delivery wait to be tried again, and what follows it with it."""
        thing = thing_of(delivery)
        self.busy.pop(thing, None)
        followers = self._ready.pop(thing, None)
        if followers:
            self._count -= len(followers)
            self._evicted.add(thing)
        self._wait(delivery, due)

    def reset(self) -> None:
        """Load everything anew: deliveries were asked for again, behind what is loaded."""
        self.loaded, self.has_more = 0, True
        self._count, self.failures, self.held_until = 0, 0, 0
        for kept in (self._ready, self._waiting, self._due, self._evicted, self.rests):
            kept.clear()

    def succeeded(self) -> None:
        """Note that the endpoint takes deliveries."""
        self.failures, self.held_until = 0, 0

    def failed(self, until: float) -> None:
        """Note that the endpoint took one not, and leave it alone until a moment."""
        self.failures += 1
        self.held_until = max(self.held_until, until)

    def _is_under_way(self, delivery: Due) -> bool:
        under_way = self.busy.get(thing_of(delivery))
        return under_way is not None and under_way.event_id == delivery.event_id

    def _wait(self, delivery: Due, due: float) -> None:
        thing = thing_of(delivery)
        self._waiting[thing] = delivery
        self._evicted.add(thing)
        heapq.heappush(self._due, (due, delivery.position, thing))

    def _queue(self, delivery: Due) -> None:
        self._ready.setdefault(thing_of(delivery), deque()).append(delivery)
        self._count += 1
