"""Lanes: whatever is told of a delivery, those of one thing go in order, and all of them go."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID, uuid4

import pytest

from gateway.webhooks.lanes import MOST_AT_ONCE, ROOM, Due, Lane, thing_of
from gateway.webhooks.schedule import MANY_FAILURES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOOK = uuid4()


def due(position, thing=0, at=EPOCH):
    return Due(
        HOOK, uuid4(), position, "t", "agreement", UUID(int=thing), None, 1, False, EPOCH, 0, at, EPOCH
    )


class Table:
    """What the database says of one subscription."""

    def __init__(self, rows):
        self.rows = {row.position: row for row in rows}

    def load(self, lane, now):
        for rest in list(lane.rests.values()):
            found = [
                r
                for r in self.sorted()
                if thing_of(r) == rest.thing and rest.after < r.position <= lane.loaded
            ]
            lane.take_rest(rest, map(replace, found[:MOST_AT_ONCE]))
        if lane.wants_more:
            asked = lane.room
            found = [row for row in self.sorted() if row.position > lane.loaded][:asked]
            lane.take(map(replace, found), asked=asked, now=now, wall=now)

    def sorted(self):
        return [self.rows[position] for position in sorted(self.rows)]


@pytest.mark.parametrize("seed", range(30))
def test_each_thing_goes_in_order_and_nothing_is_left(seed):
    random = Random(seed)  # noqa: S311
    things, count = random.choice([1, 3, 40]), random.choice([20, 150, 900])
    table = Table(due(position, random.randrange(things)) for position in range(1, count + 1))
    lane, now, done, under_way = Lane(HOOK, 4), 0.0, [], []
    for _ in range(count * 60):
        if not table.rows:
            break
        if random.random() < 0.02:
            lane.reset()
        if random.random() < 0.01 and table.rows:
            lane.has_more = True
        table.load(lane, now)
        while (delivery := lane.next(now)) is not None:
            assert thing_of(delivery) not in {thing_of(each) for each in under_way}
            under_way.append(delivery)
        assert len(under_way) <= 4
        now += 0.1
        if under_way:
            delivery = under_way.pop(random.randrange(len(under_way)))
            if random.random() < 0.3:
                lane.again(delivery, now + random.random())
                lane.failed(now)
            else:
                lane.succeeded()
                table.rows.pop(delivery.position, None)
                lane.done(delivery)
                done.append(delivery)
    assert table.rows == {}
    first = list(dict.fromkeys((thing_of(each), each.position) for each in done))
    assert len(first) == count
    for thing in {each[0] for each in first}:
        positions = [position for told, position in first if told == thing]
        assert positions == sorted(positions)


def test_a_lane_keeps_no_more_than_it_has_room_for():
    lane = Lane(HOOK, 4)
    Table(due(position, position) for position in range(1, 1000)).load(lane, 0)
    assert lane.room == 0
    assert not lane.wants_more
    assert lane.loaded == ROOM


def test_what_is_due_later_waits_and_what_follows_it_with_it():
    lane = Lane(HOOK, 4)
    later = datetime.fromtimestamp(10, UTC)
    lane.take([due(1, 1, later), due(2, 1), due(3, 2)], asked=200, now=100.0, wall=5.0)
    assert lane.next(100.0).position == 3
    assert lane.next(100.0) is None
    assert lane.next_due() == 105.0
    first = lane.next(105.0)
    assert first.position == 1
    lane.done(first)
    (rest,) = lane.rests.values()
    assert (rest.thing, rest.after) == (("agreement", UUID(int=1)), 1)


def test_an_endpoint_that_fails_as_a_whole_has_one_delivery_at_a_time():
    lane = Lane(HOOK, 4)
    lane.take([due(position, position) for position in range(1, 20)], asked=200, now=0, wall=0)
    for _ in range(MANY_FAILURES):
        delivery = lane.next(0)
        lane.failed(0)
        lane.again(delivery, 100)
    assert lane.next(0) is not None
    assert lane.next(0) is None
    lane.succeeded()
    assert lane.next(0) is not None
