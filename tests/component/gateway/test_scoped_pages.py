"""Pages, members and moments of a small mission (``accounts.py``), as some principals see them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from gateway.results import asked
from shared.contracts import catalog
from shared.contracts.ids import activity_id
from shared.contracts.projects.v1 import RelatedActivity
from shared.policy.grants import Grant, Role
from shared.testing.identity import TestIssuer
from shared.testing.read_models import event, take
from tests.component.gateway import accounts
from tests.component.gateway.conftest import ServeEvents

RESULTS = "/v1/results"
PIPELINE = "XM-1-PIPELINE"
LATER = datetime(2024, 6, 1, tzinfo=UTC)
BETWEEN = "2024-05-01T00:00:00Z"
OF_KENYA = Grant(role=Role.FIELD_OFFICER, countries=frozenset({"KE"}))
OF_SWEDEN = Grant(role=Role.PARTNER, organisations=frozenset({accounts.SE}))
FINANCE_OF_SWEDEN = Grant(role=Role.FINANCE, organisations=frozenset({accounts.SE}))
OF_THE_FUND = Grant(role=Role.FINANCE, organisations=frozenset({accounts.FUND}))


def piped(status: str, version: int, at: datetime) -> Any:
    planned = accounts.activity(PIPELINE, ("KE",), status=status)
    return event(catalog.ACTIVITY, planned, version, recorded_at=at)


@pytest.fixture
async def client(serve_events: ServeEvents) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a gateway that knows the mission, and a project that is planned in Kenya; it bears no token."""
    planned = piped("1", 1, accounts.TOLD_AT)
    async with serve_events([*accounts.EVERYTHING, planned]) as client:
        del client.headers["authorization"]
        yield client


class Asker:
    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def status(self, path: str, **params: Any) -> int:
        return (await self.client.get(RESULTS + path, params=params, headers=self.headers)).status_code

    async def told(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(RESULTS + path, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def test_a_donor_is_told_of_itself_and_of_no_other(client: httpx.AsyncClient, issuer: TestIssuer):
    sweden = Asker(client, issuer.bearer(OF_SWEDEN))
    page = await sweden.told("/donors")
    assert [row["identifier"] for row in page["items"]] == [accounts.SE]
    assert (page["whole"]["donors"], page["whole"]["agreements"]) == (1, 2)
    full = await Asker(client, issuer.bearer()).told("/donors")
    assert page["items"] == [row for row in full["items"] if row["identifier"] == accounts.SE]
    assert full["whole"]["donors"] > 1
    assert await sweden.status(f"/donors/{accounts.SE}") == 200
    assert [await sweden.status(f"/donors/{each}") for each in (accounts.CH, "XX-NOBODY")] == [404, 404]
    nobody = await Asker(client, issuer.bearer(OF_KENYA)).told("/donors")
    assert nobody["items"] == []
    assert (nobody["whole"]["donors"], nobody["whole"]["agreements"]) == (0, 0)
    assert nobody["whole"]["contributed"]["approvals"] == nobody["whole"]["open_pledges"] == []


async def test_a_donors_page_keeps_back_what_its_reader_may_not_see(
    client: httpx.AsyncClient, issuer: TestIssuer
):
    partner = await Asker(client, issuer.bearer(OF_SWEDEN)).told(f"/donors/{accounts.SE}")
    finance = await Asker(client, issuer.bearer(FINANCE_OF_SWEDEN)).told(f"/donors/{accounts.SE}")
    pledge, known = (each["pledges"]["items"][0] for each in (partner, finance))
    assert (pledge["probability"], pledge["withheld"]) == (None, ["probability"])
    assert (known["probability"], known["withheld"]) == ("50", [])
    assert partner["alerts"] == {"count": 0, "items": []}
    assert [each["identifier"] for each in finance["alerts"]["items"]] == ["tranche-overdue/AGR-1/2"]


async def test_a_draft_is_on_the_page_of_who_may_read_drafts_only(
    client: httpx.AsyncClient, issuer: TestIssuer
):
    restricted = await Asker(client, issuer.bearer(OF_THE_FUND)).told(f"/donors/{accounts.FUND}")
    everywhere = await Asker(client, issuer.bearer()).told(f"/donors/{accounts.FUND}")
    assert [each["number"] for each in everywhere["agreements"]["items"]] == ["AGR-4"]
    assert restricted["agreements"] == {"count": 0, "items": []}


async def test_an_office_is_there_for_who_may_see_all_of_its_countries(
    client: httpx.AsyncClient, issuer: TestIssuer
):
    kenya = Asker(client, issuer.bearer(OF_KENYA))
    both = Asker(client, issuer.bearer(OF_KENYA, OF_KENYA.model_copy(update={"countries": {"NP"}})))
    codes = ("CO-KE", "RO", "CO-NP", "HQ", "NO-OFFICE")
    assert [await kenya.status(f"/field-offices/{code}") for code in codes] == [200, 200, 404, 404, 404]
    assert [await both.status(f"/field-offices/{code}") for code in codes] == [200, 200, 200, 200, 404]
    assert await Asker(client, issuer.bearer(OF_SWEDEN)).status("/field-offices/CO-KE") == 403
    assert await Asker(client, {}).status("/field-offices/CO-KE") == 401
    assert (await kenya.told("/field-offices/CO-KE"))["projects"] == 3


async def test_the_past_is_seen_by_what_was_published_then(client: httpx.AsyncClient, issuer: TestIssuer):
    public, kenya = Asker(client, {}), Asker(client, issuer.bearer(OF_KENYA))
    assert [await each.status(f"/projects/{PIPELINE}") for each in (public, kenya)] == [404, 200]
    await take(client.read_model, [piped("2", 2, LATER)])  # type: ignore[attr-defined]
    client.app.state.answers.clear()  # type: ignore[attr-defined]
    for who, then in ((public, 404), (kenya, 200)):
        assert await who.status(f"/projects/{PIPELINE}") == 200
        assert await who.status(f"/projects/{PIPELINE}", as_of=BETWEEN) == then
    now, before = [await public.told("/summary", group_by="all", **a) for a in ({}, {"as_of": BETWEEN})]
    assert now["whole"]["projects"] == before["whole"]["projects"] + 1


async def test_who_may_not_see_a_thing_is_not_told_that_it_is_there(
    client: httpx.AsyncClient, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
):
    """A caller names a write to wait for it; one of a thing that it may not see is as one that never came."""
    monkeypatch.setattr(asked, "WAIT_SECONDS", 0.2)
    hidden, nowhere = (f"activity.{activity_id(each)}.1" for each in (PIPELINE, "XM-NOBODY-1"))
    published = f"activity.{activity_id(accounts.KENYA)}.1"
    alert = accounts.alert(catalog.FUNDING_ALERT, "tranche-overdue/AGR-1/2", partners=(accounts.SE,))
    named = f"alert.{event(*alert).id}.1"
    told = {}
    for who, headers in (("public", {}), ("kenya", issuer.bearer(OF_KENYA)), ("all", issuer.bearer())):
        answers = [
            await client.get(f"{RESULTS}/projects", headers={**headers, "DevCoop-After": write})
            for write in (published, hidden, nowhere, named)
        ]
        told[who] = [answer.status_code for answer in answers]
    assert told == {
        "public": [200, 503, 503, 503],
        "kenya": [200, 200, 503, 503],
        "all": [200, 200, 503, 200],
    }


async def test_an_explanation_names_no_activity_that_is_not_seen(
    client: httpx.AsyncClient, issuer: TestIssuer
):
    """A planned project below a published one counts the money of both: how much is told, and not by which."""
    below = accounts.activity(
        "XM-1-BELOW", ("KE",), status="1", related_activities=(RelatedActivity(ref=accounts.KENYA, type="1"),)
    )
    told = [(catalog.ACTIVITY, below), (catalog.FINANCE, accounts.finance("XM-1-BELOW", 1000, 100))]
    await take(client.read_model, [event(*each) for each in told])  # type: ignore[attr-defined]
    client.app.state.answers.clear()  # type: ignore[attr-defined]
    named = {}
    for who, headers in (("public", {}), ("kenya", issuer.bearer(OF_KENYA))):
        asked_for = {"group_by": "all", "explain": "true", "country": "KE"}
        summary = await Asker(client, headers).told("/summary", **asked_for)
        left_out = [each for each in summary["whole"]["explanation"]["inputs"] if each["excluded"]]
        named[who] = {(each["iati_identifier"], each["because"]) for each in left_out}
    assert named == {
        "public": {(accounts.KENYA, None)},
        "kenya": {(accounts.KENYA, "XM-1-BELOW")},
    }
