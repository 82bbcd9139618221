"""How many took part in training, by sex, by constituent and by country.

Source: domain rules of disaggregation: each dimension is an independent split of the same total, with what is not
stated beside what is, and nothing is ever added across dimensions. A share is numerator and denominator.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, ColumnElement, cast, func, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.monitoring.learning.aggregates import TRAININGS
from services.monitoring.models import TrainingRow
from shared.chassis.scoping import required_permit, visible

NOT_STATED = "not-stated"
FEMALE = "female"
_MEMBER = "participants"


class Group(NamedTuple):
    """People of several events who have these in common."""

    sex: str
    constituent: str
    country: str
    people: int


class ParticipantPart(BaseModel):
    """How many of one code of a dimension."""

    code: str
    count: int


class ParticipantShare(BaseModel):
    """A share as what it is made of; nothing is a share of zero."""

    numerator: int
    denominator: int


class ParticipantFigures(BaseModel):
    """Participants of training; each dimension adds up to the total."""

    trainings: int = Field(description="Events that were looked at")
    trainings_without_participants: int = Field(description="Of these, events that tell of no participants")
    total: int
    by_sex: list[ParticipantPart]
    by_constituent: list[ParticipantPart]
    by_country: list[ParticipantPart]
    women: ParticipantShare = Field(description="Women of all whose sex is stated")


def figures(groups: Sequence[Group], *, trainings: int, without: int) -> ParticipantFigures:
    """Return the figures of groups of participants."""
    by_sex = _split(groups, lambda group: group.sex)
    stated = [part for part in by_sex if part.code != NOT_STATED]
    return ParticipantFigures(
        trainings=trainings,
        trainings_without_participants=without,
        total=sum(group.people for group in groups),
        by_sex=by_sex,
        by_constituent=_split(groups, lambda group: group.constituent),
        by_country=_split(groups, lambda group: group.country),
        women=ParticipantShare(
            numerator=sum(part.count for part in stated if part.code == FEMALE),
            denominator=sum(part.count for part in stated),
        ),
    )


async def participants(
    session: AsyncSession, conditions: Iterable[ColumnElement[bool]]
) -> ParticipantFigures:
    """Return the figures of the participants of all training that meets conditions and that the session may see."""
    permit = required_permit(session, TRAININGS.noun)
    scope = [] if permit.is_everywhere else [visible(TrainingRow, permit, TRAININGS.projects)]
    listed = [*scope, *conditions]
    document = cast(col(TrainingRow.document), JSONB)
    told = document.has_key(_MEMBER)
    counts = select(func.count(), func.count().filter(~told)).select_from(TrainingRow).where(*listed)
    trainings, without = (await session.exec(counts)).one()
    group = func.jsonb_array_elements(document[_MEMBER]).table_valued("value")
    member = cast(group.c.value, JSONB)
    keys = (
        func.coalesce(member["sex"].astext, NOT_STATED),
        func.coalesce(member["constituent"].astext, NOT_STATED),
        func.coalesce(member["country"].astext, NOT_STATED),
    )
    statement = (
        select(*keys, func.sum(cast(member["count"].astext, BigInteger)))
        .select_from(TrainingRow)
        .join(group, true())
        .where(*listed, told)
        .group_by(*keys)
    )
    groups = [
        Group(sex, made_of, country, int(count))
        for sex, made_of, country, count in await session.exec(statement)
    ]
    return figures(groups, trainings=trainings, without=without)


def _split(groups: Iterable[Group], key: Callable[[Group], str]) -> list[ParticipantPart]:
    """Return one dimension, in order of code, with what is not stated at the end."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts[key(group)] += group.people
    in_order = sorted(counts, key=lambda code: (code == NOT_STATED, code))
    return [ParticipantPart(code=code, count=counts[code]) for code in in_order]
