"""The order that the database puts deliveries in, against the same rates made in Python from the contracts."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from deploy.local.sample import write_portfolio
from gateway.imports.iati.reader import ActivityParts
from gateway.results.accountability.delivered import Yardstick
from gateway.results.accountability.delivery import deliveries
from gateway.results.accountability.queries import DeliveryQuery
from gateway.results.terms import Terms
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.figures.money import ledger
from shared.testing.read_models import TODAY, NewReadModel, activities_of, events_of, reading, take

TERMS = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB")
YARDSTICK = Yardstick(Decimal("0.8"), Decimal("0.25"), TODAY, DISBURSEMENT_AND_EXPENDITURE)


def rates_of(parts: list[ActivityParts], year: int) -> list[tuple[bool, Decimal, str, str]]:
    """Return the place of each project and currency in the order of deliveries, straight from the contracts."""
    places = []
    for each in parts:
        sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for entry in ledger(each.finance):
            if entry.year == year and entry.stage in ("budget", "disbursement", "expenditure"):
                stage = "budget" if entry.stage == "budget" else "spend"
                sums[entry.currency or ""][stage] += entry.amount
        for currency, stages in sums.items():
            is_rated = stages.get("budget", 0) > 0 and "spend" in stages
            rate = round(stages["spend"] / stages["budget"], 9) if is_rated else Decimal(0)
            places.append((not is_rated, rate, each.activity.iati_identifier, currency))
    return sorted(places)


async def test_the_order_of_projects_is_that_of_their_rates(new_read_model: NewReadModel, tmp_path: Path):
    write_portfolio(tmp_path / "sample.xml", projects=40, seed=3)
    parts = activities_of(tmp_path / "sample.xml")
    database = await new_read_model()
    await take(database, [each for part in parts for each in events_of(part)])
    query = DeliveryQuery(by="project", year=2024, limit=500)
    async with reading(database) as session:
        found = await deliveries(session, query, TERMS, YARDSTICK, None)
    told = []
    for _, row in found.rows:
        ratio = row.delivery_rate.ratio
        told.append((ratio is None, round(ratio or Decimal(0), 9), row.code, row.currency or ""))
    assert told == rates_of(parts, 2024)
    assert len(told) > 10
