"""Who may publish and subscribe what, tried on a real server: the table of `deploy/nats_access.py`, and what it means."""

import json
import sys
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from nats.aio.client import Client as Connection
from nats.errors import Error as NatsError

from deploy.broker import BrokerUser
from deploy.keys import Keys
from deploy.local.embedded import EmbeddedNats
from deploy.nats_access import (
    ACCOUNT,
    FOLLOWS,
    OPERATOR,
    USERS,
    access_of,
    accounts_block,
    new_seed,
    public_key,
)
from deploy.streams import configure
from gateway.main import SERVICE as GATEWAY
from services.funding.main import SERVICE as FUNDING
from services.monitoring.main import SERVICE as MONITORING
from services.projects.main import SERVICE as PROJECTS
from shared.chassis.bus import BrokerAway, stream_name
from shared.chassis.stream import StreamReader, last_sequence
from shared.contracts.catalog import OWNERS
from shared.contracts.events import decode

SERVICES = tuple(FOLLOWS)
REFUSED = r"(?i)authorization violation"

OF_STREAMS = ("CREATE", "UPDATE", "INFO", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "MSG.GET", "MSG.DELETE")
OF_CURSORS = (
    "CREATE.{}",
    "CREATE.{}.mine",
    "DURABLE.CREATE.{}.mine",
    "INFO.{}.x",
    "MSG.NEXT.{}.x",
    "DELETE.{}.x",
)
ASKED = (
    *(f"$JS.API.STREAM.{verb}.{stream_name(owner)}" for verb in OF_STREAMS for owner in OWNERS),
    *(f"$JS.API.CONSUMER.{verb.format(stream_name(owner))}" for verb in OF_CURSORS for owner in OWNERS),
    *(f"$JS.API.DIRECT.GET.{stream_name(owner)}" for owner in OWNERS),
    *(f"$JS.ACK.{stream_name(owner)}.x.1.1.1.1.1" for owner in OWNERS),
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
    "$JS.API.INFO",
    "$JS.API.ACCOUNT.PURGE.DEVCOOP",
)
SUBJECTS = (
    *(f"{owner}.v1.thing.happened.x" for owner in OWNERS),
    *(f"_INBOX_{user}.x" for user in USERS),
    *ASKED,
    "$SYS.REQ.SERVER.PING",
    "_INBOX.x",
    "anything",
)
WILDCARDS = (
    ">",
    "*",
    "*.>",
    "_INBOX.>",
    *(f"{owner}.>" for owner in OWNERS),
    *(f"_INBOX_{u}.>" for u in USERS),
)


def is_within(subject: str, patterns: tuple[str, ...]) -> bool:
    """Whether all that a subject may stand for is allowed by one of the patterns."""
    return any(_is_within(subject.split("."), pattern.split(".")) for pattern in patterns)


def _is_within(subject: list[str], pattern: list[str]) -> bool:
    if pattern[0] == ">":
        return True
    if subject[0] == ">" or pattern[0] not in ("*", subject[0]):
        return False
    if len(subject) == 1 or len(pattern) == 1:
        return len(subject) == len(pattern)
    return _is_within(subject[1:], pattern[1:])


@asynccontextmanager
async def connected(user: BrokerUser):
    """Connect as a user, and collect what the server refuses."""
    refused: list[str] = []

    async def note(error: Exception) -> None:
        refused.append(str(error).lower())

    connection = await user.connect(error_cb=note, allow_reconnect=False)
    try:
        yield connection, refused
    finally:
        await connection.close()


async def told(connection):
    """Wait until the server has told what it refuses; the library sends a first ping before what is pending."""
    await connection.flush()
    await connection.flush()


async def is_refused(connection, refused, attempt, subject):
    refused.clear()
    await attempt(subject)
    await told(connection)
    assert all(f'"{subject.lower()}"' in reason for reason in refused), refused
    return bool(refused)


@pytest.fixture
async def streams(nats):
    """Return JetStream by the operator, with every owner's stream as it should be."""
    await configure(nats.user().bus())
    connection = await nats.user().connect()
    yield connection.jetstream()
    await connection.close()


async def states(streams):
    infos = [await streams.stream_info(stream_name(owner)) for owner in OWNERS]
    return [(info.config, info.created, info.state.messages, info.state.last_seq) for info in infos]


@pytest.mark.parametrize("user", SERVICES)
async def test_each_user_may_do_what_the_table_tells_and_nothing_else(nats, streams, user):
    access, wrong = access_of(user), []
    async with connected(nats.user(user)) as (connection, refused):
        for subject in SUBJECTS:
            is_told = not is_within(subject, access.publish)
            if await is_refused(connection, refused, connection.publish, subject) != is_told:
                wrong.append(("publish", subject))
        for subject in (*SUBJECTS, *WILDCARDS):
            is_told = not is_within(subject, access.subscribe)
            if await is_refused(connection, refused, connection.subscribe, subject) != is_told:
                wrong.append(("subscribe", subject))
    assert wrong == []
    assert [len(await streams.consumers_info(stream_name(owner))) for owner in OWNERS] == [0, 0, 0]


async def test_the_operator_may_look_after_everything_in_the_account(nats):
    async with connected(nats.user()) as (connection, refused):
        for subject in ("projects.v1.x", "$JS.API.STREAM.LIST", "_INBOX_projects.x", "anything"):
            assert not await is_refused(connection, refused, connection.publish, subject)
        for subject in WILDCARDS:
            assert not await is_refused(connection, refused, connection.subscribe, subject)


@pytest.mark.parametrize(
    "service", [PROJECTS, FUNDING, MONITORING, GATEWAY], ids=lambda service: service.name
)
def test_the_table_knows_the_streams_that_a_service_keeps_something_of(service):
    modules = [module for name, module in sys.modules.items() if name.startswith(f"services.{service.name}.")]
    wanted = {each.owner for module in modules for each in getattr(module, "WANTED", ())}
    assert set(FOLLOWS[service.name]) == (set(OWNERS) if service is GATEWAY else wanted)


async def test_nobody_connects_without_a_key_or_with_one_that_is_not_known(nats):
    stranger, anonymous = replace(nats.user("projects"), seed=new_seed()), Connection()
    with pytest.raises(NatsError, match=REFUSED):
        await stranger.connect(allow_reconnect=False)
    with pytest.raises(NatsError, match=REFUSED):
        await anonymous.connect(nats.url, allow_reconnect=False)
    await anonymous.close()
    with pytest.raises(BrokerAway):
        await stranger.bus().connect()


async def test_an_event_in_the_name_of_another_owner_is_refused(nats, streams):
    before = await states(streams)
    async with connected(nats.user("projects")) as (connection, refused):
        await connection.publish("funding.v1.finance.reported.x", b"{}")
        await told(connection)
        assert refused == ['nats: permissions violation for publish to "funding.v1.finance.reported.x"']
    assert await states(streams) == before


@pytest.mark.parametrize("user", SERVICES)
@pytest.mark.parametrize("owner", OWNERS)
async def test_nobody_but_the_operator_changes_purges_or_deletes_a_stream(nats, streams, user, owner):
    """Not even its owner, which could have it republished under the subjects of another."""
    await streams.publish(f"{owner}.v1.thing.happened.x", b"{}")
    before, stream = await states(streams), stream_name(owner)
    config = {"name": stream, "subjects": [f"{owner}.>"], "republish": {"src": ">", "dest": "funding.v1.>"}}
    async with connected(nats.user(user)) as (connection, refused):
        attempts = [("UPDATE", config), ("PURGE", {}), ("DELETE", {})]
        if user != owner:  # which deletes single messages, to erase a person
            attempts.append(("MSG.DELETE", {"seq": 1}))
        for verb, asked in attempts:
            await connection.publish(f"$JS.API.STREAM.{verb}.{stream}", json.dumps(asked).encode())
        await told(connection)
        assert len(refused) == len(attempts)
    assert await states(streams) == before


async def test_an_owner_makes_its_stream_and_no_other(nats, streams):
    for owner in OWNERS:
        await streams.delete_stream(stream_name(owner))
    bus = nats.user("projects").bus()
    try:
        assert (await bus.ensure_stream("projects")).config.subjects == ["projects.>"]
    finally:
        await bus.close()
    async with connected(nats.user("projects")) as (connection, refused):
        asked = {"name": "FUNDING", "subjects": ["funding.>"]}
        for stream in ("FUNDING", "PROJECTS"):
            await connection.publish(f"$JS.API.STREAM.CREATE.{stream}", json.dumps(asked).encode())
        await told(connection)
        assert len(refused) == 1  # the server itself refuses another name than that of the subject
    assert {info.config.name for info in await streams.streams_info()} == {"PROJECTS"}


@pytest.mark.parametrize(("user", "owner"), [(user, owner) for user in SERVICES for owner in FOLLOWS[user]])
async def test_a_service_reads_the_streams_that_it_follows(nats, streams, user, owner):
    place = await streams.publish(f"{owner}.v1.thing.happened.x", b"told")
    bus = nats.user(user).bus()
    reader = StreamReader(bus, owner, after=place.seq - 1, subjects=[f"{owner}.v1.thing.>"])
    try:
        assert [message.data for message in await reader.read()] == [b"told"]
        assert await reader.unread() == 0
        assert (await last_sequence(bus, owner))[0] == place.seq
    finally:
        await reader.close()
        await bus.close()


@pytest.mark.parametrize("verb", ["STREAM.INFO", "CONSUMER.MSG.NEXT"])
async def test_what_the_server_sends_elsewhere_passes_for_no_event(nats, streams, verb):
    """The server answers wherever it is told to: an answer that lands in a stream must be no event of its owner."""
    await streams.publish("projects.v1.thing.happened.x", b"of projects")
    bus, following = nats.user("funding").bus(), nats.user("gateway").bus()
    cursor = await (await bus.jetstream()).add_consumer("PROJECTS", ack_policy="none", mem_storage=True)
    asked = f"$JS.API.{verb}.PROJECTS" + (f".{cursor.name}" if verb.startswith("CONSUMER") else "")
    after, _ = await last_sequence(following, "monitoring")
    await (await bus.connect()).publish(asked, b"", reply="monitoring.v1.thing.happened.x")
    await bus.close()
    reader = StreamReader(following, "monitoring", after=after)
    (message,) = await reader.read()
    await reader.close()
    await following.close()
    if message.subject.startswith("monitoring."):
        with pytest.raises(ValueError):  # noqa: PT011  (whatever it lacks)
            decode(message.data)
    else:
        assert message.subject == "projects.v1.thing.happened.x"


def test_the_configuration_holds_no_secret(tmp_path):
    keys = Keys(tmp_path / "keys")
    seeds = {user: keys.seed(user) for user in USERS}
    block = accounts_block({user: public_key(seed) for user, seed in seeds.items()})
    assert [seed for seed in seeds.values() if seed in block] == []
    assert all(block.count(public_key(seed)) == 1 for seed in seeds.values())
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {user: Keys(tmp_path / "keys").seed(user) for user in USERS} == seeds
    assert seeds[OPERATOR] not in repr(BrokerUser("nats://x", seeds[OPERATOR]))


async def test_streams_from_before_there_were_accounts_are_taken_over(tmp_path):
    server = EmbeddedNats(tmp_path / "nats", Keys(tmp_path / "keys"))
    server.start()
    try:
        connection = await server.user().connect()
        await configure(server.user().bus())
        await connection.jetstream().publish("projects.v1.thing.happened.x", b"kept")
        before = await states(connection.jetstream())
        await connection.close()
        server.stop()
        store = tmp_path / "nats" / "jetstream" / "jetstream"
        (store / ACCOUNT).rename(store / "$G")
        server.start()
        connection = await server.user().connect()
        assert await states(connection.jetstream()) == before
        assert (await connection.jetstream().get_msg("PROJECTS", 1)).data == b"kept"
        await connection.close()
    finally:
        server.stop()
