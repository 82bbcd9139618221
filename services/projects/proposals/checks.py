"""Machine checks of the appraisal: what can be read in a proposal itself, as (pointer, code, detail).

Sources: ILO EVAL, evaluability review (baselines, targets, milestones, means of verification, reserved budget);
ILO PARDEV, appraisal (programme and budget, country programmes). They hold for a revision that is to pass.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from shared.contracts.iati import Narratives
from shared.contracts.projects.v1 import (
    CountryProgramme,
    CriteriaSet,
    ProgrammeBudget,
    Proposal,
    ProposalIndicator,
    ProposalPeriod,
    ProposalValue,
)
from shared.figures.biennium import biennium_named
from shared.figures.currencies import exists
from shared.figures.exact import EXACT

Found: TypeAlias = tuple[str, str, str]

MONITORING = "monitoring-and-evaluation"
MARKERS = ("gender", "labour_standards", "social_dialogue", "environment")
_READ_OTHERWISE = "/checks"
_WHOLE = Decimal(100)


def faults_of_content(proposal: Proposal) -> list[Found]:
    """Return what keeps a proposal from being written at all, however early it is."""
    faults: list[Found] = []
    if proposal.identifier.endswith(_READ_OTHERWISE):
        detail = f"An identifier does not end in {_READ_OTHERWISE}, where the checks are read."
        faults.append(("/identifier", "reserved-identifier", detail))
    if proposal.period is not None and proposal.period.end < proposal.period.start:
        faults.append(("/period/end", "period-ends-before-start", "The period ends before it starts."))
    if proposal.amount is not None:
        if proposal.amount.currency is None:
            faults.append(("/amount/currency", "missing-currency", "The amount names no currency."))
        elif not exists(proposal.amount.currency):
            faults.append(("/amount/currency", "unknown-currency", "There is and was no such currency."))
        if proposal.amount.amount < 0:
            faults.append(("/amount/amount", "negative-budget", "An amount is not below zero."))
    faults += [
        (f"/budget/{place}/amount", "negative-budget", "A budget is not below zero.")
        for place, line in enumerate(proposal.budget)
        if line.amount < 0
    ]
    return faults


def checks(proposal: Proposal, criteria: CriteriaSet | None) -> list[Found]:
    """Return what the proposal lacks for passing the appraisal, as far as it tells by itself.

    Args:
        proposal: as it stands.
        criteria: what it is judged by, None where there is nothing yet.

    """
    return [
        *_frame(proposal),
        *_results(proposal),
        *_links(proposal),
        *_budget(proposal, criteria),
        *_risks(proposal),
        *_markers(proposal),
    ]


def checks_beside(
    proposal: Proposal, budgets: Mapping[str, ProgrammeBudget], programmes: Mapping[str, CountryProgramme]
) -> list[Found]:
    """Return what is wrong with the outcomes that a proposal is linked to, by the documents that hold them.

    Args:
        proposal: as it stands.
        budgets: the programme and budget of each biennium that is known.
        programmes: the country programmes that are known, by code.

    """
    faults: list[Found] = []
    for place, outcome in enumerate(proposal.programme_outcomes):
        budget = budgets.get(outcome.biennium)
        if budget is None or outcome.code not in {each.code for each in budget.outcomes}:
            detail = f"The programme and budget {outcome.biennium} has no outcome {outcome.code!r}."
            faults.append((f"/programme_outcomes/{place}", "unknown-programme-outcome", detail))
    for place, link in enumerate(proposal.country_outcomes):
        programme = programmes.get(link.programme)
        outcomes = {each.code: each for each in programme.outcomes} if programme else {}
        if programme is None or link.code not in outcomes:
            detail = f"The country programme {link.programme!r} has no outcome {link.code!r}."
            faults.append((f"/country_outcomes/{place}", "unknown-country-outcome", detail))
        elif (
            programme.status == "discontinued"
            or outcomes[link.code].status == "dropped"
            or not _overlap(proposal.period, programme.period_start, programme.period_end)
        ):
            detail = "The outcome is not valid in the period of the proposal."
            faults.append((f"/country_outcomes/{place}", "country-outcome-not-valid", detail))
    return faults


def _frame(proposal: Proposal) -> Iterator[Found]:
    if not proposal.countries:
        yield "/countries", "country-missing", "The proposal names no country."
    if proposal.period is None:
        yield "/period", "period-missing", "The proposal tells no period."
    if proposal.amount is None or proposal.amount.amount <= 0:
        yield "/amount", "amount-missing", "The proposal asks for no amount."
    if proposal.donor is None or not (proposal.donor.ref or _told(proposal.donor.names)):
        yield "/donor", "donor-missing", "The proposal is for no donor."


def _results(proposal: Proposal) -> Iterator[Found]:
    if not proposal.results:
        yield "/results", "results-missing", "The proposal has no results."
    for place, result in enumerate(proposal.results):
        at = f"/results/{place}/indicators"
        if not result.indicators:
            yield f"{at}", "indicators-missing", "The result has no indicators."
        for index, indicator in enumerate(result.indicators):
            yield from _indicator(f"{at}/{index}", indicator, proposal.period)


def _indicator(at: str, indicator: ProposalIndicator, period: ProposalPeriod | None) -> Iterator[Found]:
    if not _is_told(indicator.baseline):
        yield f"{at}/baseline", "baseline-missing", "The indicator has no baseline."
    if not _is_told(indicator.target):
        yield f"{at}/target", "target-missing", "The indicator has no target."
    if not indicator.milestones:
        yield f"{at}/milestones", "milestones-missing", "The indicator has no milestones."
    for place, milestone in enumerate(indicator.milestones):
        if not _is_told(milestone):
            yield f"{at}/milestones/{place}", "milestone-empty", "The milestone tells nothing to be reached."
        if period is not None and not period.start <= milestone.date <= period.end:
            detail = "The milestone is outside the period of the proposal."
            yield f"{at}/milestones/{place}/date", "milestone-outside-period", detail
    if not _told(indicator.means_of_verification):
        detail = "The indicator has no means of verification."
        yield f"{at}/means_of_verification", "means-of-verification-missing", detail


def _links(proposal: Proposal) -> Iterator[Found]:
    if not proposal.programme_outcomes:
        detail = "The proposal is linked to no outcome of a programme and budget."
        yield "/programme_outcomes", "programme-outcome-missing", detail
    for place, link in enumerate(proposal.programme_outcomes):
        biennium = biennium_named(link.biennium)
        if not _overlap(proposal.period, biennium.start, biennium.end):
            detail = f"No day of the proposal's period is in {link.biennium}."
            yield f"/programme_outcomes/{place}/biennium", "biennium-outside-period", detail
    if not proposal.country_outcomes:
        detail = "The proposal is linked to no outcome of a country programme."
        yield "/country_outcomes", "country-outcome-missing", detail


def _budget(proposal: Proposal, criteria: CriteriaSet | None) -> Iterator[Found]:
    if not proposal.budget:
        yield "/budget", "budget-missing", "The amount is not divided into a budget."
    reserved = _sum(line.amount for line in proposal.budget if line.category == MONITORING)
    if reserved <= 0:
        yield "/budget", "monitoring-budget-missing", f"No budget line has the category {MONITORING!r}."
    if proposal.amount is None:
        return
    total = _sum(line.amount for line in proposal.budget)
    if proposal.budget and total != proposal.amount.amount:
        detail = f"The lines add up to {total:f}, the amount is {proposal.amount.amount:f}."
        yield "/budget", "budget-differs-from-amount", detail
    share = criteria.monitoring_share if criteria else Decimal(0)
    if 0 < EXACT.multiply(reserved, _WHOLE) < EXACT.multiply(share, proposal.amount.amount):
        detail = f"Monitoring and evaluation has less than {share:f} per cent of the amount."
        yield "/budget", "monitoring-budget-too-small", detail


def _risks(proposal: Proposal) -> Iterator[Found]:
    if not proposal.risks:
        yield "/risks", "risks-missing", "The proposal tells no risks."
    for place, risk in enumerate(proposal.risks):
        if not _told(risk.mitigation):
            yield f"/risks/{place}/mitigation", "mitigation-missing", "Nothing is done about the risk."


def _markers(proposal: Proposal) -> Iterator[Found]:
    for name in MARKERS:
        if getattr(proposal.markers, name) is None:
            yield f"/markers/{name}", "marker-missing", "The marker is not told; 0 is not targeted."


def _is_told(value: ProposalValue | None) -> bool:
    return value is not None and (value.value is not None or _told(value.narratives))


def _told(narratives: Narratives) -> bool:
    return any(narrative.text.strip() for narrative in narratives)


def _overlap(period: ProposalPeriod | None, start: date, end: date) -> bool:
    """Tell whether a period has days in common with another; of no period nothing can be said, and nothing is."""
    return period is None or (period.start <= end and start <= period.end)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
