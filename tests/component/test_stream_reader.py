"""The reader of a stream: in order, each message once, on from its position, through restarts and odd ends."""

import asyncio

import pytest

from services.projects.main import SERVICE
from shared.chassis.bus import BrokerAway, stream_name
from shared.chassis.stream import StreamReader, last_sequence
from shared.testing.documents import ACTIVITY
from shared.testing.streams import await_published, published

OWNER = "reading"


@pytest.fixture
async def bus(nats):
    bus = nats.user().bus()
    await bus.ensure_stream(OWNER)
    js = await bus.jetstream()
    await js.purge_stream(stream_name(OWNER))
    yield bus
    await bus.close()


async def publish(bus, *payloads):
    """Publish messages in order and return the position of the first."""
    js = await bus.jetstream()
    acknowledged = [await js.publish(f"{OWNER}.v1.thing", payload) for payload in payloads]
    return acknowledged[0].seq


async def read(reader, count):
    """Read as many messages, however often the broker has to be asked."""
    messages = []
    async with asyncio.timeout(30):
        while len(messages) < count:
            try:
                messages += await reader.read()
            except BrokerAway:
                await asyncio.sleep(0.05)
    return messages


async def read_until_away(reader):
    for _ in range(5):
        await reader.read()


async def test_messages_come_in_order_and_then_none(bus):
    first = await publish(bus, b"a", b"b", b"c")
    reader = StreamReader(bus, OWNER, after=first - 1)
    messages = await read(reader, 3)
    assert [message.data for message in messages] == [b"a", b"b", b"c"]
    assert [message.sequence for message in messages] == [first, first + 1, first + 2]
    assert {message.owner for message in messages} == {OWNER}
    assert not await reader.read()
    await publish(bus, b"d")
    assert [message.data for message in await read(reader, 1)] == [b"d"]
    await reader.close()


async def test_a_reader_goes_on_behind_the_position_it_is_given(bus):
    first = await publish(bus, b"a", b"b", b"c")
    reader = StreamReader(bus, OWNER, after=first)
    assert [message.data for message in await read(reader, 2)] == [b"b", b"c"]
    await reader.close()


async def test_more_messages_than_one_request_asks_for_are_read_once_each(bus):
    payloads = [str(number).encode() for number in range(1700)]
    js = await bus.jetstream()
    futures = [await js.publish_async(f"{OWNER}.v1.thing", payload) for payload in payloads]
    first = (await futures[0]).seq
    await asyncio.gather(*futures)
    reader = StreamReader(bus, OWNER, after=first - 1)
    assert [message.data for message in await read(reader, len(payloads))] == payloads
    assert not await reader.read()
    await reader.close()


async def test_large_messages_get_through(bus):
    payloads = [b"a" * 20_000_000, b"small", b"b" * 20_000_000, b"c" * 20_000_000]
    first = await publish(bus, *payloads)
    reader = StreamReader(bus, OWNER, after=first - 1)
    assert [message.data[:5] for message in await read(reader, 4)] == [b"aaaaa", b"small", b"bbbbb", b"ccccc"]
    await reader.close()


async def test_a_restart_of_the_broker_loses_and_repeats_nothing(bus, nats):
    first = await publish(bus, *(b"%d" % number for number in range(100)))
    reader = StreamReader(bus, OWNER, after=first - 1)
    before = await read(reader, 100)
    nats.kill()
    with pytest.raises(BrokerAway):
        await read_until_away(reader)
    nats.start()
    async with asyncio.timeout(20):
        while not bus.is_connected:
            await asyncio.sleep(0.02)
    await publish(bus, *(b"%d" % number for number in range(100, 200)))
    after = await read(reader, 100)
    assert [int(message.data) for message in [*before, *after]] == list(range(200))
    await reader.close()


async def test_what_was_delivered_before_an_odd_end_is_not_passed_over(bus):
    first = await publish(bus, b"a")
    reader = StreamReader(bus, OWNER, after=first - 1)
    messages = await read(reader, 1)
    await publish(bus, b"b", b"c")
    await asyncio.sleep(0.1)  # they lie in the client now
    await delete_cursors(bus)
    await asyncio.sleep(0.1)  # and behind them, that the cursor is gone
    messages += await read(reader, 2)
    assert [message.data for message in messages] == [b"a", b"b", b"c"]
    await reader.close()


async def delete_cursors(bus):
    js = await bus.jetstream()
    for consumer in await js.consumers_info(stream_name(OWNER)):
        await js.delete_consumer(stream_name(OWNER), consumer.name)


async def test_a_reader_of_a_stream_that_is_not_there_says_so(bus):
    with pytest.raises(BrokerAway):
        await StreamReader(bus, "nobody", after=0).read()


async def test_a_closed_reader_goes_on_where_it_was(bus):
    first = await publish(bus, b"a", b"b")
    reader = StreamReader(bus, OWNER, after=first - 1)
    await read(reader, 2)
    await reader.close()
    await publish(bus, b"c")
    assert [message.data for message in await read(reader, 1)] == [b"c"]
    await reader.close()


async def test_the_newest_position_is_told(bus):
    first = await publish(bus, b"a", b"b")
    last, made = await last_sequence(bus, OWNER)
    assert last == first + 1
    assert made is not None


async def test_a_large_document_goes_from_the_request_to_the_reader(serve, nats, identifier):
    text = "x" * 20_000_000
    async with serve(SERVICE) as client:
        answer = await client.post(ACTIVITY.path, json=ACTIVITY.document(identifier, titles=[{"text": text}]))
        assert answer.status_code == 201
        await await_published(client)
    (event,) = await published(nats, "projects", ACTIVITY.aggregate_id(identifier))
    assert len(event.data["titles"][0]["text"]) == len(text)


async def test_a_cursor_is_thrown_away_when_nobody_asks(bus):
    """The server forgets the cursors of readers that died, so that restarts leave none behind."""
    await publish(bus, b"a")
    reader = StreamReader(bus, OWNER, after=0)
    await read(reader, 1)
    js = await bus.jetstream()
    (cursor,) = [
        info.config for info in await js.consumers_info(stream_name(OWNER)) if info.config.mem_storage
    ][-1:]
    assert cursor.inactive_threshold
    await reader.close()


async def test_a_reader_of_some_subjects_passes_over_the_others(bus):
    js = await bus.jetstream()
    told = [(await js.publish(f"{OWNER}.v1.{kind}.told", kind.encode())).seq for kind in "abcabc"]
    subjects = [f"{OWNER}.v1.a.>", f"{OWNER}.v1.c.>"]
    reader = StreamReader(bus, OWNER, after=told[0], subjects=subjects)
    messages = await read(reader, 3)
    assert [(each.sequence, each.data) for each in messages] == [
        (told[2], b"c"),
        (told[3], b"a"),
        (told[5], b"c"),
    ]
    assert not await reader.read()
    await reader.close()


async def test_how_much_is_still_to_be_read_is_told(bus):
    first = await publish(bus, *(b"%d" % number for number in range(1700)))
    reader = StreamReader(bus, OWNER, after=first - 1)
    with pytest.raises(BrokerAway):
        await reader.unread()
    taken = len(await reader.read())
    assert await reader.unread() == 1700 - taken
    await read(reader, 1700 - taken)
    assert await reader.unread() == 0
    await reader.close()
