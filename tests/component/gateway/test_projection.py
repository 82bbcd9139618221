"""The read model, fed with events in every order: it becomes what the newest of them say, and nothing else."""

import asyncio
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from deploy.local.sample import write_portfolio
from gateway.imports.iati.reader import ActivityParts
from gateway.projection.reducers import refresh
from shared.chassis.db import execute
from shared.contracts.catalog import ACTIVITY, FINANCE
from shared.contracts.iati import TransactionOrganisation
from shared.contracts.projects.v1 import RelatedActivity
from shared.figures.double_counting import exclusions
from shared.figures.money import flows
from shared.testing.portfolios import node_of
from shared.testing.read_models import TODAY, NewReadModel, activities_of, contents, event, events_of, take


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> list[ActivityParts]:
    path: Path = tmp_path_factory.mktemp("portfolio") / "sample.xml"
    write_portfolio(path, projects=30)
    return linked(activities_of(path))


def linked(portfolio: list[ActivityParts]) -> list[ActivityParts]:
    """Make every third activity a child of the one before it, some part of transfers, and every fifth a repetition."""
    made: list[ActivityParts] = []
    for place, parts in enumerate(portfolio):
        activity, finance = parts.activity, parts.finance
        if place % 3 == 1:
            parent = RelatedActivity(ref=made[-1].activity.iati_identifier, type="1")
            activity = activity.model_copy(update={"related_activities": (parent,)})
        if place % 3 == 2:
            other = TransactionOrganisation(activity_id=made[-1].activity.iati_identifier)
            receiver = TransactionOrganisation(activity_id=made[0].activity.iati_identifier)
            sides = {"1": {"provider": other}, "3": {"receiver": receiver}}
            moved = (t.model_copy(update=sides.get(t.type, {})) for t in finance.transactions)
            finance = finance.model_copy(update={"transactions": tuple(moved)})
        if place % 5 == 4:
            repeats = activity.reporting_organisation.model_copy(update={"secondary_reporter": True})
            activity = activity.model_copy(update={"reporting_organisation": repeats})
        made.append(ActivityParts(activity, finance, parts.framework))
    return made


def reworded(parts: ActivityParts, *, status: str) -> ActivityParts:
    """Return another version of an activity."""
    activity = parts.activity.model_copy(update={"status": status, "recipient_countries": ()})
    finance = parts.finance.model_copy(update={"transactions": parts.finance.transactions[1:]})
    return ActivityParts(activity, finance, parts.framework)


async def test_what_is_counted_elsewhere_is_what_the_rule_says(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    database = await new_read_model()
    await take(database, [each for parts in portfolio for each in events_of(parts)])
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    by_id = {parts.activity.iati_identifier: parts for parts in portfolio}
    left_out = exclusions([node_of(parts.activity, parts.finance) for parts in portfolio])
    by_pointer = {(each.node, each.pointer): each for each in left_out}
    for identifier, parts in by_id.items():
        for flow in flows(parts.finance):
            found = by_pointer.get((identifier, flow.pointer))
            if found and flow.stage == "disbursement":
                expected[found.reason, flow.currency or ""] += found.amount
    statement = text(
        "SELECT reason, currency, trim_scale(sum(disbursement)) FROM project_exclusion"
        " WHERE dimension = 'all' AND disbursement IS NOT NULL GROUP BY 1, 2"
    )
    async with database.session() as session:
        told = {(row[0], row[1]): row[2] for row in await execute(session, statement)}
    assert told == expected
    assert {reason for reason, _ in told} == {
        "secondary-reporter",
        "counted-in-children",
        "internal-transfer",
    }


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


async def test_an_older_version_is_kept_as_a_fact_and_changes_nothing_else(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    database = await new_read_model()
    await take(database, events_of(reworded(portfolio[0], status="5"), version=3))
    before = await contents(database)
    await take(database, events_of(portfolio[0], version=2))
    after = await contents(database)
    assert (len(before.pop("fact")), len(after.pop("fact"))) == (3, 6)
    assert after == before


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
