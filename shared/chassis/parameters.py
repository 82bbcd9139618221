"""Query parameters: types of filters, and refusal of what a route does not know.

A misspelt filter must not be passed over.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime

from shared.chassis.errors import BadRequest, Fault


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("text holds no U+0000")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time is out of range") from None


FilterText = Annotated[str, AfterValidator(_without_nul)]
"""Text that a list is filtered by; PostgreSQL's text cannot hold U+0000."""
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time that PostgreSQL can be asked about."""


class KnownParameters:
    """A dependency of every route; routes that are not in the schema pass on what they get."""

    def __init__(self) -> None:
        self._known: dict[Callable[..., Any], frozenset[str]] = {}

    async def __call__(self, request: Request) -> None:
        """Check the parameters of a request.

        Raises:
            BadRequest: names each unknown parameter.

        """
        route = request.scope.get("route")
        if not request.query_params or not isinstance(route, APIRoute) or not route.include_in_schema:
            return
        known = self._known.get(route.endpoint)
        if known is None:
            known = frozenset(parameter.alias for parameter in get_flat_params(route.dependant))
            self._known[route.endpoint] = known
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            faults = [
                Fault(pointer=f"/{name}", code="unknown-parameter", detail="There is no such parameter.")
                for name in unknown
            ]
            raise BadRequest(
                f"Unknown parameter: {', '.join(unknown)}.", code="unknown-parameter", errors=faults
            )
