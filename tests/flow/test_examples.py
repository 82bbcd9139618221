"""Every example of these pages is tried, in order, against the sample portfolio."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from deploy.local.portfolio import load_sample
from deploy.local.system import UNLIMITED, WITHOUT_RATES, LocalSystem
from shared.contracts.snapshots import ROOT
from shared.testing.folders import temporary_folder
from tests.flow.client import await_until, client_of
from tests.flow.examples import ADDRESS, Example, attempt, difference, examples_of, is_for_everybody

PAGES = (
    *("programming.md", "proposals.md", "partnerships.md", "workplans.md"),
    *("monitoring.md", "learning.md", "results-pages.md", "results-accounts.md"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A system with the sample in it: a client with all roles, one without a token, and tokens for it."""

    http: httpx.Client
    public: httpx.Client
    token: Callable[[], str]


@pytest.fixture(scope="module")
def sample() -> Iterator[Sample]:
    """Start a system as `make run` does, with the sample in it."""
    with temporary_folder("devcoop-sample-") as folder:
        local = LocalSystem(folder, settings={**WITHOUT_RATES, **UNLIMITED})
        local.start()
        try:
            load_sample(Console(file=io.StringIO()), local, folder)
            with client_of(local) as client, httpx.Client(base_url=local.address, timeout=60) as public:
                yield Sample(client, public, local.token)
        finally:
            local.stop()


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_hold(sample: Sample, page: str):
    examples = examples_of(ROOT / "docs" / page)
    assert examples
    for example in examples:
        attempt(sample.public, example, sample.token)
        assert is_for_everybody(example, sample.public, sample.http), f"{example} has more with a token"


SHOWN = {
    "/v1/results/gaps?biennium=2026-27": lambda told: (
        len(told["items"]) > 50 and len({each["resources"]["gap"] for each in told["items"]}) > 20
    ),
    "/v1/results/appraisals": lambda told: len(told["by_state"]) > 10,
    "/v1/results/mobilisation?biennium=2024-25": lambda told: all(
        Decimal(each["approvals"]["reached"]) > 0 for each in told["targets"]["items"]
    ),
    "/v1/results/donors?biennium=2024-25": lambda told: (
        {True, False} <= {each["new_donor"] for each in told["items"]}
    ),
    "/v1/results/field-offices/SAMPLE-HQ": lambda told: (
        told["reports"]["overdue"]["count"] > 5
        and told["reports"]["returned"]["count"] > 0
        and told["locks"]["count"] > 0
    ),
    "/v1/results/delivery?by=country&year=2025": lambda told: (
        len({each["delivery_rate"]["ratio"] for each in told["items"]}) > 20
    ),
    "/v1/results/orphans": lambda told: told["projects"]["count"] > 10,
    "/v1/trainings/participants": lambda told: told["women"]["numerator"] > 1000,
    "/v1/publications?language=fr": lambda told: len(told["items"]) > 3,
    "/v1/evaluations?state=responded": lambda told: len(told["items"]) > 0,
    "/v1/pools/RBSA%2F2024-25/balance": lambda told: Decimal(told["allocated"]) > 0,
    "/v1/scenarios/SAMPLE-2026-27": lambda told: len(told["document"]["allocations"]) > 5,
}
GROUPINGS = (
    "outcome",
    "objective",
    "country_programme",
    "sdg_target",
    "earmarking",
    "fragility",
    "field_office",
)
ALERTS = (
    *("delivery-rate-below-threshold", "tranche-overdue", "donor-report-overdue"),
    *("report-overdue", "evaluation-due", "follow-up-overdue"),
)


@pytest.mark.parametrize("target", SHOWN)
def test_the_sample_shows_every_system(sample: Sample, target: str):
    answer = sample.http.get(target)
    assert answer.status_code == 200, answer.text
    assert SHOWN[target](answer.json())


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_the_sample_has_money_in_each_grouping(sample: Sample, grouping: str):
    groups = sample.http.get(f"/v1/results/summary?group_by={grouping}").json()["groups"]
    assert len([each for each in groups if each["code"] and each["money"]]) >= 3


@pytest.mark.parametrize("kind", ALERTS)
def test_the_sample_has_alerts_of_each_kind(sample: Sample, kind: str):
    def is_raised() -> bool:
        return bool(sample.http.get(f"/v1/results/alerts?kind={kind}").json()["items"])

    await_until(is_raised, what=f"an alert {kind}")


def test_an_example_that_is_not_understood_fails(tmp_path: Path):
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    for block in (
        "wget x",
        "curl --retry 3 http://127.0.0.1:8100/v1",
        "curl https://example.org/",
        'curl --oauth2-bearer "$MINE" http://127.0.0.1:8100/v1',
    ):
        page.write_text(f"```sh\n{block}\n```\n")
        with pytest.raises(ValueError, match=r"page\.md:2"):
            examples_of(page)


def test_a_request_has_a_token_where_the_page_gives_it_one(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"```sh\ncurl --oauth2-bearer '$TOKEN' {ADDRESS}/v1\ncurl -i {ADDRESS}/v2\n```\n")
    bearing, public = examples_of(page)
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer), base_url=ADDRESS) as client:
        for example in (bearing, public):
            attempt(client, example, lambda: "abc")
    assert seen == ["Bearer abc", None]


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
