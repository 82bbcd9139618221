"""What the read model keeps of each fact: pure functions from contracts to rows."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from shared.contracts.funding.v1 import ActivityFinance, Earmarking, Transaction
from shared.contracts.iati import Narratives, VocabularyCode
from shared.contracts.projects.v1 import Activity
from shared.figures.attribution import DEFAULT_VOCABULARY, FUNDING_ROLE, INCOMING_TYPES, donor_code
from shared.figures.outcomes import OUTCOME_DIMENSIONS, Contributed

LONGEST_RUN = 100
"""Years that a project may span before only its first and last count: publishers write years 1000 and 9619."""

WORDS_LIMIT = 100_000
"""Characters of titles and descriptions that the text search knows of."""

LABEL_LIMIT = 200
CODE_LIMIT = 500
"""Characters of a code that a database index takes; longer ones are donors' names."""

CATEGORIES = {"1": "Un-earmarked", "2": "Softly earmarked", "3": "Earmarked", "4": "Tightly earmarked"}
"""EarmarkingCategory."""

Membership = tuple[str, str, str | None]
"""Dimension, code and label."""


def bounded(code: str) -> str:
    """Return a code as far as it is told apart by."""
    return code[:CODE_LIMIT]


def first_text(narratives: Narratives) -> str | None:
    """Return the text that a publisher put first."""
    return narratives[0].text if narratives else None


def dates_of(activity: Activity) -> dict[str, date]:
    """Return the first date of each ActivityDateType."""
    dates: dict[str, date] = {}
    for entry in activity.dates:
        dates.setdefault(entry.type, entry.date)
    return dates


def years_of(activity: Activity) -> Iterator[int]:
    """Yield the years that an activity runs in, by its actual dates or else the planned ones."""
    dates = dates_of(activity)
    start = dates.get("2") or dates.get("1")
    end = dates.get("4") or dates.get("3") or start
    start = start or end
    if start is None or end is None:
        return
    if 0 <= end.year - start.year <= LONGEST_RUN:
        yield from range(start.year, end.year + 1)
    else:
        yield from {start.year, end.year}


def activity_memberships(activity: Activity) -> set[Membership]:
    """Return the countries, regions, DAC sectors, donors and years that an activity names."""
    memberships: set[Membership] = {("year", str(year), None) for year in years_of(activity)}
    memberships |= {("country", c.code, first_text(c.narratives)) for c in activity.recipient_countries}
    memberships |= {
        ("region", r.code, first_text(r.narratives)) for r in activity.recipient_regions if _is_dac(r)
    }
    memberships |= {("sector", s.code, first_text(s.narratives)) for s in activity.sectors if _is_dac(s)}
    for organisation in activity.participating_organisations:
        code = donor_code(organisation)
        if organisation.role == FUNDING_ROLE and code:
            memberships.add(("donor", code, first_text(organisation.names)))
    return _one_label(memberships)


def finance_memberships(finance: ActivityFinance) -> set[Membership]:
    """Return the countries, regions, DAC sectors, donors, years and earmarkings that an activity's money names."""
    memberships: set[Membership] = {("year", str(year), None) for year in money_years(finance)}
    if finance.earmarking:
        memberships |= set(_earmarking_memberships(finance.earmarking))
    for transaction in finance.transactions:
        memberships |= set(_transaction_memberships(transaction))
    return _one_label(memberships)


def _transaction_memberships(transaction: Transaction) -> Iterator[Membership]:
    if transaction.earmarking:
        yield from _earmarking_memberships(transaction.earmarking)
    if transaction.recipient_country:
        yield (
            "country",
            transaction.recipient_country.code,
            first_text(transaction.recipient_country.narratives),
        )
    if transaction.recipient_region and _is_dac(transaction.recipient_region):
        yield "region", transaction.recipient_region.code, first_text(transaction.recipient_region.narratives)
    for sector in transaction.sectors:
        if _is_dac(sector):
            yield "sector", sector.code, first_text(sector.narratives)
    if transaction.type in INCOMING_TYPES and transaction.provider:
        code = donor_code(transaction.provider)
        if code:
            yield "donor", code, first_text(transaction.provider.names)


def money_years(finance: ActivityFinance) -> set[int]:
    """Return the years that an activity has budgets, plans or transactions in."""
    return {
        *(budget.period_start.year for budget in finance.budgets),
        *(plan.period_start.year for plan in finance.planned_disbursements),
        *(transaction.date.year for transaction in finance.transactions),
    }


def contribution_memberships(
    contributed: Contributed, activity: Activity | None, finance: ActivityFinance | None
) -> set[Membership]:
    """Return the outcomes, country programmes and SDG targets that an activity contributes to."""
    years = {*(years_of(activity) if activity else ()), *(money_years(finance) if finance else ())}
    memberships: set[Membership] = {
        ("country_programme", code, None) for code in contributed.programme_codes()
    }
    for dimension in OUTCOME_DIMENSIONS:
        memberships |= {(dimension, code, None) for code in contributed.codes(dimension, years)}
    return _one_label(memberships)


def _earmarking_memberships(earmarking: Earmarking) -> Iterator[Membership]:
    yield "earmarking", earmarking.category, CATEGORIES[earmarking.category]
    if earmarking.modality:
        yield "modality", earmarking.modality, None


def _is_dac(code: VocabularyCode) -> bool:
    return code.vocabulary in (None, DEFAULT_VOCABULARY)


def _one_label(memberships: Iterable[Membership]) -> set[Membership]:
    labels: dict[tuple[str, str], str | None] = {}
    for dimension, full_code, label in memberships:
        code = bounded(full_code)
        known = labels.get((dimension, code))
        labels[dimension, code] = min(filter(None, (known, label)), default=None)
    return {
        (dimension, code, label and label[:LABEL_LIMIT])
        for (dimension, code), label in labels.items()
        if code
    }


def membership_rows(project_id: UUID, part: str, memberships: Iterable[Membership]) -> list[dict[str, Any]]:
    """Return the rows of a project's memberships, in a stable order."""
    return [
        {"project_id": project_id, "part": part, "dimension": dimension, "code": code, "label": label}
        for dimension, code, label in sorted(memberships, key=lambda m: (m[0], m[1]))
    ]


def words_of(activity: Activity) -> str:
    """Return what a text search looks through: titles and descriptions in every language."""
    narratives = [*activity.titles, *(n for d in activity.descriptions for n in d.narratives)]
    return "\n".join(narrative.text for narrative in narratives)[:WORDS_LIMIT]


def codes(memberships: Iterable[Membership], dimension: str) -> list[str]:
    """Return the codes of one dimension, in order."""
    return sorted(code for kind, code, _ in memberships if kind == dimension)


def activity_listing(activity: Activity, memberships: Iterable[Membership]) -> str:
    """Return the JSON text of an activity in brief."""
    dates = dates_of(activity)
    return to_json(
        {
            "title": first_text(activity.titles),
            "titles": [narrative.model_dump() for narrative in activity.titles],
            "reporting_organisation": activity.reporting_organisation.ref,
            "status": activity.status,
            "hierarchy": activity.hierarchy,
            "humanitarian": activity.humanitarian,
            "planned_start": dates.get("1"),
            "actual_start": dates.get("2"),
            "planned_end": dates.get("3"),
            "actual_end": dates.get("4"),
            "countries": codes(memberships, "country"),
            **{f"{name}s": codes(memberships, name) for name in ("region", "sector", "donor")},
        }
    ).decode()
