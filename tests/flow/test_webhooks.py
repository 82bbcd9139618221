"""Webhooks of the whole system: what an owner takes is told to a partner, whatever process dies in between."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.local.system import LocalSystem
from shared.testing.documents import ACTIVITY
from tests.contract.node_verifier import judged_by_node
from tests.flow.client import Gateway, await_until
from tests.flow.endpoint import Endpoint

WRITES = 40
ROLE = "gateway-importer"
"""The process that tells webhooks too."""
INSECURE = "DEVCOOP_WEBHOOK_INSECURE"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def to_this_machine(system: LocalSystem) -> Iterator[None]:
    """Let webhooks go to endpoints of this machine."""
    processes = [system.processes[name] for name in (ROLE, "gateway")]
    for process in processes:
        process.kill()
        process.environment |= {
            INSECURE: "true",
            "DEVCOOP_WEBHOOK_RETRY_SECONDS": "[0.05,0.1,0.2,0.5,1,1,1,1]",
        }
        process.start()
    for process in processes:
        process.await_ready()
    yield
    for process in processes:
        process.kill()
        del process.environment[INSECURE], process.environment["DEVCOOP_WEBHOOK_RETRY_SECONDS"]
        process.start()
    for process in processes:
        process.await_ready()


def write(gateway: Gateway, identifier: str, version: int) -> None:
    document = ACTIVITY.document(identifier, titles=[{"text": f"Decent work {version}"}])
    answer = gateway.http.put(
        ACTIVITY.address(identifier), json=document, headers={"If-Match": "*"} if version > 1 else {}
    )
    assert answer.is_success, answer.text


def test_all_that_is_written_is_told_in_order_though_processes_die(
    system: LocalSystem, gateway: Gateway, endpoint: Endpoint
):
    mark = uuid4().hex[:8]
    told = {"url": endpoint.url, "event_types": ["projects.activity.*"], "payload": "full"}
    answer = gateway.http.post("/v1/webhooks", json=told)
    assert answer.status_code == 201, answer.text
    webhook, secret = answer.json()["webhook"]["id"], answer.json()["secret"]
    for version in range(1, 5):
        for number in range(WRITES // 4):
            write(gateway, f"HOOK-{mark}-{number}", version)
        if version in (2, 3):
            victim = system.processes[ROLE if version == 2 else "gateway-projector"]
            victim.kill()
            victim.start()
            victim.await_ready()
    wanted = {f"HOOK-{mark}-{number}": [1, 2, 3, 4] for number in range(WRITES // 4)}
    await_until(lambda: endpoint.versions(secret) == wanted, what="everything is told, in order")
    judged = judged_by_node((secret, body, headers) for headers, body in endpoint.taken)
    assert set(judged) == {"projects.activity.registered", "projects.activity.revised"}
    assert gateway.http.delete(f"/v1/webhooks/{webhook}").status_code == 204
