"""Figures over HTTP: both truths of a revision, a reporting currency, and explanations that add up."""

import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.testing.documents import ANY
from tests.flow.client import Answer, Gateway, await_until
from tests.flow.samples import activity_document, new_identifier

YEAR = {"period_start": "2024-01-01", "period_end": "2024-12-31"}
PERIOD = {"start": "2024-01-01", "end": "2024-12-31"}
SPENT = {"type": "4", "date": "2024-05-10", "value": {"amount": "200", "value_date": "2024-05-10"}}


def finance(identifier: str, budget: str) -> Answer:
    value = {"amount": budget, "currency": "KES", "value_date": "2024-05-10"}
    return {
        "iati_identifier": identifier,
        "default_currency": "KES",
        "budgets": [{"type": "1", **YEAR, "value": value}],
        "transactions": [SPENT],
    }


def framework(identifier: str, target: str, actual: str) -> Answer:
    period = {**PERIOD, "targets": [told(target)], "actuals": [told(actual)]}
    indicator = {"measure": "1", "baselines": [{"year": 2023, **told("0")}], "periods": [period]}
    return {"iati_identifier": identifier, "results": [{"type": "1", "indicators": [indicator]}]}


def told(number: str) -> Answer:
    return {"value": {"raw": number, "number": number, "reading": "plain"}}


@pytest.fixture(scope="module")
def source(gateway: Gateway) -> str:
    """Publish a rate of a source of our own: 100 shillings are one dollar."""
    name = f"DONOR-{time.time_ns()}"
    rates = [{"currency": "KES", "date": "2024-05-01", "rate": "100"}]
    sheet = {"source": name, "kind": "donor", "base": "USD", "month": "2024-05", "rates": rates}
    address = f"/v1/exchange-rates/{quote(f'{name}/2024-05', safe='')}"
    written = gateway.http.put(address, json=sheet)
    assert written.status_code == 201, written.text
    gateway.get("/v1/results/projects?limit=1", **after(written))
    return name


@pytest.fixture(scope="module")
def revised(gateway: Gateway) -> tuple[str, str, str]:
    """Write a project and revise it; return its identifier, and a moment before and after the revision."""
    identifier = new_identifier()
    address = quote(identifier, safe="")
    gateway.http.post("/v1/activities", json=activity_document(identifier)).raise_for_status()
    gateway.http.post("/v1/finances", json=finance(identifier, "1000")).raise_for_status()
    written = gateway.http.post("/v1/frameworks", json=framework(identifier, "100", "40"))
    assert written.status_code == 201, written.text
    before = datetime.now(UTC).isoformat()
    for path, document, why in (
        ("finances", finance(identifier, "1500"), "Second tranche"),
        ("frameworks", framework(identifier, "200", "60"), "Cohort doubled; late reports came in"),
    ):
        written = gateway.http.put(
            f"/v1/{path}/{address}", json=document, params={"rationale": why}, headers=ANY
        )
        assert written.json().get("outcome") == "changed", written.text
        gateway.project(identifier, **after(written))
    return identifier, before, datetime.now(UTC).isoformat()


def after(answer: httpx.Response) -> dict[str, str]:
    return {"DevCoop-After": answer.headers["devcoop-write"]}


def whole(gateway: Gateway, identifier: str, **parameters: str) -> Answer:
    """Return a project; a past state that is being made is asked for again, as the answer tells."""
    target = f"/v1/results/projects/{quote(identifier, safe='')}?{httpx.QueryParams(parameters)}"

    def is_made() -> bool:
        answer = gateway.http.get(target)
        return not (answer.is_server_error and answer.json()["code"] == "past-being-built")

    await_until(is_made, what="the past state is made", pause=0.5)
    return gateway.get(target)


def truth(project: Answer) -> tuple[str, str, str]:
    """Return budget, target and actual."""
    (indicator,) = project["results"]["figures"]["results"][0]["indicators"]
    (money,) = project["finance"]["figures"]["totals"]
    return money["budget"], indicator["target"], indicator["actual"]


def test_before_and_after_a_revision_there_are_two_truths(gateway: Gateway, revised: tuple[str, str, str]):
    identifier, before, then = revised
    assert truth(whole(gateway, identifier, as_of=before)) == ("1000", "100", "40")
    assert truth(whole(gateway, identifier, as_of=then)) == ("1500", "200", "60")
    assert truth(whole(gateway, identifier)) == ("1500", "200", "60")


def test_each_change_is_told_with_its_reason(gateway: Gateway, revised: tuple[str, str, str]):
    identifier, before, _ = revised
    address = f"/v1/results/projects/{quote(identifier, safe='')}/revisions"
    changes = {change["kind"]: change for change in gateway.get(address)["items"]}
    assert {kind: change["rationale"] for kind, change in changes.items()} == {
        "budget": "Second tranche",
        "target": "Cohort doubled; late reports came in",
        "actual": "Cohort doubled; late reports came in",
    }
    assert changes["target"]["before"]["value"]["raw"] == "100"
    assert gateway.get(f"{address}?{httpx.QueryParams(as_of=before)}")["items"] == []


def test_money_is_told_in_the_currency_that_is_asked_for(
    gateway: Gateway, revised: tuple[str, str, str], source: str
):
    identifier, _, _ = revised
    (money,) = whole(gateway, identifier, currency="USD", rate_source=source)["money"]
    assert (money["budget"], money["spend"], money["missing"]) == ("15", "2", [])
    (lost,) = whole(gateway, identifier, currency="EUR", rate_source=source)["money"]
    assert (lost["budget"], lost["spend"]) == (None, None)
    assert {(m["figure"], m["currency"], m["amount"]) for m in lost["missing"]} == {
        ("budget", "KES", "1500"),
        ("expenditures", "KES", "200"),
    }


@pytest.mark.parametrize("terms", [{}, {"currency": "USD"}])
def test_a_summary_is_what_its_explanation_adds_up_to(
    gateway: Gateway, revised: tuple[str, str, str], source: str, terms: dict[str, str]
):
    assert revised
    rates = {"rate_source": source} if terms else {}
    asked = {"group_by": "country", "status": "2", **terms, **rates}
    rows = gateway.get(f"/v1/results/summary?{httpx.QueryParams(asked)}")
    explained = 0
    for row in [*rows["groups"], rows["whole"]]:
        answer = gateway.get(row["explain"])
        told_row = answer["whole"] if row is rows["whole"] else answer["groups"][0]
        assert {**told_row, "explanation": None} == row
        assert added_up(told_row["explanation"], terms.get("currency")) == figures(row["money"])
        explained += len(told_row["explanation"]["inputs"])
    assert explained > 0


def test_an_indicator_is_explained_by_its_values(gateway: Gateway, revised: tuple[str, str, str]):
    explanation = whole(gateway, revised[0], explain="true")["explanation"]
    (indicator,) = explanation["indicators"]
    assert {(v["role"], v["raw"], v["reason"]) for v in indicator["values"]} == {
        ("baseline", "0", None),
        ("target", "200", None),
        ("actual", "60", None),
    }
    assert {formula["name"] for formula in explanation["formulas"]} >= {"progress", "money-by-stage"}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"currency": "XYZ"}, "unknown-currency"),
        ({"currency": "USD", "rate_source": "nobody"}, "unknown-rate-source"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "as-of-in-future"),
    ],
)
def test_terms_that_mean_nothing_are_refused(gateway: Gateway, parameters: dict[str, str], code: str):
    answer = gateway.http.get("/v1/results/projects", params=parameters)
    problem = answer.json()
    assert (answer.status_code, code) == (422, (problem["errors"] or [problem])[0]["code"])


def added_up(explanation: Answer, currency: str | None) -> dict[tuple[Any, str], Decimal]:
    """Add the inputs of an explanation up, as anybody could."""
    totals: dict[tuple[Any, str], Decimal] = defaultdict(Decimal)
    for each in explanation["inputs"]:
        if each["value"] is not None:
            totals[currency or each["currency"], each["figure"]] += Decimal(each["value"])
    return {key: amount for key, amount in totals.items() if amount}


def figures(money: list[Answer]) -> dict[tuple[Any, str], Decimal]:
    names = {
        "budget",
        "pledges",
        "incoming_commitments",
        "commitments",
        "receipts",
        "disbursements",
        "expenditures",
    }
    return {
        (each["currency"], name): Decimal(each[name])
        for each in money
        for name in names
        if Decimal(each[name] or 0)
    }
