"""Secrets are written whole, for good, and with the permissions that they have to have."""

import os
import stat
from pathlib import Path

import pytest

from deploy.keys import FOR_CONTAINERS, Keys, write_whole
from deploy.ops.folder import SecretsFolder


@pytest.fixture(autouse=True)
def strict_umask():
    """Run the tests as whoever lets nobody read their files."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def steps(monkeypatch):
    """Note what is made durable, and when names are given, in their order."""
    noted, fsync, rename = [], os.fsync, Path.replace

    def noting_fsync(descriptor):
        noted.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noting_rename(path, other):
        noted.append("name")
        return rename(path, other)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(Path, "replace", noting_rename)
    return noted


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_has_its_mode_whatever_the_umask(tmp_path):
    path = tmp_path / "secret"
    write_whole(path, "one", FOR_CONTAINERS)
    assert (path.read_text(), mode(path)) == ("one", 0o644)


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path):
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    write_whole(path, "another", FOR_CONTAINERS)
    assert (path.read_text(), mode(path)) == ("another", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_what_an_interruption_left_does_not_matter(tmp_path):
    (tmp_path / ".secret").write_text("half of")
    write_whole(tmp_path / "secret", "one", FOR_CONTAINERS)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: Keys(path).secret("issuer"),
        lambda path: SecretsFolder(path).write("issuer", "one"),
        lambda path: SecretsFolder(path).begin("issuer", lambda: "one"),
    ],
    ids=["kept", "written", "begun"],
)
def test_a_secret_is_durable_before_and_after_it_gets_its_name(tmp_path, steps, write):
    write(tmp_path)
    assert steps == ["file", "name", "folder"]


def test_a_secret_that_takes_the_place_of_another_is_there_for_good_and_has_its_mode(tmp_path, steps):
    former = tmp_path / "issuer"
    former.touch(mode=0o600)
    folder = SecretsFolder(tmp_path)
    assert folder.begin("issuer", lambda: "one") == folder.begin("issuer", lambda: "two") == "one"
    assert folder.is_begun("issuer")
    del steps[:]
    folder.finish("issuer")
    assert steps == ["name", "folder"]
    assert (folder.read("issuer"), mode(former), folder.is_begun("issuer")) == ("one", 0o600, False)
