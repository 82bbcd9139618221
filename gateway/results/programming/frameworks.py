"""Results frameworks of projects, as far as indicators of outcomes are linked to them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import from_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.chassis.db import execute
from shared.contracts.ids import activity_id
from shared.contracts.monitoring.v1 import IndicatorLink, ResultsFramework

_FRAMEWORKS = text(
    "SELECT f.data FROM project_results r JOIN fact f ON f.aggregate = 'framework' AND f.id = r.id"
    " AND f.version = r.version WHERE r.id = ANY(CAST(:ids AS uuid[]))"
)


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
