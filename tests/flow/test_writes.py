"""Writes through the gateway: seen by who names them, safe from lost updates, and independent of who is down."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from deploy.local.system import LocalSystem
from tests.flow.client import Gateway, await_until
from tests.flow.samples import activity_document, new_identifier

TRANSACTION = {
    "type": "3",
    "date": "2024-02-29",
    "value": {"amount": "1250.10", "currency": "EUR", "value_date": "2024-02-29"},
}


@pytest.fixture
def identifier() -> str:
    return new_identifier()


def create(gateway: Gateway, identifier: str) -> httpx.Response:
    answer = gateway.http.post("/v1/activities", json=activity_document(identifier))
    assert answer.status_code == 201, answer.text
    return answer


def after(answer: httpx.Response) -> dict[str, str]:
    return {"DevCoop-After": answer.headers["devcoop-write"]}


def title_of(gateway: Gateway, identifier: str, written: httpx.Response) -> str:
    project = gateway.project(identifier, **after(written))
    return project["activity"]["data"]["titles"][0]["text"]


@contextmanager
def without(system: LocalSystem, name: str) -> Iterator[None]:
    system.processes[name].kill()
    try:
        yield
    finally:
        system.processes[name].start()
        system.processes[name].await_ready()


def test_a_write_is_seen_by_who_names_it(gateway: Gateway, identifier: str):
    created = create(gateway, identifier)
    assert title_of(gateway, identifier, created) == "Decent work"
    replaced = gateway.http.put(
        f"/v1/activities/{identifier}",
        json=activity_document(identifier, "Replaced"),
        headers={"If-Match": created.headers["etag"]},
    )
    assert replaced.json()["outcome"] == "changed"
    assert title_of(gateway, identifier, replaced) == "Replaced"
    patched = gateway.http.patch(
        f"/v1/activities/{identifier}",
        json={"titles": [{"text": "Patched"}]},
        headers={"If-Match": replaced.headers["etag"]},
    )
    assert patched.headers["etag"] == '"3"'
    assert title_of(gateway, identifier, patched) == "Patched"


def test_a_change_that_is_based_on_an_old_version_is_refused(gateway: Gateway, identifier: str):
    etag = create(gateway, identifier).headers["etag"]
    address = f"/v1/activities/{identifier}"
    gateway.http.patch(address, json={"status": "3"}, headers={"If-Match": etag})
    stale = gateway.http.patch(address, json={"status": "4"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-version")
    assert gateway.get(address)["document"]["status"] == "3"


def test_every_owner_takes_part_in_one_project(gateway: Gateway, identifier: str):
    gateway.project(identifier, **after(create(gateway, identifier)))
    gateway.http.post("/v1/finances", json={"iati_identifier": identifier}).raise_for_status()
    gateway.http.post(f"/v1/finances/{identifier}/transactions", json=TRANSACTION).raise_for_status()
    framework = {"iati_identifier": identifier, "results": [{"type": "1", "titles": [{"text": "Jobs"}]}]}
    last = gateway.http.post("/v1/frameworks", json=framework)
    await_until(
        lambda: (gateway.project(identifier)["finance"] or {}).get("version") == 2, what="the money is there"
    )
    project = gateway.project(identifier, **after(last))
    (total,) = project["finance"]["figures"]["totals"]
    assert (total["currency"], total["disbursements"], total["budget"]) == ("EUR", "1250.1", None)
    assert project["results"]["figures"]["counts"]["results"] == 1


def test_an_answer_that_is_known_is_not_sent_again_until_it_changes(gateway: Gateway, identifier: str):
    address = f"/v1/results/projects/{identifier}"
    gateway.project(identifier, **after(create(gateway, identifier)))
    etag = gateway.http.get(address).headers["etag"]
    known = gateway.http.get(address, headers={"If-None-Match": etag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    changed = gateway.http.patch(f"/v1/activities/{identifier}", json={"status": "4"})
    gateway.project(identifier, **after(changed))
    assert gateway.http.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_while_an_owner_is_down_its_writes_are_refused_and_all_else_goes_on(
    system: LocalSystem, gateway: Gateway, identifier: str
):
    gateway.project(identifier, **after(create(gateway, identifier)))
    with without(system, "projects"):
        refused = gateway.http.put(f"/v1/activities/{identifier}", json=activity_document(identifier))
        assert (refused.status_code, refused.json()["code"]) == (503, "owner-unavailable")
        assert refused.headers["content-type"] == "application/problem+json"
        assert gateway.summary()["whole"]["projects"] > 0
        money = gateway.http.post("/v1/finances", json={"iati_identifier": identifier})
        assert gateway.project(identifier, **after(money))["finance"]["version"] == 1
    changed = gateway.http.patch(f"/v1/activities/{identifier}", json={"status": "4"})
    assert gateway.project(identifier, **after(changed))["activity"]["data"]["status"] == "4"


def test_what_is_written_while_the_broker_is_down_appears_once_it_is_back(
    system: LocalSystem, gateway: Gateway, identifier: str
):
    before = gateway.position()
    system.nats.kill()
    try:
        written = create(gateway, identifier)
        again = gateway.http.post("/v1/activities", json=activity_document(identifier))
        assert (again.status_code, again.json()["code"]) == (409, "already-exists")
        assert gateway.http.get(f"/v1/results/projects/{identifier}").status_code == 404
        assert gateway.summary()["position"] == before
    finally:
        system.nats.start()
    await_until(is_visible(gateway, identifier), what="the write appears")
    assert gateway.project(identifier, **after(written))["activity"]["version"] == 1
    assert gateway.position() == {**before, "projects": before["projects"] + 1}
    listed = [each["iati_identifier"] for each in gateway.pages("/v1/results/projects")]
    assert listed.count(identifier) == 1


def is_visible(gateway: Gateway, identifier: str) -> Callable[[], bool]:
    return lambda: gateway.http.get(f"/v1/results/projects/{identifier}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/activities/../../metrics", 400),
        ("/v1/activities/./X", 400),
        ("/v1/partners/" + "x" * 40_000, 414),
    ],
)
def test_no_address_leads_out_of_what_the_gateway_passes_on(gateway: Gateway, path: str, status: int):
    connection = http.client.HTTPConnection(gateway.http.base_url.netloc.decode(), timeout=10)
    connection.request("GET", path)  # as it is; other clients resolve it themselves
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (status, "application/problem+json")
    connection.close()


def test_a_header_that_is_not_ascii_is_refused_and_breaks_nothing(gateway: Gateway):
    connection = http.client.HTTPConnection(gateway.http.base_url.netloc.decode(), timeout=10)
    headers = {
        "If-Match": "é",
        "Content-Type": "application/json",
        "Authorization": f"Bearer {gateway.office.token()}",
    }
    connection.request("PUT", "/v1/activities/X", body=b"{}", headers=headers)
    assert connection.getresponse().status in (400, 422)
    connection.close()
