"""The stories of the documentation, told to a new system in order, and each answer as the page tells it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from deploy.local.system import UNLIMITED, LocalSystem
from shared.contracts.snapshots import ROOT
from shared.figures.biennium import biennium_of
from shared.testing.folders import temporary_folder
from tests.flow.client import client_of
from tests.flow.examples import attempt, examples_of, is_for_everybody, later

WATCHFUL = {
    **UNLIMITED,
    "funding": {"DEVCOOP_SEED_RATES": "false", "DEVCOOP_ALERT_SECONDS": "0.5"},
    "monitoring": {"DEVCOOP_ALERT_SECONDS": "0.5"},
}
TOLD_IN = 2026
"""The first year of the biennium that the stories are told in."""
STORIES = ("country-programme.md", "supplementary-account.md", "public-private.md", "triangular.md")


@pytest.fixture(scope="module")
def office() -> Iterator[LocalSystem]:
    """Start a system that knows nothing yet."""
    with temporary_folder("devcoop-stories-") as folder:
        local = LocalSystem(folder, settings=WATCHFUL)
        local.start()
        try:
            yield local
        finally:
            local.stop()


@pytest.mark.parametrize("story", STORIES)
def test_a_story_comes_true(office: LocalSystem, story: str):
    passed = biennium_of(datetime.now(UTC).date()).first_year - TOLD_IN
    with httpx.Client(base_url=office.address, timeout=60) as public, client_of(office) as client:
        for example in examples_of(ROOT / "docs" / "stories" / story, years_later=passed):
            attempt(public, example, office.token)
            assert is_for_everybody(example, public, client), f"{example} has more with a token"


def test_a_story_goes_on_when_its_time_is_over():
    told = '2026-27 "2025-12-31" 2026-27/3 ZMB/26/01 41302'
    assert later(told, 2) == '2028-29 "2027-12-31" 2028-29/3 ZMB/26/01 41302'
    assert later(told, 0) == told
