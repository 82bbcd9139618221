import gc
import os
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from shared.chassis.app import GC_THRESHOLDS

TESTS = Path(__file__).parent

pytest_plugins = ["shared.testing.fixtures"]

structlog.configure(  # what is logged goes to pytest, which shows it where a test fails
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
)

# A busy machine makes no test wrong: how long an example takes is not what it is about.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


LAYERS = ("component", "contract", "conformance", "client", "unit", "observe", "flow", "compose")
"""In this order: a system that flow tests share goes on working, tests or not, until the last of them has ended."""
FIRST = (
    "test_ops",
    "test_rebuild",
    "test_backup",
    "test_erasure",
    "test_currencies",
    "test_commands",
    "test_examples",
    "test_crashes",
    "test_field_client",
    "test_real_files",
)
"""Files of the last layer that come first in it: those that read again all that the shared system holds while that is
little, and then the longest, so that processes that share the tests end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by how long they keep others waiting."""

    def place(item: pytest.Item) -> tuple[int, int]:
        layer, name = item.path.relative_to(TESTS).parts[0], item.path.stem
        return LAYERS.index(layer), FIRST.index(name) if name in FIRST else len(FIRST)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Look for cycles as rarely as a process that serves does, and never among what the collection made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real files, which are nobody's here to commit."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"The real files are not at {folder}."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
