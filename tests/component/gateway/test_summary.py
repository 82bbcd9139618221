"""The summary's SQL against the same sums made in Python, straight from the contracts."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.local.sample import write_portfolio
from gateway.imports.iati.reader import ActivityParts
from gateway.projection.facts import activity_memberships, finance_memberships
from gateway.results.filters import ProjectsQuery, ResultsFilter, SummaryQuery
from gateway.results.projects import project_page
from gateway.results.schemas import SummaryRow
from gateway.results.summary import summarise
from gateway.results.terms import Terms
from shared.figures.attribution import attribute
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE
from shared.figures.framework import framework_figures
from shared.figures.money import ledger
from shared.testing.read_models import TODAY, NewReadModel, activities_of, events_of, reading, take

Money = dict[tuple[str | None, str | None], Decimal]
"""Spend by code and currency."""

TERMS = Terms(TODAY, DISBURSEMENT_AND_EXPENDITURE, "ECB")
SPENT = ("disbursement", "expenditure")


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> list[ActivityParts]:
    path: Path = tmp_path_factory.mktemp("portfolio") / "sample.xml"
    write_portfolio(path, projects=60, seed=5)
    return activities_of(path)


def codes(parts: ActivityParts, dimension: str) -> set[str]:
    memberships = activity_memberships(parts.activity) | finance_memberships(parts.finance)
    return {code for kind, code, _ in memberships if kind == dimension}


def spend(portfolio: Iterable[ActivityParts], group: str, years: set[int]) -> Money:
    """Return what was spent by code and currency, in some years or in all."""
    sums: Money = defaultdict(Decimal)
    for parts in portfolio:
        if group in ("status", "year"):
            rows = [
                (
                    parts.activity.status if group == "status" else str(e.year),
                    e.currency,
                    e.year,
                    e.stage,
                    e.amount,
                )
                for e in ledger(parts.finance)
            ]
        else:
            money = attribute(parts.activity, parts.finance)
            rows = [
                (m.code, m.flow.currency, m.flow.year, m.flow.stage, m.amount)
                for m in money
                if m.dimension == group
            ]
        for code, currency, year, stage, amount in rows:
            if stage in SPENT and (not years or year in years):
                sums[code, currency] += amount
    return dict(sums)


def told_spend(rows: Iterable[SummaryRow]) -> Money:
    return {(row.code, m.currency): m.spend for row in rows for m in row.money if m.spend is not None}


FILTERS: dict[str, tuple[ResultsFilter, Callable[[ActivityParts], bool]]] = {
    "all": (ResultsFilter(), lambda _: True),
    "country": (ResultsFilter(country=["KE", "BD"]), lambda p: bool(codes(p, "country") & {"KE", "BD"})),
    "sector": (ResultsFilter(sector=["16020"]), lambda p: "16020" in codes(p, "sector")),
    "status": (ResultsFilter(status=["2", "3"]), lambda p: p.activity.status in ("2", "3")),
    "year": (ResultsFilter(year=[2024, 2025]), lambda p: bool(codes(p, "year") & {"2024", "2025"})),
    "humanitarian": (ResultsFilter(humanitarian=False), lambda p: not p.activity.humanitarian),
    "both": (
        ResultsFilter(country=["KE"], status=["2"]),
        lambda p: "KE" in codes(p, "country") and p.activity.status == "2",
    ),
}


async def test_sums_and_counts_are_those_of_the_contracts(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    database = await new_read_model()
    await take(database, [each for parts in portfolio for each in events_of(parts)])
    async with reading(database) as session:
        for name, (filters, matches) in FILTERS.items():
            matching = [parts for parts in portfolio if matches(parts)]
            assert matching, name
            page = await project_page(session, ProjectsQuery(**dict(filters), limit=500), TERMS, None)
            assert [identifier for identifier, _ in page] == sorted(
                p.activity.iati_identifier for p in matching
            ), name
            for group in ("country", "region", "sector", "donor", "status", "year"):
                rows, whole = await summarise(session, SummaryQuery(**dict(filters), group_by=group), TERMS)
                assert told_spend(rows) == spend(matching, group, set(filters.year)), (name, group)
                assert whole.projects == len(matching), (name, group)
                counts = [framework_figures(p.framework, on=TODAY).counts for p in matching]
                assert whole.results.on_track == sum(c.indicators_on_track for c in counts), (name, group)
                assert whole.results.actuals == sum(c.actuals for c in counts), (name, group)
                assert whole.finance.transactions == sum(len(p.finance.transactions) for p in matching)
                for row in rows:
                    members = [p for p in matching if row.code in (codes(p, group) or {None})]
                    if group != "status":
                        assert row.projects == len(members), (name, group, row.code)


async def test_words_are_found_in_every_language(
    new_read_model: NewReadModel, portfolio: list[ActivityParts]
):
    database = await new_read_model()
    await take(database, [each for parts in portfolio for each in events_of(parts)])
    async with reading(database) as session:
        for parts in portfolio[:10]:
            for title in parts.activity.titles:
                word = max(title.text.split(), key=len).strip(",.:;()")
                query = ProjectsQuery(text=f'"{word}"', limit=500)
                page = await project_page(session, query, TERMS, None)
                assert parts.activity.iati_identifier in [identifier for identifier, _ in page], word
