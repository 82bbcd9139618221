import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.snapshots import ROOT
from tests.compose.engine import Engine, missing_programs, running
from tests.compose.stand_ins import prepare

IMAGE = "devcoop:local"


@pytest.fixture(scope="session")
def cache() -> Path:
    """Return what is kept between runs: roots of Debian, and the engine with its images."""
    return Path(os.environ.get("DEVCOOP_COMPOSE_CACHE", ROOT / "build" / "compose")).absolute()


@pytest.fixture(scope="session")
def engine(cache: Path) -> Iterator[Engine]:
    missing = missing_programs()
    assert not missing, f"not on this machine: {', '.join(missing)}"
    with running(cache / "engine") as started:
        yield started


@pytest.fixture(scope="session")
def image(engine: Engine, cache: Path) -> str:
    """Build the image as the Dockerfile says, on stand-ins of its bases."""
    prepare(engine, cache)
    engine.run("build", "--quiet", "--tag", IMAGE, "--file", str(ROOT / "deploy" / "Dockerfile"), str(ROOT))
    return IMAGE
