"""Reading documents with the version that tells them, and no more than are asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.projection.documents import Kind
from gateway.projection.facts import bounded
from shared.chassis.db import execute
from shared.contracts.base import Contract
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import IndicatorLink, ResultsFramework

C = TypeVar("C", bound=Contract)

_SOME = text(
    "SELECT d.identifier, d.version, f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate AND d.id IN (SELECT k.id FROM document_key k"
    " WHERE k.aggregate = :aggregate AND k.relation = :relation AND k.key = ANY(:keys))"
    " ORDER BY d.identifier LIMIT :most"
)
_VERSIONED = text(
    "SELECT d.identifier, d.version, f.data FROM document d"
    " JOIN fact f ON f.aggregate = d.aggregate AND f.id = d.id AND f.version = d.version"
    " WHERE d.aggregate = :aggregate AND d.identifier = ANY(:identifiers) ORDER BY d.identifier"
)
_FRAMEWORKS = text(
    "SELECT f.data FROM project_results r JOIN fact f ON f.aggregate = 'framework' AND f.id = r.id"
    " AND f.version = r.version WHERE r.id = ANY(CAST(:ids AS uuid[]))"
)


@dataclass(frozen=True, slots=True)
class Told(Generic[C]):
    """A document, and which version of it tells what is said."""

    aggregate: str
    identifier: str
    version: int
    document: C


async def some(
    session: AsyncSession, kind: Kind[C], relation: str, keys: Iterable[str], most: int
) -> tuple[list[Told[C]], bool]:
    """Return documents that have one of some keys, in order of identifier, and whether these are all."""
    asked = [bounded(key) for key in keys]
    rows = await execute(
        session, _SOME, aggregate=kind.aggregate, relation=relation, keys=asked, most=most + 1
    )
    told = [_told(kind, *row) for row in rows]
    return told[:most], len(told) <= most


async def named(session: AsyncSession, kind: Kind[C], identifiers: Iterable[str]) -> dict[str, Told[C]]:
    """Return documents by identifier; those that there are none of are not in it."""
    rows = await execute(session, _VERSIONED, aggregate=kind.aggregate, identifiers=list(identifiers))
    return {told.identifier: told for told in (_told(kind, *row) for row in rows)}


async def linked_frameworks(
    session: AsyncSession, links: Iterable[IndicatorLink]
) -> dict[str, ResultsFramework]:
    """Return the results frameworks of the activities that links name, by identifier, in one query.

    Of each only the indicators that are linked have their values: to read the others would take most of the time.
    """
    wanted: dict[str, set[tuple[int, int]]] = {}
    for link in links:
        wanted.setdefault(link.iati_identifier, set()).add((link.result, link.indicator))
    rows = await execute(session, _FRAMEWORKS, ids=[activity_id(each) for each in wanted])
    frameworks = (_with_values(from_json(data), wanted) for (data,) in rows)
    return {framework.iati_identifier: framework for framework in frameworks}


def _with_values(data: dict[str, Any], wanted: Mapping[str, set[tuple[int, int]]]) -> ResultsFramework:
    places = wanted[data["iati_identifier"]]
    for number, result in enumerate(data.get("results", ()), 1):
        result["indicators"] = [
            indicator if (number, place) in places else {"measure": indicator["measure"]}
            for place, indicator in enumerate(result.get("indicators", ()), 1)
        ]
    return ResultsFramework.model_validate(data, extra="ignore")


def _told(kind: Kind[C], identifier: str, version: int, data: str) -> Told[C]:
    return Told(kind.aggregate, identifier, version, kind.contract.from_event(data))
