"""Amounts of agreements, pledges and proposals as answers tell them: by currency, or in one with what has no rate."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pydantic import BaseModel, Field

from gateway.money import Exact
from gateway.results.terms import Terms
from shared.figures.converted import Dated, converted_total
from shared.figures.exact import EXACT, ratio

FLEXIBLE = ("1", "2")
"""Earmarking categories of flexible funding: un-earmarked and softly earmarked (Grand Bargain, annex I)."""


class AmountMissing(BaseModel):
    """Money that a converted amount lacks, because there is no exchange rate for it."""

    currency: str | None
    amount: Exact
    values: int


class AmountTold(BaseModel):
    """Money in one currency; null where none of it has an exchange rate.

    ``provisional`` tells that some of it was converted at a latest rate.
    """

    currency: str | None
    amount: Exact | None
    values: int = Field(description="How many values there are, those that are missing among them")
    provisional: bool = False
    missing: list[AmountMissing] = []


class FlexibleShare(BaseModel):
    """Un-earmarked and softly earmarked money, of all whose earmarking is told; no ratio where a part has no rate."""

    currency: str | None
    numerator: Exact | None
    denominator: Exact | None
    ratio: Exact | None
    not_told: Exact | None = Field(description="What no code tells the earmarking of; it is in neither")


class EarmarkedAmounts(BaseModel):
    """Money of one earmarking category (1 to 4), null where no code tells it."""

    category: str | None
    amounts: list[AmountTold]


def amounts(values: Iterable[Dated], terms: Terms) -> list[AmountTold]:
    """Return the sum of each currency, or one sum in the currency that is asked for; nothing of nothing."""
    listed = list(values)
    if not listed:
        return []
    if terms.currency is None or terms.table is None:
        sums: dict[str, tuple[Decimal, int]] = {}
        for value in listed:
            known, count = sums.get(value.currency or "", (Decimal(0), 0))
            sums[value.currency or ""] = EXACT.add(known, value.amount), count + value.values
        return [
            AmountTold(currency=code or None, amount=amount, values=count)
            for code, (amount, count) in sorted(sums.items())
        ]
    total = converted_total(listed, terms.currency, terms.table, today=terms.today)
    missing = [AmountMissing(currency=m.currency, amount=m.amount, values=m.values) for m in total.missing]
    return [
        AmountTold(
            currency=terms.currency,
            amount=total.amount,
            values=sum(value.values for value in listed),
            provisional=total.provisional,
            missing=missing,
        )
    ]


def by_category(values: Mapping[str | None, Sequence[Dated]], terms: Terms) -> list[EarmarkedAmounts]:
    """Return the amounts of each earmarking category, that which is not told last."""
    order = sorted(values, key=lambda category: (category is None, category or ""))
    return [EarmarkedAmounts(category=each, amounts=amounts(values[each], terms)) for each in order]


def flexible_shares(values: Mapping[str | None, Sequence[Dated]], terms: Terms) -> list[FlexibleShare]:
    """Return the share of flexible funding in each currency (Grand Bargain, annex I: categories 1 and 2)."""
    flexible = _by_currency((v for key in FLEXIBLE for v in values.get(key, ())), terms)
    told = _by_currency((v for key, listed in values.items() if key is not None for v in listed), terms)
    untold = _by_currency(values.get(None, ()), terms)
    shares = []
    for currency in sorted(told.keys() | untold.keys()):
        whole = told.get(currency)
        part = flexible.get(currency)
        numerator = part.amount if part else Decimal(0) if whole else None
        denominator = whole.amount if whole else None
        is_whole = whole is not None and not whole.missing and numerator is not None
        shares.append(
            FlexibleShare(
                currency=currency or None,
                numerator=numerator,
                denominator=denominator,
                ratio=ratio(numerator, denominator)
                if is_whole and numerator is not None and denominator
                else None,
                not_told=untold[currency].amount if currency in untold else Decimal(0),
            )
        )
    return shares


def _by_currency(values: Iterable[Dated], terms: Terms) -> dict[str, AmountTold]:
    return {told.currency or "": told for told in amounts(values, terms)}
