"""Rules of contributions: what a link names, how links share the money, and that they fit the time of the activity."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from services.monitoring.copies import KnownActivity
from shared.contracts.monitoring.v1 import ContributionLink, Contributions
from shared.contracts.projects.v1 import CountryProgramme, ProgrammeBudget
from shared.figures.biennium import Biennium, biennium_named
from shared.figures.shares import share_faults

Faults: TypeAlias = Iterator[tuple[str, str, str]]

ORPHANS = "orphans"
"""Below the address of all contributions: what has no line of sight, not an activity."""


def contributions_columns(contributions: Contributions) -> dict[str, Any]:
    """Return the columns of contributions that a list may filter by."""
    return {"outcomes": sorted({name for link in contributions.links for name in outcomes_of(link)})}


def outcomes_of(link: ContributionLink) -> tuple[str, ...]:
    """Return the names of the outcomes of a link: ``<programme>/<code>`` or ``<biennium>/<code>``."""
    country, programme = link.country_outcome, link.programme_outcome
    names = (f"{country.programme}/{country.code}",) if country else ()
    return (*names, f"{programme.biennium}/{programme.code}") if programme else names


def faults_of_contributions(contributions: Contributions) -> Faults:
    """Yield what is wrong with the contributions of an activity by themselves."""
    if contributions.iati_identifier == ORPHANS:
        yield "/iati_identifier", "reserved-identifier", "What has no line of sight has this address."
    seen: set[tuple[str, ...]] = set()
    for place, link in enumerate(contributions.links):
        names = outcomes_of(link)
        if not names:
            yield f"/links/{place}", "outcome-missing", "A link names an outcome."
        elif len(names) > 1:
            detail = "A link names an outcome of a country or of a programme and budget, not both."
            yield f"/links/{place}", "outcome-ambiguous", detail
        elif names in seen:
            yield f"/links/{place}", "duplicate-link", f"There is a link to {names[0]!r} already."
        seen.add(names)
    yield from _faults_of_shares(contributions.links)


def faults_of_links(
    contributions: Contributions,
    activity: KnownActivity | None,
    programmes: Mapping[str, CountryProgramme],
    budgets: Mapping[str, ProgrammeBudget],
) -> Faults:
    """Yield which links name what does not exist or does not fit the time of the activity, where that is known.

    Args:
        contributions: the links of the activity.
        activity: the activity, None where it is not known.
        programmes: known country programmes by code.
        budgets: known programmes and budgets by biennium.

    """
    for place, link in enumerate(contributions.links):
        if link.country_outcome and (programme := programmes.get(link.country_outcome.programme)):
            at = f"/links/{place}/country_outcome"
            yield from _of_country(at, link.country_outcome.code, programme, activity)
        if link.programme_outcome:
            biennium = link.programme_outcome.biennium
            at = f"/links/{place}/programme_outcome"
            yield from _of_programme(at, link.programme_outcome.code, biennium, budgets.get(biennium))
            yield from _of_biennium(at, biennium_named(biennium), activity)


def _faults_of_shares(links: Sequence[ContributionLink]) -> Faults:
    """Yield which percentages are more than a whole.

    A whole are the links that count in a biennium, as in ``outcomes.Contributed.division``: those to country outcomes,
    which count in each, and those to outcomes of its own programme and budget.
    """
    placed = [(f"/links/{place}", link, link.programme_outcome) for place, link in enumerate(links)]
    found: dict[tuple[str, str, str], None] = {}
    for biennium in sorted({product.biennium if product else "" for _, _, product in placed}):
        whole = (
            (at, link.percentage)
            for at, link, product in placed
            if link.country_outcome or (product and product.biennium == biennium)
        )
        found |= dict.fromkeys(share_faults(whole))
    yield from found


def _of_country(at: str, code: str, programme: CountryProgramme, activity: KnownActivity | None) -> Faults:
    if code not in {outcome.code for outcome in programme.outcomes}:
        detail = f"The country programme {programme.code!r} has no outcome {code!r}."
        yield f"{at}", "unknown-country-outcome", detail
    elif activity and not activity.overlaps(programme.period_start, programme.period_end):
        detail = f"The activity does not run in the period of {programme.code!r}."
        yield f"{at}", "country-outcome-not-valid", detail


def _of_programme(at: str, code: str, biennium: str, budget: ProgrammeBudget | None) -> Faults:
    if budget and code not in {outcome.code for outcome in budget.outcomes}:
        detail = f"The programme and budget {biennium} has no outcome {code!r}."
        yield f"{at}", "unknown-programme-outcome", detail


def _of_biennium(at: str, biennium: Biennium, activity: KnownActivity | None) -> Faults:
    if activity and not activity.overlaps(biennium.start, biennium.end):
        detail = f"The activity does not run in {biennium.label}."
        yield f"{at}", "outcome-of-another-biennium", detail
