"""The nkey of a user of NATS is replaced while both are taken, and then the former one is taken no more."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedNats
from deploy.nats_access import USERS, accounts_block, public_key
from deploy.ops.failures import Failed
from deploy.ops.folder import SecretsFolder
from deploy.ops.rotations import finish_nats, rotate_nats
from deploy.secret_folder import ACCOUNTS
from shared.chassis.bus import BrokerAway, Bus

SECONDS = 30


class Server:
    """A server that reads its users from the folder of secrets, as a container does."""

    def __init__(self, folder: Path) -> None:
        keys = Keys(folder / "keys")
        self.nats = EmbeddedNats(folder / "nats", keys)
        self.nats.start()
        self.secrets = SecretsFolder(folder / "keys")
        self._conf, self._pid = folder / "nats" / "nats.conf", folder / "nats" / "nats.pid"
        accounts = accounts_block({user: public_key(keys.seed(user)) for user in USERS})
        self._rest = self._conf.read_text().replace(accounts, "")
        self.log = folder / "nats" / "nats.log"

    async def reload(self) -> None:
        """Let the server read its configuration again."""
        told = self.log.read_text().count("Reloaded server configuration")
        self._conf.write_text(self._rest + self.secrets.read(ACCOUNTS) + "\n")
        os.kill(int(self._pid.read_text()), signal.SIGHUP)
        async with asyncio.timeout(SECONDS):
            while self.log.read_text().count("Reloaded server configuration") == told:
                await asyncio.sleep(0.02)

    async def lets_in(self, seed: str, user: str = "funding") -> bool:
        bus = Bus(self.nats.url, name=user, seed=SecretStr(seed))
        try:
            await bus.connect()
        except BrokerAway:
            return False
        finally:
            await bus.close()
        return True


@pytest.fixture
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="devcoop-nats-") as folder:
        server = Server(Path(folder))
        yield server
        server.nats.stop()


async def test_both_keys_are_taken_until_the_rotation_is_finished(server: Server):
    former, other = server.secrets.read("nats-funding"), server.secrets.read("nats-projects")
    told = rotate_nats(server.secrets, "funding")
    new = server.secrets.read("nats-funding")
    assert new != former
    assert any("Restart the NATS servers" in line for line in told)
    assert [await server.lets_in(seed) for seed in (former, new)] == [True, False]
    await server.reload()
    assert [await server.lets_in(seed) for seed in (former, new)] == [True, True]
    with pytest.raises(Failed, match="--finish"):
        rotate_nats(server.secrets, "funding")
    rotate_nats(server.secrets, "monitoring")
    finish_nats(server.secrets, "funding")
    await server.reload()
    assert [await server.lets_in(seed) for seed in (former, new)] == [False, True]
    assert await server.lets_in(other, "projects")
    with pytest.raises(Failed, match="No rotation"):
        finish_nats(server.secrets, "funding")
