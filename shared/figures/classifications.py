"""Codes that follow from other codes: the objective of an outcome, the office of a country, how fragile it is.

Source: ILO Programme and Budget (an outcome's strategic objective); the organisation's field structure; publishers'
lists of fragile contexts, which change from edition to edition.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from shared.contracts.iati import Narratives
from shared.contracts.projects.v1 import FieldOffice, FragilityList, ProgrammeBudget
from shared.figures.outcomes import outcome_code

FIRST_YEAR, LAST_YEAR = 1, 9999
"""What is not bound to years holds from the first to the last."""

LEVELS = {
    "country-office": 1,
    "project-office": 1,
    "decent-work-team": 2,
    "regional-office": 3,
    "headquarters": 4,
}
"""Offices from the lowest level up. A liaison office serves no country's projects."""

ENGLISH = "en"
LISTED, NOT_LISTED = "listed", "not-listed"


class Follows(NamedTuple):
    """The code that follows from another, in some years; from an empty one, for every code that has none of its own."""

    source_code: str
    from_year: int
    to_year: int
    code: str


def objectives(budget: ProgrammeBudget) -> Iterator[Follows]:
    """Yield the strategic objective of each outcome (ILO Programme and Budget); one that serves them all has none."""
    for outcome in budget.outcomes:
        if outcome.objective is not None:
            source = outcome_code(budget.biennium, outcome.code)
            yield Follows(source, FIRST_YEAR, LAST_YEAR, outcome.objective)


def offices_of_countries(offices: Iterable[FieldOffice]) -> Iterator[Follows]:
    """Yield the office of each country: the one of the lowest level that lists it (the organisation's field structure).

    A country that two offices of that level list has none: which of them it is would be a guess.
    """
    found: dict[str, dict[int, set[str]]] = {}
    for office in offices:
        if office.kind in LEVELS:
            for country in office.countries:
                found.setdefault(country, {}).setdefault(LEVELS[office.kind], set()).add(office.code)
    for country, levels in sorted(found.items()):
        lowest = levels[min(levels)]
        if len(lowest) == 1:
            yield Follows(country, FIRST_YEAR, LAST_YEAR, lowest.pop())


def fragility(lists: Iterable[FragilityList]) -> Iterator[Follows]:
    """Yield how fragile each country is by the list that holds in a year (publishers' editions).

    It is the newest that was published up to the first day of the year, whoever published it; of two of one day, the
    one whose edition comes last. Before the first, nothing follows.
    """
    ordered = sorted(lists, key=lambda each: (each.published, each.edition))
    starts = [_first_year(each) for each in ordered]
    for each, start, following in zip(ordered, starts, [*starts[1:], LAST_YEAR + 1], strict=True):
        if start < following:
            yield Follows("", start, following - 1, fragility_code(each.edition, NOT_LISTED))
            for context in each.contexts:
                code = fragility_code(each.edition, context.level or LISTED)
                yield Follows(context.country, start, following - 1, code)


def fragility_code(edition: str, level: str) -> str:
    """Return what a country is by an edition, as ``OECD-2022/extreme``."""
    return f"{edition}/{level}"


def fragility_levels(edition: FragilityList) -> set[str]:
    """Return the levels that an edition tells, that of countries which it does not list among them."""
    return {NOT_LISTED, *(context.level or LISTED for context in edition.contexts)}


def follower(rows: Iterable[Follows]) -> Callable[[str, int], str]:
    """Return what tells the code that follows from a code in a year; an empty one where none does."""
    known: dict[str, list[Follows]] = {}
    for row in rows:
        known.setdefault(row.source_code, []).append(row)

    def follows(source_code: str, year: int) -> str:
        if not source_code:
            return ""
        found = [*known.get(source_code, ()), *known.get("", ())]
        return next((row.code for row in found if row.from_year <= year <= row.to_year), "")

    return follows


def title_of(narratives: Narratives) -> str | None:
    """Return the title in English, or else the first."""
    english = (each.text for each in narratives if (each.lang or "").lower().split("-")[0] == ENGLISH)
    return next(english, narratives[0].text if narratives else None)


def _first_year(edition: FragilityList) -> int:
    published = edition.published
    return published.year if (published.month, published.day) == (1, 1) else published.year + 1
