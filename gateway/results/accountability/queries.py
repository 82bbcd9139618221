"""What the pages about accountability take."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.results.filters import MomentQuery, TermsQuery
from shared.chassis.parameters import FilterText
from shared.contracts.alerts import AlertKind
from shared.contracts.projects.v1.programming import BienniumLabel
from shared.contracts.projects.v1.proposals import ProposalState
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE, Convention

MOST_ROWS = 500

By = Literal["project", "country", "donor", "outcome", "field_office", "year"]
"""What a row of the page of delivery stands for."""


Threshold = Annotated[
    Decimal, Field(gt=0, le=1, description="Delivery that a whole year is to reach; 1 is all")
]
DELIVERY_THRESHOLD = Decimal("0.8")


class AccountsQuery(MomentQuery):
    """In which currency money is to be told."""

    currency: FilterText | None = Field(
        default=None,
        max_length=3,
        description="ISO 4217 code of the reporting currency; without it, money is told as agreed",
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

    def terms(self) -> TermsQuery:
        """Return the terms of money as other results take them."""
        return TermsQuery(
            as_of=self.as_of,
            currency=self.currency,
            rate_source=self.rate_source if self.currency else None,
            delivery_convention=self.convention,
        )

    @model_validator(mode="after")
    def _rates_are_of_use(self) -> Self:
        if self.rate_source is not None and self.currency is None and not self._converts_by_itself():
            raise PydanticCustomError("currency_missing", "rates are of no use without a reporting currency")
        return self

    def _converts_by_itself(self) -> bool:
        """Tell whether the page converts money into currencies of its own."""
        return False


class BienniumQuery(AccountsQuery):
    """Which biennium a page is about."""

    biennium: BienniumLabel | None = Field(
        default=None, description="As in `2024-25`; without it, that of the day"
    )


class MobilisationQuery(BienniumQuery):
    """Which biennium's mobilisation to tell; targets and pools have currencies of their own."""

    def _converts_by_itself(self) -> bool:
        return True


class DonorsQuery(BienniumQuery):
    """Which page of donors."""

    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_ROWS, description="Most donors in a page")


class DonorQuery(BienniumQuery):
    """How a donor's page is to be told."""


class FieldOfficeQuery(AccountsQuery):
    """How a field office's page is to be told."""

    days: int = Field(default=90, ge=0, le=731, description="How many days ahead to tell what is due")
    threshold: Threshold = DELIVERY_THRESHOLD


class DeliveryQuery(AccountsQuery):
    """Which deliveries to tell."""

    by: By = Field(description="What each row stands for")
    year: int | None = Field(
        default=None,
        ge=1,
        le=9999,
        description="The year; without it the current one, or each with `by=year`",
    )
    threshold: Threshold = DELIVERY_THRESHOLD
    delivery_convention: Convention = Field(
        default=DISBURSEMENT_AND_EXPENDITURE, description="What counts as delivery in a delivery rate"
    )
    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_ROWS, description="Most rows in a page")

    @property
    def convention(self) -> Convention:
        """What counts as delivery."""
        return self.delivery_convention


class AppraisalsQuery(AccountsQuery):
    """Which proposals to tell of; a repeated parameter takes any of its values."""

    state: list[ProposalState] = Field(default=[], description="State of a proposal")
    country: list[FilterText] = Field(default=[], description="Code of a country, as in `KE`")
    outcome: list[FilterText] = Field(
        default=[], description="Outcome of a programme and budget, as in `2026-27/3`"
    )
    donor: list[FilterText] = Field(default=[], description="Identifier of the donor that is asked")


class AlertsQuery(MomentQuery):
    """Which alerts to tell of; a repeated parameter takes any of its values, different ones must all hold."""

    state: Literal["raised", "resolved", "all"] = Field(default="raised", description="Open, closed, or all")
    kind: list[AlertKind] = Field(default=[], description="Kind of an alert")
    office: list[FilterText] = Field(default=[], description="Code of a field office")
    partner: list[FilterText] = Field(default=[], description="Identifier of a partner")
    country: list[FilterText] = Field(default=[], description="Code of a country, as in `KE`")
    activity: list[FilterText] = Field(default=[], description="Identifier of an activity")
    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_ROWS, description="Most alerts in a page")
