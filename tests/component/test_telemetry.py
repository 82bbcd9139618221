"""What a process tells of itself: correlation ids, metrics and logs, whatever becomes of a request."""

import json
import logging
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import APIRouter

from services.projects.main import SERVICE
from shared.chassis.app import Service
from shared.chassis.guard import GuardedRoute
from shared.chassis.settings import ServiceSettings
from shared.testing.documents import ACTIVITY

CORRELATION = "DevCoop-Correlation"

router = APIRouter(route_class=GuardedRoute)


@router.get("/broken", operation_id="read_jwks")  # the policy names no operation that is broken
async def broken() -> None:
    raise RuntimeError("a secret of the service")


@pytest.fixture
async def failing(serve):
    """Serve something that fails, as the chassis serves anything."""
    service = Service(
        name=SERVICE.name,
        title="Failing",
        description="",
        routers=[router],
        migrations=Path(SERVICE.migrations),
        settings=ServiceSettings,
    )
    async with serve(service) as client:
        yield client


@pytest.fixture
def client(clients):
    return clients["projects"]


async def test_a_correlation_id_that_is_given_comes_back_and_goes_into_the_row(client, identifier):
    given = "import:7c.1_a-B"
    answer = await client.post(
        ACTIVITY.path, json=ACTIVITY.document(identifier), headers={CORRELATION: given}
    )
    assert answer.headers[CORRELATION] == given


async def test_a_correlation_id_is_made_where_none_is_given(client):
    first, second = [(await client.get("/livez")).headers[CORRELATION] for _ in range(2)]
    assert UUID(first).version == UUID(second).version == 7
    assert first != second


@pytest.mark.parametrize("hostile", ["", "a b", "a\tb", "x" * 101, "<script>", "ü", '"', "a,b"])
async def test_a_hostile_correlation_id_is_replaced(client, hostile):
    answer = await client.get("/livez", headers={CORRELATION: hostile.encode("latin-1")})
    assert UUID(answer.headers[CORRELATION]).version == 7


@pytest.mark.parametrize("path", ["/v1/activities/none", "/nowhere", "/v1/activities?wrong=1"])
async def test_a_refusal_has_a_correlation_id_too(client, path):
    assert UUID((await client.get(path)).headers[CORRELATION]).version == 7


async def test_a_failure_is_a_problem_that_tells_nothing_and_is_found_in_the_log(failing, caplog):
    answer = await failing.get("/broken", headers={CORRELATION: "find-me"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers[CORRELATION] == "find-me"
    assert "secret" not in answer.text
    (failed,) = [entry for entry in map(json.loads, logged(caplog)) if entry["event"] == "request.failed"]
    assert failed["correlation_id"] == "find-me"
    assert "a secret of the service" in failed["exception"]


async def test_requests_are_counted_by_route_and_not_by_address(client, identifier):
    await client.get(ACTIVITY.address(identifier))
    await client.get(f"/{identifier}")
    metrics = (await client.get("/metrics")).text
    assert (
        'http_requests_total{method="GET",route="/v1/activities/{identifier:path}",status="404"}' in metrics
    )
    assert 'http_requests_total{method="GET",route="other",status="404"}' in metrics
    assert "http_request_duration_seconds_bucket" in metrics
    assert identifier not in metrics


async def test_methods_that_nobody_knows_are_not_counted_one_by_one(client):
    for name in ("BREW", "WHEN"):
        assert (await client.request(name, "/livez")).status_code == 405
    assert "BREW" not in (await client.get("/metrics")).text


async def test_no_content_of_a_request_is_logged(client, identifier, caplog):
    caplog.set_level(logging.DEBUG)
    document = ACTIVITY.document(identifier, contacts=[{"emails": ["private@example.org"]}])
    await client.post(ACTIVITY.path, json=document)
    await client.post(ACTIVITY.path, json={**document, "status": ["private@example.org"]})
    await client.get(ACTIVITY.path, params={"status": "private@example.org"})
    lines = logged(caplog)
    assert any('"route": "/v1/activities"' in line for line in lines)
    assert not [line for line in lines if "private" in line]


def logged(caplog):
    """Return what our own code logged."""
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("{")]
