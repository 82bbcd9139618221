"""The doctor finds what was broken on purpose on a real NATS."""

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from nats.js.api import StreamConfig

from deploy.doctor import broker
from deploy.doctor.findings import Level
from deploy.keys import Keys
from deploy.local.embedded import EmbeddedNats
from deploy.nats_access import new_seed
from deploy.streams import configure
from tests.component.findings import wrong


async def test_nats_as_it_should_be_has_no_fault(nats):
    user = nats.user()
    await configure(user.bus())
    assert wrong(await broker.examine(user.url, user.seed, 1)) == set()


async def test_a_wrong_seed_is_found_and_not_told(nats):
    seed = new_seed()
    told = await broker.examine(nats.url, seed, 1)
    assert wrong(told) == {"nats-refused"}
    assert seed not in str(told)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nats://127.0.0.1:1", "nats-unreachable"),
        ("nats://127.0.0.1:1,nats://127.0.0.1:2", "nats-unreachable"),
        ("nats://127.0.0.1:1,", "nats-address"),
        ("nats://127.0.0.1:port", "nats-address"),
        ("", "nats-address"),
    ],
)
async def test_a_server_of_nats_that_is_away_or_has_no_address_is_found(url, expected):
    assert wrong(await broker.examine(url, new_seed(), 1)) == {expected}


async def test_any_server_of_a_cluster_will_do(nats, tmp_path):
    url = f"nats://127.0.0.1:1,{nats.url}"
    await configure(nats.user().bus())
    assert wrong(await broker.examine(url, nats.user().seed, 1)) == set()
    for user in ("projects", "funding", "monitoring", "gateway"):
        (tmp_path / f"nats-{user}").write_text(nats.user(user).seed)
    assert wrong(await broker.permissions(url, tmp_path)) == set()


async def test_the_seed_of_a_service_is_not_taken_for_the_operators(nats):
    (found,) = [each for each in await broker.examine(nats.url, nats.user("projects").seed, 1) if each.mend]
    assert found.code == "nats-refused"
    assert "another user" in found.what


async def test_what_is_no_seed_is_found_and_not_told(nats):
    told = await broker.examine(nats.url, "no seed", 1)
    assert wrong(told) == {"nats-refused"}
    assert "no seed of a user" in told[0].what


async def test_a_stream_that_is_not_there_or_is_another_is_found():
    with altered_nats(lambda text: text) as server:
        user = server.user()
        assert wrong(await broker.examine(user.url, user.seed, 1)) == {"stream-missing"}
        connection = await user.connect()
        js = connection.jetstream()
        await js.add_stream(StreamConfig(name="PROJECTS", subjects=["projects.>"], duplicate_window=1))
        assert "stream-duplicates" in wrong(await broker.examine(user.url, user.seed, 1))
        await configure(user.bus())
        assert wrong(await broker.examine(user.url, user.seed, 1)) == set()
        assert wrong(await broker.examine(user.url, user.seed, 3)) == {"stream-replicas"}
        await connection.close()


def without_jetstream(text):
    return re.sub(r"jetstream \{.*?\n\}\n", "", text, flags=re.DOTALL).replace("jetstream: enabled", "")


def without_accounts(text):
    return text[: text.index("accounts {")]


@contextmanager
def altered_nats(alter):
    """Start a server of NATS whose configuration is another."""

    class Altered(EmbeddedNats):
        def _settings(self):
            return alter(super()._settings())

    with tempfile.TemporaryDirectory(prefix="devcoop-nats-") as folder:
        server = Altered(Path(folder), Keys(Path(folder) / "keys"))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (lambda text: re.sub(r"max_payload: \d+", "max_payload: 1048576", text), "nats-payload"),
        (without_jetstream, "nats-jetstream"),
        (without_accounts, "nats-open"),
    ],
    ids=["payload", "jetstream", "accounts"],
)
async def test_a_server_that_is_configured_otherwise_is_found(alter, expected):
    with altered_nats(alter) as server:
        found = wrong(await broker.examine(server.url, server.user().seed, 1))
    assert found - {"stream-missing"} == {expected}


@pytest.mark.parametrize("is_open", [False, True])
async def test_a_user_that_may_publish_for_another_is_found_and_no_event_is_written(is_open, tmp_path):
    def alter(text):
        return text.replace('"projects.>"', '">"', 1) if is_open else text

    with altered_nats(alter) as server:
        for user in ("projects", "funding", "monitoring", "gateway"):
            (tmp_path / f"nats-{user}").write_text(server.user(user).seed)
        await configure(server.user().bus())
        found = await broker.permissions(server.url, tmp_path)
        bus = server.user().bus()
        messages = [
            (await bus.stream(owner)).state.messages for owner in ("projects", "funding", "monitoring")
        ]
        await bus.close()
    assert [each.part for each in found if each.level is Level.FAULT] == ["NATS user projects"] * is_open
    assert [each.code for each in found] == ["nats-permissions"] * 4
    assert messages == [0, 0, 0]


async def test_a_seed_that_nats_does_not_know_is_found(nats, tmp_path):
    for user in ("projects", "funding", "monitoring", "gateway"):
        (tmp_path / f"nats-{user}").write_text(new_seed() if user == "gateway" else nats.user(user).seed)
    assert [
        each.part for each in await broker.permissions(nats.url, tmp_path) if each.code == "nats-user"
    ] == ["NATS user gateway"]
