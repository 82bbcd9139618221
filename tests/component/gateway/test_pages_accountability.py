"""The pages about accountability, made of a mission small enough to be added up by hand."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from pydantic_core import from_json

from deploy.local.embedded import EmbeddedPostgres
from gateway.main import SERVICE
from gateway.projection.generations import activate, begin
from gateway.results.accountability.appraisals import appraisals_answer
from gateway.results.accountability.delivered import Yardstick
from gateway.results.accountability.delivery import deliveries
from gateway.results.accountability.donor import donor_answer
from gateway.results.accountability.donors import Partnerships, donor_rows
from gateway.results.accountability.field_office import field_office_answer
from gateway.results.accountability.mobilisation import mobilisation_answer
from gateway.results.accountability.queries import AppraisalsQuery, DeliveryQuery, FieldOfficeQuery
from gateway.results.filters import TermsQuery
from gateway.results.terms import Rates, RateTables, Terms
from shared.chassis.db import Database
from shared.chassis.errors import NotFound
from shared.chassis.migrations import upgrade
from shared.figures.biennium import Biennium
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.figures.rates import RateTable
from shared.testing.fixtures import Serve
from shared.testing.read_models import TODAY, reading, take
from tests.component.gateway.accounts import BOTH, CH, EVERYTHING, FUND, KENYA, NEPAL, SE
from tests.component.gateway.conftest import MIGRATIONS

BIENNIUM = Biennium(2026)
AS_AGREED = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB")
YARDSTICK = Yardstick(Decimal("0.8"), Decimal("0.25"), TODAY, DISBURSEMENT_AND_EXPENDITURE)
EXPECTED = Decimal("0.8") * Decimal(181) / Decimal(365)


@pytest.fixture(scope="module")
async def address(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Return the address of a database whose read model answers and knows the mission."""
    name = f"test_{uuid4().hex[:12]}"
    yield postgres.database_with_password(name, owner="tests")
    postgres.drop(name)


@pytest.fixture(scope="module")
async def read_model(address: str) -> AsyncIterator[Database]:
    public = Database(address)
    await upgrade(public, MIGRATIONS)
    async with public.session() as session, session.begin():
        generation = await begin(session)
    async with public.session() as session, session.begin():
        await activate(session, generation.id or 0)
    database = public.on_schema(generation.schema_name)
    await take(database, EVERYTHING)
    yield database
    await database.dispose()
    await public.dispose()


@pytest.fixture(scope="module")
async def in_dollars(read_model: Database) -> Terms:
    async with reading(read_model) as session:
        terms = await RateTables("ECB").terms(session, TermsQuery(currency="USD"))
    return Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB", "USD", terms.table)


@pytest.fixture(scope="module")
async def client(serve: Serve, address: str, read_model: Database) -> AsyncIterator[httpx.AsyncClient]:  # noqa: ARG001  (it answers)
    async with serve(SERVICE, database_url=address, roles=["api"]) as client:
        yield client


def told(amounts) -> dict:
    return {each.currency: each.amount for each in amounts}


async def test_each_donor_has_what_it_funds_alone_and_beside_it_what_it_funds_with_others(
    read_model: Database, in_dollars: Terms
):
    async with reading(read_model) as session:
        partnerships = await Partnerships.read(session)
    rows = donor_rows(partnerships, BIENNIUM, AS_AGREED, None, 10)
    swiss, swedish, fund = rows
    assert [row.identifier for row in rows] == [CH, SE, FUND]
    assert told(swedish.own.approvals) == {"EUR": 1200}
    assert told(swedish.own.receipts) == {"EUR": 700}
    assert told(swedish.funded_with_others.approvals) == {"USD": 900}
    assert swedish.funded_with_others.receipts == []
    assert told(swedish.open_pledges) == {"USD": 80}
    assert [row.new_donor for row in rows] == [False, True, None]
    assert (swedish.name, swedish.agreements, fund.agreements) == ("Work", 2, 0)
    assert swiss.own.flexible[0].ratio == 1
    converted = donor_rows(partnerships, BIENNIUM, in_dollars, CH, 1)[0]
    (approvals,), (receipts,) = converted.own.approvals, converted.own.receipts
    assert approvals.amount == 1000 * Decimal("1.2") + 200 * Decimal("1.5")
    assert receipts.amount == 600 * Decimal("1.5")
    assert [(m.currency, m.amount) for m in receipts.missing] == [("EUR", 100)]


async def test_all_donors_together_count_an_agreement_once(read_model: Database, in_dollars: Terms):
    async with reading(read_model) as session:
        partnerships = await Partnerships.read(session)
    whole = partnerships.whole(BIENNIUM, AS_AGREED)
    assert (whole.donors, whole.new_donors, whole.first_contribution_unknown) == (3, 1, 1)
    assert (whole.agreements, whole.agreements_without_donor) == (3, 0)
    assert told(whole.contributed.approvals) == {"EUR": 1200, "USD": 1200}
    earmarked = {each.category: told(each.amounts) for each in whole.contributed.by_earmarking}
    assert earmarked == {"1": {"USD": 300}, "4": {"EUR": 1200}, None: {"USD": 900}}
    (share,) = partnerships.whole(BIENNIUM, in_dollars).contributed.flexible
    assert (share.numerator, share.denominator, share.not_told) == (300, 1800, 900)
    assert share.ratio == pytest.approx(Decimal(1) / 6)
    earlier = partnerships.whole(Biennium(2024), AS_AGREED)
    assert (earlier.contributed.approvals, earlier.contributed.receipts, earlier.new_donors) == ([], [], 0)


async def test_a_donors_page_tells_what_its_money_did(read_model: Database):
    async with reading(read_model) as session:
        page = await donor_answer(session, SE, BIENNIUM, AS_AGREED)
    first, second = page.agreements.items
    assert (first.number, first.received, first.allocated, first.overdue) == ("AGR-1", 700, 500, 300)
    assert [(t.outstanding, t.overdue_days) for t in first.tranches] == [(0, None), (300, 30), (200, None)]
    assert (first.funded_with_others, second.funded_with_others) == (False, True)
    assert (first.levy, second.levy) == (12, None)
    assert (told(page.levy.amounts), page.levy.not_told) == ({"EUR": 12}, 0)
    assert [(d.code, d.days_late, d.overdue_days) for d in page.reporting_duties.items] == [
        ("R1", 10, None),
        ("R2", None, 10),
        ("R3", None, None),
    ]
    (outcome,) = page.allocated.outcomes.items
    assert (outcome.code, outcome.title, told(outcome.own)) == ("2026-27/3", "Work", {"EUR": 500})
    (country_outcome,) = page.allocated.country_outcomes.items
    assert (country_outcome.code, country_outcome.title) == ("KEN-DWCP/KEN 101", None)
    (project,) = page.projects.items
    assert (project.iati_identifier, project.status) == (KENYA, "2")
    assert (project.by_allocation, project.by_project, page.portfolio) == (True, False, None)
    assert [each.identifier for each in page.reports.items] == ["R-DONE"]
    assert [each.identifier for each in page.evaluations.items] == ["E-1", "E-2"]
    alerts = [each.identifier for each in page.alerts.items]
    assert alerts == ["tranche-overdue/AGR-1/2", "report-overdue/R-LATE/all"]
    assert [each.state for each in page.pledges.items] == ["open", "withdrawn"]


async def test_a_donor_whom_projects_name_has_a_page_with_their_money(read_model: Database):
    async with reading(read_model) as session:
        page = await donor_answer(session, FUND, BIENNIUM, AS_AGREED)
        with pytest.raises(NotFound):
            await donor_answer(session, "XX-NOBODY", BIENNIUM, AS_AGREED)
    assert page.portfolio is not None
    assert [(m.currency, m.budget, m.spend) for m in page.portfolio.money] == [("USD", 800, 700)]
    assert page.portfolio.explain == "/v1/results/summary?group_by=donor&code=XM-FUND&explain=true"
    (project,) = page.projects.items
    assert (project.iati_identifier, project.by_allocation, project.by_project) == (NEPAL, False, True)
    (draft,) = page.agreements.items
    assert (draft.state, draft.amount, draft.levy) == ("draft", None, None)


async def test_an_office_is_told_what_is_due_from_it_and_the_offices_below(read_model: Database):
    async with reading(read_model) as session:
        kenya = await field_office_answer(session, "CO-KE", FieldOfficeQuery(), AS_AGREED, YARDSTICK)
        region = await field_office_answer(session, "RO", FieldOfficeQuery(), AS_AGREED, YARDSTICK)
        whole = await field_office_answer(session, "HQ", FieldOfficeQuery(days=365), AS_AGREED, YARDSTICK)
        with pytest.raises(NotFound):
            await field_office_answer(session, "CO-XX", FieldOfficeQuery(), AS_AGREED, YARDSTICK)
    assert (kenya.countries, kenya.projects, kenya.in_implementation.count) == (["KE"], 2, 2)
    assert {name: [each.identifier for each in found.items] for name, found in kenya.reports} == {
        "due": ["R-DUE"],
        "overdue": ["R-LATE", "R-OFFICE", "R-BACK"],
        "returned": ["R-BACK"],
        "submitted": ["R-SENT"],
        "done": ["R-DONE"],
    }
    (returned,) = kenya.reports.returned.items
    assert (returned.reasons, returned.overdue_days) == ("Still none", 16)
    assert [each.identifier for each in kenya.evaluations.overdue.items] == ["E-1"]
    assert [(each.code, each.overdue_days) for each in kenya.follow_ups.items] == [("a", 1)]
    assert [each.identifier for each in kenya.locks.items] == ["L-ALL", "L-KE"]
    assert [each.identifier for each in kenya.alerts.items] == ["report-overdue/R-LATE/all"]
    (training,) = kenya.trainings.items
    assert (training.participants, training.women) == (20, 12)
    assert region.model_dump(exclude={"office", "below"}) == kenya.model_dump(exclude={"office", "below"})
    assert [each.code for each in whole.below.items] == ["CO-KE", "CO-NP", "RO"]
    assert [each.code for each in whole.follow_ups.items] == ["a", "c"]
    assert (whole.reports.overdue.count, whole.alerts.count, whole.projects) == (4, 2, 3)


async def test_an_offices_delivery_is_that_of_its_countries_part(read_model: Database):
    async with reading(read_model) as session:
        page = await field_office_answer(session, "HQ", FieldOfficeQuery(), AS_AGREED, YARDSTICK)
    rows = {(each.code, each.currency): each for each in page.delivery.countries}
    assert {key: (row.budget, row.spend) for key, row in rows.items()} == {
        ("KE", "EUR"): (200, None),
        ("KE", "USD"): (1000, 100),
        ("NP", "EUR"): (200, None),
        ("NP", "USD"): (800, 700),
    }
    assert rows["KE", "USD"].expected == pytest.approx(EXPECTED)
    assert [rows[key].below for key in sorted(rows)] == [None, True, None, False]
    euros, dollars = page.delivery.whole
    assert (euros.budget, euros.spend, euros.delivery_rate.ratio) == (400, None, None)
    assert (dollars.budget, dollars.spend) == (1800, 800)


async def test_deliveries_are_told_worst_first_and_those_without_a_rate_last(
    read_model: Database, in_dollars: Terms
):
    async with reading(read_model) as session:
        for terms, currencies in ((AS_AGREED, ("USD", "USD", "EUR")), (in_dollars, ("USD",) * 3)):
            after, found = None, []
            while True:
                query = DeliveryQuery(by="project", year=2026, limit=1)
                rows = (await deliveries(session, query, terms, YARDSTICK, after)).rows
                found.append(rows[0][1])
                if len(rows) == 1:
                    break
                after = rows[0][0]
            assert [each.code for each in found] == [KENYA, NEPAL, BOTH]
            assert tuple(each.currency for each in found) == currencies
            ratios = [each.delivery_rate.ratio for each in found]
            assert ratios == [Decimal("0.1"), Decimal("0.875"), None]
            assert [each.below for each in found] == [True, False, None]
            assert found[0].expected == pytest.approx(EXPECTED)
    assert [(m.figure, m.currency, m.amount) for m in found[-1].missing] == [("budget", "EUR", 400)]


@pytest.mark.parametrize(
    ("by", "year", "codes"),
    [
        ("country", None, ["KE", "NP", "KE", "NP"]),
        ("donor", 2026, [None, FUND, None]),
        ("outcome", 2026, ["2026-27/3", None, None]),
        ("field_office", 2026, ["CO-KE", "CO-NP", "CO-KE", "CO-NP"]),
        ("year", None, ["2026", "2026"]),
    ],
)
async def test_deliveries_of_groups_are_in_pages(read_model: Database, by: str, year, codes: list):
    query = DeliveryQuery(by=by, year=year, limit=2)
    async with reading(read_model) as session:
        whole = await deliveries(session, query, AS_AGREED, YARDSTICK, None)
        rest = await deliveries(session, query, AS_AGREED, YARDSTICK, whole.rows[1][0])
    rows = [row for _, row in whole.rows[:2] + rest.rows]
    assert [row.code for row in rows] == codes
    assert {row.year for row in rows} == {2026}
    assert rows[-1].delivery_rate.ratio is None


async def test_what_delivery_is_held_against_is_set_or_asked_for(
    serve: Serve, address: str, client: httpx.AsyncClient, read_model: Database
):
    assert read_model is not None
    year = datetime.now(UTC).year
    path = f"delivery?by=country&year={year - 1}"
    assert (await get(client, path))["threshold"] == "0.8"
    assert (await get(client, f"{path}&threshold=0.4"))["threshold"] == "0.4"
    settings = {"delivery_threshold": "0.5", "delivery_from": "1"}
    async with serve(SERVICE, database_url=address, roles=["api"], **settings) as other:
        assert (await get(other, path))["threshold"] == "0.5"
        page = await get(other, "delivery?by=country&year=2026&as_of=2026-07-01T00:00:00Z")
        assert {row["expected"] for row in page["items"]} == {None}


async def test_delivery_by_expenditure_alone_leaves_advances_out(read_model: Database):
    terms = Terms(TODAY, "expenditure", "ECB")
    query = DeliveryQuery(by="project", year=2026, delivery_convention="expenditure")
    async with reading(read_model) as session:
        found = await deliveries(session, query, terms, YARDSTICK, None)
    assert [(row.code, row.spend) for _, row in found.rows] == [(KENYA, 100), (NEPAL, 700), (BOTH, None)]
    assert [(row.currency, row.spend) for row in found.whole] == [("EUR", None), ("USD", 800)]


async def test_the_pipeline_tells_amounts_turnaround_and_who_waits(read_model: Database, in_dollars: Terms):
    async with reading(read_model) as session:
        page = await appraisals_answer(session, AppraisalsQuery(), AS_AGREED)
        converted = await appraisals_answer(session, AppraisalsQuery(), in_dollars)
        filtered = await appraisals_answer(
            session, AppraisalsQuery(state=["returned", "passed"], country=["KE"]), AS_AGREED
        )
    assert (page.whole.proposals, page.whole.without_amount) == (4, 1)
    assert told(page.whole.amounts) == {"EUR": 50, "USD": 107}
    states = ["concept", "submitted-for-appraisal", "returned", "passed"]
    assert [row.code for row in page.by_state] == states
    assert [(row.code, row.proposals) for row in page.by_country.items] == [("KE", 2), ("NP", 1), (None, 2)]
    assert [(row.code, row.proposals) for row in page.by_outcome.items] == [("2026-27/3", 1), (None, 3)]
    assert page.turnaround.model_dump() == {
        "decided": 3,
        "median_days": 10,
        "longest_days": 30,
        "passed": 1,
        "returned": 2,
        "rejected": 0,
        "waiting": 1,
        "longest_waiting_days": 10,
    }
    assert [(each.identifier, each.days) for each in page.waiting.items] == [("PR-1", 10)]
    assert [(each.identifier, each.reasons) for each in page.returned.items] == [("PR-2", "No baseline")]
    (amount,) = converted.whole.amounts
    assert (amount.amount, amount.provisional) == (107 + 50 * Decimal("1.5"), True)
    assert [row.code for row in filtered.by_state] == ["returned"]
    assert filtered.turnaround.waiting == 0


async def test_mobilisation_keeps_approvals_receipts_and_pledges_apart(
    read_model: Database, in_dollars: Terms
):
    assert in_dollars.table is not None
    async with reading(read_model) as session:
        page = await mobilisation_answer(session, BIENNIUM, AS_AGREED, Rates("ECB", in_dollars.table))
        unrated = await mobilisation_answer(session, BIENNIUM, AS_AGREED, Rates(None, RateTable(())))
    every, pools = page.targets.items
    assert (every.approvals.reached, every.approvals.share) == (2700, Decimal("0.5"))
    assert (every.receipts.reached, every.receipts.without_rate.count) == (1200, 1)
    assert (pools.approvals.reached, pools.receipts.reached) == (300, 300)
    assert unrated.targets.items[0].approvals.without_rate.count == 2
    assert page.pledges.pledges == 2
    assert (told(page.pledges.amounts), told(page.pledges.weighted)) == ({"USD": 150}, {"USD": 40})
    assert page.pledges.without_probability == 1
    assert [row.kind for row in page.by_kind] == ["bilateral", "multi-donor", "supplementary-account"]
    (pool,) = page.pools.items
    assert (pool.contributed, pool.allocated, pool.available) == (300, 120, 230)
    assert (pool.share_of_target, pool.without_rate) == (Decimal("0.3"), 0)


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> dict:
    answer = await client.get(f"/v1/results/{path}")
    assert answer.status_code == status, answer.text
    return from_json(answer.content)


@pytest.mark.parametrize(
    "path",
    [
        "donors?biennium=2026-27&currency=USD",
        f"donors/{SE}?biennium=2026-27",
        "field-offices/CO-KE?days=30",
        "delivery?by=country&year=2026&threshold=0.5",
        "appraisals?country=KE&currency=USD",
        "mobilisation?biennium=2026-27&rate_source=ECB",
        "alerts",
    ],
)
async def test_every_page_tells_what_it_knows(client: httpx.AsyncClient, path: str):
    page = await get(client, path)
    assert page["as_of"] is None  # the mission was told by no stream
    assert page["position"] == {}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("donors/XX-NOBODY", 404, "not-found"),
        ("donors/", 404, "not-found"),
        ("field-offices/XX", 404, "not-found"),
        ("field-offices/", 404, "not-found"),
        ("donors/%00", 400, "invalid-parameter"),
        ("field-offices/%00", 400, "invalid-parameter"),
        ("donors?biennium=2025-26", 400, "invalid-parameter"),
        ("donors?rate_source=ECB", 400, "invalid-parameter"),
        ("donors?currency=XXQ", 422, "invalid"),
        ("mobilisation?rate_source=NOBODY", 422, "invalid"),
        ("delivery", 400, "invalid-parameter"),
        ("delivery?by=planet", 400, "invalid-parameter"),
        ("delivery?by=country&threshold=1.1", 400, "invalid-parameter"),
        ("alerts?kind=bad-news", 400, "invalid-parameter"),
        ("alerts?cursor=made-up", 400, "invalid-cursor"),
        ("alerts?color=red", 400, "unknown-parameter"),
    ],
)
async def test_what_is_not_known_is_refused(client: httpx.AsyncClient, path: str, status: int, code: str):
    assert (await get(client, path, status))["code"] == code


@pytest.mark.parametrize("path", ["donors?biennium=2026-27", "alerts?state=all"])
async def test_a_past_moment_is_told_by_what_was_known_then(client: httpx.AsyncClient, path: str):
    before = await get(client, f"{path}&as_of=2024-02-01T00:00:00Z")
    after = await get(client, f"{path}&as_of=2024-04-01T00:00:00Z")
    assert before["items"] == []
    assert after["items"] == (await get(client, path))["items"]


@pytest.mark.parametrize(
    "path",
    ["donors?limit=1", "field-offices/CO-KE?days=0", "delivery?by=project", "appraisals?", "mobilisation?"],
)
async def test_before_all_times_nothing_is_known(client: httpx.AsyncClient, path: str):
    status = 404 if path.startswith("field-offices") else 200
    await get(client, f"{path}&as_of=0001-01-01T00:00:00Z", status)


@pytest.mark.parametrize("path", ["donors?", "delivery?by=project&year=2026&", "alerts?state=all&"])
async def test_pages_follow_one_another(client: httpx.AsyncClient, path: str):
    whole = await get(client, path)
    assert whole["next"] is None
    items, cursor = [], ""
    while cursor is not None:
        page = await get(client, f"{path}limit=1{cursor and f'&cursor={cursor}'}")
        items += page["items"]
        cursor = page["next"]
    assert items == whole["items"]
    assert len(items) > 2


@pytest.mark.parametrize(
    ("query", "identifiers"),
    [
        (
            "",
            ["report-overdue/R-LATE/all", "report-overdue/R-NEPAL/all", "tranche-overdue/AGR-1/2"],
        ),
        ("state=resolved", ["tranche-overdue/AGR-1/1"]),
        ("country=NP&country=KE&activity=XM-1-KE", ["report-overdue/R-LATE/all"]),
        ("partner=SE-0&state=all", ["tranche-overdue/AGR-1/1", "tranche-overdue/AGR-1/2"]),
        ("kind=tranche-overdue&country=KE", []),
    ],
)
async def test_alerts_are_found_by_what_they_are_about(
    client: httpx.AsyncClient, query: str, identifiers: list[str]
):
    page = await get(client, f"alerts?{query}")
    assert [each["identifier"] for each in page["items"]] == identifiers


async def test_an_alert_tells_the_figure_that_raised_it(client: httpx.AsyncClient):
    (resolved,) = (await get(client, "alerts?state=resolved"))["items"]
    assert resolved["measure"] == {
        "numerator": {"amount": "1", "currency": "USD"},
        "denominator": {"amount": "2", "currency": "USD"},
        "threshold": "0.8",
    }
    assert resolved["subject"] == {"aggregate": "agreement", "identifier": "AGR-1", "part": None}


async def test_amounts_are_written_as_decimals(client: httpx.AsyncClient):
    page = await get(client, "donors?biennium=2026-27")
    assert page["items"][1]["own"]["approvals"] == [
        {"currency": "EUR", "amount": "1200", "values": 2, "provisional": False, "missing": []}
    ]
