"""What monitoring is asked about in tests of who sees it."""

import asyncio
from typing import Any

import httpx

SECONDS = 20


def activity(identifier: str, country: str, partner: str, *, status: str = "2") -> dict[str, Any]:
    """Return an activity in a country, with a partner; of status 1 it is not published."""
    return {
        "iati_identifier": identifier,
        "reporting_organisation": {"ref": "XM-PUBLISHER"},
        "titles": [{"text": "Decent work"}],
        "status": status,
        "recipient_countries": [{"code": country}],
        "participating_organisations": [{"role": "1", "ref": partner}],
    }


def training(identifier: str, **members: Any) -> dict[str, Any]:
    """Return a training event."""
    told = {"identifier": identifier, "titles": [{"text": "Bargaining"}], "participants": [{"count": 3}]}
    return {**told, "start": "2026-03-02", "end": "2026-03-06", **members}


def evaluation(identifier: str, of: str, **members: Any) -> dict[str, Any]:
    """Return an evaluation of an activity with a finding and a recommendation."""
    words = [{"text": "Measure outcomes every year"}]
    return {
        "identifier": identifier,
        "iati_identifier": of,
        "kind": "internal",
        "timing": "final",
        "due_on": "2030-06-30",
        "findings": [{"code": "1", "narratives": words}],
        "recommendations": [{"code": "R1", "narratives": words}],
        **members,
    }


async def known(
    projects: httpx.AsyncClient, monitoring: httpx.AsyncClient, activities: list[dict[str, Any]]
) -> None:
    """Store activities where they are owned, and wait until monitoring knows them."""
    for each in activities:
        answer = await projects.post("/v1/activities", json=each)
        assert answer.status_code == 201, answer.text
    wanted = {each["iati_identifier"] for each in activities}
    async with asyncio.timeout(SECONDS):
        while not wanted <= await _without_link(monitoring):
            await asyncio.sleep(0.05)


async def _without_link(monitoring: httpx.AsyncClient) -> set[str]:
    """Return the first activities that monitoring knows; none of a test is linked before it is known."""
    asked = {"kind": "activity-without-link", "limit": "200"}
    page = await monitoring.get("/v1/contributions/orphans", params=asked)
    assert page.status_code == 200, page.text
    return {each["identifier"] for each in page.json()["items"]}
