"""The connection to NATS: what it costs over time, and what it says where there is no broker."""

import asyncio
import socket
from uuid import uuid4

import pytest
from pydantic import SecretStr

from deploy.local.embedded import EmbeddedNats
from shared.chassis.bus import BrokerAway, Bus


async def test_publishing_for_long_takes_no_more_of_the_broker(nats: EmbeddedNats):
    bus = nats.user().bus()
    try:
        await bus.ensure_stream("projects")
        kept = set()
        for _ in range(5):
            js = await bus.jetstream()
            await (await js.publish_async(f"projects.v1.test.{uuid4()}", b"{}", stream="PROJECTS"))
            kept.add(len((await bus.connect())._subs))  # noqa: SLF001  (nothing else tells)
        assert len(kept) == 1
    finally:
        await bus.close()


async def test_a_broker_that_was_never_there_is_told_of_in_time():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bus = Bus(f"nats://127.0.0.1:{free.getsockname()[1]}", name="tests")
        with pytest.raises(BrokerAway):
            await asyncio.wait_for(bus.connect(), 8)
        await bus.close()


async def test_all_who_ask_at_once_share_one_connection(nats: EmbeddedNats):
    bus = nats.user().bus()
    connections = await asyncio.gather(*(bus.connect() for _ in range(5)))
    assert len(set(map(id, connections))) == 1
    await bus.close()


async def test_any_server_of_a_cluster_will_do(nats: EmbeddedNats):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = f"nats://127.0.0.1:{free.getsockname()[1]}"
        user = nats.user()
        for url in (f"{away},{user.url}", f"{user.url},{away}"):
            bus = Bus(url, name=user.name, seed=SecretStr(user.seed))
            await bus.connect()
            assert bus.is_connected
            await bus.close()


async def test_an_address_that_is_none_is_told_of():
    bus = Bus("nats://127.0.0.1:port", name="tests")
    with pytest.raises(BrokerAway):
        await bus.connect()
