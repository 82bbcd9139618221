"""Money by stage as the gateway answers it, per project and in sums."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

from shared.figures.converted import ConvertedTotal
from shared.figures.delivery import DISBURSEMENT_AND_EXPENDITURE, STAGES_OF, Convention, delivery_rate
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


class StageAmounts(BaseModel):
    """Money in one currency by stage; null where nothing was reported at a stage."""

    currency: str | None = Field(description="ISO 4217 code; null where the publisher names none")
    budget: Exact | None
    pledges: Exact | None
    incoming_commitments: Exact | None
    commitments: Exact | None
    receipts: Exact | None
    disbursements: Exact | None
    expenditures: Exact | None
    spend: Exact | None


class MoneyByStage(StageAmounts):
    """Money in one currency. Stages follow one another and are never added up, but spend is two of them."""

    delivery_rate: DeliveryRate


class MissingMoney(BaseModel):
    """Money that a converted figure lacks, because there is no exchange rate for it."""

    figure: str
    currency: str | None
    amount: Exact
    values: int = Field(description="How many values; those of one day and currency may count as one")


class ConvertedMoney(MoneyByStage):
    """Money in a reporting currency, at the rates of one source; ``missing`` is not in the figures."""

    rate_source: str
    provisional: list[str] = Field(description="Figures that contain planned money at the latest rate")
    missing: list[MissingMoney]


class ExcludedMoney(StageAmounts):
    """Money that is counted elsewhere already, for one reason."""

    reason: str
    missing: list[MissingMoney] = Field(
        description="What of it has no exchange rate, and is not in its figures"
    )


FIGURE_OF_STAGE: Mapping[Stage, str] = {
    "budget": "budget",
    "pledge": "pledges",
    "incoming_commitment": "incoming_commitments",
    "commitment": "commitments",
    "receipt": "receipts",
    "disbursement": "disbursements",
    "expenditure": "expenditures",
}
"""What an answer calls the money of a stage."""


def stage_amounts(amounts: Mapping[Stage, Decimal | None]) -> dict[str, Decimal | None]:
    """Return the members of an answer that tell money by stage."""
    return {
        **{figure: amounts.get(stage) for stage, figure in FIGURE_OF_STAGE.items()},
        "spend": _sum(amounts, SPEND),
    }


def delivery_of(
    amounts: Mapping[Stage, Decimal | None], convention: Convention, *, complete: bool = True
) -> DeliveryRate:
    """Return the delivery rate of amounts; without ratio where a part is missing."""
    budget = amounts.get("budget")
    delivered = _sum(amounts, STAGES_OF[convention])
    rate = delivery_rate(delivered, budget, convention=convention) if complete else None
    return DeliveryRate(
        numerator=delivered,
        denominator=budget,
        ratio=rate.ratio if rate else None,
        convention=convention,
    )


def money_by_stage(
    currency: str | None,
    amounts: Mapping[Stage, Decimal | None],
    convention: Convention = DISBURSEMENT_AND_EXPENDITURE,
) -> MoneyByStage:
    """Return the money of one currency; an amount is null where nothing was reported at its stage."""
    delivery = delivery_of(amounts, convention)
    return MoneyByStage.model_validate(
        {"currency": currency, **stage_amounts(amounts), "delivery_rate": delivery}
    )


def converted_money(
    currency: str,
    totals: Mapping[Stage, ConvertedTotal],
    *,
    rate_source: str,
    convention: Convention = DISBURSEMENT_AND_EXPENDITURE,
) -> ConvertedMoney:
    """Return money in a reporting currency, with what is missing from it and what is provisional."""
    amounts = {stage: total.amount for stage, total in totals.items()}
    needed: frozenset[Stage] = STAGES_OF[convention] | frozenset({"budget"})
    complete = not any(totals[stage].missing for stage in needed & totals.keys())
    return ConvertedMoney.model_validate(
        {
            "currency": currency,
            **stage_amounts(amounts),
            "delivery_rate": delivery_of(amounts, convention, complete=complete),
            "rate_source": rate_source,
            "provisional": [FIGURE_OF_STAGE[s] for s in STAGES if s in totals and totals[s].provisional],
            "missing": missing_money(totals),
        }
    )


def missing_money(totals: Mapping[Stage, ConvertedTotal]) -> list[MissingMoney]:
    """Return what totals lack, in order of stage."""
    return [
        MissingMoney(figure=FIGURE_OF_STAGE[stage], currency=m.currency, amount=m.amount, values=m.values)
        for stage in STAGES
        if stage in totals
        for m in totals[stage].missing
    ]


def _sum(amounts: Mapping[Stage, Decimal | None], stages: frozenset[Stage]) -> Decimal | None:
    """Return the sum of stages, null only where none of them was reported."""
    total: Decimal | None = None
    for stage in sorted(stages):
        amount = amounts.get(stage)
        if amount is not None:
            total = amount if total is None else EXACT.add(total, amount)
    return total
