"""The projects service over HTTP, on its real database and broker."""

import pytest

from services.projects.main import SERVICE
from shared.testing.fixtures import Serve

ACTIVITY = {
    "iati_identifier": "XM-TEST-1",
    "reporting_organisation": {"ref": "XM-TEST"},
    "titles": [{"text": "Decent work"}],
    "status": "2",
}


@pytest.fixture(scope="module")
async def client(serve: Serve):
    async with serve(SERVICE) as client:
        yield client


async def test_what_was_created_can_be_read(client):
    created = await client.post("/v1/activities", json=ACTIVITY)
    assert created.status_code == 201
    read = await client.get("/v1/activities/XM-TEST-1")
    assert read.json()["document"] == ACTIVITY
    assert read.headers["etag"] == created.headers["etag"] == '"1"'
