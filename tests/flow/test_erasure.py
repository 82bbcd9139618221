"""A contact of a project asks to be erased: every service forgets her at the gateway's address, and no figure changes."""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from pydantic_core import from_json

from shared.testing.documents import ANY
from tests.flow.client import PATIENCE_SECONDS, POLL_SECONDS, Answer, Gateway, await_until, standing
from tests.flow.samples import activity_document, new_identifier

NAME, MAIL = "Philippa Wanjohi-Flow", "philippa.wanjohi@flow.example"
PARTS = ("activity", "finance", "results")
SERVICES = ("projects", "funding", "monitoring", "gateway")
FIRST, REST = "2024-01-01", {"currency": "EUR", "value_date": "2024-01-01"}
SURE = {"raw": "40", "number": "40", "reading": "plain"}


def activity(identifier: str) -> dict[str, Any]:
    contact = {"type": "1", "person_name": [{"text": NAME}], "emails": [MAIL]}
    return {**activity_document(identifier), "contacts": [contact]}


def finance(identifier: str, amount: str) -> dict[str, Any]:
    budget = {"period_start": FIRST, "period_end": "2024-12-31", "value": {"amount": amount, **REST}}
    return {"iati_identifier": identifier, "default_currency": "EUR", "budgets": [budget]}


def framework(identifier: str) -> dict[str, Any]:
    baseline = {"year": 2024, "value": SURE, "comments": [{"text": f"Counted by {NAME.upper()}."}]}
    indicator = {"measure": "1", "titles": [{"text": "Jobs"}], "baselines": [baseline]}
    result = {"type": "1", "titles": [{"text": "Work"}], "indicators": [indicator]}
    return {"iati_identifier": identifier, "results": [result]}


@pytest.fixture
def project(gateway: Gateway) -> str:
    """Return a project that names the contact in all its parts, and in the history of its budget."""
    identifier = new_identifier()
    first = gateway.http.post("/v1/activities", json=activity(identifier))
    gateway.project(identifier, **{"DevCoop-After": first.headers["devcoop-write"]})
    gateway.http.post("/v1/frameworks", json=framework(identifier)).raise_for_status()
    gateway.http.post("/v1/finances", json=finance(identifier, "1000")).raise_for_status()
    asked = {"rationale": f"{NAME} wrote to us from {MAIL}"}
    target = f"/v1/finances/{identifier}"
    last = gateway.http.put(target, params=asked, json=finance(identifier, "1200"), headers=ANY)
    last.raise_for_status()
    await_until(lambda: all(gateway.project(identifier)[part] for part in PARTS), what="all parts are there")
    gateway.project(identifier, **{"DevCoop-After": last.headers["devcoop-write"]})
    return identifier


def pages_of(identifier: str, *, as_of: str) -> list[str]:
    """Return the pages that tell of a project, as it is and as it was."""
    page = f"/v1/results/projects/{quote(identifier, safe='')}"
    return [page, f"{page}/revisions", f"{page}?as_of={as_of}", f"{page}/revisions?as_of={as_of}"]


def named(gateway: Gateway, page: str) -> bool:
    text = read(gateway, page).casefold()
    return NAME.casefold() in text or MAIL in text


def read(gateway: Gateway, page: str) -> str:
    """Return a page; a past state may have to be made first."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = gateway.http.get(page)
        if answer.is_success or "past-being-built" not in answer.text or time.monotonic() > deadline:
            return answer.raise_for_status().text
        time.sleep(POLL_SECONDS)


def budgets(gateway: Gateway, identifier: str) -> list[tuple[Answer, Answer]]:
    revisions = gateway.get(f"/v1/results/projects/{identifier}/revisions")
    return [(each["before"], each["after"]) for each in revisions["items"] if each["kind"] == "budget"]


def kept_of(gateway: Gateway, service: str) -> list[Answer]:
    told = gateway.http.get(f"/v1/{service}-personal-data", params={"name": [NAME, MAIL]})
    told.raise_for_status()
    return [from_json(line) for line in told.text.splitlines()]


def test_a_contact_is_erased_everywhere_and_no_figure_changes(gateway: Gateway, project: str):
    pages = pages_of(project, as_of=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")
    assert [page for page in pages if not named(gateway, page)] == []
    summary, changes = standing(gateway.summary()), budgets(gateway, project)
    figures = gateway.project(project)["finance"]["figures"]
    kept = {service: kept_of(gateway, service) for service in SERVICES}
    assert [len(kept[service]) for service in SERVICES] == [2, 2, 2, 0]

    body = {"names": [NAME, MAIL], "reason": f"Asked for by {NAME}"}
    for service in SERVICES:
        answer = gateway.http.post(f"/v1/{service}-erasures", json=body)
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        done = (receipt["documents"], receipt["events"], receipt["messages"], receipt["entries"])
        assert sum(done) - receipt["messages"] == len(kept[service]), receipt
        assert kept_of(gateway, service) == []

    for page in pages:
        await_until(
            lambda told=page: not named(gateway, told), what=f"the name is gone from {page}", seconds=20
        )
    assert standing(gateway.summary()) == summary
    assert budgets(gateway, project) == changes
    assert gateway.project(project)["finance"]["figures"] == figures
