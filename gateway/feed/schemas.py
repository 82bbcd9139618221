"""What the routes of the feed take and answer."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, JsonValue, StringConstraints

from gateway.feed.views import AGGREGATES
from shared.contracts.catalog import CATALOG

MOST_WAIT_SECONDS = 60
ALL_OF = ".*"
"""How a name of event types ends that stands for all that begin like it."""


def _known_aggregate(value: str) -> str:
    if value not in AGGREGATES:
        raise ValueError("there is no such aggregate")
    return value


def _known_type(value: str) -> str:
    if not any(takes(value, name) for name in CATALOG):
        raise ValueError("there is no such event type")
    return value


def takes(wanted: str, name: str) -> bool:
    """Tell whether a name of event types stands for one of them."""
    return name.startswith(wanted[:-1]) if wanted.endswith(ALL_OF) else name == wanted


Aggregate = Annotated[
    str, AfterValidator(_known_aggregate), Field(json_schema_extra={"enum": list(AGGREGATES)})
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
EventTypes = Annotated[str, AfterValidator(_known_type), Field(max_length=100)]
Since = Annotated[str | None, Field(max_length=2000)]


class FeedQuery(BaseModel):
    """Which part of the feed is wanted; a thing is of a country if that is its own or its project's."""

    aggregate: list[Aggregate] = Field(
        default=[], description="Aggregates that are wanted; all if none is named"
    )
    country: list[Country] = Field(
        default=[], description="Countries that things belong to (ISO 3166-1); all if none is named"
    )


class ChangesQuery(FeedQuery):
    """Which changes are wanted."""

    since: Since = Field(
        default=None, description="The last `cursor` that was received; without one, everything"
    )
    limit: int | None = Field(
        default=None, ge=1, description="Ends the answer once it has told so many changes, or a few more"
    )
    wait: float = Field(
        default=0, ge=0, le=MOST_WAIT_SECONDS, description="Seconds to wait where nothing has changed"
    )


class EventsQuery(FeedQuery):
    """Which events are wanted."""

    since: Since = Field(
        default=None, description="A cursor of events or changes; without one, what happens from now on"
    )
    type: list[EventTypes] = Field(
        default=[],
        description="Event types, as `monitoring.report.published` or `monitoring.report.*`; all if none is named",
    )


class Upsert(BaseModel):
    """A thing as it is now; ``withheld`` are members of its document that the caller may not see."""

    change: Literal["upsert"]
    aggregate: str
    id: UUID
    identifier: str
    version: int
    recorded_at: AwareDatetime
    withheld: list[str] | None = None
    document: dict[str, JsonValue]


class Removal(BaseModel):
    """A thing that the caller does not see any more."""

    change: Literal["removed"]
    aggregate: str
    id: UUID
    identifier: str
    version: int


class Mark(BaseModel):
    """Where to go on; the last line tells whether that was all (``complete``)."""

    cursor: str
    complete: bool | None = None


ChangeLine = Upsert | Removal | Mark
