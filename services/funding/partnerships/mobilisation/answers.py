"""What the routes of pools and mobilisation targets answer beyond documents: figures with what they were made of."""

from datetime import date
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, Field

from shared.chassis.documents import DocumentRow
from shared.contracts.funding.v1 import MobilisationTarget, Pool
from shared.figures.partnerships import Inflow, PoolBalance, PoolContribution, Progress


class ContributionAnswer(BaseModel):
    """What an agreement brings into a pool, in its own currency and in the pool's; without a rate it is not counted."""

    agreement: str
    tranches: list[int]
    amount: Decimal
    currency: str | None
    signed_on: date | None
    rate: Decimal | None
    rate_date: date | None
    converted: Decimal | None

    @classmethod
    def of(cls, contribution: PoolContribution) -> Self:
        """Return the answer of a contribution."""
        conversion = contribution.conversion
        return cls(
            agreement=contribution.agreement,
            tranches=list(contribution.tranches),
            amount=contribution.amount,
            currency=contribution.currency,
            signed_on=contribution.signed_on,
            rate=conversion.rate if conversion else None,
            rate_date=conversion.date if conversion else None,
            converted=contribution.converted,
        )


class PoolBalanceAnswer(BaseModel):
    """What is in a pool, what of it is allocated and what is left, in its currency; a share of 1 is the whole."""

    identifier: str
    version: int
    biennium: str
    currency: str
    rate_source: str
    contributions: list[ContributionAnswer]
    contributed: Decimal = Field(description="Sum of the contributions that could be converted")
    carried_over: Decimal | None = Field(description="None where it is not known, which counts nothing")
    allocated: Decimal
    available: Decimal
    target: Decimal | None
    share_of_target: Decimal | None = Field(description="What was contributed over the target")
    without_rate: int = Field(description="Contributions that could not be converted, and are not counted")
    is_complete: bool

    @classmethod
    def of(cls, row: DocumentRow, pool: Pool, balance: PoolBalance, rate_source: str) -> Self:
        """Return the answer of a balance."""
        without_rate = sum(each.conversion is None for each in balance.contributions)
        return cls(
            identifier=row.identifier,
            version=row.version,
            biennium=pool.biennium,
            currency=pool.currency,
            rate_source=rate_source,
            contributions=[ContributionAnswer.of(each) for each in balance.contributions],
            contributed=balance.contributed,
            carried_over=balance.carried_over,
            allocated=balance.allocated,
            available=balance.available,
            target=balance.target,
            share_of_target=balance.share_of_target,
            without_rate=without_rate,
            is_complete=not without_rate and balance.carried_over is not None,
        )


class InflowAnswer(BaseModel):
    """Money that an agreement brought on a day."""

    agreement: str
    on: date
    amount: Decimal
    currency: str | None

    @classmethod
    def of(cls, inflow: Inflow) -> Self:
        """Return the answer of an inflow."""
        return cls(**inflow._asdict())


class ProgressAnswer(BaseModel):
    """How far a target is reached, in its currency; a share of 1 is the whole."""

    identifier: str
    version: int
    biennium: str
    currency: str | None
    rate_source: str
    measured_by: Literal["approvals", "receipts"]
    target: Decimal
    reached: Decimal | None = Field(
        description="None where nothing could be counted though there is something"
    )
    share: Decimal | None
    values: int = Field(description="Approvals or receipts that were counted")
    without_rate: list[InflowAnswer] = Field(description="What could not be converted, and is not counted")
    undivided: list[str] = Field(
        description="Agreements of which it is not known how much belongs to the target; they are not counted"
    )
    is_complete: bool

    @classmethod
    def of(cls, row: DocumentRow, target: MobilisationTarget, figure: Progress, rate_source: str) -> Self:
        """Return the answer of a target's progress."""
        return cls(
            identifier=row.identifier,
            version=row.version,
            biennium=target.biennium,
            currency=target.amount.currency,
            rate_source=rate_source,
            measured_by=target.measured_by,
            target=figure.target,
            reached=figure.reached,
            share=figure.share,
            values=figure.values,
            without_rate=[InflowAnswer.of(each) for each in figure.without_rate],
            undivided=list(figure.undivided),
            is_complete=figure.is_complete,
        )
