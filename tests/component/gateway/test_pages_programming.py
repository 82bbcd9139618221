"""The pages about programming over HTTP: two projects, a country programme, a work plan, and what is not known."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from deploy.local.embedded import EmbeddedPostgres
from gateway.main import SERVICE
from gateway.projection.generations import activate, begin
from shared.chassis.db import Database
from shared.chassis.migrations import upgrade
from shared.contracts import catalog
from shared.contracts.funding.v1 import (
    ActivityFinance,
    Agreement,
    AgreementPartner,
    Allocation,
    EarmarkingScope,
    ExchangeRate,
    Pledge,
    Pool,
    PriorityRule,
    PriorityWeight,
    RateSheet,
    RegularResource,
    Transaction,
    Workplan,
    WorkplanItem,
)
from shared.contracts.iati import Money, Narrative, Organisation, Reading, ReportingOrganisation
from shared.contracts.monitoring.v1 import (
    ContributionLink,
    Contributions,
    Evaluation,
    Indicator,
    IndicatorLink,
    Measurement,
    OutcomeFramework,
    OutcomeIndicator,
    ParticipantGroup,
    Period,
    ProgrammeFramework,
    Publication,
    Report,
    Result,
    ResultsFramework,
    Training,
)
from shared.contracts.projects.v1 import (
    Activity,
    ActivityDate,
    AgendaGoal,
    AgendaTarget,
    CountryOutcome,
    CountryOutcomeLink,
    CountryProgramme,
    DevelopmentAgenda,
    FragileContext,
    FragilityList,
    ProgrammeBudget,
    ProgrammeIndicator,
    ProgrammeOutcome,
    ProgrammeOutcomeLink,
    ProgrammePriority,
    StrategicObjective,
    WeightedOutcomeLink,
    WeightedTargetLink,
)
from shared.testing.fixtures import Serve
from shared.testing.read_models import event, take
from tests.component.gateway.conftest import MIGRATIONS

B = "2024-25"
PROGRAMME = "KE-2024"
ONE, TWO, ALONE = "XM-1-ONE", "XM-1-TWO", "XM-1-ZERO"
LATER = datetime(2026, 3, 1, tzinfo=UTC)


def title(text: str) -> tuple[Narrative, ...]:
    return (Narrative(text=text),)


def activity(identifier: str) -> Activity:
    return Activity(
        iati_identifier=identifier,
        reporting_organisation=ReportingOrganisation(ref="XM-1"),
        titles=title(f"Project {identifier}"),
        status="2",
        dates=(
            ActivityDate(type="1", date=date(2024, 3, 1)),
            ActivityDate(type="3", date=date(2025, 9, 30)),
        ),
    )


def finance(identifier: str, amount: int) -> ActivityFinance:
    spent = Transaction(type="4", date=date(2024, 6, 1), value=Money(amount=Decimal(amount), currency="USD"))
    return ActivityFinance(iati_identifier=identifier, transactions=(spent,))


def number(value: int) -> Measurement:
    return Measurement(value=Reading(raw=str(value), number=Decimal(value), reading="plain"))


def framework(identifier: str, actual: int | None) -> ResultsFramework:
    period = Period(
        start=date(2024, 1, 1),
        end=date(2024, 12, 31),
        targets=(number(10),),
        actuals=() if actual is None else (number(actual),),
    )
    indicator = Indicator(measure="1", titles=title("Policies"), periods=(period,))
    return ResultsFramework(iati_identifier=identifier, results=(Result(type="1", indicators=(indicator,)),))


def to_country(code: str, percentage: int | None = None) -> ContributionLink:
    link = CountryOutcomeLink(programme=PROGRAMME, code=code)
    return ContributionLink(country_outcome=link, percentage=percentage)


def to_outcome(code: str, percentage: int | None = None) -> ContributionLink:
    link = ProgrammeOutcomeLink(biennium=B, code=code)
    return ContributionLink(programme_outcome=link, percentage=percentage)


def country_programme() -> CountryProgramme:
    return CountryProgramme(
        code=PROGRAMME,
        country="KE",
        titles=title("Decent work in Kenya"),
        period_start=date(2024, 1, 1),
        period_end=date(2027, 12, 31),
        status="active",
        priorities=(ProgrammePriority(code="1", titles=title("Jobs")),),
        outcomes=(
            CountryOutcome(
                code="KEN 101",
                titles=title("Young people find jobs"),
                priority="1",
                status="on-track",
                programme_outcomes=(WeightedOutcomeLink(biennium=B, code="3"),),
                agenda_targets=(
                    WeightedTargetLink(agenda="SDG", code="8.5", percentage=60),
                    WeightedTargetLink(agenda="SDG", code="8.99", percentage=40),
                ),
            ),
            CountryOutcome(
                code="KEN 102",
                titles=title("Leads to what nobody told"),
                programme_outcomes=(WeightedOutcomeLink(biennium=B, code="9"),),
            ),
            CountryOutcome(
                code="KEN 103",
                titles=title("Leads nowhere"),
                agenda_targets=(WeightedTargetLink(agenda="SDG", code="8.5"),),
            ),
        ),
    )


def programme_budget() -> ProgrammeBudget:
    return ProgrammeBudget(
        biennium=B,
        titles=title("Programme and Budget"),
        objectives=(StrategicObjective(code="JOBS", titles=title("Employment")),),
        outcomes=(
            ProgrammeOutcome(
                code="3",
                titles=title("Employment"),
                objective="JOBS",
                indicators=(
                    ProgrammeIndicator(code="3.1", titles=title("Policies"), baseline=0, target=20),
                    ProgrammeIndicator(code="3.2", titles=title("Not measured"), target=5),
                ),
            ),
            ProgrammeOutcome(code="4", titles=title("Enterprises")),
        ),
    )


def outcome_framework() -> ProgrammeFramework:
    inputs = tuple(
        IndicatorLink(iati_identifier=each, result=1, indicator=1) for each in (ONE, TWO, "XM-1-UNKNOWN")
    )
    indicator = OutcomeIndicator(
        code="3.1", indicator=Indicator(measure="1", titles=title("Policies")), operator="sum", inputs=inputs
    )
    return ProgrammeFramework(
        level="programme-budget",
        programme=B,
        outcomes=(OutcomeFramework(code="3", indicators=(indicator,)),),
    )


def workplan(outcome: str, *items: WorkplanItem, currency: str = "USD") -> Workplan:
    return Workplan(biennium=B, outcome=outcome, currency=currency, items=items)


def in_kenya(cost: int | None) -> WorkplanItem:
    return WorkplanItem(
        code="A",
        kind="country-outcome",
        titles=title("Youth employment"),
        country_outcome=CountryOutcomeLink(programme=PROGRAMME, code="KEN 101"),
        cost=cost,
        resources=(RegularResource(source="RB", amount=200),),
    )


def worldwide(cost: int | None) -> WorkplanItem:
    return WorkplanItem(code="G", kind="global-product", titles=title("A guide"), cost=cost)


def allocation(amount: int) -> Allocation:
    return Allocation(
        code="1",
        amount=amount,
        decided_on=date(2024, 5, 1),
        by="officer",
        programme_outcome=ProgrammeOutcomeLink(biennium=B, code="3"),
        country_outcome=CountryOutcomeLink(programme=PROGRAMME, code="KEN 101"),
    )


DONOR = Organisation(ref="SE-0")


def money() -> list[Any]:
    agreement = Agreement(
        number="AGR-1",
        titles=title("Jobs"),
        kind="bilateral",
        partners=(AgreementPartner(organisation=DONOR, role="funding"),),
        amount=Money(amount=Decimal(1000), currency="USD"),
        state="active",
        allocations=(allocation(300),),
    )
    pool = Pool(code="RBSA", biennium=B, titles=title("RBSA"), currency="USD", allocations=(allocation(100),))
    pledge = Pledge(
        identifier="PL-1",
        partner=DONOR,
        amount=Money(amount=Decimal(80), currency="USD"),
        pledged_on=date(2024, 2, 1),
        biennium=B,
        probability=50,
        scope=EarmarkingScope(programme_outcomes=("3",)),
    )
    return [
        event(catalog.AGREEMENT, agreement),
        event(catalog.POOL, pool),
        event(catalog.PLEDGE, pledge),
        event(catalog.WORKPLAN, workplan("3", in_kenya(1000), worldwide(400))),
        event(catalog.WORKPLAN, workplan("4", worldwide(None))),
    ]


def rule(code: str, version: int = 1) -> PriorityRule:
    return PriorityRule(
        code=code,
        version=version,
        titles=title("Gaps first"),
        valid_from=date(2024, 1, 1),
        weights=(
            PriorityWeight(criterion="gap-share", weight=3),
            PriorityWeight(criterion="fragile-context", weight=1),
        ),
    )


def learned() -> list[Any]:
    training = Training(
        identifier="T-1",
        titles=title("Labour statistics"),
        start=date(2024, 5, 1),
        end=date(2024, 5, 3),
        programme_outcomes=(ProgrammeOutcomeLink(biennium=B, code="3"),),
        participants=(
            ParticipantGroup(sex="female", constituent="workers", count=12),
            ParticipantGroup(sex="female", constituent="employers", count=3),
            ParticipantGroup(sex="male", count=10),
            ParticipantGroup(count=5),
        ),
    )
    publication = Publication(
        identifier="P-1",
        titles=title("A guide"),
        published_on=date(2024, 9, 1),
        languages=("en", "fr"),
        country_outcomes=(CountryOutcomeLink(programme=PROGRAMME, code="KEN 101"),),
    )
    evaluation = Evaluation(
        identifier=f"{ONE}/final",
        iati_identifier=ONE,
        kind="independent",
        timing="final",
        due_on=date(2025, 9, 30),
    )
    reports = [
        Report(
            identifier=f"R-{number}",
            iati_identifier=ONE,
            period_start=date(2024, 1, 1),
            period_end=date(2024, 6, 30),
            due_on=due,
            state=state,
        )
        for number, (due, state) in enumerate(
            ((date(2024, 8, 1), "returned"), (date(2024, 8, 1), "validated"), (date(2999, 1, 1), "draft"))
        )
    ]
    return [
        event(catalog.TRAINING, training),
        event(catalog.PUBLICATION, publication),
        event(catalog.EVALUATION, evaluation),
        *(event(catalog.REPORT, report) for report in reports),
    ]


def world() -> list[Any]:
    target = AgendaTarget(code="8.5", titles=title("Full employment"), goal="8")
    agenda = DevelopmentAgenda(
        code="SDG",
        titles=title("SDG"),
        valid_from=date(2016, 1, 1),
        goals=(AgendaGoal(code="8", titles=title("Decent work")),),
        targets=(target,),
    )
    lists = [
        FragilityList(
            edition=edition,
            titles=title(edition),
            published=published,
            publisher="OECD",
            contexts=(FragileContext(country=country, level="fragile"),),
        )
        for edition, published, country in (
            ("OECD-2020", date(2020, 9, 1), "KE"),
            ("OECD-2022", date(2022, 9, 1), "ML"),
        )
    ]
    links = {
        ONE: (to_country("KEN 101", 60), to_outcome("3", 40)),
        TWO: (to_country("KEN 101"), to_country("KEN 999")),
        ALONE: (),
    }
    rates = RateSheet(
        source="ECB",
        kind="ecb-daily",
        month="2024-06",
        base="EUR",
        rates=(ExchangeRate(currency="USD", date=date(2024, 6, 3), rate=Decimal("1.25")),),
    )
    return [
        event(catalog.RATES, rates),
        event(catalog.PROGRAMME_BUDGET, programme_budget()),
        event(catalog.COUNTRY_PROGRAMME, country_programme()),
        event(catalog.DEVELOPMENT_AGENDA, agenda),
        *(event(catalog.FRAGILITY_LIST, each) for each in lists),
        *(event(catalog.ACTIVITY, activity(each)) for each in (ONE, TWO, ALONE, "XM-1-ALSO")),
        event(catalog.FINANCE, finance(ONE, 1000)),
        event(catalog.FRAMEWORK, framework(ONE, 4)),
        event(catalog.FRAMEWORK, framework(TWO, None)),
        *(
            event(catalog.CONTRIBUTIONS, Contributions(iati_identifier=each, links=told))
            for each, told in links.items()
        ),
        event(catalog.PROGRAMME_FRAMEWORK, outcome_framework()),
        event(catalog.PRIORITY_RULE, rule("office-wide")),
        *money(),
        *learned(),
    ]


@pytest.fixture(scope="module")
async def pages(postgres: EmbeddedPostgres, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a gateway whose read model knows the world."""
    name = "test_pages_programming"
    url = postgres.database_with_password(name, owner="tests")
    public = Database(url)
    await upgrade(public, MIGRATIONS)
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    database = public.on_schema(generation.schema_name)
    await take(database, world())
    changed = workplan("3", in_kenya(None), worldwide(400))
    await take(database, [event(catalog.WORKPLAN, changed, 2, recorded_at=LATER)])
    await take(
        database,
        [event(catalog.WORKPLAN, workplan("3", in_kenya(1000), worldwide(400)), 3, recorded_at=LATER)],
    )
    async with serve(SERVICE, database_url=url, roles=["api"]) as client:
        yield client
    await database.dispose()
    await public.dispose()
    postgres.drop(name)


async def get(client: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/results/{path}", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert "as_of" in told
    assert "position" in told
    return told


async def test_a_project_of_two_links_counts_once_and_its_money_goes_by_percentage(pages: httpx.AsyncClient):
    told = await get(pages, "outcomes", biennium=B)
    third, fourth = told["outcomes"]
    assert third["code"] == "3"
    assert third["counts"]["projects"] == 2
    assert third["counts"]["indicators"] == 2
    assert third["counts"]["reported"] == 1
    assert third["money"][0]["expenditures"] == "1000"
    assert told["whole"]["projects"] == 2
    assert fourth["counts"]["projects"] == 0
    assert fourth["money"] == []
    assert fourth["resources"]["cost"] is None
    assert fourth["resources"]["unknown"] == ["cost/G"]
    assert told["objectives"][0]["code"] == "JOBS"


async def test_the_page_of_an_outcome_tells_what_counts_and_what_does_not(pages: httpx.AsyncClient):
    told = await get(pages, f"outcomes/{B}/3")
    first, second = told["indicators"]
    assert first["baseline"] == "0"
    assert first["target"] == "20"
    assert first["rolled_up"]["value"] == "4"
    assert first["rolled_up"]["whole"] is False
    assert [each["reason"] for each in first["rolled_up"]["inputs"]] == [
        None,
        "not-reported",
        "unknown-framework",
    ]
    assert first["progress"]["progress"] == "0.2"
    assert second["rolled_up"] is None
    assert second["target"] == "5"
    assert told["objective"]["code"] == "JOBS"
    assert [each["code"] for each in told["country_outcomes"]] == ["KEN 101"]
    assert told["country_outcomes"][0]["counts"]["projects"] == 2
    assert [(each["code"], each["known"], each["projects"]) for each in told["targets"]] == [
        ("8.5", True, 2),
        ("8.99", False, 2),
    ]
    assert told["trainings"] == {
        "participants": 30,
        "by_sex": {"female": 15, "male": 10, "not-stated": 5},
        "events": 1,
    }
    assert told["publications"]["items"][0]["languages"] == ["en", "fr"]
    assert told["evaluations"]["count"] == 1
    assert told["counts"]["projects"] == told["projects"]["count"] == 2
    assert [each["iati_identifier"] for each in told["projects"]["items"]] == [ONE, TWO]
    assert [(each["outcome"], each["percentage"]) for each in told["projects"]["items"][0]["links"]] == [
        (None, "60"),
        (f"{B}/3", "40"),
    ]


async def test_the_work_plan_of_an_outcome_is_told_by_item(pages: httpx.AsyncClient):
    told = await get(pages, f"outcomes/{B}/3")
    whole = told["resources"]
    assert (whole["cost"], whole["firm"], whole["gap"]) == ("1400", "600", "800")
    assert {each["source"]: each["amount"] for each in whole["by_source"]} == {
        "RB": "200",
        "RBTC": "0",
        "RBSA": "100",
        "XBTC": "300",
    }
    assert whole["pipeline"]["pledged"] == "80"
    assert whole["pipeline"]["pledged_weighted"] == "40"
    assert {each["code"]: each["resources"]["gap"] for each in told["items"]} == {"A": "400", "G": "400"}


async def test_contributing_projects_are_paged(pages: httpx.AsyncClient):
    whole = await get(pages, f"outcomes/{B}/3")
    address = whole["projects"]["address"].removeprefix("/v1/results/")
    first = await get(pages, address, limit="1")
    second = await get(pages, address, limit="1", cursor=first["next"])
    assert [first["items"][0]["iati_identifier"], second["items"][0]["iati_identifier"]] == [ONE, TWO]
    assert second["next"] is None
    of_country = await get(pages, f"country-programmes/{PROGRAMME}/projects")
    assert [each["iati_identifier"] for each in of_country["items"]] == [ONE, TWO]


async def test_the_page_of_a_country_programme(pages: httpx.AsyncClient):
    told = await get(pages, f"country-programmes/{PROGRAMME}")
    first, second, third = told["outcomes"]
    assert first["programme_outcomes"] == [
        {
            "biennium": B,
            "code": "3",
            "percentage": None,
            "known": True,
            "titles": [{"text": "Employment", "lang": None}],
        }
    ]
    assert [each["known"] for each in first["targets"]] == [True, False]
    assert first["money"][0]["expenditures"] == "600"
    assert [each["resources"]["gap"] for each in first["items"]] == ["400"]
    assert second["programme_outcomes"][0]["known"] is False
    assert third["counts"]["projects"] == 0
    assert told["counts"]["projects"] == 2
    assert told["money"][0]["expenditures"] == "600"
    assert (told["reports_due"]["count"], told["reports_due"]["overdue"]) == (2, 1)
    assert told["reports_due"]["items"][0]["state"] == "returned"
    assert [(each["edition"], each["listed"]) for each in told["fragility"]] == [
        ("OECD-2022", False),
        ("OECD-2020", True),
    ]


def edges(told: dict[str, Any]) -> set[tuple[str, str, str | None]]:
    return {(each["lower"], each["upper"], each["percentage"]) for each in told["edges"]}


async def test_line_of_sight_goes_up_from_a_project(pages: httpx.AsyncClient):
    told = await get(pages, "line-of-sight", activity=ONE)
    outcome, country = f"outcome:{B}/3", f"country-outcome:{PROGRAMME}/KEN 101"
    assert edges(told) == {
        (f"project:{ONE}", country, "60"),
        (f"project:{ONE}", outcome, "40"),
        (country, outcome, None),
        (country, "sdg-target:SDG/8.5", "60"),
        (country, "sdg-target:SDG/8.99", "40"),
        (outcome, f"objective:{B}/JOBS", None),
    }
    known = {each["id"]: each["known"] for each in told["nodes"]}
    assert [name for name, is_known in known.items() if not is_known] == ["sdg-target:SDG/8.99"]
    assert told["edges"][0]["told_in"] == {"aggregate": "contributions", "identifier": ONE, "version": 1}


async def test_line_of_sight_goes_down_from_outcomes_and_targets(pages: httpx.AsyncClient):
    country = f"country-outcome:{PROGRAMME}/KEN 101"
    from_outcome = await get(pages, "line-of-sight", outcome=f"{B}/3", direction="down")
    assert edges(from_outcome) == {
        (country, f"outcome:{B}/3", None),
        (f"project:{ONE}", country, "60"),
        (f"project:{TWO}", country, None),
        (f"project:{ONE}", f"outcome:{B}/3", "40"),
    }
    from_target = await get(pages, "line-of-sight", sdg_target="SDG/8.5", direction="down")
    assert (f"project:{TWO}", country, None) in edges(from_target)
    from_country = await get(pages, "line-of-sight", country_outcome=f"{PROGRAMME}/KEN 999")
    assert edges(from_country) == {(f"project:{TWO}", f"country-outcome:{PROGRAMME}/KEN 999", None)}
    assert [each["known"] for each in from_country["nodes"]] == [False, True]


async def test_orphans_are_counted_and_paged(pages: httpx.AsyncClient):
    told = await get(pages, "orphans", limit="1")
    assert told["projects"]["count"] == 2
    assert [each["iati_identifier"] for each in told["projects"]["items"]] == ["XM-1-ALSO"]
    rest = await get(pages, "orphans", limit="1", cursor=told["projects"]["next"])
    assert [each["iati_identifier"] for each in rest["projects"]["items"]] == [ALONE]
    assert rest["projects"]["next"] is None
    assert told["unknown_outcomes"]["items"] == [
        {"kind": "country-outcome", "code": f"{PROGRAMME}/KEN 999", "documents": {"contributions": 1}},
        {"kind": "outcome", "code": f"{B}/9", "documents": {"country-programme": 1}},
    ]
    assert [each["code"] for each in told["country_outcomes_without_outcome"]["items"]] == ["KEN 103"]
    assert [each["code"] for each in told["country_outcomes_without_target"]["items"]] == ["KEN 102"]
    assert [each["code"] for each in told["outcomes_without_project"]["items"]] == ["4"]


async def test_gaps_are_in_order_of_priority_with_what_is_not_known_last(pages: httpx.AsyncClient):
    told = await get(pages, "gaps", biennium=B)
    assert told["rule"]["code"] == "office-wide"
    assert told["rule"]["fragility_edition"] == "OECD-2022"
    assert [(each["outcome"], each["code"]) for each in told["items"]] == [("3", "G"), ("3", "A"), ("4", "G")]
    assert [each["priority"]["score"] for each in told["items"]] == ["0.75", "0.3", None]
    assert told["items"][1]["country"] == "KE"
    assert told["items"][2]["priority"]["unknown"] == ["gap-share"]
    (total,) = told["totals"]
    assert total["gap"] is None
    assert total["known"]["gap"] == "800"
    assert total["without"]["gap"] == ["4"]
    assert total["firm"] == "600"
    assert told["without_workplan"] == []


async def test_gaps_are_told_in_a_reporting_currency_at_the_latest_rate(pages: httpx.AsyncClient):
    told = await get(pages, "gaps", biennium=B, currency="EUR")
    figures = told["outcomes"][0]["resources"]
    assert (figures["cost"], figures["firm"], figures["gap"]) == ("1120", "480", "640")
    assert figures["provisional"] is True
    assert figures["pipeline"]["pledged_weighted"] == "32"
    assert [each["priority"]["score"] for each in told["items"]] == ["0.75", "0.3", None]
    assert told["totals"][0]["currency"] == "EUR"


async def test_a_currency_without_a_rate_leaves_gaps_unknown_and_says_so(pages: httpx.AsyncClient):
    told = await get(pages, "gaps", biennium=B, currency="KES")
    figures = told["outcomes"][0]["resources"]
    assert (figures["cost"], figures["firm"], figures["gap"], figures["pipeline"]) == (None, None, None, None)
    assert "rate/USD" in figures["unknown"]
    (total,) = told["totals"]
    assert (total["gap"], total["without"]["gap"]) == (None, ["3", "4"])
    assert {each["amount"] for each in total["by_source"]} == {None}
    (money,) = (await get(pages, f"outcomes/{B}/3", currency="KES"))["money"]
    assert money["expenditures"] is None
    assert money["missing"][0]["amount"] == "1000"


async def test_gaps_are_told_as_they_stood(pages: httpx.AsyncClient):
    before = await get(pages, "gaps", biennium=B, as_of="2026-02-01T00:00:00Z")
    assert before["outcomes"][0]["resources"]["gap"] == "800"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("outcomes/2024-25/77", 404, "not-found"),
        ("outcomes/2030-31/1/projects", 404, "not-found"),
        ("outcomes?biennium=2025-26", 400, "invalid-parameter"),
        ("country-programmes/NONE", 404, "not-found"),
        ("line-of-sight", 400, "invalid-parameter"),
        ("line-of-sight?activity=A&outcome=2024-25/3", 400, "invalid-parameter"),
        (f"line-of-sight?activity={quote('nobody')}", 404, "not-found"),
        ("gaps?biennium=2024-25&rule=none/1", 422, "unknown-priority-rule"),
        ("gaps?biennium=2024-25&rate_source=NOBODY", 422, "unknown-rate-source"),
        ("gaps?biennium=2024-25&currency=XXQ", 422, "unknown-currency"),
        ("gaps?biennium=2024-25&colour=red", 400, "unknown-parameter"),
        ("orphans?cursor=made-up", 400, "invalid-cursor"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(pages: httpx.AsyncClient, path: str, status: int, code: str):
    answer = await pages.get(f"/v1/results/{path}")
    assert answer.status_code == status
    told = answer.json()
    assert code in (told["code"], *(each["code"] for each in told.get("errors", [])))
