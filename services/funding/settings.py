"""Settings of the funding service."""

from decimal import Decimal
from typing import Annotated

from fastapi import Depends
from pydantic import Field

from shared.chassis.app import CurrentRuntime
from shared.chassis.settings import ServiceSettings
from shared.figures.inflows import PROBABILITIES


class Settings(ServiceSettings):
    """The chassis settings, and what the service knows at its start."""

    seed_rates: bool = Field(
        default=True,
        description="Take in the [history of the ECB's rates](rates.md#the-history-that-is-there-at-the-start) at the "
        "start, once.",
    )
    rate_source: str = Field(
        default="ECB",
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}$",
        description="Source of exchange rates of pools, mobilisation targets and alerts.",
    )
    alert_seconds: float = Field(
        default=10,
        gt=0,
        description="How often the watch of [funding](partnerships.md#alerts) looks for what is overdue or below its "
        "threshold.",
    )
    overdue_days: int = Field(
        default=30,
        ge=0,
        le=36500,
        description="Days after which a tranche that is due and did not come in is overdue.",
    )
    delivery_threshold: Decimal = Field(
        default=Decimal("0.8"),
        gt=0,
        le=1,
        description="Delivery rate, of 1, that a whole year is to reach; funding alerts of an activity below it, and the "
        "gateway holds deliveries against it where a request names none. The same for gateway and funding.",
    )
    delivery_from: Decimal = Field(
        default=Decimal("0.25"),
        ge=0,
        le=1,
        description="Share of a budget period that has to be over before delivery is expected. The same for gateway and "
        "funding.",
    )
    pipeline_probabilities: dict[str, Annotated[Decimal, Field(ge=0, le=1)]] = Field(
        default=dict(PROBABILITIES),
        description="How likely it is, of 1, that a proposal of a state, or an `agreement` in draft, brings money; what "
        "it does not name is in [no pipeline](workplans.md#what-is-firm-what-may-come-and-the-gap). The same "
        "for gateway and funding.",
    )


async def _rate_source(runtime: CurrentRuntime) -> str:
    return runtime.settings_as(Settings).rate_source


RateSource = Annotated[str, Depends(_rate_source)]
"""Whose exchange rates apply."""
