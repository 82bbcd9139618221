"""The read model as it stood: before and after a revision of a target, a budget and an actual."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic_core import from_json
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.projection.generations import ReadModel, activate, begin
from gateway.projection.past import drop, note_late
from gateway.results.cache import AnswerCache
from gateway.results.filters import SummaryQuery, TermsQuery
from gateway.results.projects import project_whole
from gateway.results.revisions import revisions_of
from gateway.results.summary import summarise
from gateway.results.terms import Terms
from shared.chassis.db import Database, execute
from shared.chassis.errors import Invalid
from shared.chassis.migrations import upgrade
from shared.contracts.catalog import ACTIVITY, FINANCE, FRAMEWORK
from shared.contracts.funding.v1 import ActivityFinance, PeriodBudget
from shared.contracts.iati import Money, Narrative, Reading, ReportingOrganisation
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import Baseline, Indicator, Measurement, Period, Result, ResultsFramework
from shared.contracts.projects.v1 import Activity
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.testing.read_models import event, reading, take
from tests.component.gateway.conftest import MIGRATIONS

ID = "XM-DAC-41302-7"
TERMS = Terms(date(2024, 9, 1), DISBURSEMENT_AND_EXPENDITURE, "ECB")
FIRST, SECOND = datetime(2024, 3, 1, 9, tzinfo=UTC), datetime(2024, 8, 1, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def value(number: int) -> Measurement:
    return Measurement(value=Reading(raw=str(number), number=Decimal(number), reading="plain"))


def framework(target: int, actual: int) -> ResultsFramework:
    period = Period(
        start=date(2024, 1, 1), end=date(2024, 6, 30), targets=(value(target),), actuals=(value(actual),)
    )
    baseline = Baseline(year=2023, value=value(0).value)
    title = (Narrative(text="Labour inspectors trained"),)
    indicator = Indicator(measure="1", titles=title, baselines=(baseline,), periods=(period,))
    return ResultsFramework(iati_identifier=ID, results=(Result(type="1", indicators=(indicator,)),))


def finance(budget: int) -> ActivityFinance:
    whole = PeriodBudget(
        type="1",
        period_start=date(2024, 1, 1),
        period_end=date(2024, 12, 31),
        value=Money(amount=Decimal(budget), currency="USD", value_date=date(2024, 1, 1)),
    )
    return ActivityFinance(iati_identifier=ID, budgets=(whole,))


ACTIVITY_OF_ALL = Activity(
    iati_identifier=ID,
    reporting_organisation=ReportingOrganisation(ref="XM-DAC-41302"),
    titles=(Narrative(text="Labour inspection"),),
    status="2",
)


@pytest.fixture
async def public(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await upgrade(database, MIGRATIONS)
    yield database
    await database.dispose()


@pytest.fixture
async def live(public: Database) -> AsyncIterator[Database]:
    """Return the database of a generation that answers and knows two versions of a plan and its report."""
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    database = public.on_schema(generation.schema_name)
    await take(
        database,
        [
            event(ACTIVITY, ACTIVITY_OF_ALL, recorded_at=FIRST),
            event(FINANCE, finance(1000), recorded_at=FIRST),
            event(FRAMEWORK, framework(target=100, actual=40), recorded_at=FIRST),
        ],
        on=FIRST.date(),
    )
    await take(
        database,
        [
            event(FINANCE, finance(1500), 2, recorded_at=SECOND),
            event(FRAMEWORK, framework(target=200, actual=60), 2, recorded_at=SECOND),
        ],
        on=SECOND.date(),
    )
    yield database
    await database.dispose()


@pytest.fixture
async def read_model(public: Database, live: Database) -> AsyncIterator[ReadModel]:  # noqa: ARG001  (it answers)
    model = ReadModel(public, AnswerCache(0), past_moments=2)
    yield model
    await model.dispose()


async def whole(read_model: ReadModel, as_of: datetime | None) -> dict[str, Any]:
    async with reading(read_model, as_of=as_of) as session:
        parts = await project_whole(session, ID, TermsQuery(as_of=as_of), TERMS)
    assert parts is not None
    return {name: from_json(part) for name, part in parts.items() if part}


def truth(parts: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return budget, target, actual and progress."""
    (indicator,) = parts["results"]["figures"]["results"][0]["indicators"]
    budget = parts["finance"]["figures"]["totals"][0]["budget"]
    return budget, indicator["target"], indicator["actual"], indicator["progress"]


async def test_both_truths_are_told(read_model: ReadModel):
    before = ("1000", "100", "40", "0.4")
    after = ("1500", "200", "60", "0.3")
    assert truth(await whole(read_model, FIRST)) == before
    assert truth(await whole(read_model, SECOND - MINUTE)) == before
    assert truth(await whole(read_model, SECOND)) == after
    assert truth(await whole(read_model, None)) == after


async def test_a_summary_of_a_past_moment_has_its_money_and_counts(read_model: ReadModel):
    for as_of, budget, on_track in ((FIRST, "1000", 1), (SECOND, "1500", 0)):
        async with reading(read_model, as_of=as_of) as session:
            groups, row = await summarise(session, SummaryQuery(group_by="status", as_of=as_of), TERMS)
        assert [str(money.budget) for money in row.money] == [budget]
        assert [group.code for group in groups] == ["2"]
        assert row.results.on_track == on_track
    async with reading(read_model, as_of=FIRST - MINUTE) as session:
        assert (await summarise(session, SummaryQuery(group_by="status"), TERMS))[1].projects == 0


async def test_figures_are_told_of_the_day_that_is_asked_for(read_model: ReadModel):
    in_march, in_july = await whole(read_model, FIRST), await whole(read_model, SECOND - MINUTE)
    stands = [
        parts["results"]["figures"]["results"][0]["indicators"][0]["periods"][0]["stand"]
        for parts in (in_march, in_july)
    ]
    assert stands == ["running", "ended"]


async def test_what_is_to_come_is_not_told(read_model: ReadModel):
    with pytest.raises(Invalid) as refused:
        await whole(read_model, datetime.now(UTC) + MINUTE)
    assert refused.value.code == "as-of-in-future"


async def test_every_change_is_kept_with_its_former_value(read_model: ReadModel):
    async with reading(read_model) as session:
        found = await revisions_of(session, activity_id(ID), 20)
    assert found is not None
    changes, is_all = found
    assert is_all
    told = {
        change.kind: (change.before, change.after, change.version, change.recorded_at) for change in changes
    }
    assert told["budget"][0]["amount"] == "1000"
    assert told["budget"][1]["amount"] == "1500"
    assert (told["target"][0]["value"]["raw"], told["target"][1]["value"]["raw"]) == ("100", "200")
    assert (told["actual"][0]["value"]["raw"], told["actual"][1]["value"]["raw"]) == ("40", "60")
    assert {version for _, _, version, _ in told.values()} == {2}
    assert {moment for *_, moment in told.values()} == {SECOND}
    async with reading(read_model, as_of=FIRST) as session:
        assert await revisions_of(session, activity_id(ID), 20) == ([], True)
    async with reading(read_model) as session:
        cut = await revisions_of(session, activity_id(ID), 1)
    assert cut is not None
    assert (len(cut[0]), cut[1]) == (3, False)


async def test_moments_between_which_nothing_was_recorded_share_a_state_and_few_are_kept(
    read_model: ReadModel, public: Database
):
    for hour in range(3):
        await whole(read_model, FIRST + timedelta(hours=hour))
    assert await schemas(public) == 1
    for day in range(5):
        await whole(read_model, FIRST + timedelta(days=day))
    assert await schemas(public) == 2


async def test_the_same_moment_asked_for_at_once_is_made_once(read_model: ReadModel, public: Database):
    answers = await asyncio.gather(*(whole(read_model, FIRST) for _ in range(4)))
    assert len({str(answer) for answer in answers}) == 1
    assert await schemas(public) == 1


async def test_a_fact_that_comes_late_changes_its_past(read_model: ReadModel, live: Database):
    between = FIRST + timedelta(days=30)
    assert truth(await whole(read_model, between))[0] == "1000"
    late = event(FINANCE, finance(1200), 2, recorded_at=FIRST + timedelta(days=10))
    async with live.session() as session, session.begin():
        await execute(session, text("DELETE FROM fact WHERE aggregate = 'finance' AND version = 2"))
        await note_late(session, 1, FIRST + timedelta(days=10))
    await take(live, [late], on=SECOND.date())
    assert truth(await whole(read_model, between))[0] == "1200"


async def schemas(public: Database) -> int:
    """Return how many past states there are."""
    statement = text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'past\\_%'")
    async with public.session() as session:
        return int((await execute(session, statement)).scalar_one())


async def test_who_drops_a_state_gives_way_to_who_reads_it(read_model: ReadModel, public: Database):
    async with read_model.session(SECOND) as reading_it:
        schema = (await execute(reading_it, text("SELECT current_schema()"))).scalar_one()
        await execute(reading_it, text("SELECT count(*) FROM project_activity"))
        async with public.session() as session, session.begin():
            deadlock = (
                await execute(session, text("SELECT current_setting('deadlock_timeout')::interval"))
            ).scalar_one()
            began = time.monotonic()
            with pytest.raises(DBAPIError):
                await drop(session, int(schema.removeprefix("past_")))
            assert time.monotonic() - began < deadlock.total_seconds()
        await execute(reading_it, text("SELECT count(*) FROM project_finance"))
