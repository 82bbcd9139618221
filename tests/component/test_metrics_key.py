"""Prometheus takes the metrics of a process with a key of its own, which opens nothing else."""

import pytest

from services.projects.main import SERVICE

KEY = "the key that Prometheus bears, in tests alone"


@pytest.fixture
async def client(serve):
    async with serve(SERVICE, metrics_key=KEY) as client:
        del client.headers["Authorization"]
        yield client


async def asked(client, path, key=KEY, scheme="Bearer"):
    answer = await client.get(path, headers={"Authorization": f"{scheme} {key}".encode("latin-1")})
    return answer.status_code


async def test_the_key_opens_the_metrics(client):
    assert await asked(client, "/metrics") == 200


async def test_nothing_else_does_without_a_token(client):
    assert (await client.get("/metrics")).status_code == 401
    assert await asked(client, "/metrics", key=KEY[:-1]) == 401
    assert await asked(client, "/metrics", key=f"{KEY}é") == 401
    assert await asked(client, "/metrics", scheme="DPoP") == 401


@pytest.mark.parametrize("path", ["/readyz", "/v1/activities", "/metrics/"])
async def test_the_key_opens_nothing_else(client, path):
    assert await asked(client, path) == 401


async def test_a_process_without_a_key_takes_none(serve):
    async with serve(SERVICE) as client:
        del client.headers["Authorization"]
        assert await asked(client, "/metrics", key="") == 401
        assert await asked(client, "/metrics", key="None") == 401
