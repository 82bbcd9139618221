"""What the sample's projects contribute to, and how the outcomes of programmes are measured: all invented.

Links follow the country, the theme and the time of a project.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache

from deploy.local.sample import frameworks as told
from deploy.local.sample.calls import Body
from deploy.local.sample.draw import Draw
from deploy.local.sample.measured import measured, projects
from deploy.local.sample.programming import country_programmes, programme_budgets
from deploy.local.sample.project import REFERENCE, Project
from shared.contracts.iati import Narrative
from shared.contracts.monitoring.v1 import (
    Baseline,
    ContributionLink,
    Contributions,
    Indicator,
    IndicatorLink,
    Measurement,
    OutcomeFramework,
    OutcomeIndicator,
    Period,
    ProgrammeFramework,
)
from shared.contracts.projects.v1 import (
    CountryOutcomeLink,
    CountryProgramme,
    ProgrammeOutcome,
    ProgrammeOutcomeLink,
)
from shared.figures.biennium import Biennium
from shared.figures.readings import read_number

SEED = 41_302
ORPHAN_EVERY = 23
"""Of so many projects one is linked to nothing, though it could be."""
MEASURED_COUNTRIES = 5
UNIT = "1"


def contributions() -> Iterator[Contributions]:
    """Yield what each project contributes to that runs in the time of an outcome, but for a few orphans."""
    for number, project in enumerate(projects()):
        links = tuple(_links(project, Draw(SEED + number)))
        if links and number % ORPHAN_EVERY:
            yield Contributions(iati_identifier=project.identifier, links=links)


def programme_frameworks() -> Iterator[ProgrammeFramework]:
    """Yield the frameworks of the bienniums and of some country programmes."""
    yield from _frameworks_of_bienniums()
    yield from _frameworks_of_countries()


def _links(project: Project, draw: Draw) -> Iterator[ContributionLink]:
    programme = _programme_of(project)
    global_products = [
        each.label for each in _bienniums() if _overlap(project.start, project.end, each.start, each.end)
    ]
    outcomes = draw.several(programme.outcomes, draw.between(1, 2)) if programme else []
    products = global_products[:1] if global_products and (not outcomes or draw.chance(35)) else []
    count = len(outcomes) + len(products)
    shares = draw.percentages(count) if draw.chance(85) and count else [None] * count
    for place, share in enumerate(shares):
        percentage = None if share is None else Decimal(share)
        kind = "direct" if place == 0 or draw.chance(50) else "supporting"
        if programme and place < len(outcomes):
            link = CountryOutcomeLink(programme=programme.code, code=outcomes[place].code)
            yield ContributionLink(
                type="direct" if kind == "direct" else "supporting",
                country_outcome=link,
                percentage=percentage,
            )
        else:
            product = ProgrammeOutcomeLink(biennium=products[0], code=project.theme.outcome[0])
            yield ContributionLink(type="supporting", programme_outcome=product, percentage=percentage)


def _frameworks_of_bienniums() -> Iterator[ProgrammeFramework]:
    for budget in programme_budgets():
        biennium = Biennium(int(budget.biennium[:4]))
        yield ProgrammeFramework(
            level="programme-budget",
            programme=budget.biennium,
            sample=True,
            outcomes=tuple(
                OutcomeFramework(
                    code=outcome.code,
                    indicators=(
                        *_own_indicators(outcome, biennium),
                        _people(
                            f"{outcome.code}.P",
                            biennium.start,
                            biennium.end,
                            f"{budget.biennium}/{outcome.code}",
                        ),
                    ),
                )
                for outcome in budget.outcomes
            ),
        )


def _own_indicators(outcome: ProgrammeOutcome, biennium: Biennium) -> Iterator[OutcomeIndicator]:
    """Yield the indicators of the programme and budget, which count countries and have no inputs."""
    for each in outcome.indicators:
        baseline, target = each.baseline or Decimal(0), each.target or Decimal(0)
        reached = baseline + (target - baseline) * 3 // 5
        is_over = biennium.end <= REFERENCE
        yield OutcomeIndicator(
            code=each.code,
            indicator=Indicator(
                measure=UNIT,
                titles=each.titles,
                baselines=(Baseline(year=biennium.first_year - 1, **_value(baseline)),),
                periods=(
                    Period(
                        start=biennium.start,
                        end=biennium.end,
                        targets=(Measurement(**_value(target)),),
                        actuals=(Measurement(**_value(reached)),) if is_over else (),
                    ),
                ),
            ),
        )


def _frameworks_of_countries() -> Iterator[ProgrammeFramework]:
    for programme in list(country_programmes())[:MEASURED_COUNTRIES]:
        yield ProgrammeFramework(
            level="country-programme",
            programme=programme.code,
            sample=True,
            outcomes=tuple(
                OutcomeFramework(
                    code=outcome.code,
                    indicators=(
                        _people(
                            f"{outcome.code}.P",
                            programme.period_start,
                            programme.period_end,
                            f"{programme.code}/{outcome.code}",
                        ),
                    ),
                )
                for outcome in programme.outcomes
            ),
        )


def _people(code: str, start: date, end: date, outcome: str) -> OutcomeIndicator:
    """Return the indicator of how many people projects reached, with what each of them counted."""
    inputs = [
        IndicatorLink(
            iati_identifier=projects()[number].identifier, result=each.result, indicator=each.indicator
        )
        for number in sorted(_contributing().get(outcome, ()))
        for each in measured(number)
        if each.counts_people
    ]
    return OutcomeIndicator(
        code=code,
        operator="sum",
        inputs=tuple(inputs),
        indicator=Indicator(
            measure=UNIT,
            titles=(Narrative(text="People reached by projects (sample)", lang="en"),),
            baselines=(Baseline(year=start.year - 1, **_value(Decimal(0))),),
            periods=(
                Period(
                    start=start,
                    end=end,
                    targets=(Measurement(**_value(Decimal(2000 * max(1, len(inputs))))),),
                ),
            ),
        ),
    )


def _value(number: Decimal) -> Body:
    return {"value": read_number(f"{number:f}")}


@cache
def _programmes() -> dict[str, CountryProgramme]:
    return {programme.country: programme for programme in country_programmes()}


def _programme_of(project: Project) -> CountryProgramme | None:
    """Return the programme of the project's country, if the project runs in its time."""
    programme = _programmes()[project.country.code]
    runs = _overlap(project.start, project.end, programme.period_start, programme.period_end)
    return programme if runs else None


def _bienniums() -> tuple[Biennium, ...]:
    return tuple(Biennium(int(label[:4])) for label in told.BIENNIUMS)


@cache
def _contributing() -> dict[str, frozenset[int]]:
    """Return the numbers of the projects that contribute to each outcome, as ``<programme>/<code>``.

    What contributes to a country outcome contributes to the outcomes of the programme and budget that it is linked to.
    """
    numbers = {project.identifier: project.number for project in projects()}
    serves = {
        f"{programme.code}/{outcome.code}": [
            f"{link.biennium}/{link.code}" for link in outcome.programme_outcomes
        ]
        for programme in country_programmes()
        for outcome in programme.outcomes
    }
    found: dict[str, set[int]] = {}
    for each in contributions():
        for name in _named(each.links):
            for outcome in (name, *serves.get(name, ())):
                found.setdefault(outcome, set()).add(numbers[each.iati_identifier])
    return {name: frozenset(members) for name, members in found.items()}


def _named(links: Iterable[ContributionLink]) -> Iterator[str]:
    for link in links:
        if link.country_outcome:
            yield f"{link.country_outcome.programme}/{link.country_outcome.code}"
        if link.programme_outcome:
            yield f"{link.programme_outcome.biennium}/{link.programme_outcome.code}"


def _overlap(start: date, end: date, other_start: date, other_end: date) -> bool:
    return start <= other_end and other_start <= end
