import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.system import LocalSystem
from tests.flow.client import Gateway


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real files, which are nobody's here to commit."""
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"The real files are not at {folder}."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def gateway(system: LocalSystem) -> Iterator[Gateway]:
    client = Gateway(system.address)
    yield client
    client.http.close()
