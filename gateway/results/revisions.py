"""The history of a project's plans and reports: every budget, baseline, target and actual that was changed."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, JsonValue
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.results.filters import MomentQuery
from gateway.results.schemas import Asked
from shared.chassis.db import execute
from shared.contracts.base import Contract
from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.monitoring.v1 import ResultsFramework
from shared.figures.revisions import Revision, budget_revisions, framework_revisions

MOST_VERSIONS = 200
USUAL_VERSIONS = 20

_VERSIONS = text(
    "SELECT aggregate, version, recorded_at, actor, rationale, data FROM fact"
    " WHERE id = :id AND aggregate = :aggregate ORDER BY version DESC LIMIT :most"
)


class Change(BaseModel):
    """A value that one version of a plan or report changed.

    ``before`` and ``after`` are the value as it was written, null where there was none or is none any more. ``period``
    is that of the budget, target or actual; of a baseline there is the ``year``.
    """

    kind: str
    version: int
    recorded_at: AwareDatetime
    actor: str
    rationale: str | None = Field(description="Why the change was made, in the words of who made it")
    result: str | None
    indicator: str | None
    type: str | None
    year: int | None
    period: dict[str, date] | None
    dimensions: list[JsonValue]
    locations: list[str]
    before: JsonValue
    after: JsonValue


class Revisions(Asked):
    """What was changed, newest first; ``is_all`` tells whether it goes back to the first version of each part."""

    iati_identifier: str
    items: list[Change]
    is_all: bool


class RevisionsQuery(MomentQuery):
    """Which changes of a project are asked for."""

    versions: int = Field(
        default=USUAL_VERSIONS,
        ge=1,
        le=MOST_VERSIONS,
        description="How many versions of each part to go back",
    )


async def revisions_of(
    session: AsyncSession, project_id: UUID, versions: int
) -> tuple[list[Change], bool] | None:
    """Return the changes of a project's plans and reports, newest first, or None if no owner has told of it.

    They are those of the latest versions of each part; the second value tells whether that is all.
    """
    rows = {
        aggregate: (
            await execute(session, _VERSIONS, id=project_id, aggregate=aggregate, most=versions + 1)
        ).all()
        for aggregate in ("activity", "finance", "framework")
    }
    if not any(rows.values()):
        return None
    changes = await asyncio.to_thread(
        lambda: [
            *_changes(rows["finance"][::-1], ActivityFinance),
            *_changes(rows["framework"][::-1], ResultsFramework),
        ]
    )
    is_all = all(len(rows[aggregate]) <= versions for aggregate in ("finance", "framework"))
    return sorted(changes, key=lambda change: change.recorded_at, reverse=True), is_all


def _changes(versions: Sequence[Any], contract: type[Contract]) -> Iterator[Change]:
    told = ((row, contract.from_event(row.data)) for row in versions)
    for (_, before), (row, after) in pairwise(told):
        for revision in _revisions(before, after):
            yield _change(revision, row.version, row.recorded_at, row.actor, row.rationale)


def _revisions(before: Contract, after: Contract) -> list[Revision]:
    if isinstance(before, ActivityFinance) and isinstance(after, ActivityFinance):
        return budget_revisions(before, after)
    if isinstance(before, ResultsFramework) and isinstance(after, ResultsFramework):
        return framework_revisions(before, after)
    raise TypeError("two versions of one aggregate are of one contract")


def _change(
    revision: Revision, version: int, recorded_at: datetime, actor: str, rationale: str | None
) -> Change:
    subject = revision.subject
    has_period = subject.start is not None and subject.end is not None
    return Change(
        kind=subject.kind,
        version=version,
        recorded_at=recorded_at,
        actor=actor,
        rationale=rationale,
        result=subject.result,
        indicator=subject.indicator,
        type=subject.type,
        year=subject.year,
        period={"start": subject.start, "end": subject.end} if has_period else None,
        dimensions=[dimension.model_dump(mode="json") for dimension in subject.dimensions],
        locations=list(subject.locations),
        before=_written(revision.before),
        after=_written(revision.after),
    )


def _written(value: Contract | None) -> JsonValue:
    return None if value is None else value.model_dump(mode="json", exclude_defaults=True)
