"""The watch at work: alerts are raised and resolved as documents change, and each is written once."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlmodel import select

from services.funding.alerts.watch import Watch
from services.funding.main import SERVICE
from services.funding.models import AlertWatchRow
from services.funding.settings import Settings
from shared.chassis.db import Database, execute
from shared.contracts.ids import alert_id
from shared.testing import partnerships as sample
from shared.testing.documents import ANY
from shared.testing.fixtures import CURSOR_KEY
from shared.testing.streams import await_published, published

PATH = "/v1/funding-alerts"
SECONDS = 20
YEAR = datetime.now(UTC).year - 1


@pytest.fixture(scope="module")
async def funding(serve):
    async with serve(SERVICE, alert_seconds=0.05) as client:
        yield client


async def alerts(client, **filters):
    answer = await client.get(PATH, params=filters)
    assert answer.status_code == 200
    return [item["document"] for item in answer.json()["items"]]


async def eventually(client, count, **filters):
    """Return the alerts once there are so many."""
    async with asyncio.timeout(SECONDS):
        while len(found := await alerts(client, **filters)) != count:
            await asyncio.sleep(0.05)
    return found


def finance(identifier, spent):
    value = {"amount": "1000", "currency": "USD"}
    return {
        "iati_identifier": identifier,
        "budgets": [{"period_start": f"{YEAR}-01-01", "period_end": f"{YEAR}-12-31", "value": value}],
        "transactions": [
            {"type": "4", "date": f"{YEAR}-06-01", "value": {"amount": spent, "currency": "USD"}}
        ],
    }


async def test_delivery_below_the_threshold_is_alerted_until_it_is_reached(funding, identifier, nats):
    address = f"/v1/finances/{identifier}"
    await funding.put(address, json=finance(identifier, "799"))
    (alert,) = await eventually(funding, 1, subject=identifier, state="raised")
    assert alert["kind"] == "delivery-rate-below-threshold"
    assert alert["measure"]["numerator"] == {"amount": "799", "currency": "USD"}
    assert alert["measure"]["threshold"] == "0.800000"
    assert (await funding.get(f"{PATH}/{alert['identifier']}")).json()["document"] == alert
    await funding.put(address, json=finance(identifier, "800"), headers=ANY)
    (resolved,) = await eventually(funding, 1, subject=identifier, state="resolved")
    assert resolved["raised_at"] == alert["raised_at"]
    assert (await funding.put(f"{PATH}/{alert['identifier']}", json=alert)).status_code == 405
    await await_published(funding)
    events = await published(nats, "funding", alert_id(alert["identifier"]))
    assert [event.data.get("state", "raised") for event in events] == [
        "raised",
        "resolved",
    ]


async def test_what_is_overdue_is_alerted_until_it_comes_in(funding, identifier):
    address = f"/v1/agreements/{identifier}"
    await funding.put(address, json=sample.agreement(identifier))
    await funding.post(f"{address}/actions", json={"action": "sign", "by": "clerk"})
    found = await eventually(funding, 2, subject=identifier, state="raised")
    assert {each["kind"] for each in found} == {"tranche-overdue", "donor-report-overdue"}
    receipt = {"reference": "R", "tranche": 1, "received_on": "2026-03-05", "amount": "400000"}
    await funding.post(f"{address}/receipts", json=receipt)
    (left,) = await eventually(funding, 1, subject=identifier, state="raised")
    assert left["kind"] == "donor-report-overdue"
    await funding.post(f"{address}/actions", json={"action": "terminate", "by": "c", "reasons": "Elections"})
    assert len(await eventually(funding, 2, subject=identifier, state="resolved")) == 2
    assert await alerts(funding, kind="tranche-overdue", updated_since="2099-01-01T00:00:00Z") == []


async def test_nothing_is_written_twice_and_a_new_day_looks_at_everything(serve, database_url, nats):
    """Between the last two looks nothing changes but the day, by which everything is looked at."""
    settings = Settings(database_url=database_url, nats_url=nats.url, cursor_key=CURSOR_KEY)
    database = Database(database_url)
    async with serve(SERVICE, database_url=database_url, alert_seconds=3600) as client:
        await _watched(database)
        for number in range(3):
            await client.put(f"/v1/finances/A-{number}", json=finance(f"A-{number}", "1"))
        await Watch(database, settings).look(asyncio.Event())
        raised = await alerts(client, state="raised")
        assert len(raised) == 3
        lenient = settings.model_copy(update={"delivery_threshold": Decimal(0)})
        watch = Watch(database, lenient)
        await Watch(database, settings).look(asyncio.Event())
        assert await alerts(client) == raised
        await watch.look(asyncio.Event())
        assert {each["state"] for each in await alerts(client)} == {"resolved"}
        await client.put("/v1/finances/A-0", json=finance("A-0", "2"), headers=ANY)
        async with database.session() as session, session.begin():
            await execute(
                session, text("UPDATE alert_watch SET day = day - 1, seen = seen + interval '1 day'")
            )
        await Watch(database, settings).look(asyncio.Event())
        assert len(await alerts(client, state="raised")) == 3
    await database.dispose()


async def _watched(database):
    """Wait until the service has looked for the first time."""
    async with asyncio.timeout(SECONDS):
        while True:
            async with database.session() as session:
                if len((await session.exec(select(AlertWatchRow))).all()) == 2:
                    return
            await asyncio.sleep(0.02)
