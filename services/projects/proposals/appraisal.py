"""Rules of the appraisal: who may appraise, how scores add up, and what it takes to pass.

Source: ILO EVAL, evaluability review: 1 unsatisfactory, 2 satisfactory, 3 high quality, X not relevant. A criterion that is
not relevant has no weight. Only the newest appraisal of each appraiser counts, and only of the revision as it stands.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from shared.contracts.ids import known_as
from shared.contracts.projects.v1 import (
    Appraisal,
    AppraisalForm,
    AppraisalThreshold,
    Appraiser,
    CriteriaSet,
    Proposal,
    ProposalAuthor,
)
from shared.figures.exact import EXACT

Found: TypeAlias = tuple[str, str, str]


class Score(NamedTuple):
    """Values times weights, and the weights: the score is their quotient, and nothing where nothing is relevant."""

    weighted: Decimal
    weights: Decimal

    def reaches(self, minimum: Decimal) -> bool:
        """Tell whether the score is at least this, without rounding."""
        return self.weights > 0 and self.weighted >= EXACT.multiply(minimum, self.weights)


def is_by(name: str, authors: Iterable[ProposalAuthor]) -> bool:
    """Tell whether a person or a unit of that name is among the authors."""
    return known_as(name) in {known_as(author.name) for author in authors}


def conflicts(appraiser: Appraiser, proposal: Proposal, own_names: Sequence[str] = ()) -> Iterator[Found]:
    """Yield why somebody may not appraise a proposal: nobody appraises their own, nor that of their unit.

    ``own_names`` are others that the person is called.
    """
    authors = (*proposal.authors, *proposal.written_by)
    if any(is_by(name, authors) for name in (appraiser.person, *own_names)):
        detail = f"{appraiser.person!r} wrote the proposal."
        yield "/appraiser/person", "conflict-of-interest", detail
    if appraiser.unit is not None and is_by(appraiser.unit, authors):
        detail = f"The unit {appraiser.unit!r} wrote the proposal."
        yield "/appraiser/unit", "conflict-of-interest", detail


def faults_of_form(
    form: AppraisalForm, proposal: Proposal, criteria: CriteriaSet, own_names: Sequence[str] = ()
) -> list[Found]:
    """Return what keeps an appraisal from being recorded, as (pointer, code, detail)."""
    return [*conflicts(form.appraiser, proposal, own_names), *_faults_of_scores(form, criteria)]


def _faults_of_scores(form: AppraisalForm, criteria: CriteriaSet) -> Iterator[Found]:
    known = {criterion.code for criterion in criteria.criteria}
    steps = {step.code for step in criteria.scale}
    seen: set[str] = set()
    for place, given in enumerate(form.scores):
        if given.criterion not in known:
            detail = f"The criteria have none of the code {given.criterion!r}."
            yield f"/scores/{place}/criterion", "unknown-criterion", detail
        elif given.criterion in seen:
            yield f"/scores/{place}/criterion", "duplicate-score", "The criterion has a score already."
        if given.score not in steps:
            yield f"/scores/{place}/score", "unknown-score", f"The scale has no {given.score!r}."
        seen.add(given.criterion)
    for missing in unscored(form, criteria):
        detail = f"The criterion {missing!r} is required, and has no value."
        yield "/scores", "required-criterion-not-scored", detail


def unscored(form: AppraisalForm, criteria: CriteriaSet) -> list[str]:
    """Return the required criteria that have no value: not scored, or called not relevant."""
    values = {step.code: step.value for step in criteria.scale}
    scored = {given.criterion for given in form.scores if values.get(given.score) is not None}
    return [each.code for each in criteria.criteria if each.required and each.code not in scored]


def recorded(form: AppraisalForm, proposal: Proposal, criteria: CriteriaSet, at: datetime) -> Proposal:
    """Return the proposal with one more appraisal of the revision as it stands."""
    appraisal = Appraisal(
        appraiser=form.appraiser,
        scores=form.scores,
        recommendation=form.recommendation,
        comment=form.comment,
        revision=proposal.revision,
        criteria=criteria.reference,
        at=at,
    )
    return proposal.model_copy(update={"appraisals": (*proposal.appraisals, appraisal)})


def counting(proposal: Proposal) -> list[tuple[int, Appraisal]]:
    """Return the appraisals that count, with their places: the newest of each appraiser, of this revision."""
    newest = {
        known_as(appraisal.appraiser.person): (place, appraisal)
        for place, appraisal in enumerate(proposal.appraisals)
        if appraisal.revision == proposal.revision and appraisal.criteria == proposal.criteria
    }
    return sorted(newest.values(), key=lambda each: each[0])


def score(appraisals: Iterable[Appraisal], criteria: CriteriaSet) -> Score:
    """Return the score of several appraisals together, each with the same weight as far as it finds relevance."""
    values = {step.code: step.value for step in criteria.scale}
    weights = {criterion.code: criterion.weight for criterion in criteria.criteria}
    weighted, total = Decimal(0), Decimal(0)
    for appraisal in appraisals:
        for given in appraisal.scores:
            value = values.get(given.score)
            if value is not None:
                weight = weights[given.criterion]
                weighted = EXACT.add(weighted, EXACT.multiply(value, weight))
                total = EXACT.add(total, weight)
    return Score(weighted, total)


def threshold(proposal: Proposal, criteria: CriteriaSet) -> AppraisalThreshold:
    """Return what it takes for the proposal's amount.

    Where the amount is not known, or in another currency than the thresholds, the strictest of all applies: no rate is
    guessed, and no currency is a way around.
    """
    amount = proposal.amount
    if amount is not None and amount.currency == criteria.currency:
        return [each for each in criteria.thresholds if each.from_amount <= max(amount.amount, Decimal(0))][
            -1
        ]
    return AppraisalThreshold(
        from_amount=Decimal(0),
        appraisers=max(each.appraisers for each in criteria.thresholds),
        weighted_score=max(each.weighted_score for each in criteria.thresholds),
        required_satisfactory=any(each.required_satisfactory for each in criteria.thresholds),
    )


def verdict(proposal: Proposal, criteria: CriteriaSet) -> list[Found]:
    """Return what the appraisals lack for the proposal to pass, as (pointer, code, detail)."""
    needed = threshold(proposal, criteria)
    counted = counting(proposal)
    faults: list[Found] = []
    if len(counted) < needed.appraisers:
        detail = f"{needed.appraisers} appraisers are needed, {len(counted)} have appraised this revision."
        faults.append(("/appraisals", "too-few-appraisers", detail))
    elif not score([each for _, each in counted], criteria).reaches(needed.weighted_score):
        detail = f"The weighted score is less than {needed.weighted_score:f}."
        faults.append(("/appraisals", "score-below-minimum", detail))
    for place, appraisal in counted:
        faults += _faults_of_counted(place, appraisal, proposal, criteria, needed)
    return faults


def _faults_of_counted(
    place: int, appraisal: Appraisal, proposal: Proposal, criteria: CriteriaSet, needed: AppraisalThreshold
) -> Iterator[Found]:
    at = f"/appraisals/{place}"
    for pointer, code, detail in conflicts(appraisal.appraiser, proposal):
        yield f"{at}{pointer}", code, detail
    for missing in unscored(appraisal, criteria):
        detail = f"The criterion {missing!r} is required, and has no value."
        yield f"{at}/scores", "required-criterion-not-scored", detail
    if needed.required_satisfactory:
        for index in _unsatisfactory(appraisal, criteria):
            detail = f"The criterion {appraisal.scores[index].criterion!r} is required, and unsatisfactory."
            yield f"{at}/scores/{index}", "required-criterion-unsatisfactory", detail


def _unsatisfactory(appraisal: Appraisal, criteria: CriteriaSet) -> Sequence[int]:
    failing = {step.code for step in criteria.scale if step.unsatisfactory}
    required = {criterion.code for criterion in criteria.criteria if criterion.required}
    return [
        place
        for place, given in enumerate(appraisal.scores)
        if given.criterion in required and given.score in failing
    ]
