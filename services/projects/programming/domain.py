"""Rules of programming frameworks: the columns that lists filter by, and what an author may not write.

What a country programme names has to fit its period: outcomes of a programme and budget whose biennium it runs in,
and targets of an agenda that is in force then. Whether such a code exists can be told only where the document that
holds it is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from shared.contracts.projects.v1 import (
    CountryOutcome,
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
)
from shared.figures.biennium import biennium_named
from shared.figures.shares import share_faults

Faults: TypeAlias = Iterator[tuple[str, str, str]]


def country_programme_columns(programme: CountryProgramme) -> dict[str, Any]:
    """Return the columns of a country programme that a list may filter by."""
    return {
        "country": programme.country,
        "status": programme.status,
        "period_start": programme.period_start,
        "period_end": programme.period_end,
    }


def development_agenda_columns(agenda: DevelopmentAgenda) -> dict[str, Any]:
    """Return the columns of a development agenda that a list may filter by."""
    return {"valid_from": agenda.valid_from, "valid_to": agenda.valid_to or date.max}


def fragility_list_columns(listed: FragilityList) -> dict[str, Any]:
    """Return the columns of a list of fragile contexts that a list may filter by."""
    return {
        "publisher": listed.publisher,
        "published": listed.published,
        "countries": sorted(context.country for context in listed.contexts),
    }


def field_office_columns(office: FieldOffice) -> dict[str, Any]:
    """Return the columns of a field office that a list may filter by."""
    return {
        "kind": office.kind,
        "region": office.region.code if office.region else None,
        "countries": sorted(office.countries),
    }


def faults_of_country_programme(programme: CountryProgramme) -> Faults:
    """Yield what is wrong with a country programme by itself."""
    for place, outcome in enumerate(programme.outcomes):
        for number, link in enumerate(outcome.programme_outcomes):
            biennium = biennium_named(link.biennium)
            if biennium.end < programme.period_start or biennium.start > programme.period_end:
                yield (
                    f"/outcomes/{place}/programme_outcomes/{number}",
                    "outcome-of-another-biennium",
                    f"The programme does not run in {link.biennium}.",
                )

        yield from _share_faults(f"/outcomes/{place}/programme_outcomes", _by_biennium(outcome))
        yield from _share_faults(f"/outcomes/{place}/agenda_targets", _by_agenda(outcome))


def _by_biennium(outcome: CountryOutcome) -> Iterator[tuple[str, Decimal | None]]:
    return ((link.biennium, link.percentage) for link in outcome.programme_outcomes)


def _by_agenda(outcome: CountryOutcome) -> Iterator[tuple[str, Decimal | None]]:
    return ((link.agenda, link.percentage) for link in outcome.agenda_targets)


def _share_faults(pointer: str, links: Iterable[tuple[str, Decimal | None]]) -> Faults:
    """Yield what is wrong with percentages of links, of which those of one whole add up to at most 100."""
    wholes: dict[str, list[tuple[str, Decimal | None]]] = {}
    for number, (whole, percentage) in enumerate(links):
        wholes.setdefault(whole, []).append((f"{pointer}/{number}", percentage))
    for shares in wholes.values():
        yield from share_faults(shares)


def faults_of_links(
    programme: CountryProgramme,
    budgets: Mapping[str, ProgrammeBudget],
    agendas: Mapping[str, DevelopmentAgenda],
) -> Faults:
    """Yield what a country programme names that does not exist or is not in force, where that is known.

    Args:
        programme: the country programme.
        budgets: known programmes and budgets by biennium.
        agendas: known development agendas by code.

    """
    outcomes = {biennium: {each.code for each in budget.outcomes} for biennium, budget in budgets.items()}
    targets = {code: {each.code for each in agenda.targets} for code, agenda in agendas.items()}
    for place, outcome in enumerate(programme.outcomes):
        for number, link in enumerate(outcome.programme_outcomes):
            if link.code not in outcomes.get(link.biennium, {link.code}):
                yield (
                    f"/outcomes/{place}/programme_outcomes/{number}",
                    "unknown-programme-outcome",
                    f"The programme and budget {link.biennium} has no outcome {link.code!r}.",
                )
        for number, target in enumerate(outcome.agenda_targets):
            agenda = agendas.get(target.agenda)
            if agenda is None:
                continue
            if not _in_force(agenda, programme):
                yield (
                    f"/outcomes/{place}/agenda_targets/{number}",
                    "agenda-not-in-force",
                    f"{target.agenda} is not in force in the period of the programme.",
                )
            elif target.code not in targets[target.agenda]:
                yield (
                    f"/outcomes/{place}/agenda_targets/{number}",
                    "unknown-agenda-target",
                    f"{target.agenda} has no target {target.code!r}.",
                )


def _in_force(agenda: DevelopmentAgenda, programme: CountryProgramme) -> bool:
    starts_in_time = agenda.valid_from <= programme.period_end
    return starts_in_time and (agenda.valid_to is None or agenda.valid_to >= programme.period_start)
