"""The programming frameworks of the sample: plausible, invented, and each title marked as a sample.

The outcomes have the codes that the sample's projects name, in the biennium that a project starts in or the next.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from deploy.local.sample import frameworks as told
from deploy.local.sample.places import COUNTRIES, REGIONS, Country
from deploy.local.sample.project import REFERENCE
from shared.contracts.base import Contract
from shared.contracts.iati import Narrative, Narratives, VocabularyCode
from shared.contracts.projects.v1 import (
    AgendaGoal,
    AgendaTarget,
    CountryOutcome,
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragileContext,
    FragilityList,
    ProgrammeBudget,
    ProgrammeIndicator,
    ProgrammeOutcome,
    ProgrammePriority,
    StrategicObjective,
    WeightedOutcomeLink,
    WeightedTargetLink,
)

MARKS = {"en": "(sample)", "fr": "(exemple)", "es": "(muestra)"}
LAST_YEAR = 2027
"""Of the programmes and budgets that are there."""
PROGRAMME_YEARS = 4
FEWEST_OUTCOMES = 3
_SHARES = {n: tuple(map(Decimal, shares)) for n, shares in {1: (100,), 2: (60, 40), 3: (50, 30, 20)}.items()}
"""Percentages of what an outcome spends, by the number of targets that it serves."""


class Documents(NamedTuple):
    """Documents of one kind and the address that they are sent to."""

    path: str
    documents: tuple[Contract, ...]


def sample_frameworks() -> tuple[Documents, ...]:
    """Return every framework of the sample, what is named before what names it."""
    return (
        Documents("/v1/programme-budgets", tuple(programme_budgets())),
        Documents("/v1/development-agendas", tuple(development_agendas())),
        Documents("/v1/fragility-lists", (fragility_list(),)),
        Documents("/v1/field-offices", tuple(field_offices())),
        Documents("/v1/country-programmes", tuple(country_programmes())),
    )


def programme_budgets() -> Iterator[ProgrammeBudget]:
    """Yield the programmes and budgets, of which the second starts from the targets of the first."""
    for place, biennium in enumerate(told.BIENNIUMS):
        yield ProgrammeBudget(
            biennium=biennium,
            titles=_titles(
                f"Programme and Budget {biennium}|Programme et budget {biennium}|Programa y presupuesto {biennium}"
            ),
            sample=True,
            objectives=tuple(
                StrategicObjective(code=code, titles=_titles(text)) for code, text in told.OBJECTIVES.items()
            ),
            outcomes=tuple(_programme_outcome(outcome, place) for outcome in told.OUTCOMES),
        )


def _programme_outcome(outcome: told.Outcome, place: int) -> ProgrammeOutcome:
    return ProgrammeOutcome(
        code=outcome.code,
        titles=_titles(outcome.titles),
        objective=outcome.objective,
        indicators=tuple(
            ProgrammeIndicator(
                code=f"{outcome.code}.{number}",
                titles=_titles(titles),
                unit="countries",
                baseline=Decimal(place * target),
                target=Decimal((place + 1) * target),
            )
            for number, (titles, target) in enumerate(outcome.indicators, 1)
        ),
    )


def country_programmes() -> Iterator[CountryProgramme]:
    """Yield a programme for each country of the sample, of four years, three to five outcomes each."""
    for number, country in enumerate(COUNTRIES):
        first = LAST_YEAR - PROGRAMME_YEARS + 1 - number % 3
        end = date(first + PROGRAMME_YEARS - 1, 12, 31)
        yield CountryProgramme(
            code=f"SAMPLE-DWCP-{country.code}-{first}",
            country=country.code,
            titles=_titles(
                "|".join(
                    f"{text} {country.names.get(language, country.names['en'])}, {first}-{end.year}"
                    for language, text in told.DWCP.items()
                )
            ),
            sample=True,
            period_start=date(first, 1, 1),
            period_end=end,
            status="completed" if end < REFERENCE else "active",
            priorities=tuple(
                ProgrammePriority(code=code, titles=_titles(text)) for code, text in told.PRIORITIES.items()
            ),
            outcomes=tuple(_country_outcomes(number, country, first)),
        )


def _country_outcomes(number: int, country: Country, first_year: int) -> Iterator[CountryOutcome]:
    last_year = first_year + PROGRAMME_YEARS - 1
    bienniums = [each for each in told.BIENNIUMS if int(each[:4]) <= last_year]
    for place in range(FEWEST_OUTCOMES + number % 3):
        idea = told.COUNTRY_OUTCOMES[(number + place * 2) % len(told.COUNTRY_OUTCOMES)]
        yield CountryOutcome(
            code=f"{told.THREE_LETTERS[country.code]} {101 + place}",
            titles=_titles(idea.titles),
            priority=idea.priority,
            status=told.STATUSES[(number + place) % len(told.STATUSES)],
            programme_outcomes=tuple(
                WeightedOutcomeLink(biennium=biennium, code=idea.outcome) for biennium in bienniums
            ),
            un_outcomes=(VocabularyCode(code=str(1 + place % 4), vocabulary="99"),),
            agenda_targets=tuple(
                WeightedTargetLink(agenda="SDG", code=code, percentage=percentage)
                for code, percentage in zip(idea.targets, _SHARES[len(idea.targets)], strict=True)
            ),
        )


def development_agendas() -> Iterator[DevelopmentAgenda]:
    """Yield the agendas with those of their goals and targets that the sample needs."""
    for agenda in told.AGENDAS:
        yield DevelopmentAgenda(
            code=agenda.code,
            titles=_titles(agenda.titles),
            sample=True,
            valid_from=agenda.valid_from,
            valid_to=agenda.valid_to,
            goals=tuple(AgendaGoal(code=code, titles=_titles(text)) for code, text in agenda.goals.items()),
            targets=tuple(
                AgendaTarget(code=code, titles=_titles(text), goal=code.split(".")[0])
                for code, text in agenda.targets.items()
            ),
        )


def fragility_list() -> FragilityList:
    """Return an edition that nobody published."""
    return FragilityList(
        edition="SAMPLE-2025",
        titles=_titles("Fragile contexts, 2025|Contextes fragiles, 2025|Contextos frágiles, 2025"),
        sample=True,
        published=date(2025, 3, 1),
        publisher="Nobody (sample)",
        contexts=tuple(FragileContext(country=code, level=level) for code, level in told.FRAGILE.items()),
    )


def field_offices() -> Iterator[FieldOffice]:
    """Yield headquarters, an office for each large region, and one for each region of the sample's countries."""
    yield FieldOffice(
        code="SAMPLE-HQ", names=_titles("Headquarters|Siège|Sede"), sample=True, kind="headquarters"
    )
    for code, (names, regions) in told.LARGE_REGIONS.items():
        place = VocabularyCode(code=code, vocabulary="99", narratives=_titles(names))
        yield FieldOffice(
            code=f"SAMPLE-RO-{code}",
            names=_titles("|".join(f"{a} {b}" for a, b in zip(told.REGIONAL, names.split("|"), strict=True))),
            sample=True,
            kind="regional-office",
            region=place,
            parent="SAMPLE-HQ",
            countries=tuple(sorted(each.code for each in COUNTRIES if each.region in regions)),
        )
        for region in regions:
            yield FieldOffice(
                code=f"SAMPLE-CO-{region}",
                names=_titles(f"Country office for {REGIONS[region]}"),
                sample=True,
                kind="country-office",
                region=place,
                parent=f"SAMPLE-RO-{code}",
                countries=tuple(sorted(each.code for each in COUNTRIES if each.region == region)),
            )


def _titles(text: str) -> Narratives:
    """Return a title in English, or in English, French and Spanish parted by bars, each marked as a sample."""
    return tuple(
        Narrative(text=f"{each} {MARKS[language]}", lang=language)
        for language, each in zip(MARKS, text.split("|"), strict=False)
    )
