"""What programming documents say of codes: which code follows from which, and what codes are called.

A document that changes rewrites its own rows, or those of its kind, and no project's money.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.base import ReadBase
from gateway.projection.documents import (
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FIELD_OFFICES,
    FRAGILITY_LISTS,
    PROGRAMME_BUDGETS,
    Kind,
)
from gateway.projection.events import Event
from gateway.projection.facts import LABEL_LIMIT, bounded
from shared.chassis.db import bulk_insert, execute, is_one_of
from shared.contracts.base import Contract
from shared.contracts.projects.v1 import (
    CountryProgramme,
    DevelopmentAgenda,
    FieldOffice,
    FragilityList,
    ProgrammeBudget,
)
from shared.figures.classifications import (
    Follows,
    fragility,
    fragility_code,
    fragility_levels,
    objectives,
    offices_of_countries,
    title_of,
)
from shared.figures.outcomes import SDG, country_outcome_code, outcome_code, target_code

C = TypeVar("C", bound=Contract)
Label = tuple[str, str, str | None]
"""Dimension, code and what it is called."""

KINDS: tuple[Kind[Any], ...] = (
    PROGRAMME_BUDGETS,
    COUNTRY_PROGRAMMES,
    DEVELOPMENT_AGENDAS,
    FRAGILITY_LISTS,
    FIELD_OFFICES,
)

_EVERY = text(
    "SELECT f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate ORDER BY d.identifier"
)


class CodeMap(ReadBase, table=True):
    """The code of a dimension that follows from one of another, in some years.

    Each code and year has at most one. An empty source is every code that has no row of its own.
    """

    __tablename__ = "code_map"

    dimension: str = Field(primary_key=True)
    source_code: str = Field(primary_key=True)
    from_year: int = Field(primary_key=True)
    to_year: int
    code: str


class CodeLabel(ReadBase, table=True):
    """What a document calls a code; of several documents, the label since the latest year counts."""

    __tablename__ = "code_label"
    __table_args__ = (Index("ix_code_label_code", "dimension", "code"),)

    document_id: UUID = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    since: int
    label: str


async def take_classifications(session: AsyncSession, events: Collection[Event]) -> None:
    """Take in programming documents that are newer than what was known; they are among the documents already.

    Raises:
        pydantic.ValidationError: an event's data breaks its contract.

    """
    if not events:
        return
    rows: list[dict[str, Any]] = []
    budgets: list[ProgrammeBudget] = []
    for event in events:
        document = _CONTRACTS[event.aggregate].from_event(event.data)
        since = int(document.biennium[:4]) if isinstance(document, ProgrammeBudget) else 0
        budgets += [document] if isinstance(document, ProgrammeBudget) else []
        rows += _label_rows(event.id, since, labels_of(document))
    await session.exec(delete(CodeLabel).where(is_one_of(CodeLabel.document_id, [e.id for e in events])))
    await bulk_insert(session, CodeLabel, rows)
    aggregates = {event.aggregate for event in events}
    await _map_objectives(session, budgets)
    if FIELD_OFFICES.aggregate in aggregates:
        await _map_anew(session, "field_office", offices_of_countries(await _every(session, FIELD_OFFICES)))
    if FRAGILITY_LISTS.aggregate in aggregates:
        await _map_anew(session, "fragility", fragility(await _every(session, FRAGILITY_LISTS)))


def labels_of(document: Contract) -> Iterator[Label]:
    """Yield what a document calls the codes that it defines."""
    match document:
        case ProgrammeBudget():
            yield from _budget_labels(document)
        case CountryProgramme():
            yield from _programme_labels(document)
        case DevelopmentAgenda() if document.code == SDG:
            for target in document.targets:
                yield "sdg_target", target_code(SDG, target.code), title_of(target.titles)
        case FragilityList():
            for level in fragility_levels(document):
                title = title_of(document.titles)
                yield "fragility", fragility_code(document.edition, level), f"{title}: {level}"
        case FieldOffice():
            yield "field_office", document.code, title_of(document.names)


def _budget_labels(budget: ProgrammeBudget) -> Iterator[Label]:
    for outcome in budget.outcomes:
        yield "outcome", outcome_code(budget.biennium, outcome.code), title_of(outcome.titles)
    for objective in budget.objectives:
        yield "objective", objective.code, title_of(objective.titles)


def _programme_labels(programme: CountryProgramme) -> Iterator[Label]:
    yield "country_programme", programme.code, title_of(programme.titles)
    for outcome in programme.outcomes:
        yield "country_outcome", country_outcome_code(programme.code, outcome.code), title_of(outcome.titles)


_CONTRACTS: Mapping[str, type[Contract]] = {kind.aggregate: kind.contract for kind in KINDS}


def _label_rows(document_id: UUID, since: int, labels: Iterable[Label]) -> Iterator[dict[str, Any]]:
    known = {(dimension, bounded(code)): label for dimension, code, label in labels if label}
    for (dimension, code), label in sorted(known.items()):
        yield {
            "document_id": document_id,
            "dimension": dimension,
            "code": code,
            "since": since,
            "label": label[:LABEL_LIMIT],
        }


async def _map_objectives(session: AsyncSession, budgets: Sequence[ProgrammeBudget]) -> None:
    """Replace the objectives of the outcomes of some bienniums."""
    for budget in budgets:
        of_biennium = col(CodeMap.source_code).startswith(outcome_code(budget.biennium, ""), autoescape=True)
        await session.exec(delete(CodeMap).where(col(CodeMap.dimension) == "objective", of_biennium))
        await _insert(session, "objective", objectives(budget))


async def _map_anew(session: AsyncSession, dimension: str, follows: Iterable[Follows]) -> None:
    await session.exec(delete(CodeMap).where(col(CodeMap.dimension) == dimension))
    await _insert(session, dimension, follows)


async def _insert(session: AsyncSession, dimension: str, follows: Iterable[Follows]) -> None:
    rows = [
        {
            "dimension": dimension,
            "source_code": bounded(each.source_code),
            "from_year": each.from_year,
            "to_year": each.to_year,
            "code": bounded(each.code),
        }
        for each in follows
    ]
    await bulk_insert(session, CodeMap, rows)


async def _every(session: AsyncSession, kind: Kind[C]) -> list[C]:
    rows = await execute(session, _EVERY, aggregate=kind.aggregate)
    return [kind.contract.from_event(data) for (data,) in rows]
