"""What the pages about accountability take."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from gateway.results.filters import DeliveredQuery, MomentQuery, MoneyQuery
from shared.chassis.parameters import FilterText
from shared.contracts.alerts import AlertKind
from shared.contracts.projects.v1.programming import BienniumLabel
from shared.contracts.projects.v1.proposals import ProposalState

MOST_ROWS = 500

By = Literal["project", "country", "donor", "outcome", "field_office", "year"]
"""What a row of the page of delivery stands for."""


Threshold = Annotated[
    Decimal | None,
    Field(
        gt=0,
        le=1,
        description="Delivery that a whole year is to reach, 1 is all; without it, that of the settings",
    ),
]


class BienniumQuery(MoneyQuery):
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


class FieldOfficeQuery(MoneyQuery):
    """How a field office's page is to be told."""

    days: int = Field(default=90, ge=0, le=731, description="How many days ahead to tell what is due")
    threshold: Threshold = None


class DeliveryQuery(DeliveredQuery):
    """Which deliveries to tell."""

    by: By = Field(description="What each row stands for")
    year: int | None = Field(
        default=None,
        ge=1,
        le=9999,
        description="The year; without it the current one, or each with `by=year`",
    )
    threshold: Threshold = None
    cursor: str | None = Field(default=None, max_length=2000, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=MOST_ROWS, description="Most rows in a page")


class AppraisalsQuery(MoneyQuery):
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
