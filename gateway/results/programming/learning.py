"""What is learned and reported around outcomes: training events, publications, evaluations, reports that are due."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import EVALUATIONS, PUBLICATIONS, REPORTS, TRAININGS
from gateway.results.accountability.schemas import OWED
from gateway.results.documents import about
from gateway.results.programming.reach import Way, due_of
from gateway.results.programming.schemas import (
    EvaluationBrief,
    Evaluations,
    PublicationBrief,
    Publications,
    ReportBrief,
    ReportsDue,
    TrainingSum,
)

MOST = 50
"""Publications that a page tells."""


async def trainings(session: AsyncSession, outcomes: Sequence[str]) -> TrainingSum:
    """Return the training events that are linked to outcomes, each once, with their participants by sex."""
    events = await about(session, TRAININGS, "outcome", outcomes)
    by_sex: Counter[str] = Counter()
    for event in events:
        for group in event.participants:
            by_sex[group.sex] += group.count
    return TrainingSum(
        events=len(events), participants=by_sex.total(), by_sex={sex: by_sex[sex] for sex in sorted(by_sex)}
    )


async def publications(
    session: AsyncSession, outcomes: Iterable[str], country_outcomes: Iterable[str]
) -> Publications:
    """Return the newest publications that are linked to outcomes or country outcomes, each once."""
    found = {
        each.identifier: each
        for relation, keys in (("outcome", outcomes), ("country-outcome", country_outcomes))
        for each in await about(session, PUBLICATIONS, relation, keys)
    }
    newest = sorted(found.values(), key=lambda each: (each.published_on, each.identifier), reverse=True)
    return Publications(
        count=len(newest), items=[PublicationBrief.model_validate(each) for each in newest[:MOST]]
    )


async def evaluations(session: AsyncSession, ways: Sequence[Way], on: date) -> Evaluations:
    """Return the evaluations of the projects that are reached, by the day they are due."""
    found = await due_of(session, ways, EVALUATIONS, on)
    items = [EvaluationBrief.model_validate(each) for each in found.documents]
    return Evaluations(count=found.count, items=items)


async def reports_due(session: AsyncSession, ways: Sequence[Way], on: date) -> ReportsDue:
    """Return the reports of the projects that are reached which are still to be sent; those due before the day are late."""
    found = await due_of(session, ways, REPORTS, on, OWED)
    return ReportsDue(
        count=found.count,
        overdue=found.late,
        items=[
            ReportBrief(
                identifier=each.identifier,
                iati_identifier=each.iati_identifier,
                period_start=each.period_start,
                period_end=each.period_end,
                due_on=each.due_on,
                state=each.state,
                overdue=each.due_on < on,
            )
            for each in found.documents
        ],
    )
