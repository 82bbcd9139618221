"""What the pages about programming take."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.results.filters import DeliveredQuery, MomentQuery
from gateway.results.programming.sight import End, NodeKind
from shared.chassis.parameters import FilterText
from shared.contracts.projects.v1.programming import BienniumLabel

_STARTS: dict[str, NodeKind] = {
    "activity": "project",
    "country_outcome": "country-outcome",
    "outcome": "outcome",
    "sdg_target": "sdg-target",
}


class PageQuery(DeliveredQuery):
    """In which terms money is to be told; work plans have currencies of their own."""

    def _converts_by_itself(self) -> bool:
        return True


class OutcomesQuery(PageQuery):
    """Whose outcomes to list."""

    biennium: BienniumLabel = Field(description="As in `2024-25`")


class GapsQuery(OutcomesQuery):
    """Whose gaps to tell, and in which order."""

    rule: FilterText | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Version of the rule of priority, as in `office-wide/1`; without it, the only one in force",
    )


class ContributingQuery(MomentQuery):
    """Which page of contributing projects."""

    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=500, description="Most projects in a page")


class OrphansQuery(ContributingQuery):
    """Which page of projects that contribute to nothing."""


class SightQuery(MomentQuery):
    """From where to look, and in which direction."""

    activity: FilterText | None = Field(default=None, max_length=250, description="Identifier of a project")
    country_outcome: FilterText | None = Field(
        default=None, max_length=400, description="As in `SAMPLE-DWCP-KE-2024/KEN 101`"
    )
    outcome: FilterText | None = Field(default=None, max_length=200, description="As in `2024-25/3`")
    sdg_target: FilterText | None = Field(default=None, max_length=400, description="As in `SDG/8.5`")
    direction: Literal["up", "down", "both"] = Field(
        default="both", description="To what it contributes, to what contributes to it, or both"
    )

    @property
    def start(self) -> End:
        """From where to look."""
        return next(
            End(kind, code) for name, kind in _STARTS.items() if (code := getattr(self, name)) is not None
        )

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if sum(getattr(self, name) is not None for name in _STARTS) != 1:
            raise PydanticCustomError(
                "start_ambiguous", "one of activity, country_outcome, outcome and sdg_target is needed"
            )
        return self
