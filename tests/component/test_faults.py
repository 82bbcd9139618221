"""What an author may not write is refused on every route and leaves nothing; what is published is taken as it is."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.testing.documents import ACTIVITY, ANY, FINANCE, FRAMEWORK, PARTNER
from shared.testing.streams import await_published, published

LATER = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
PERIOD = {"start": "2025-01-01", "end": "2025-12-31"}
YEAR = {"period_start": "2024-01-01", "period_end": "2024-12-31"}
USD, XYZ = {"amount": "10", "currency": "USD"}, {"amount": "10", "currency": "XYZ"}
SPENT = {"type": "4", "date": "2024-05-10", "value": USD}


def reading(raw):
    return {"raw": raw, "reading": "unreadable"}


def results(measure, actual):
    periods = [{**PERIOD, "actuals": [actual]}]
    return {"results": [{"type": "1", "indicators": [{"measure": measure, "periods": periods}]}]}


def budgets(*members):
    return {"budgets": [{**YEAR, "value": USD, **each} for each in members]}


def items(*percentages):
    listed = [{"code": "1", "percentage": percentage} for percentage in percentages]
    return {"country_budget_items": {"vocabulary": "2", "items": listed}}


def share(percentage, **members):
    return {"code": "1", "percentage": percentage, **members}


ACTUALS = [
    ("2", {"value": reading("30")}, "/denominator", "percentage-without-denominator"),
    ("2", {"numerator": "15"}, "/denominator", "percentage-without-denominator"),
    ("2", {"numerator": "15", "denominator": "0"}, "/denominator", "denominator-zero"),
    (
        "2",
        {"value": reading("31"), "numerator": "15", "denominator": "50"},
        "/value/raw",
        "percentage-mismatch",
    ),
    ("1", {"numerator": "15"}, "/numerator", "numerator-without-percentage"),
    ("1", {"value": {"raw": "many", "number": "9", "reading": "plain"}}, "/value/raw", "not-a-number"),
    ("5", {"value": reading("Good")}, "/value", "qualitative-value"),
]
"""Measure, actual, pointer into the actual, and code."""
TRANSACTIONS = [
    ({"date": LATER}, "/date", "date-in-future"),
    ({"value": {**USD, "value_date": LATER}}, "/value/value_date", "date-in-future"),
    ({"value": XYZ}, "/value/currency", "unknown-currency"),
]
REFUSED = [
    (FINANCE, {"default_currency": "usd"}, "/default_currency", "unknown-currency"),
    (FINANCE, budgets({"value": XYZ}), "/budgets/0/value/currency", "unknown-currency"),
    (PARTNER, {"default_currency": "XYZ"}, "/default_currency", "unknown-currency"),
    *(
        (FINANCE, {"transactions": [SPENT, {**SPENT, **members}]}, f"/transactions/1{pointer}", code)
        for members, pointer, code in TRANSACTIONS
    ),
    (FINANCE, budgets({"period_end": "2025-02-01"}), "/budgets/0/period_end", "budget-period-too-long"),
    (FINANCE, budgets({}, {}), "/budgets/1/period_start", "budget-periods-overlap"),
    (FINANCE, budgets({"value": {**USD, "amount": "-1"}}), "/budgets/0/value/amount", "negative-budget"),
    (FINANCE, budgets({"period_end": "2023-12-31"}), "/budgets/0/period_end", "period-ends-before-start"),
    (FINANCE, items("60", "60"), "/country_budget_items/items/0/percentage", "shares-over-100"),
    (FINANCE, items("60", "-1"), "/country_budget_items/items/1/percentage", "share-out-of-range"),
    (
        ACTIVITY,
        {"recipient_countries": [share("60")], "recipient_regions": [share("60")]},
        "/recipient_countries/0/percentage",
        "shares-over-100",
    ),
    (
        ACTIVITY,
        {"sectors": [share("100"), share("60", vocabulary="2"), share("60", vocabulary="2")]},
        "/sectors/1/percentage",
        "shares-over-100",
    ),
    (ACTIVITY, {"sectors": [share("101")]}, "/sectors/0/percentage", "share-out-of-range"),
    *(
        (FRAMEWORK, results(measure, actual), f"/results/0/indicators/0/periods/0/actuals/0{pointer}", code)
        for measure, actual, pointer, code in ACTUALS
    ),
]
refused = pytest.mark.parametrize(
    ("kind", "members", "pointer", "code"),
    [pytest.param(*each, id=f"{each[3]} {each[2]}") for each in REFUSED],
)


def assert_refused(answer, pointer, code):
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid"
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(pointer, code)]


async def events(client, nats, kind, identifier):
    await await_published(client)
    return await published(nats, kind.owner, kind.aggregate_id(identifier))


async def publish(client, kind, document):
    """Store a document as it was published."""
    answer = await client.post(f"{kind.path}/upserts", content=json.dumps(document))
    assert json.loads(answer.text)["outcome"] == "created", answer.text


def changed(kind, identifier, members):
    """Return a document with the same faults and one more member, or one more result."""
    if kind is FRAMEWORK:
        return kind.document(identifier, results=[*members["results"], {"type": "2"}])
    return kind.document(identifier, **{**kind.change, **members})


@refused
async def test_a_new_document_with_a_fault_is_refused_and_leaves_nothing(
    clients, identifier, nats, kind, members, pointer, code
):
    client, document = clients[kind.owner], kind.document(identifier, **members)
    assert_refused(await client.post(kind.path, json=document), pointer, code)
    assert_refused(await client.put(kind.address(identifier), json=document), pointer, code)
    assert (await client.get(kind.address(identifier))).status_code == 404
    assert await events(client, nats, kind, identifier) == []


@refused
async def test_a_change_that_brings_a_fault_in_is_refused_and_leaves_what_was(
    clients, identifier, nats, kind, members, pointer, code
):
    client, address = clients[kind.owner], kind.address(identifier)
    await client.post(kind.path, json=kind.document(identifier))
    assert_refused(await client.put(address, json=kind.document(identifier, **members)), pointer, code)
    assert_refused(await client.patch(address, json=members), pointer, code)
    item = (await client.get(address)).json()
    assert (item["version"], item["document"]) == (1, kind.document(identifier))
    assert len(await events(client, nats, kind, identifier)) == 1


@refused
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_published_is_taken_and_its_faults_refuse_no_change(
    clients, identifier, method, kind, members, pointer, code
):
    client, address = clients[kind.owner], kind.address(identifier)
    await publish(client, kind, kind.document(identifier, **members))
    body = changed(kind, identifier, members)
    answer = await client.request(method, address, json=body, headers=ANY)
    assert (answer.status_code, answer.json().get("version")) == (200, 2), (pointer, code, answer.text)
    mended = await client.put(address, json=kind.document(identifier), headers=ANY)
    assert (mended.status_code, mended.json()["version"]) == (200, 3)
    assert_refused(await client.request(method, address, json=body), pointer, code)


@pytest.mark.parametrize(("members", "pointer", "code"), TRANSACTIONS)
async def test_a_transaction_with_a_fault_is_not_recorded(clients, identifier, nats, members, pointer, code):
    client, address = clients["funding"], FINANCE.address(identifier)
    await client.post(FINANCE.path, json=FINANCE.document(identifier))
    assert_refused(await client.post(f"{address}/transactions", json={**SPENT, **members}), pointer, code)
    assert (await client.get(address)).json()["version"] == 1
    assert len(await events(client, nats, FINANCE, identifier)) == 1


async def test_a_transaction_takes_no_currency_that_does_not_exist_from_its_activity(clients, identifier):
    client, address = clients["funding"], FINANCE.address(identifier)
    await publish(client, FINANCE, FINANCE.document(identifier, default_currency="XYZ"))
    without = {**SPENT, "value": {"amount": "10"}}
    answer = await client.post(f"{address}/transactions", json=without)
    assert_refused(answer, "/value/currency", "unknown-currency")
    assert (await client.post(f"{address}/transactions", json=SPENT)).status_code == 201


@pytest.mark.parametrize(("measure", "actual", "pointer", "code"), ACTUALS)
async def test_an_actual_with_a_fault_is_not_reported(
    clients, identifier, nats, measure, actual, pointer, code
):
    client, address = clients["monitoring"], FRAMEWORK.address(identifier)
    await client.post(FRAMEWORK.path, json=FRAMEWORK.document(identifier, **results(measure, {})))
    report = {"result": 1, "indicator": 1, "period": 1, "actual": actual}
    assert_refused(await client.post(f"{address}/actuals", json=report), f"/actual{pointer}", code)
    assert (await client.get(address)).json()["version"] == 1
    assert len(await events(client, nats, FRAMEWORK, identifier)) == 1


async def test_published_actuals_keep_none_from_being_reported(clients, identifier):
    client, address = clients["monitoring"], FRAMEWORK.address(identifier)
    parts = [{"dimensions": [{"name": "sex", "value": sex}]} for sex in ("female", "male")]
    document = FRAMEWORK.document(identifier, **results("2", {"value": reading("30")}))
    actuals = document["results"][0]["indicators"][0]["periods"][0]["actuals"]
    actuals += [{"value": reading("n/a"), **part} for part in parts]
    await publish(client, FRAMEWORK, document)
    for numerator in ("15", "20"):
        actual = {"numerator": numerator, "denominator": "50"}
        report = {"result": 1, "indicator": 1, "period": 1, "actual": actual}
        answer = await client.post(f"{address}/actuals", json=report)
        assert answer.status_code == 201, answer.text
    (result,) = (await client.get(address)).json()["document"]["results"]
    stored = result["indicators"][0]["periods"][0]["actuals"]
    assert [each["value"]["raw"] for each in stored] == ["n/a", "n/a", "40"]


async def test_a_percentage_has_the_value_that_follows_from_what_it_is_made_of(clients, identifier):
    client, address = clients["monitoring"], FRAMEWORK.address(identifier)
    body = FRAMEWORK.document(identifier, **results("2", {"numerator": "1", "denominator": "3"}))
    assert (await client.post(FRAMEWORK.path, json=body)).status_code == 201
    document = (await client.get(address)).json()["document"]
    (actual,) = document["results"][0]["indicators"][0]["periods"][0]["actuals"]
    assert actual["value"] == {
        "raw": "33.333333333333333333",
        "number": "33.333333333333333333",
        "reading": "plain",
    }
    assert (await client.put(address, json=document)).json()["outcome"] == "unchanged"


async def test_rates_are_of_currencies_that_exist(clients):
    rates = [{"currency": currency, "date": "2024-05-02", "rate": "2"} for currency in ("EUR", "XYZ")]
    sheet = {"source": "FAULTS", "kind": "donor", "base": "USD", "month": "2024-05", "rates": rates}
    answer = await clients["funding"].post("/v1/exchange-rates", json=sheet)
    assert_refused(answer, "/rates/1/currency", "unknown-currency")


async def test_every_fault_is_told_at_once(clients, identifier):
    document = FINANCE.document(
        identifier, default_currency="XYZ", **budgets({}, {}), transactions=[{**SPENT, "date": LATER}]
    )
    answer = await clients["funding"].post(FINANCE.path, json=document)
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/default_currency", "unknown-currency"),
        ("/budgets/1/period_start", "budget-periods-overlap"),
        ("/transactions/0/date", "date-in-future"),
    ]


async def test_a_stored_fault_excuses_no_other(clients, identifier):
    client, address = clients["funding"], FINANCE.address(identifier)
    await publish(client, FINANCE, FINANCE.document(identifier, **budgets({}, {})))
    answer = await client.patch(address, json={"default_currency": "XYZ"})
    assert_refused(answer, "/default_currency", "unknown-currency")
    moved = await client.patch(address, json=budgets({"type": "2"}, {}, {}))
    assert (moved.status_code, moved.json()["version"]) == (200, 2), moved.text
    answer = await client.patch(address, json=budgets({}, {}, {}))
    assert_refused(answer, "/budgets/2/period_start", "budget-periods-overlap")
    assert (await client.patch(address, json=budgets({}))).json()["version"] == 3


async def test_what_exists_and_what_is_stale_are_told_before_faults(clients, identifier):
    client, address = clients["funding"], FINANCE.address(identifier)
    await client.post(FINANCE.path, json=FINANCE.document(identifier))
    wrong = FINANCE.document(identifier, default_currency="XYZ")
    assert (await client.post(FINANCE.path, json=wrong)).json()["code"] == "already-exists"
    stale = await client.put(address, json=wrong, headers={"If-Match": '"2"'})
    assert stale.json()["code"] == "stale-version"
