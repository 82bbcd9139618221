"""Planning reads no more rates than it needs, and finds the rate that it would find among all."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.monitoring.learning.rates import rate_table
from services.monitoring.main import SERVICE
from services.monitoring.models import Copy
from shared.chassis.db import Database, bulk_upsert
from shared.chassis.scoping import place_columns
from shared.contracts.funding.v1 import RateSheet
from shared.contracts.ids import rate_sheet_id
from shared.policy.places import OFFICE

TODAY = date(2026, 6, 27)


def sheet(source, month, rate, kind="ecb-daily", day="28"):
    return RateSheet.model_validate(
        {
            "source": source,
            "kind": kind,
            "base": "EUR",
            "month": month,
            "rates": [{"currency": "USD", "date": f"{month}-{day}", "rate": rate}],
        }
    )


SHEETS = (
    sheet("ECB", "2024-01", "1.01"),
    sheet("ECB", "2024-02", "1.02"),
    sheet("ECB", "2025-12", "1.12"),
    sheet("ECB", "2026-06", "1.98"),
    sheet("ECB", "2026-07", "1.99"),
    sheet("DONOR", "1999-03", "2", kind="donor"),
    sheet("DONOR", "2026-05", "3", kind="donor"),
)


@pytest.fixture
async def session(serve, database_url):
    rows = [
        {
            "aggregate": "rates",
            "id": rate_sheet_id(each.identifier),
            "version": 1,
            "recorded_at": datetime.now(UTC),
            "document": each.to_json(),
            **place_columns(OFFICE, is_public=True),
        }
        for each in SHEETS
    ]
    async with serve(SERVICE, database_url=database_url):
        pass
    database = Database(database_url)
    async with database.session() as session, session.begin():
        await bulk_upsert(session, Copy, rows, key=["aggregate", "id"])
        yield session
    await database.dispose()


async def rate(session, source, valued_on, *others):
    table = await rate_table(session, source, {valued_on, *others}, today=TODAY)
    found = table.planned("EUR", "USD", valued_on, TODAY)
    return found and found.rate


async def test_the_rate_of_a_day_or_the_latest(session):
    assert await rate(session, "ECB", date(2024, 3, 2)) == Decimal("1.02")
    assert await rate(session, "ECB", date(2024, 1, 31), date(2024, 2, 28)) == Decimal("1.01")
    assert await rate(session, "ECB", date(2024, 1, 27)) is None
    assert await rate(session, "ECB", date(2024, 5, 1)) is None
    assert await rate(session, "ECB", None) == Decimal("1.12")
    assert await rate(session, "ECB", date(2027, 1, 1)) == Decimal("1.12")
    assert await rate(session, "ECB", date.min) is None
    assert await rate(session, "NOBODY", None) is None


async def test_what_a_donor_agreed_to_lasts(session):
    assert await rate(session, "DONOR", date(2020, 1, 1)) == Decimal(2)
    assert await rate(session, "DONOR", None) == Decimal(3)


async def test_nothing_is_read_for_nothing(session):
    table = await rate_table(session, "ECB", set(), today=TODAY)
    assert table.planned("EUR", "USD", None, TODAY) is None
