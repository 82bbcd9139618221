"""What evaluations, policies, training and publications may not say, and the columns that their lists filter by.

A batch of training or publications is taken as it was published; these faults are of what somebody authors.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, TypeAlias

from services.monitoring.faults import faults_of_documents, faults_of_url
from services.monitoring.learning.languages import CODES
from shared.contracts.monitoring.v1 import Evaluation, EvaluationPolicy, Publication, Training
from shared.figures.currencies import exists

Faults: TypeAlias = Iterator[tuple[str, str, str]]

PARTICIPANTS = "participants"
"""Below the address of all training: the figures of participants, not an event."""
FOLLOW_UPS = "/follow-ups/"


def evaluation_columns(evaluation: Evaluation) -> dict[str, Any]:
    """Return the columns of an evaluation that a list may filter by."""
    return {
        "iati_identifier": evaluation.iati_identifier,
        "kind": evaluation.kind,
        "state": evaluation.state,
        "due_on": evaluation.due_on,
    }


def policy_columns(policy: EvaluationPolicy) -> dict[str, Any]:
    """Return the columns of a policy that it is found by."""
    return {"code": policy.code, "number": policy.version, "valid_from": policy.valid_from}


def training_columns(training: Training) -> dict[str, Any]:
    """Return the columns of a training event that a list may filter by."""
    return {
        "country": training.country,
        "start": training.start,
        "activities": sorted(set(training.activities)),
    }


def publication_columns(publication: Publication) -> dict[str, Any]:
    """Return the columns of a publication that a list may filter by."""
    return {
        "published_on": publication.published_on,
        "activities": sorted(set(publication.activities)),
        "languages": sorted(set(publication.languages)),
    }


def faults_of_evaluation(evaluation: Evaluation) -> Faults:
    """Yield what is wrong with an evaluation by itself."""
    if FOLLOW_UPS in evaluation.identifier:
        detail = f"An identifier with {FOLLOW_UPS!r} in it is taken for the address of a follow-up."
        yield "/identifier", "reserved-identifier", detail
    for place in _repeated(each.code for each in evaluation.findings):
        yield f"/findings/{place}/code", "duplicate-code", "An earlier finding has this code."
    for place in _repeated(each.code for each in evaluation.recommendations):
        detail = "An earlier recommendation has this code."
        yield f"/recommendations/{place}/code", "duplicate-code", detail
    yield from faults_of_documents(evaluation.documents, "/documents")


def faults_of_policy(policy: EvaluationPolicy) -> Faults:
    """Yield what is wrong with a policy by itself."""
    if not exists(policy.currency):
        yield "/currency", "unknown-currency", f"There is no currency {policy.currency!r}."
    for place in _repeated((each.timing, each.from_amount, each.from_months) for each in policy.thresholds):
        detail = "An earlier threshold has the same timing, amount and duration."
        yield f"/thresholds/{place}", "duplicate-threshold", detail


def faults_of_training(training: Training) -> Faults:
    """Yield what is wrong with a training event by itself."""
    if training.identifier == PARTICIPANTS:
        detail = "The figures of participants have this address."
        yield "/identifier", "reserved-identifier", detail
    if training.end < training.start:
        detail = f"It ends on {training.end}, before it starts on {training.start}."
        yield "/end", "period-ends-before-start", detail
    for place in _repeated((each.sex, each.constituent, each.country) for each in training.participants):
        detail = "An earlier group has the same in common."
        yield f"/participants/{place}", "duplicate-group", detail


def faults_of_publication(publication: Publication) -> Faults:
    """Yield what is wrong with a publication by itself."""
    for place, language in enumerate(publication.languages):
        if language not in CODES:
            detail = f"{language!r} is no code of ISO 639-1, as fr is."
            yield f"/languages/{place}", "unknown-language", detail
    for place in _repeated(publication.languages):
        yield f"/languages/{place}", "duplicate-language", "The language is told already."
    if publication.url is not None:
        yield from faults_of_url(publication.url, "/url")


def _repeated(items: Iterable[Hashable]) -> Iterator[int]:
    """Yield the places of items that stand earlier already."""
    seen = set()
    for place, item in enumerate(items):
        if item in seen:
            yield place
        seen.add(item)
