"""Outcomes of a programme and budget: all of a biennium in brief, and one with all that is known of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import (
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    PROGRAMME_BUDGETS,
    PROGRAMME_FRAMEWORKS,
    WORKPLANS,
)
from gateway.results.documents import about, document, every
from gateway.results.presented import CodeMoney
from gateway.results.programming.gap_schemas import GapFigures
from gateway.results.programming.gaps import Lens, Seen, gap_item, seen
from gateway.results.programming.indicators import figures_by_outcome, measured
from gateway.results.programming.learning import evaluations, publications, trainings
from gateway.results.programming.reach import WHOLE, Linked, Way, contributing, counts, linked_to
from gateway.results.programming.schemas import (
    ContributingProjects,
    LinkedCountryOutcome,
    ObjectiveShown,
    OutcomeListing,
    ReachedCounts,
    ReachedTarget,
)
from gateway.results.summary import scope_of
from gateway.results.sums import sums
from shared.chassis.errors import NotFound
from shared.contracts.iati import Narratives
from shared.contracts.ids import programme_budget_id, programme_framework_id, workplan_id
from shared.contracts.projects.v1 import DevelopmentAgenda, ProgrammeBudget, ProgrammeOutcome
from shared.figures.outcomes import outcome_code

MOST_PROJECTS = 50
"""Contributing projects that a page tells; the rest is in pages of their own."""


async def outcome_list(session: AsyncSession, biennium: str, lens: Lens) -> dict[str, object]:
    """Return the members of the list of a biennium's outcomes.

    Raises:
        NotFound: there is no programme and budget of that biennium.

    """
    budget = await _budget(session, biennium)
    codes = [outcome_code(biennium, each.code) for each in budget.outcomes]
    ways = [Way(name, "outcome", code) for code in codes for name in (code, WHOLE)]
    counted = await counts(session, ways)
    money = await sums(session, scope_of(session), "outcome", lens.terms)
    views = await seen(session, await about(session, WORKPLANS, "biennium", [biennium]), lens)
    by_outcome = {view.plan.outcome: view for view in views}
    return {
        "biennium": biennium,
        "titles": budget.titles,
        "objectives": [ObjectiveShown(code=each.code, titles=each.titles) for each in budget.objectives],
        "outcomes": [
            OutcomeListing(
                code=each.code,
                titles=each.titles,
                objective=each.objective,
                resources=_resources(by_outcome.get(each.code)),
                counts=counted.get(code, ReachedCounts()),
                **money_members(money.get(code)),
            )
            for each, code in zip(budget.outcomes, codes, strict=True)
        ],
        "whole": counted.get(WHOLE, ReachedCounts()),
    }


async def outcome_page(session: AsyncSession, biennium: str, code: str, lens: Lens) -> dict[str, object]:
    """Return the members of the page of one outcome.

    Raises:
        NotFound: the programme and budget has no such outcome.

    """
    budget, outcome = await require_outcome(session, biennium, code)
    key = outcome_code(biennium, code)
    linked = linked_to(await about(session, COUNTRY_PROGRAMMES, "outcome", [key]), key)
    ways = [Way(WHOLE, "outcome", key)]
    ways_there = [Way(each.code, "country_outcome", each.code) for each in linked]
    counted = await counts(session, [*ways, *ways_there])
    framework = await document(
        session, PROGRAMME_FRAMEWORKS, programme_framework_id(f"programme-budget/{biennium}")
    )
    figures = await figures_by_outcome(session, framework, [code], lens.terms.today)
    plan = await document(session, WORKPLANS, workplan_id(key))
    (view,) = await seen(session, [plan], lens) if plan else (None,)
    money = await sums(session, scope_of(session), "outcome", lens.terms)
    return {
        "biennium": biennium,
        "code": code,
        "titles": outcome.titles,
        "objective": _objective(budget, outcome),
        "indicators": measured(outcome.indicators, figures.get(code, ())),
        "resources": _resources(view),
        "items": [gap_item(view, each, each.item.country) for each in view.made.items] if view else [],
        "country_outcomes": _country_outcomes(linked, counted),
        "targets": await _targets(session, linked),
        "counts": counted.get(WHOLE, ReachedCounts()),
        "projects": await projects_part(
            session,
            ways,
            [key, *(each.code for each in linked)],
            counted,
            lens.terms.address(f"/v1/results/outcomes/{biennium}/{quote(code, safe='')}/projects"),
        ),
        "trainings": await trainings(session, [key]),
        "publications": await publications(session, [key], [each.code for each in linked]),
        "evaluations": await evaluations(session, ways, lens.terms.today),
        **money_members(money.get(key)),
    }


async def projects_part(
    session: AsyncSession,
    ways: Sequence[Way],
    keys: Sequence[str],
    counted: Mapping[str, ReachedCounts],
    address: str,
) -> ContributingProjects:
    """Return the first projects that contribute, and where the pages of all of them are."""
    items = await contributing(session, ways, keys, MOST_PROJECTS)
    return ContributingProjects(
        count=counted.get(WHOLE, ReachedCounts()).projects, items=items, address=address
    )


async def require_outcome(
    session: AsyncSession, biennium: str, code: str
) -> tuple[ProgrammeBudget, ProgrammeOutcome]:
    """Return an outcome with the document that has it.

    Raises:
        NotFound: there is none.

    """
    budget = await _budget(session, biennium)
    outcome = next((each for each in budget.outcomes if each.code == code), None)
    if outcome is None:
        raise NotFound(f"The programme and budget {biennium} has no outcome {code!r}.")
    return budget, outcome


def money_members(money: CodeMoney | None) -> dict[str, Any]:
    """Return the members that tell the money of a code; nothing where no money is attributed to it."""
    told = money or CodeMoney()
    return {"money": told.money, "counted_once": told.counted_once, "exclusions": told.exclusions}


async def _budget(session: AsyncSession, biennium: str) -> ProgrammeBudget:
    budget = await document(session, PROGRAMME_BUDGETS, programme_budget_id(biennium))
    if budget is None:
        raise NotFound(f"There is no programme and budget of {biennium!r}.")
    return budget


def _resources(view: Seen | None) -> GapFigures | None:
    return None if view is None else view.told(view.made.whole)


def _objective(budget: ProgrammeBudget, outcome: ProgrammeOutcome) -> ObjectiveShown | None:
    found = next((each for each in budget.objectives if each.code == outcome.objective), None)
    return None if found is None else ObjectiveShown(code=found.code, titles=found.titles)


def _country_outcomes(
    linked: Sequence[Linked], counted: Mapping[str, ReachedCounts]
) -> list[LinkedCountryOutcome]:
    return [
        LinkedCountryOutcome(
            programme=each.programme.code,
            country=each.programme.country,
            code=each.outcome.code,
            titles=each.outcome.titles,
            status=each.outcome.status,
            percentage=each.link.percentage,
            counts=counted.get(each.code, ReachedCounts()),
        )
        for each in linked
    ]


async def _targets(session: AsyncSession, linked: Sequence[Linked]) -> list[ReachedTarget]:
    """Return the targets that linked country outcomes serve, with the projects that contribute to these, each once."""
    by_target: dict[tuple[str, str], set[str]] = {}
    for each in linked:
        for link in each.outcome.agenda_targets:
            by_target.setdefault((link.agenda, link.code), set()).add(each.code)
    ways = [
        Way("\n".join(target), "country_outcome", code)
        for target, codes in by_target.items()
        for code in sorted(codes)
    ]
    counted = await counts(session, ways)
    known = target_titles(await every(session, DEVELOPMENT_AGENDAS))
    return [
        ReachedTarget(
            agenda=target[0],
            code=target[1],
            known=target in known,
            titles=known.get(target, ()),
            country_outcomes=len(by_target[target]),
            projects=counted.get("\n".join(target), ReachedCounts()).projects,
        )
        for target in sorted(by_target)
    ]


def target_titles(agendas: Sequence[DevelopmentAgenda]) -> dict[tuple[str, str], Narratives]:
    """Return the titles of all targets by agenda and code."""
    return {(agenda.code, target.code): target.titles for agenda in agendas for target in agenda.targets}
