"""The read model, fed with events in every order: it becomes what the newest of them say, and nothing else."""

import asyncio
from datetime import date
from pathlib import Path
from random import Random

import pytest

from deploy.local.sample import write_portfolio
from gateway.imports.iati.reader import ActivityParts
from gateway.projection.reducers import refresh
from shared.contracts.catalog import ACTIVITY, FINANCE
from shared.testing.read_models import TODAY, NewReadModel, activities_of, contents, event, events_of, take


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> list[ActivityParts]:
    path: Path = tmp_path_factory.mktemp("portfolio") / "sample.xml"
    write_portfolio(path, projects=30)
    return activities_of(path)


def reworded(parts: ActivityParts, *, status: str) -> ActivityParts:
    """Return another version of an activity."""
    activity = parts.activity.model_copy(update={"status": status, "recipient_countries": ()})
    finance = parts.finance.model_copy(update={"transactions": parts.finance.transactions[1:]})
    return ActivityParts(activity, finance, parts.framework)


@pytest.mark.parametrize("seed", range(3))
async def test_order_repetition_and_batches_do_not_matter(
    new_read_model: NewReadModel, portfolio: list[ActivityParts], seed: int
):
    events = [each for parts in portfolio for each in events_of(parts)]
    events += [each for parts in portfolio[::2] for each in events_of(reworded(parts, status="4"), version=2)]
    straight, shuffled = await new_read_model(), await new_read_model()
    await take(straight, events)
    draw = Random(seed)  # noqa: S311
    muddled = [*events, *draw.choices(events, k=40)]
    draw.shuffle(muddled)
    while muddled:
        size = draw.randint(1, 25)
        await take(shuffled, muddled[:size])
        del muddled[:size]
    assert await contents(shuffled) == await contents(straight)


async def test_an_older_version_changes_nothing(new_read_model: NewReadModel, portfolio: list[ActivityParts]):
    database = await new_read_model()
    await take(database, events_of(reworded(portfolio[0], status="5"), version=3))
    before = await contents(database)
    await take(database, events_of(portfolio[0], version=2))
    assert await contents(database) == before


async def test_money_is_attributed_once_both_parts_are_known(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    parts = next(
        each for each in portfolio if each.finance.transactions and each.activity.recipient_countries
    )
    database = await new_read_model()
    await take(database, [event(FINANCE, parts.finance)])
    assert (await contents(database))["project_money"] == []
    await take(database, [event(ACTIVITY, parts.activity)])
    whole = await new_read_model()
    await take(whole, [event(ACTIVITY, parts.activity), event(FINANCE, parts.finance)])
    money = (await contents(database))["project_money"]
    assert money
    assert money == (await contents(whole))["project_money"]


async def test_figures_follow_the_day_without_any_event(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    aged, fresh = await new_read_model(), await new_read_model()
    events = [each for parts in portfolio for each in events_of(parts)]
    await take(aged, events, on=date(2024, 1, 15))
    await take(fresh, events, on=TODAY)
    before = (await contents(aged))["project_results"]
    async with aged.session() as session, session.begin():
        assert await refresh(session, today=TODAY) > 0
    async with aged.session() as session, session.begin():
        assert await refresh(session, today=TODAY) == 0
    after = (await contents(aged))["project_results"]
    assert after != before
    assert after == (await contents(fresh))["project_results"]


async def test_two_who_take_the_same_events_in_at_once_count_them_once(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    twice, once = await new_read_model(), await new_read_model()
    events = [each for parts in portfolio for each in events_of(parts)]
    await asyncio.gather(take(twice, events), take(twice, events))
    await take(once, events)
    assert await contents(twice) == await contents(once)
