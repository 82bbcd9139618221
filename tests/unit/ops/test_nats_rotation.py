"""A rotation of a user of NATS may be broken off anywhere: it goes on with the same key, and never tells that it is done."""

import re

import pytest

from deploy.nats_access import USERS, public_key
from deploy.ops.failures import Failed
from deploy.ops.folder import SecretsFolder
from deploy.ops.rotations import finish_nats, former_of, rotate_nats
from deploy.secret_folder import ACCOUNTS, fill


class PowerLost(Exception):
    """The command ended at once."""


class Fragile(SecretsFolder):
    """A folder of secrets that is lost to whoever works on it after some of its changes."""

    def __init__(self, path, changes):
        super().__init__(path)
        self._left = changes

    def _count(self):
        if not self._left:
            raise PowerLost
        self._left -= 1

    def begin(self, name, make):
        self._count()
        return super().begin(name, make)

    def write(self, name, secret):
        self._count()
        super().write(name, secret)

    def finish(self, name):
        self._count()
        super().finish(name)

    def remove(self, name):
        self._count()
        super().remove(name)


@pytest.fixture
def path(tmp_path):
    fill(tmp_path)
    return tmp_path


def taken(folder):
    """Return the public keys that the server takes."""
    return set(re.findall(r"\bU[A-Z2-7]{55}\b", folder.read(ACCOUNTS)))


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_a_rotation_that_was_broken_off_goes_on_with_the_same_key(path, changes):
    folder = SecretsFolder(path)
    former = folder.read("nats-funding")
    with pytest.raises(PowerLost):
        rotate_nats(Fragile(path, changes), "funding")
    begun = folder.read("nats-funding.new")
    with pytest.raises(Failed, match="broken off"):
        finish_nats(folder, "funding")
    rotate_nats(folder, "funding")
    assert folder.read("nats-funding") == begun
    assert {public_key(former), public_key(begun)} < taken(folder)
    finish_nats(folder, "funding")
    assert public_key(begun) in taken(folder)
    assert public_key(former) not in taken(folder)


@pytest.mark.parametrize("changes", [0, 1])
def test_finishing_that_was_broken_off_is_done_again(path, changes):
    folder = SecretsFolder(path)
    former = public_key(folder.read("nats-funding"))
    rotate_nats(folder, "funding")
    with pytest.raises(PowerLost):
        finish_nats(Fragile(path, changes), "funding")
    finish_nats(folder, "funding")
    assert not folder.has(former_of("funding"))
    assert taken(folder) == {public_key(folder.read(f"nats-{user}")) for user in USERS}
    assert former not in taken(folder)
