"""Rules of programme frameworks: how the outcomes of a country programme or of a biennium are measured."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from services.monitoring.domain import indicator_as_read
from services.monitoring.faults import faults_of_indicator
from shared.contracts.monitoring.v1 import (
    IndicatorLink,
    OutcomeFramework,
    OutcomeIndicator,
    ProgrammeFramework,
    ResultsFramework,
)
from shared.contracts.projects.v1 import CountryProgramme, ProgrammeBudget
from shared.figures.biennium import Biennium
from shared.figures.contributed import linked_indicator

Faults: TypeAlias = Iterator[tuple[str, str, str]]

COUNTRY_PROGRAMME = "country-programme"
PROGRAMME_BUDGET = "programme-budget"
FIGURES = "/figures"
"""What is read below the address of a framework."""

_LABEL = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}")


def programme_framework_columns(framework: ProgrammeFramework) -> dict[str, Any]:
    """Return the columns of a programme framework that a list may filter by."""
    return {"level": framework.level}


def framework_as_read(framework: ProgrammeFramework) -> ProgrammeFramework:
    """Return the framework with each value as the service makes it, whatever the caller made of it."""

    def read(indicator: OutcomeIndicator) -> OutcomeIndicator:
        return indicator.model_copy(update={"indicator": indicator_as_read(indicator.indicator)})

    outcomes = tuple(
        outcome.model_copy(update={"indicators": tuple(map(read, outcome.indicators))})
        for outcome in framework.outcomes
    )
    return framework.model_copy(update={"outcomes": outcomes})


def faults_of_programme_framework(framework: ProgrammeFramework) -> Faults:
    """Yield what is wrong with a programme framework by itself: its name, its codes, its values, its links."""
    if framework.identifier.endswith(FIGURES):
        yield "/programme", "reserved-identifier", f"No programme ends in {FIGURES!r} here."
    if framework.level == PROGRAMME_BUDGET and not _is_biennium(framework.programme):
        detail = f"{framework.programme!r} is not an even year and the next, as 2024-25 is."
        yield "/programme", "not-a-biennium", detail
    seen = set()
    for place, outcome in enumerate(framework.outcomes):
        if outcome.code in seen:
            yield f"/outcomes/{place}/code", "duplicate-code", f"{outcome.code!r} stands twice."
        seen.add(outcome.code)
        yield from _faults_of_outcome(outcome, f"/outcomes/{place}")


def faults_of_codes(
    framework: ProgrammeFramework,
    programmes: Mapping[str, CountryProgramme],
    budgets: Mapping[str, ProgrammeBudget],
) -> Faults:
    """Yield which outcomes the programme does not have, where it is known.

    Args:
        framework: the programme framework.
        programmes: known country programmes by code.
        budgets: known programmes and budgets by biennium.

    """
    is_of_country = framework.level == COUNTRY_PROGRAMME
    known: CountryProgramme | ProgrammeBudget | None
    known = programmes.get(framework.programme) if is_of_country else budgets.get(framework.programme)
    if known is None:
        return
    codes = {outcome.code for outcome in known.outcomes}
    for place, outcome in enumerate(framework.outcomes):
        if outcome.code not in codes:
            code = "unknown-country-outcome" if is_of_country else "unknown-programme-outcome"
            detail = f"{framework.programme!r} has no outcome {outcome.code!r}."
            yield f"/outcomes/{place}/code", code, detail


def faults_of_inputs(framework: ProgrammeFramework, stored: Mapping[str, ResultsFramework]) -> Faults:
    """Yield which inputs name an indicator that the framework of their activity, where it is stored, does not have."""
    for at, link in placed_inputs(framework):
        of_activity = stored.get(link.iati_identifier)
        if of_activity and linked_indicator(of_activity, link) is None:
            detail = f"{link.iati_identifier!r} has no indicator {link.indicator} of a result {link.result}."
            yield at, "unknown-indicator", detail


def placed_inputs(framework: ProgrammeFramework) -> Iterator[tuple[str, IndicatorLink]]:
    """Yield each input with the pointer to it."""
    for place, outcome in enumerate(framework.outcomes):
        for number, indicator in enumerate(outcome.indicators):
            for count, link in enumerate(indicator.inputs):
                yield f"/outcomes/{place}/indicators/{number}/inputs/{count}", link


def _faults_of_outcome(outcome: OutcomeFramework, at: str) -> Faults:
    seen = set()
    for number, each in enumerate(outcome.indicators):
        if each.code in seen:
            yield f"{at}/indicators/{number}/code", "duplicate-code", f"{each.code!r} stands twice."
        seen.add(each.code)
        yield from faults_of_indicator(each.indicator, f"{at}/indicators/{number}/indicator")
        linked = set()
        for count, link in enumerate(each.inputs):
            name = link.iati_identifier, link.result, link.indicator
            if name in linked:
                detail = "The indicator is linked already, and counts once."
                yield f"{at}/indicators/{number}/inputs/{count}", "duplicate-link", detail
            linked.add(name)


def _is_biennium(label: str) -> bool:
    return (
        bool(_LABEL.fullmatch(label)) and not int(label[:4]) % 2 and Biennium(int(label[:4])).label == label
    )
