"""What the rules and the dashboards ask for is exported by the processes of a real system."""

import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.system import LocalSystem
from tests.flow.client import Gateway
from tests.flow.samples import activity_document, new_identifier
from tests.observe.queries import queries, scraped, ungrouped

LEADING_SECONDS = 20
ONLY_AFTERWARDS = {"devcoop_webhook_attempts_total": {"status"}}
"""Counters that have their labels from the first time that something happened."""


@pytest.fixture(scope="module")
def exported(system: LocalSystem, gateway: Gateway) -> dict[str, set[str]]:
    """Return the metrics of all processes, with the labels that they have, once an event went all the way."""
    gateway.http.post("/v1/activities", json=activity_document(new_identifier())).raise_for_status()
    deadline = time.monotonic() + LEADING_SECONDS
    while True:
        found = scrape(system)
        wanted = scraped()
        told = all(labels <= found.get(name, set()) for name, labels in wanted.items())
        if told or time.monotonic() > deadline:
            return found
        time.sleep(1)


def scrape(system: LocalSystem) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    bearer = {"Authorization": f"Bearer {system.token()}"}
    for process in system.processes.values():
        text = httpx.get(f"{process.address}/metrics", headers=bearer).raise_for_status().text
        for metric in text_string_to_metric_families(text):
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            found.setdefault(name, set()).update(ONLY_AFTERWARDS.get(name, set()))
            for sample in metric.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_metric_that_is_asked_for_is_exported(exported: dict[str, set[str]]):
    assert {name for name in scraped() if name not in exported} == set()


def test_every_label_that_is_asked_for_is_there(exported: dict[str, set[str]]):
    missing = {name: labels - exported.get(name, labels) for name, labels in scraped().items()}
    assert {name: labels for name, labels in missing.items() if labels} == {}


def test_every_label_that_is_grouped_by_is_there(exported: dict[str, set[str]]):
    missing = {query.place: ungrouped(query, exported) for query in queries()}
    assert {place: labels for place, labels in missing.items() if labels} == {}
