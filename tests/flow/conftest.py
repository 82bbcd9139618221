import time
from collections.abc import Iterator
from functools import partial

import pytest

from deploy.local.system import UNLIMITED, LocalSystem
from shared.testing.folders import temporary_folder
from tests.flow.client import Answer, Gateway, await_until

OLDEST_SHEET = "ECB/1999-01"
SEED_SECONDS = 180
SEED_POLL_SECONDS = 0.5


@pytest.fixture(scope="session")
def gateway(system: LocalSystem) -> Iterator[Gateway]:
    client = Gateway(system)
    yield client
    client.http.close()


@pytest.fixture(scope="module")
def ecb() -> Iterator[Gateway]:
    """Start a system of its own for the tests of one file, and return its gateway once it knows the ECB's rates.

    The seed takes its time, and what it adds would slow down every rebuild of the system that flow tests share.
    """
    with temporary_folder("devcoop-ecb-") as folder:
        local = LocalSystem(folder, settings=UNLIMITED)
        local.start()
        try:
            client = Gateway(local)
            for sheet in _seeded_last(client):
                write = {"DevCoop-After": f"rates.{sheet['id']}.{sheet['version']}"}
                await_until(partial(_is_known, client, write), what="the ECB's rates are in the read model")
            yield client
            client.http.close()
        finally:
            local.stop()


def _seeded_last(gateway: Gateway) -> list[Answer]:
    """Wait for the end of the seed, which begins with the newest sheets, and return the oldest."""
    deadline = time.monotonic() + SEED_SECONDS
    while time.monotonic() < deadline:
        sheets = gateway.get("/v1/exchange-rates?source=ECB&limit=12")["items"]
        if sheets and sheets[0]["identifier"] == OLDEST_SHEET:
            return sheets
        time.sleep(SEED_POLL_SECONDS)
    pytest.fail(f"The ECB's rates are not seeded after {SEED_SECONDS} s.")


def _is_known(gateway: Gateway, write: dict[str, str]) -> bool:
    return gateway.http.get("/v1/results/projects?limit=1", headers=write).is_success
