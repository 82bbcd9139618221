"""The stories of the documentation, told to a new system in order, and each answer as the page tells it."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from deploy.local.system import LocalSystem
from shared.contracts.snapshots import ROOT
from shared.figures.biennium import biennium_of
from tests.flow.examples import attempt, examples_of, later

WATCHFUL = {
    "funding": {"DEVCOOP_SEED_RATES": "false", "DEVCOOP_ALERT_SECONDS": "0.5"},
    "monitoring": {"DEVCOOP_ALERT_SECONDS": "0.5"},
}
TOLD_IN = 2026
"""The first year of the biennium that the stories are told in."""
STORIES = ("country-programme.md", "supplementary-account.md", "public-private.md", "triangular.md")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Start a system that knows nothing yet."""
    with tempfile.TemporaryDirectory(prefix="devcoop-stories-") as folder:
        local = LocalSystem(Path(folder), settings=WATCHFUL)
        local.start()
        try:
            with httpx.Client(base_url=local.address, timeout=60) as client:
                yield client
        finally:
            local.stop()


@pytest.mark.parametrize("story", STORIES)
def test_a_story_comes_true(client: httpx.Client, story: str):
    passed = biennium_of(datetime.now(UTC).date()).first_year - TOLD_IN
    for example in examples_of(ROOT / "docs" / "stories" / story, years_later=passed):
        attempt(client, example)


def test_a_story_goes_on_when_its_time_is_over():
    told = '2026-27 "2025-12-31" 2026-27/3 ZMB/26/01 41302'
    assert later(told, 2) == '2028-29 "2027-12-31" 2028-29/3 ZMB/26/01 41302'
    assert later(told, 0) == told
