"""The filters that every results query takes, and the SQL they become."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.chassis.parameters import FilterText

MEMBERSHIPS = ("country", "region", "sector", "donor", "year")


class ResultsFilter(BaseModel):
    """Which projects a query is about; a repeated parameter takes any of its values."""

    model_config = ConfigDict(extra="forbid")

    country: list[FilterText] = Field(default=[], description="Code of a recipient country, as in `KE`")
    region: list[FilterText] = Field(default=[], description="Code of a recipient region")
    sector: list[FilterText] = Field(default=[], description="DAC sector code, as in `16020`")
    donor: list[FilterText] = Field(
        default=[], description="Identifier (or, without one, name) of a funding organisation"
    )
    status: list[FilterText] = Field(default=[], description="ActivityStatus code, 1 to 6")
    year: list[Annotated[int, Field(ge=1, le=9999)]] = Field(
        default=[], description="A year in which the project runs or has money"
    )
    humanitarian: bool | None = Field(
        default=None, description="Whether the project is flagged as humanitarian"
    )
    text: FilterText | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Words of the title or a description, in any language",
    )

    def conditions(self) -> tuple[str, dict[str, Any]]:
        """Return a condition on ``project_activity a``, and the parameters it binds."""
        conditions: list[str] = []
        parameters: dict[str, Any] = {}
        for dimension in MEMBERSHIPS:
            codes = getattr(self, dimension)
            if codes:
                conditions.append(
                    "a.id IN (SELECT project_id FROM project_membership "  # noqa: S608
                    f"WHERE dimension = '{dimension}' AND code = ANY(:{dimension}))"
                )
                parameters[dimension] = [str(code) for code in codes]
        if self.status:
            conditions.append("a.status = ANY(:status)")
            parameters["status"] = self.status
        if self.humanitarian is not None:
            conditions.append("coalesce(a.humanitarian, false) = :humanitarian")
            parameters["humanitarian"] = self.humanitarian
        if self.text is not None:
            conditions.append("a.search @@ websearch_to_tsquery('simple', :text)")
            parameters["text"] = self.text
        return " AND ".join(conditions) or "true", parameters


class ProjectsQuery(ResultsFilter):
    """Which page of which projects."""

    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=500, description="Most projects in a page")


GroupBy = Literal["country", "region", "sector", "donor", "status", "year"]


class SummaryQuery(ResultsFilter):
    """Which projects to sum up, and by what."""

    group_by: GroupBy = Field(description="What each row of the summary stands for")
