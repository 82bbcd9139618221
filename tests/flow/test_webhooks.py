"""Webhooks of the whole system: what an owner takes is told to a partner, whatever process dies in between."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import standardwebhooks

from deploy.local.system import LocalSystem
from shared.testing.documents import ACTIVITY
from tests.contract.node_verifier import judged_by_node
from tests.flow.client import Gateway, await_until

WRITES = 40
ROLE = "gateway-importer"
"""The process that tells webhooks too."""
INSECURE = "DEVCOOP_WEBHOOK_INSECURE"


class Endpoint:
    """A partner's endpoint on this machine, that keeps what it takes; now and then it loses its answer."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told = {name.lower(): value for name, value in self.headers.items()}
                endpoint.taken.append((told, body))
                if len(endpoint.taken) % 7 == 0:
                    self.close_connection = True
                    return
                self.send_response(204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tell nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def versions(self, secret: str) -> dict[str, list[int]]:
        """Return the versions of each thing in the order in which they first came, each verified."""
        verify = standardwebhooks.Webhook(secret).verify
        told: dict[str, list[int]] = {}
        ids: dict[tuple[str, int], str] = {}
        for headers, body in self.taken:
            data = verify(body, headers)["data"]
            known = ids.setdefault((data["identifier"], data["version"]), headers["webhook-id"])
            assert known == headers["webhook-id"]
            versions = told.setdefault(data["identifier"], [])
            if data["version"] not in versions:
                versions.append(data["version"])
        return told


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
