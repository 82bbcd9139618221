"""What results queries take: terms of money, and filters with the SQL they become."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.projection.totals import MEMBERSHIPS
from gateway.results.dimensions import MAPPED, GroupBy
from shared.chassis.parameters import FilterText, Moment
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE, Convention

MAPS = ("objective", "field_office")
"""Filters by a code that follows from another of the project's."""


class MomentQuery(BaseModel):
    """As of when a query is to be answered."""

    model_config = ConfigDict(extra="forbid")

    as_of: Moment | None = Field(
        default=None, description="A past moment: answer by what was recorded up to then"
    )


class MoneyQuery(MomentQuery):
    """In which currency money is to be told."""

    currency: FilterText | None = Field(
        default=None,
        max_length=3,
        description="ISO 4217 code of the reporting currency; without it, money is told in its own currencies",
    )
    rate_source: FilterText | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        description="Whose exchange rates to convert at, as in `ECB`",
    )

    @property
    def convention(self) -> Convention:
        """What counts as delivery."""
        return DISBURSEMENT_AND_EXPENDITURE

    @model_validator(mode="after")
    def _rates_are_of_use(self) -> Self:
        if self.rate_source is not None and self.currency is None and not self._converts_by_itself():
            raise PydanticCustomError("currency_missing", "rates are of no use without a reporting currency")
        return self

    def _converts_by_itself(self) -> bool:
        """Tell whether the answer converts money into currencies of its own."""
        return False


class DeliveredQuery(MoneyQuery):
    """In which currency money is to be told, and what of it counts as delivery."""

    delivery_convention: Convention = Field(
        default=DISBURSEMENT_AND_EXPENDITURE, description="What counts as delivery in a delivery rate"
    )

    @property
    def convention(self) -> Convention:
        """What counts as delivery."""
        return self.delivery_convention


class TermsQuery(DeliveredQuery):
    """In which terms money is to be told, and whether figures are to be explained."""

    explain: bool = Field(default=False, description="Tell how each figure came about")


class ResultsFilter(TermsQuery):
    """Which projects a query is about; a repeated parameter takes any of its values."""

    country: list[FilterText] = Field(default=[], description="Code of a recipient country, as in `KE`")
    region: list[FilterText] = Field(default=[], description="Code of a recipient region")
    sector: list[FilterText] = Field(default=[], description="DAC sector code, as in `16020`")
    donor: list[FilterText] = Field(
        default=[], description="Identifier (or, without one, name) of a funding organisation"
    )
    outcome: list[FilterText] = Field(
        default=[],
        description="Outcome of a programme and budget that the project contributes to, as in `2024-25/3`",
    )
    objective: list[FilterText] = Field(
        default=[], description="Strategic objective of such an outcome, as its programme and budget codes it"
    )
    country_programme: list[FilterText] = Field(
        default=[], description="Code of a country programme that the project contributes to"
    )
    country_outcome: list[FilterText] = Field(
        default=[],
        description="Country programme outcome that the project contributes to, as in `CN-2024/CHN 101`",
    )
    sdg_target: list[FilterText] = Field(default=[], description="SDG target, as in `SDG/8.5`")
    earmarking: list[FilterText] = Field(
        default=[], description="EarmarkingCategory of some of the project's money, 1 to 4"
    )
    modality: list[FilterText] = Field(
        default=[], description="Earmarking modality of some of the project's money, A to L"
    )
    field_office: list[FilterText] = Field(
        default=[], description="Code of the office that serves a recipient country"
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
        for dimension in MAPS:
            if codes := getattr(self, dimension):
                conditions.append(
                    "a.id IN (SELECT m.project_id FROM code_map c JOIN project_membership m"  # noqa: S608
                    f" ON m.dimension = '{MAPPED[dimension]}' AND m.code = c.source_code"
                    f" WHERE c.dimension = '{dimension}' AND c.code = ANY(:{dimension}))"
                )
                parameters[dimension] = codes
        for dimension in MEMBERSHIPS:
            if codes := getattr(self, dimension):
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


class SummaryQuery(ResultsFilter):
    """Which projects to sum up, and by what."""

    group_by: GroupBy = Field(description="What each row of the summary stands for")
    code: FilterText | None = Field(
        default=None,
        max_length=500,
        description="Tell the row of this code only; empty for what is not stated",
    )
