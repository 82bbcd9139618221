"""Explanations: the values that the figures of projects were added up from, and what was left out of them.

They are made from the facts themselves, by the rules in ``shared/figures``, and not from the sums that they explain.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.money import FIGURE_OF_STAGE, STAGES
from gateway.projection import exclusions
from gateway.projection.contributions import Known, contributed_of
from gateway.projection.facts import bounded
from gateway.projection.totals import FINANCE_COUNTS, RESULTS_COUNTS
from gateway.results.dimensions import MAPPED, GroupBy, code_of, how_told, members
from gateway.results.schemas import (
    ExplainedIndicator,
    ExplainedProject,
    Explanation,
    Input,
    RateUsed,
    SupersededBudget,
)
from gateway.results.scope import seen_of
from gateway.results.terms import Terms
from shared.chassis.db import execute
from shared.chassis.errors import Invalid
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.contracts.projects.v1 import Activity
from shared.figures.evidence import IndicatorEvidence, evidence_of
from shared.figures.explanation import Grouping, MoneyInput, in_currency, money_inputs, superseded_budgets
from shared.figures.formulas import FORMULAS, FormulaName
from shared.figures.framework import framework_figures
from shared.figures.rates import Conversion

MOST_PROJECTS = 2_000
MOST_INPUTS = 20_000
CHUNK = 100
UNDIVIDED = ("all", "status", "year")
"""Groupings in which the money of a value belongs to one row whole, and to projects that count for it."""
BY_LINKS = ("country_outcome", "outcome", "sdg_target")

_Pair = tuple[str, UUID]

_COUNTS = ", ".join([*(f"f.{name}" for name in FINANCE_COUNTS), *(f"r.{name}" for name in RESULTS_COUNTS)])
_PARTS = text(
    "SELECT p.id, coalesce(a.iati_identifier, f.iati_identifier, r.iati_identifier),"  # noqa: S608  (names of our own)
    f" a.version, f.version, r.version, fa.data, ff.data, fr.data, r.figures_on, {_COUNTS}"
    " FROM unnest(CAST(:ids AS uuid[])) AS p(id) LEFT JOIN project_activity a ON a.id = p.id"
    " LEFT JOIN fact fa ON fa.aggregate = 'activity' AND fa.id = a.id AND fa.version = a.version"
    " LEFT JOIN project_finance f ON f.id = p.id"
    " LEFT JOIN fact ff ON ff.aggregate = 'finance' AND ff.id = f.id AND ff.version = f.version"
    " LEFT JOIN project_results r ON r.id = p.id"
    " LEFT JOIN fact fr ON fr.aggregate = 'framework' AND fr.id = r.id AND fr.version = r.version"
    " ORDER BY 2"
)
_MEMBERS = (
    "{matching}, members AS ({members}) SELECT code, id FROM members WHERE dimension = :dimension"
    " AND (CAST(:code AS text) IS NULL OR code = :code)"
)
_OF_CODE = (
    "{matching} SELECT DISTINCT {key}, m.project_id FROM ({rows}) m{map}"
    " WHERE CAST(:code AS text) IS NULL OR {key} = :code"
)
_HOW_MANY = "SELECT count(*) FROM (SELECT DISTINCT id FROM ({found}) AS found(code, id)) AS distinct_projects"
_MONEY_FORMULAS: tuple[FormulaName, ...] = (
    "money-by-stage",
    "spend",
    "delivery-rate",
    "counted-once",
    "counts",
)
_INDICATOR_FORMULAS: tuple[FormulaName, ...] = ("progress", "achievement", "expected-progress", "on-track")


@dataclass(slots=True)
class _Built:
    """An explanation in the making; a rate is told once."""

    projects: dict[str, ExplainedProject] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    superseded: list[SupersededBudget] = field(default_factory=list)
    rates: dict[Conversion, int] = field(default_factory=dict)

    def add(self, project: "_Project", money: MoneyInput) -> None:
        conversion = money.conversion
        rate = None
        if conversion is not None and conversion.legs:
            rate = self.rates.setdefault(conversion, len(self.rates))
        self.inputs.append(
            Input(
                iati_identifier=project.told.iati_identifier,
                pointer=money.pointer,
                figure=FIGURE_OF_STAGE.get(money.stage, money.stage),
                currency=money.currency,
                amount=money.amount,
                part=money.part,
                value_date=money.valued_on,
                rate=rate,
                value=money.value,
                excluded_value=money.excluded_value if money.excluded else None,
                excluded=money.excluded,
                because=money.because,
            )
        )

    def told(self, terms: Terms, group: GroupBy, indicators: Sequence[IndicatorEvidence] = ()) -> Explanation:
        names = list(_MONEY_FORMULAS)
        if indicators:
            names += _INDICATOR_FORMULAS
        names += _formulas_of(group)
        if terms.currency is not None:
            names.append("conversion")
        return Explanation(
            formulas=[FORMULAS[name] for name in names],
            projects=list(self.projects.values()),
            inputs=self.inputs,
            superseded=self.superseded,
            indicators=[ExplainedIndicator.model_validate(each) for each in indicators],
            rates=[RateUsed.of(conversion) for conversion in self.rates],
        )


@dataclass(frozen=True, slots=True)
class _Project:
    """A project as its facts tell it."""

    id: UUID
    told: ExplainedProject
    activity: Activity | None
    finance: ActivityFinance | None
    framework: str | None
    figures_on: date | None
    around: exclusions.Surroundings
    known: Known | None

    def inputs(self, grouping: Grouping, terms: Terms) -> Iterator[MoneyInput]:
        """Yield what the project's money adds to figures, of every stage."""
        if self.finance is None:
            return
        left_out = exclusions.exclusions_in(self.activity, self.finance, self.around) if self.activity else []
        contributed = self.known.contributed if self.known else None
        for money in money_inputs(self.activity, self.finance, grouping, left_out, contributed):
            yield (
                in_currency(money, terms.currency, terms.table, today=terms.today)
                if terms.currency is not None and terms.table is not None
                else money
            )

    def evidence(self, terms: Terms) -> Iterator[IndicatorEvidence]:
        """Yield what the figures of the project's indicators were made of."""
        if self.framework is None:
            return
        framework = ResultsFramework.from_event(self.framework)
        on = self.figures_on or terms.today
        figures = framework_figures(framework, on=on)
        for place, (result, told) in enumerate(zip(framework.results, figures.results, strict=True)):
            for number, (indicator, made) in enumerate(zip(result.indicators, told.indicators, strict=True)):
                yield evidence_of(indicator, made, f"/results/{place}/indicators/{number}", on=on)


async def explain_projects(
    session: AsyncSession, ids: Sequence[UUID], terms: Terms
) -> dict[UUID, Explanation]:
    """Return how the money, the counts and the indicators of each of some projects came about.

    Raises:
        Invalid: there is too much to explain in one answer.

    """
    explained: dict[UUID, Explanation] = {}
    left = MOST_INPUTS
    async for project in _projects(session, ids):
        built = _Built()
        _take(built, project, counts=True)
        for money in project.inputs("all", terms):
            built.add(project, money)
        left -= len(built.inputs)
        indicators = list(project.evidence(terms))
        left -= sum(len(indicator.values) for indicator in indicators)
        _require(left >= 0)
        explained[project.id] = built.told(terms, "all", indicators)
    await _keep_unseen_back(session, explained.values())
    return explained


async def explain_groups(  # noqa: PLR0913
    session: AsyncSession,
    matching: tuple[str, Mapping[str, Any]],
    grouping: GroupBy,
    code: str | None,
    years: Sequence[int],
    terms: Terms,
) -> dict[str, Explanation]:
    """Return how the rows of a summary came about, by code; of one code where it is given.

    Args:
        session: on the read model.
        matching: a common table ``a`` of the projects, and the parameters that it binds.
        grouping: what the rows stand for; ``all`` is the row of the whole, of code "".
        code: the only row to explain, None for all.
        years: the years whose money is told, none for all.
        terms: of the money.

    Raises:
        Invalid: there is too much to explain in one answer.

    """
    built: defaultdict[str, _Built] = defaultdict(_Built)
    counted, others = await _found(session, matching, grouping, code, years)
    codes_of: defaultdict[UUID, dict[str, bool]] = defaultdict(dict)
    for row, id_ in counted | others:
        codes_of[id_][row] = (row, id_) in counted
    row_of = await code_of(session, grouping)
    count = 0
    async for project in _projects(session, list(codes_of)):
        for row, counts in codes_of[project.id].items():
            _take(built[row], project, counts=counts, years=years)
        for money in project.inputs(how_told(grouping).kept, terms):
            row = row_of(bounded(money.code), money.year)
            of_row = code is None or row == code
            if of_row and money.stage in STAGES and (not years or money.year in years):
                built[row].add(project, money)
                count += 1
        _require(count <= MOST_INPUTS)
    explained = {row: explanation.told(terms, grouping) for row, explanation in built.items()}
    await _keep_unseen_back(session, explained.values())
    return explained


def _formulas_of(group: GroupBy) -> list[FormulaName]:
    """Return the formulas by which money comes to the codes of a dimension."""
    names: list[FormulaName] = [] if group in UNDIVIDED else ["division"]
    if how_told(group).kept in BY_LINKS:
        names.append("contribution")
    if group in MAPPED:
        names.append("classification")
    return names


async def _found(
    session: AsyncSession,
    matching: tuple[str, Mapping[str, Any]],
    grouping: GroupBy,
    code: str | None,
    years: Sequence[int],
) -> tuple[set[_Pair], set[_Pair]]:
    """Return pairs of code and project: those that count for a row, and those whose money does.

    Raises:
        Invalid: there are too many projects.

    """
    table, parameters = matching
    found: list[set[_Pair]] = [set(), set()]
    how = how_told(grouping)
    rows = how.rows("project_money", filtered=True)
    statements: list[tuple[str, str]] = [
        (grouping, _MEMBERS.format(matching=table, members=members(grouping)))
    ]
    if grouping not in UNDIVIDED:
        statements.append((how.kept, _OF_CODE.format(matching=table, key=how.key, rows=rows, map=how.join)))
    for place, (dimension, statement) in enumerate(statements):
        asked = {**parameters, "code": code, "dimension": dimension, "years": list(years)}
        how_many = await execute(session, text(_HOW_MANY.format(found=statement)), **asked)
        _require(how_many.scalar_one() <= MOST_PROJECTS)
        found[place] = {(row[0], row[1]) for row in await execute(session, text(statement), **asked)}
    return found[0], found[1]


async def _projects(session: AsyncSession, ids: Sequence[UUID]) -> AsyncIterator[_Project]:
    """Yield projects as their facts tell them, a few at a time."""
    for start in range(0, len(ids), CHUNK):
        chunk = list(ids[start : start + CHUNK])
        around = await exclusions.surroundings(session, chunk)
        known = await contributed_of(session, chunk)
        for row in await execute(session, _PARTS, ids=chunk):
            id_, identifier, *versions, activity, finance, framework, figures_on = row[:9]
            yield _Project(
                id_,
                ExplainedProject(
                    iati_identifier=identifier,
                    versions={
                        **dict(zip(("activity", "finance", "results"), versions, strict=True)),
                        **(known[id_].versions if id_ in known else {}),
                    },
                    counted=True,
                    counts=dict(zip((*FINANCE_COUNTS, *RESULTS_COUNTS), row[9:], strict=True)),
                ),
                None if activity is None else Activity.from_event(activity),
                None if finance is None else ActivityFinance.from_event(finance),
                framework,
                figures_on,
                around.get(id_, exclusions.Surroundings()),
                known.get(id_),
            )


async def _keep_unseen_back(session: AsyncSession, explained: Iterable[Explanation]) -> None:
    """Name no activity that counts a value unless it is seen."""
    naming = [each for explanation in explained for each in explanation.inputs if each.because is not None]
    if naming:
        seen = await seen_of(session, {each.because for each in naming if each.because is not None})
        for each in naming:
            each.because = each.because if each.because in seen else None


def _take(built: _Built, project: _Project, *, counts: bool, years: Sequence[int] = ()) -> None:
    identifier = project.told.iati_identifier
    built.projects[identifier] = project.told.model_copy(update={"counted": counts})
    for budget in superseded_budgets(project.finance) if project.finance else ():
        if not years or budget.year in years:
            built.superseded.append(
                SupersededBudget(
                    iati_identifier=identifier,
                    pointer=budget.pointer,
                    currency=budget.currency,
                    amount=budget.amount,
                )
            )


def _require(ok: bool) -> None:
    if not ok:
        raise Invalid(
            f"An answer explains up to {MOST_PROJECTS} projects and {MOST_INPUTS} values; ask for one row, or for fewer "
            "projects.",
            code="too-much-to-explain",
        )
