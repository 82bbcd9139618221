"""Money by stage as the gateway answers it, per project and in sums."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE, STAGES_OF, delivery_rate
from shared.figures.exact import EXACT
from shared.figures.money import SPEND, Stage

STAGES: tuple[Stage, ...] = (
    "budget",
    "pledge",
    "incoming_commitment",
    "commitment",
    "receipt",
    "disbursement",
    "expenditure",
)
"""The stages that summaries tell; a project whole tells all."""


def in_full(amount: Decimal) -> str:
    """Return a decimal written out, without powers of ten and without zeros that say nothing."""
    return format(EXACT.normalize(amount), "f")


Exact = Annotated[
    Decimal,
    PlainSerializer(in_full, return_type=str, when_used="json-unless-none"),
]
"""A decimal that is written out in full."""


class DeliveryRate(BaseModel):
    """Spend over budget of the same years and currency; no ratio where either is missing."""

    numerator: Exact | None
    denominator: Exact | None
    ratio: Exact | None
    convention: str


class MoneyByStage(BaseModel):
    """Money in one currency. Stages follow one another and are never added up, but spend is two of them."""

    currency: str | None = Field(description="ISO 4217 code; null where the publisher names none")
    budget: Exact | None
    pledges: Exact | None
    incoming_commitments: Exact | None
    commitments: Exact | None
    receipts: Exact | None
    disbursements: Exact | None
    expenditures: Exact | None
    spend: Exact | None
    delivery_rate: DeliveryRate


def money_by_stage(currency: str | None, amounts: Mapping[Stage, Decimal | None]) -> MoneyByStage:
    """Return the money of one currency; an amount is null where nothing was reported at its stage."""
    budget = amounts.get("budget")
    delivered = _sum(amounts, STAGES_OF[DISBURSEMENT_AND_EXPENDITURE])
    rate = delivery_rate(delivered, budget, convention=DISBURSEMENT_AND_EXPENDITURE)
    return MoneyByStage(
        currency=currency,
        budget=budget,
        pledges=amounts.get("pledge"),
        incoming_commitments=amounts.get("incoming_commitment"),
        commitments=amounts.get("commitment"),
        receipts=amounts.get("receipt"),
        disbursements=amounts.get("disbursement"),
        expenditures=amounts.get("expenditure"),
        spend=_sum(amounts, SPEND),
        delivery_rate=DeliveryRate(
            numerator=delivered,
            denominator=budget,
            ratio=rate.ratio if rate else None,
            convention=DISBURSEMENT_AND_EXPENDITURE,
        ),
    )


def _sum(amounts: Mapping[Stage, Decimal | None], stages: frozenset[Stage]) -> Decimal | None:
    """Return the sum of stages, null only where none of them was reported."""
    total: Decimal | None = None
    for stage in sorted(stages):
        amount = amounts.get(stage)
        if amount is not None:
            total = amount if total is None else EXACT.add(total, amount)
    return total
