"""The page of one country programme: its outcomes, what they lead to, who contributes, and what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import (
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FRAGILITY_LISTS,
    PROGRAMME_BUDGETS,
    PROGRAMME_FRAMEWORKS,
    WORKPLANS,
)
from gateway.results.documents import about, document, every
from gateway.results.presented import CodeMoney
from gateway.results.programming.gap_schemas import GapItem
from gateway.results.programming.gaps import Lens, items_of, seen
from gateway.results.programming.indicators import Measured, figures_by_outcome, measured
from gateway.results.programming.learning import evaluations, reports_due
from gateway.results.programming.outcomes import money_members, projects_part, target_titles
from gateway.results.programming.reach import WHOLE, Way, counts
from gateway.results.programming.schemas import (
    CountryOutcomeShown,
    FragileEdition,
    LinkedOutcome,
    LinkedTarget,
    PriorityShown,
    ReachedCounts,
)
from gateway.results.scope import permit_in, sees
from gateway.results.summary import scope_of
from gateway.results.sums import sums
from shared.chassis.errors import NotFound
from shared.contracts.iati import Narratives
from shared.contracts.ids import country_programme_id, programme_framework_id
from shared.contracts.projects.v1 import CountryOutcome, CountryProgramme, FragilityList
from shared.figures.outcomes import country_outcome_code
from shared.policy.places import place

Titles = Mapping[tuple[str, str], Narratives]
"""Titles by biennium or agenda, and code."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known around the outcomes of a country programme, by code or key."""

    counted: Mapping[str, ReachedCounts]
    money: Mapping[str, CodeMoney]
    items: Mapping[str, list[GapItem]]
    figures: Measured
    outcomes: Titles
    targets: Titles


async def country_programme_page(session: AsyncSession, code: str, lens: Lens) -> dict[str, object]:
    """Return the members of the page of one country programme, for who may see its country.

    Raises:
        NotFound: there is none of that code, or it is not seen.

    """
    programme = await require_programme(session, code)
    if not permit_in(session).covers_all([place(countries=[programme.country])]):
        raise _no_programme(code)
    ways = ways_to(programme)
    around = await _around(session, programme, ways, lens)
    money = await sums(session, scope_of(session), "country_programme", lens.terms)
    address = lens.terms.address(f"/v1/results/country-programmes/{quote(code, safe='')}/projects")
    return {
        "code": programme.code,
        "country": programme.country,
        "titles": programme.titles,
        "period_start": programme.period_start,
        "period_end": programme.period_end,
        "status": programme.status,
        "priorities": [PriorityShown(code=each.code, titles=each.titles) for each in programme.priorities],
        "outcomes": [_outcome(programme, each, around) for each in programme.outcomes],
        "counts": around.counted.get(WHOLE, ReachedCounts()),
        "projects": await projects_part(session, ways, [way.code for way in ways], around.counted, address),
        "reports_due": await reports_due(session, ways, lens.terms.today),
        "evaluations": await evaluations(session, ways, lens.terms.today),
        "fragility": editions_of(programme.country, await every(session, FRAGILITY_LISTS)),
        **money_members(money.get(programme.code)),
    }


async def require_programme(session: AsyncSession, code: str) -> CountryProgramme:
    """Return a country programme.

    Raises:
        NotFound: there is none of that code, or it is not seen.

    """
    programme = await document(session, COUNTRY_PROGRAMMES, country_programme_id(code))
    if programme is None or not sees(session, COUNTRY_PROGRAMMES, programme):
        raise _no_programme(code)
    return programme


def _no_programme(code: str) -> NotFound:
    return NotFound(f"No country programme has the code {code!r}.")


def ways_to(programme: CountryProgramme) -> list[Way]:
    """Return the ways to contribute to a country programme: by each of its outcomes."""
    codes = [country_outcome_code(programme.code, each.code) for each in programme.outcomes]
    return [Way(WHOLE, "country_outcome", code) for code in codes]


def editions_of(country: str, lists: Sequence[FragilityList]) -> list[FragileEdition]:
    """Return whether each edition lists a country, the newest first: a country is fragile by an edition only."""
    ordered = sorted(lists, key=lambda each: (each.published, each.edition), reverse=True)
    made = []
    for each in ordered:
        context = next((c for c in each.contexts if c.country == country), None)
        made.append(
            FragileEdition(
                edition=each.edition,
                publisher=each.publisher,
                published=each.published,
                listed=context is not None,
                level=context.level if context else None,
            )
        )
    return made


async def _around(
    session: AsyncSession, programme: CountryProgramme, ways: Sequence[Way], lens: Lens
) -> _Around:
    codes = [way.code for way in ways]
    name = f"country-programme/{programme.code}"
    framework = await document(session, PROGRAMME_FRAMEWORKS, programme_framework_id(name))
    figures = await figures_by_outcome(
        session, framework, [each.code for each in programme.outcomes], lens.terms.today
    )
    plans = await about(session, WORKPLANS, "country-outcome", codes)
    budgets = await every(session, PROGRAMME_BUDGETS)
    own = [way._replace(name=way.code) for way in ways]
    return _Around(
        counted=await counts(session, [*ways, *own]),
        money=await sums(session, scope_of(session), "country_outcome", lens.terms),
        items=items_of(await seen(session, plans, lens), codes),
        figures=figures,
        outcomes={(b.biennium, each.code): each.titles for b in budgets for each in b.outcomes},
        targets=target_titles(await every(session, DEVELOPMENT_AGENDAS)),
    )


def _outcome(programme: CountryProgramme, outcome: CountryOutcome, around: _Around) -> CountryOutcomeShown:
    code = country_outcome_code(programme.code, outcome.code)
    return CountryOutcomeShown(
        code=outcome.code,
        titles=outcome.titles,
        priority=outcome.priority,
        status=outcome.status,
        programme_outcomes=[
            LinkedOutcome(
                biennium=link.biennium,
                code=link.code,
                percentage=link.percentage,
                known=(link.biennium, link.code) in around.outcomes,
                titles=around.outcomes.get((link.biennium, link.code), ()),
            )
            for link in outcome.programme_outcomes
        ],
        targets=[
            LinkedTarget(
                agenda=link.agenda,
                code=link.code,
                percentage=link.percentage,
                known=(link.agenda, link.code) in around.targets,
                titles=around.targets.get((link.agenda, link.code), ()),
            )
            for link in outcome.agenda_targets
        ],
        un_outcomes=[each.code for each in outcome.un_outcomes],
        indicators=measured((), around.figures.get(outcome.code, ())),
        items=around.items.get(code, []),
        counts=around.counted.get(code, ReachedCounts()),
        **money_members(around.money.get(code)),
    )
