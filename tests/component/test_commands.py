"""Recording a transaction and reporting an actual: parts of a document, changed by a rule."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.testing.documents import FINANCE, FRAMEWORK
from shared.testing.streams import await_published, published

TRANSACTION = {"type": "3", "date": "2024-05-01", "value": {"amount": "1000.50", "value_date": "2024-05-01"}}
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
RESULTS = [
    {
        "type": "1",
        "indicators": [
            {
                "measure": "1",
                "periods": [
                    {"start": "2024-01-01", "end": "2024-06-30"},
                    {"start": "2024-07-01", "end": "2024-12-31"},
                ],
            },
            {"measure": "5", "periods": [{"start": "2024-01-01", "end": "2024-12-31"}]},
        ],
    }
]


def report(number="7", **members):
    return {
        "result": 1,
        "indicator": 1,
        "period": 2,
        "actual": {"value": {"raw": number, "number": number, "reading": "plain"}},
        **members,
    }


@pytest.fixture
def funding(clients):
    return clients["funding"]


@pytest.fixture
def monitoring(clients):
    return clients["monitoring"]


@pytest.fixture
async def finance(funding, identifier):
    await funding.post(FINANCE.path, json=FINANCE.document(identifier))
    return FINANCE.address(identifier)


@pytest.fixture
async def framework(monitoring, identifier):
    await monitoring.post(FRAMEWORK.path, json=FRAMEWORK.document(identifier, results=RESULTS))
    return FRAMEWORK.address(identifier)


async def test_a_transaction_is_added_in_the_currency_of_the_activity(funding, finance, identifier, nats):
    answer = await funding.post(f"{finance}/transactions", json=TRANSACTION)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"2"')
    assert answer.headers["devcoop-write"] == f"finance.{FINANCE.aggregate_id(identifier)}.2"
    second = {**TRANSACTION, "value": {"amount": "5", "currency": "EUR"}}
    assert (await funding.post(f"{finance}/transactions", json=second)).status_code == 201
    stored = (await funding.get(finance)).json()["document"]["transactions"]
    assert stored == [
        {**TRANSACTION, "value": {"amount": "1000.50", "currency": "USD", "value_date": "2024-05-01"}},
        second,
    ]
    await await_published(funding)
    events = await published(nats, "funding", FINANCE.aggregate_id(identifier))
    assert [len(event.data.get("transactions", [])) for event in events] == [0, 1, 2]


async def test_a_transaction_gets_the_earmarking_of_its_aid_types(funding, finance):
    body = {**TRANSACTION, "aid_types": [{"code": "4", "vocabulary": "2"}]}
    await funding.post(f"{finance}/transactions", json=body)
    (stored,) = (await funding.get(finance)).json()["document"]["transactions"]
    assert stored["earmarking"] == {"category": "4", "basis": "category"}


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        ({"date": TOMORROW}, {"/date": "date-in-future"}),
        ({"value": {"amount": "1", "value_date": TOMORROW}}, {"/value/value_date": "date-in-future"}),
        ({"date": None}, {"/date": "date-type"}),
        ({"value": {"amount": "much"}}, {"/value/amount": "decimal-parsing"}),
        ({"colour": "red"}, {"/colour": "extra-forbidden"}),
    ],
)
async def test_a_transaction_that_breaks_a_rule_is_refused(funding, finance, members, faults):
    answer = await funding.post(f"{finance}/transactions", json={**TRANSACTION, **members})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]} == faults
    assert (await funding.get(finance)).json()["version"] == 1


async def test_a_transaction_needs_a_currency_from_somewhere(funding, identifier):
    await funding.post(FINANCE.path, json={"iati_identifier": identifier})
    answer = await funding.post(f"{FINANCE.address(identifier)}/transactions", json=TRANSACTION)
    assert answer.status_code == 422
    assert [fault["code"] for fault in answer.json()["errors"]] == ["missing-currency"]


async def test_an_actual_goes_into_its_period(monitoring, framework):
    answer = await monitoring.post(f"{framework}/actuals", json=report())
    assert (answer.status_code, answer.headers["etag"]) == (201, '"2"')
    (result,) = (await monitoring.get(framework)).json()["document"]["results"]
    first, second = result["indicators"][0]["periods"]
    assert "actuals" not in first
    assert second["actuals"] == [report()["actual"]]


async def test_an_actual_takes_the_place_of_one_of_the_same_slice_only(monitoring, framework):
    women = {"dimensions": [{"name": "sex", "value": "female"}]}
    for body in (report("1"), report("2", actual={**report("2")["actual"], **women}), report("3")):
        assert (await monitoring.post(f"{framework}/actuals", json=body)).status_code == 201
    (result,) = (await monitoring.get(framework)).json()["document"]["results"]
    actuals = result["indicators"][0]["periods"][1]["actuals"]
    assert [(each["value"]["raw"], "dimensions" in each) for each in actuals] == [("2", True), ("3", False)]


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"result": 2}, "/result", "unknown-ordinal"),
        ({"result": 0}, "/result", "unknown-ordinal"),
        ({"indicator": 3}, "/indicator", "unknown-ordinal"),
        ({"period": -1}, "/period", "unknown-ordinal"),
        ({"period": 10**30}, "/period", "unknown-ordinal"),
        ({"indicator": 2, "period": 1}, "/actual/value", "qualitative-value"),
        ({"actual": None}, "/actual", "model-attributes-type"),
    ],
)
async def test_an_actual_that_does_not_fit_is_refused(monitoring, framework, members, pointer, code):
    answer = await monitoring.post(f"{framework}/actuals", json=report(**members))
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]
    assert (await monitoring.get(framework)).json()["version"] == 1


async def test_a_qualitative_actual_is_a_comment(monitoring, framework):
    body = report(indicator=2, period=1, actual={"comments": [{"text": "Well received"}]})
    assert (await monitoring.post(f"{framework}/actuals", json=body)).status_code == 201


@pytest.mark.parametrize(
    ("kind", "command", "body"), [(FINANCE, "transactions", TRANSACTION), (FRAMEWORK, "actuals", report())]
)
async def test_commands_need_their_document_and_heed_the_condition(clients, identifier, kind, command, body):
    client, path = clients[kind.owner], f"{kind.address(identifier)}/{command}"
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    members = {"results": RESULTS} if kind is FRAMEWORK else {}
    await client.post(kind.path, json=kind.document(identifier, **members))
    stale = await client.post(path, json=body, headers={"If-Match": '"2"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-version")
    assert (await client.post(path, json=body, headers={"If-Match": '"1"'})).status_code == 201


async def test_commands_are_found_for_identifiers_with_slashes(funding, identifier):
    odd = f"{identifier}/transactions/transactions"
    await funding.put(FINANCE.address(odd), json=FINANCE.document(odd))
    answer = await funding.post(f"{FINANCE.address(odd)}/transactions", json=TRANSACTION)
    assert answer.json()["identifier"] == odd
