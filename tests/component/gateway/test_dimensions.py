"""Summaries by outcome, country programme, earmarking, office and fragility, as what they hang on comes and changes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from gateway.projection.events import Event
from gateway.projection.generations import ReadModel, activate, begin
from gateway.results.cache import AnswerCache
from gateway.results.dimensions import GroupBy
from gateway.results.filters import SummaryQuery
from gateway.results.schemas import SummaryRow
from gateway.results.summary import explain_rows, summarise
from gateway.results.terms import Terms
from shared.chassis.db import Database, execute
from shared.chassis.migrations import upgrade
from shared.contracts.catalog import (
    ACTIVITY,
    CONTRIBUTIONS,
    COUNTRY_PROGRAMME,
    DEVELOPMENT_AGENDA,
    FIELD_OFFICE,
    FINANCE,
    FRAGILITY_LIST,
    PROGRAMME_BUDGET,
)
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.monitoring.v1 import Contributions
from shared.contracts.projects.v1 import (
    Activity,
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
)
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.testing.read_models import NewReadModel, contents, event, reading, take
from tests.component.gateway.conftest import MIGRATIONS

TERMS = Terms(date(2026, 7, 1), DISBURSEMENT_AND_EXPENDITURE, "ECB")
TITLE = [{"text": "Travail décent", "lang": "fr"}, {"text": "Decent work", "lang": "en"}]
KENYA, GLOBAL, PLAIN = "XM-DAC-41302-1", "XM-DAC-41302-2", "XM-DAC-41302-3"
ADDED: tuple[GroupBy, ...] = (
    *("outcome", "objective", "country_programme", "country_outcome", "sdg_target"),
    *("modality", "earmarking", "fragility", "field_office"),
)


def activity(identifier: str, *countries: str) -> Activity:
    return Activity.model_validate(
        {
            "iati_identifier": identifier,
            "reporting_organisation": {"ref": "XM-DAC-41302"},
            "titles": TITLE,
            "status": "2",
            "recipient_countries": [{"code": code, "percentage": "50"} for code in countries],
        }
    )


def finance(identifier: str, *spent: tuple[int, str, str | None], **members: Any) -> ActivityFinance:
    """Return money by year, amount and modality of earmarking."""
    transactions = [
        {
            "type": "4",
            "date": f"{year}-05-01",
            "value": {"amount": amount, "currency": "USD"},
            "earmarking": modality and {"category": "4", "modality": modality, "basis": "modality"},
        }
        for year, amount, modality in spent
    ]
    told = {"iati_identifier": identifier, "transactions": transactions, **members}
    return ActivityFinance.model_validate(told)


def budget(biennium: str, **objectives: str | None) -> ProgrammeBudget:
    """Return a programme and budget; objectives are those of the outcomes by code, O1 for outcome 1."""
    outcomes = [{"code": code[1:], "titles": TITLE, "objective": named} for code, named in objectives.items()]
    named = [{"code": code, "titles": TITLE} for code in sorted(set(filter(None, objectives.values())))]
    told = {"biennium": biennium, "titles": TITLE, "objectives": named, "outcomes": outcomes}
    return ProgrammeBudget.model_validate(told)


def programme(*outcomes: tuple[str, str]) -> CountryProgramme:
    """Return a country programme of one outcome that is linked to outcomes by biennium and code, and to a target."""
    links = [{"biennium": biennium, "code": code} for biennium, code in outcomes]
    return CountryProgramme.model_validate(
        {
            "code": "KE/2022",
            "country": "KE",
            "titles": TITLE,
            "period_start": "2022-01-01",
            "period_end": "2025-12-31",
            "status": "active",
            "outcomes": [
                {
                    "code": "KEN 101",
                    "titles": TITLE,
                    "programme_outcomes": links,
                    "agenda_targets": [{"agenda": "SDG", "code": "8.5"}],
                }
            ],
        }
    )


def contributions(identifier: str, *links: dict[str, Any]) -> Contributions:
    return Contributions.model_validate({"iati_identifier": identifier, "links": links})


def office(code: str, kind: str, *countries: str) -> FieldOffice:
    told = {"code": code, "names": TITLE, "kind": kind, "countries": countries}
    return FieldOffice.model_validate(told)


def fragile(edition: str, published: str, *countries: str) -> FragilityList:
    contexts = [{"country": code, "level": "extreme"} for code in countries]
    told = {
        "edition": edition,
        "titles": TITLE,
        "published": published,
        "publisher": "OECD",
        "contexts": contexts,
    }
    return FragilityList.model_validate(told)


TO_KENYA = {"country_outcome": {"programme": "KE/2022", "code": "KEN 101"}}
AGENDA = DevelopmentAgenda.model_validate(
    {
        "code": "SDG",
        "titles": TITLE,
        "valid_from": "2016-01-01",
        "goals": [{"code": "8", "titles": TITLE}],
        "targets": [{"code": "8.5", "titles": TITLE, "goal": "8"}],
    }
)
PROJECTS = [
    event(ACTIVITY, activity(KENYA, "KE", "UG")),
    event(FINANCE, finance(KENYA, (2023, "10", None), (2024, "100", "I"))),
    event(ACTIVITY, activity(GLOBAL)),
    event(
        FINANCE,
        finance(GLOBAL, (2024, "1000", None), earmarking={"category": "1", "basis": "category"}),
    ),
    event(ACTIVITY, activity(PLAIN)),
    event(FINANCE, finance(PLAIN, (2024, "10000", None))),
]
LINKS = [
    event(CONTRIBUTIONS, contributions(KENYA, TO_KENYA)),
    event(
        CONTRIBUTIONS,
        contributions(
            GLOBAL, {"programme_outcome": {"biennium": "2024-25", "code": "8"}, "percentage": "40"}
        ),
    ),
]
FRAMEWORKS = [
    event(PROGRAMME_BUDGET, budget("2022-23", O1="RIGHTS")),
    event(PROGRAMME_BUDGET, budget("2024-25", O2="JOBS", O8=None)),
    event(COUNTRY_PROGRAMME, programme(("2022-23", "1"), ("2024-25", "2"))),
    event(DEVELOPMENT_AGENDA, AGENDA),
    event(FIELD_OFFICE, office("CO-Nairobi", "country-office", "KE")),
    event(FIELD_OFFICE, office("DWT-Pretoria", "decent-work-team", "KE", "UG")),
    event(FRAGILITY_LIST, fragile("OECD-2022", "2022-09-19", "UG")),
    event(FRAGILITY_LIST, fragile("OECD-2023", "2023-11-01", "KE")),
]
EVERYTHING = [*PROJECTS, *LINKS, *FRAMEWORKS]

Told = dict[str | None, tuple[int, str | None]]
"""Number of projects and expenditure by code."""

EXPECTED: dict[GroupBy, Told] = {
    "outcome": {
        "2022-23/1": (1, "10"),
        "2024-25/2": (1, "100"),
        "2024-25/8": (1, "400"),
        None: (1, "10600"),
    },
    "objective": {"JOBS": (1, "100"), "RIGHTS": (1, "10"), None: (2, "11000")},
    "country_programme": {"KE/2022": (1, "110"), None: (2, "11000")},
    "country_outcome": {"KE%2F2022/KEN 101": (1, "110"), None: (2, "11000")},
    "sdg_target": {"SDG/8.5": (1, "110"), None: (2, "11000")},
    "earmarking": {"1": (1, "1000"), "4": (1, "100"), None: (1, "10010")},
    "modality": {"I": (1, "100"), None: (2, "11010")},
    "field_office": {"CO-Nairobi": (1, "55"), "DWT-Pretoria": (1, "55"), None: (2, "11000")},
    "fragility": {
        "OECD-2022/extreme": (1, "5"),
        "OECD-2022/not-listed": (1, "5"),
        "OECD-2023/extreme": (1, "50"),
        "OECD-2023/not-listed": (1, "50"),
        None: (2, "11000"),
    },
}


async def summary(database: Database, group: GroupBy, **asked: Any) -> tuple[list[SummaryRow], SummaryRow]:
    async with reading(database) as session:
        query = SummaryQuery(group_by=group, **asked)
        rows, whole = await summarise(session, query, TERMS)
        await explain_rows(session, query, TERMS, rows, whole)
    return rows, whole


async def told(database: Database, group: GroupBy, **asked: Any) -> Told:
    rows, _ = await summary(database, group, **asked)
    return {row.code: (row.projects, _expenditure(row)) for row in rows}


def _expenditure(row: SummaryRow) -> str | None:
    return next((f"{money.expenditures:f}" for money in row.money if money.expenditures is not None), None)


@pytest.fixture
async def known(new_read_model: NewReadModel) -> Database:
    database = await new_read_model()
    await take(database, EVERYTHING)
    return database


async def test_each_dimension_tells_its_codes_and_adds_up_to_the_whole(known: Database):
    for group in ADDED:
        assert await told(known, group) == EXPECTED[group], group
        rows, whole = await summary(known, group)
        assert (
            sum(Decimal(_expenditure(row) or 0) for row in rows) == 11110 == Decimal(_expenditure(whole) or 0)
        )
        assert whole.projects == 3


async def test_figures_of_filtered_projects_are_those_of_the_kept_totals(known: Database):
    for group in ADDED:
        assert await told(known, group, status=["2"]) == EXPECTED[group], group


async def test_titles_are_labels(known: Database):
    for group in (
        "outcome",
        "objective",
        "country_programme",
        "country_outcome",
        "sdg_target",
        "field_office",
    ):
        rows, _ = await summary(known, group)
        assert {row.label for row in rows if row.code} == {"Decent work"}, group
    rows, _ = await summary(known, "fragility")
    assert rows[0].label == "Decent work: extreme"
    rows, _ = await summary(known, "earmarking")
    assert [row.label for row in rows] == ["Un-earmarked", "Tightly earmarked", None]


FILTERS: tuple[tuple[dict[str, list[str]], int], ...] = (
    ({"outcome": ["2024-25/2"]}, 1),
    ({"outcome": ["2024-25/2", "2024-25/8"]}, 2),
    ({"outcome": ["2026-27/2"]}, 0),
    ({"objective": ["RIGHTS"]}, 1),
    ({"country_programme": ["KE/2022"]}, 1),
    ({"country_outcome": ["KE%2F2022/KEN 101"]}, 1),
    ({"sdg_target": ["SDG/8.5"]}, 1),
    ({"earmarking": ["1", "4"]}, 2),
    ({"modality": ["I"]}, 1),
    ({"field_office": ["DWT-Pretoria"]}, 1),
    ({"field_office": ["CO-Nairobi"], "earmarking": ["1"]}, 0),
)


async def test_projects_are_chosen_by_what_they_contribute_to(known: Database):
    for asked, projects in FILTERS:
        _, whole = await summary(known, "all", **asked)
        assert whole.projects == projects, asked


async def test_with_a_year_the_list_of_that_year_tells_what_is_fragile(known: Database):
    assert await told(known, "fragility", year=[2023]) == {
        "OECD-2022/extreme": (1, "5"),
        "OECD-2022/not-listed": (1, "5"),
    }


async def test_an_explanation_names_contributions_and_the_country_programme(known: Database):
    rows, _ = await summary(known, "outcome", code="2024-25/2")
    (row,) = rows
    assert row.explanation is not None
    (project,) = row.explanation.projects
    assert project.versions["contributions"] == 1
    assert project.versions["country-programme KE/2022"] == 1
    assert {"contribution", "division"} <= {formula.name for formula in row.explanation.formulas}
    rows, _ = await summary(known, "objective", code="JOBS")
    assert rows[0].explanation is not None
    assert "classification" in {formula.name for formula in rows[0].explanation.formulas}
    assert [each.part for each in rows[0].explanation.inputs] == [100]


async def test_another_version_of_a_country_programme_divides_its_projects_money_anew(known: Database):
    await take(known, [event(COUNTRY_PROGRAMME, programme(("2024-25", "8")), 2)])
    assert await told(known, "outcome") == {"2024-25/8": (2, "500"), None: (1, "10610")}
    await take(known, [event(COUNTRY_PROGRAMME, programme(("2022-23", "1")), 1)])
    assert (await told(known, "outcome"))["2024-25/8"] == (2, "500")


async def test_documents_that_only_map_codes_rewrite_no_money(known: Database):
    before = await contents(known)
    await take(
        known,
        [
            event(FIELD_OFFICE, office("CO-Nairobi", "country-office"), 2),
            event(FRAGILITY_LIST, fragile("OECD-2023", "2023-11-01"), 2),
            event(PROGRAMME_BUDGET, budget("2024-25", O2="RIGHTS"), 2),
        ],
    )
    after = await contents(known)
    for table in ("project_money", "project_membership", "money_total", "count_total"):
        assert after[table] == before[table]
    assert await told(known, "field_office") == {"DWT-Pretoria": (1, "110"), None: (2, "11000")}
    assert await told(known, "objective") == {"RIGHTS": (1, "110"), None: (2, "11000")}
    assert (await told(known, "fragility"))["OECD-2023/not-listed"] == (1, "100")


async def test_links_that_are_taken_back_are_gone(known: Database):
    await take(known, [event(CONTRIBUTIONS, contributions(KENYA), 2)])
    assert await told(known, "country_programme") == {None: (3, "11110")}
    assert (await told(known, "outcome")).keys() == {"2024-25/8", None}


@pytest.mark.parametrize("seed", range(3))
async def test_neither_order_nor_repetition_nor_batches_matter(new_read_model: NewReadModel, seed: int):
    """Contributions may come before their activity and after the country programme, or the other way round."""
    draw = Random(seed)  # noqa: S311
    changes = [
        event(COUNTRY_PROGRAMME, programme(("2024-25", "8")), 2),
        event(FRAGILITY_LIST, fragile("OECD-2022", "2022-09-19", "KE"), 2),
        event(FIELD_OFFICE, office("CO-Nairobi", "country-office", "UG"), 2),
        event(CONTRIBUTIONS, contributions(GLOBAL, TO_KENYA), 2),
        event(FINANCE, finance(KENYA, (2022, "7", None), (2025, "9", "H")), 2),
    ]
    straight, muddled = await new_read_model(), await new_read_model()
    await take(straight, [*EVERYTHING, *changes])
    events: list[Event] = [*EVERYTHING, *changes, *draw.choices(EVERYTHING, k=10)]
    draw.shuffle(events)
    while events:
        size = draw.randint(1, 6)
        await take(muddled, events[:size])
        del events[:size]
    assert await contents(muddled) == await contents(straight)


@pytest.mark.parametrize("last", [PROJECTS, LINKS, FRAMEWORKS], ids=["projects", "links", "frameworks"])
async def test_whatever_comes_last_the_figures_are_the_same(
    new_read_model: NewReadModel, last: Sequence[Event]
):
    database = await new_read_model()
    await take(database, [each for each in EVERYTHING if each not in last])
    await take(database, last)
    assert {group: await told(database, group) for group in ADDED} == EXPECTED


async def test_what_money_is_kept_of_is_what_projects_state(known: Database):
    """A project without links and earmarking has no rows of the sparse dimensions."""
    statement = text(
        "SELECT a.iati_identifier, count(*) FROM project_money m JOIN project_activity a ON a.id = m.project_id"
        " WHERE m.dimension IN ('outcome', 'country_outcome', 'sdg_target', 'earmarking_modality') GROUP BY 1"
    )
    async with reading(known) as session:
        rows = {row[0]: row[1] for row in await execute(session, statement)}
    assert rows.keys() == {KENYA, GLOBAL}


async def test_a_past_moment_is_told_by_the_frameworks_of_its_time(database_url: str):
    public = Database(database_url)
    await upgrade(public, MIGRATIONS)
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    live = public.on_schema(generation.schema_name)
    await take(live, EVERYTHING)
    changed = datetime(2026, 3, 1, tzinfo=UTC)
    await take(live, [event(COUNTRY_PROGRAMME, programme(("2024-25", "8")), 2, recorded_at=changed)])
    read_model = ReadModel(public, AnswerCache(0), past_moments=2)
    async with reading(read_model, as_of=datetime(2026, 2, 1, tzinfo=UTC)) as session:
        rows, _ = await summarise(session, SummaryQuery(group_by="outcome"), TERMS)
    assert {row.code: (row.projects, _expenditure(row)) for row in rows} == EXPECTED["outcome"]
    async with reading(read_model) as session:
        rows, _ = await summarise(session, SummaryQuery(group_by="outcome"), TERMS)
    assert [row.code for row in rows] == ["2024-25/8", None]
    for each in (read_model, live, public):
        await each.dispose()
