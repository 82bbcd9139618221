"""Every example of these pages is tried, in order, against the sample portfolio."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from deploy.local.portfolio import load_sample
from deploy.local.system import WITHOUT_RATES, LocalSystem
from shared.contracts.snapshots import ROOT
from tests.flow.examples import Example, attempt, difference, examples_of

PAGES = (
    *("programming.md", "proposals.md", "partnerships.md", "workplans.md"),
    *("monitoring.md", "learning.md", "results-pages.md", "results-accounts.md"),
)


@pytest.fixture(scope="module")
def sample() -> Iterator[httpx.Client]:
    """Start a system as `make run` does, with the sample in it."""
    with tempfile.TemporaryDirectory(prefix="devcoop-sample-") as folder:
        local = LocalSystem(Path(folder), settings=WITHOUT_RATES)
        local.start()
        try:
            load_sample(Console(file=io.StringIO()), local.address, Path(folder))
            with httpx.Client(base_url=local.address, timeout=60) as client:
                yield client
        finally:
            local.stop()


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_hold(sample: httpx.Client, page: str):
    examples = examples_of(ROOT / "docs" / page)
    assert examples
    for example in examples:
        attempt(sample, example)


def test_an_example_that_is_not_understood_fails(tmp_path: Path):
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    for block in ("wget x", "curl --retry 3 http://127.0.0.1:8100/v1", "curl https://example.org/"):
        page.write_text(f"```sh\n{block}\n```\n")
        with pytest.raises(ValueError, match=r"page\.md:2"):
            examples_of(page)


def test_an_answer_has_the_part_that_the_page_tells():
    told = {"state": "draft", "items": [{"a": 1}, {"a": 2, "b": [1, 2]}]}
    for part in ({}, {"items": [{"a": 2}]}, {"items": [{"a": 1}, {"b": [2]}]}):
        assert difference(part, told) is None
    for part in ({"id": 1}, {"state": "signed"}, {"items": []}, {"items": [{"a": 2}, {"a": 1}]}):
        assert difference(part, told)
    refusal = Example("page", 1, expected={"status": 409})
    assert refusal.holds(httpx.Response(409, json={"status": 409, "code": "x"})) is None
    assert refusal.holds(httpx.Response(200, json={}))
    assert Example("page", 1).holds(httpx.Response(404))
