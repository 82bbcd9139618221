"""Exchange rates as ``services/funding`` keeps them: sheets by source and month."""

from datetime import date
from typing import Annotated, Literal, LiteralString

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.contracts.base import Contract
from shared.contracts.iati import Amount

CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A code of ISO 4217, current or withdrawn."""
SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}$")]
Month = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$")]


class ExchangeRate(Contract):
    """Units of ``currency`` for one unit of the sheet's base, in effect from ``date``."""

    currency: CurrencyCode
    date: date
    rate: Annotated[Amount, Field(gt=0)]


class RateSheet(Contract):
    """The exchange rates that one source published for one month, in order of currency and date.

    ``kind`` tells what the source's rates are, and with it for how long one is in effect: UN operational rates,
    reference rates of the European Central Bank, or rates that a donor agreed to.
    """

    source: SourceName
    kind: Literal["un-operational", "ecb-daily", "donor"]
    base: CurrencyCode
    month: Month
    rates: Annotated[tuple[ExchangeRate, ...], Field(max_length=20_000)] = ()

    @property
    def identifier(self) -> str:
        """The name of the sheet, as in ``ECB/2024-05``."""
        return f"{self.source}/{self.month}"

    @field_validator("rates")
    @classmethod
    def _in_order(cls, rates: tuple[ExchangeRate, ...], info: ValidationInfo) -> tuple[ExchangeRate, ...]:
        """Sort the rates, which are all of the month, of other currencies than the base, and one a day."""
        month, base = info.data.get("month"), info.data.get("base")
        days = set()
        for rate in rates:
            day = (rate.currency, rate.date)
            if month is not None and f"{rate.date.year:04}-{rate.date.month:02}" != month:
                raise _fault("date_outside_month", "{date} is not in the month", rate)
            if rate.currency == base:
                raise _fault("rate_of_base", "{currency} is the base itself", rate)
            if day in days:
                raise _fault("duplicate_rate", "{currency} has two rates on {date}", rate)
            days.add(day)
        return tuple(sorted(rates, key=lambda rate: (rate.currency, rate.date)))


def _fault(code: LiteralString, template: LiteralString, rate: ExchangeRate) -> PydanticCustomError:
    return PydanticCustomError(code, template, {"currency": rate.currency, "date": rate.date.isoformat()})
