"""Dividing an amount by percentages so that the parts add up to it, to the last unit of the currency.

Source: IATI ruleset (percentages of countries and regions, and of the sectors of a vocabulary, add up to 100);
largest-remainder method; ISO 4217 for minor units.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from shared.figures.exact import EXACT

K = TypeVar("K", bound=Hashable)

Flag = Literal["undivided", "unspecified", "rounded", "over-100", "negative"]
"""What is wrong with percentages: several shares but none stated, less than 100 in all, not quite 100, more
than 100, or below zero."""

WHOLE = Decimal(100)
TOLERANCE = Decimal("0.1")
"""How far percentages may be from 100 in all, by rounding, and still be taken as parts of one whole."""

_NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_FOUR_DECIMALS = ("CLF", "UYW")
_PLACES: Mapping[str, int] = {
    **dict.fromkeys(_NO_DECIMALS, 0),
    **dict.fromkeys(_THREE_DECIMALS, 3),
    **dict.fromkeys(_FOUR_DECIMALS, 4),
}


def currency_places(currency: str | None) -> int:
    """Return the decimals of a currency's minor unit (ISO 4217); 2 for a currency of no or another code."""
    return _PLACES.get(currency or "", 2)


@dataclass(frozen=True, slots=True)
class Split(Generic[K]):
    """An amount in parts that add up to it exactly; the part of key None belongs to no stated share."""

    parts: tuple[tuple[K | None, Decimal], ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Division(Generic[K]):
    """Shares made ready to divide many amounts; ``weights`` are whole numbers, proportional to the parts."""

    weights: tuple[tuple[K | None, int], ...]
    flags: tuple[Flag, ...]

    @property
    def divides(self) -> bool:
        """Whether any part of an amount goes to a stated share."""
        return any(key is not None for key, _ in self.weights)

    def of(self, amount: Decimal, places: int) -> tuple[tuple[K | None, Decimal], ...]:
        """Return the parts of an amount, in units of ``places`` decimals or of the amount's own if finer."""
        if len(self.weights) == 1:
            return ((self.weights[0][0], amount),)
        exponent = min(-places, _exponent(amount))
        units = int(EXACT.scaleb(amount, -exponent))
        parts = _apportion(abs(units), [weight for _, weight in self.weights])
        return tuple(
            (key, EXACT.scaleb(Decimal(part if units >= 0 else -part), exponent))
            for (key, _), part in zip(self.weights, parts, strict=True)
        )


def division(shares: Sequence[tuple[K, Decimal | None]]) -> Division[K]:
    """Return how shares divide an amount (IATI ruleset: percentages add up to 100 per vocabulary).

    - One share without percentage is the whole.
    - Percentages of 100 in all, or so close that rounding explains it (flag ``rounded``), divide the amount.
    - What is missing to 100 stays without key (``unspecified``).
    - Several shares without any percentage (``undivided``), more than 100 in all (``over-100``) and negative
      percentages (``negative``) divide nothing: any division would be made up, so the whole has no key.

    A share without percentage among others that state one gets nothing. Parts are in order of key.
    """
    stated: dict[K, Decimal] = {}
    for key, percentage in shares:
        if percentage is not None:
            stated[key] = EXACT.add(stated.get(key, Decimal(0)), percentage)
    keys = {key for key, _ in shares}
    if not stated and len(keys) == 1:
        return Division(((keys.pop(), 1),), ())
    if any(percentage < 0 for percentage in stated.values()):
        return _undivided("negative")
    total = Decimal(0)
    for percentage in stated.values():
        total = EXACT.add(total, percentage)
    if not total:
        return _undivided(*(("undivided",) if shares else ()))
    return _weighted(stated, total)


def split(amount: Decimal, shares: Sequence[tuple[K, Decimal | None]], *, places: int) -> Split[K]:
    """Divide one amount by shares as ``division`` tells (IATI ruleset), by the largest-remainder method.

    Args:
        amount: money of either sign; its parts have the same sign.
        shares: keys with percentages (0 to 100), None where not stated.
        places: decimals of the currency, from ``currency_places``.

    """
    made = division(shares)
    return Split(made.of(amount, places), made.flags)


def share_faults(shares: Iterable[tuple[str, Decimal | None]]) -> list[tuple[str, str, str]]:
    """Return what is wrong with the shares of one whole, as (pointer, code, detail).

    Source: IATI ruleset (percentages are 0 to 100, and of one vocabulary add up to 100). What is missing to 100 is
    no fault: it is not known yet. What is too much in all is told at the first share, if no single one is at fault.

    Args:
        shares: the pointer to each share with its percentage, None where not stated.

    """
    stated = [(pointer, percentage) for pointer, percentage in shares if percentage is not None]
    faults = [
        (f"{pointer}/percentage", "share-out-of-range", f"A share is from 0 to 100, not {percentage:f}.")
        for pointer, percentage in stated
        if not 0 <= percentage <= WHOLE
    ]
    total = Decimal(0)
    for _, percentage in stated:
        total = EXACT.add(total, percentage)
    if not faults and total > WHOLE + TOLERANCE:
        detail = f"The percentages of one whole add up to {total:f}, which is more than 100."
        faults.append((f"{stated[0][0]}/percentage", "shares-over-100", detail))
    return faults


def proportion(portion: Decimal, parts: Sequence[Decimal], *, places: int) -> list[Decimal]:
    """Divide a portion of an amount in the proportion of the amount's parts (largest-remainder method).

    Args:
        portion: of the same sign as the amount that the parts add up to, and no more than it.
        parts: of which none gets more than it is, save by a unit where parts have other signs than the amount.
        places: decimals of the currency, from ``currency_places``.

    """
    exponent = min(-places, *(_exponent(number) for number in (portion, *parts)))
    units = int(EXACT.scaleb(portion, -exponent))
    sign = -1 if units < 0 else 1
    weights = [max(0, sign * int(EXACT.scaleb(part, -exponent))) for part in parts]
    if not any(weights):
        weights = [1, *(0 for _ in parts[1:])]
    return [EXACT.scaleb(Decimal(sign * part), exponent) for part in _apportion(abs(units), weights)]


def _undivided(*flags: Flag) -> Division[K]:
    return Division(((None, 1),), flags)


def _weighted(stated: Mapping[K, Decimal], total: Decimal) -> Division[K]:
    missing = EXACT.subtract(WHOLE, total)
    if missing < -TOLERANCE:
        return _undivided("over-100")
    exponent = min(_exponent(percentage) for percentage in (*stated.values(), missing))
    weights: list[tuple[K | None, int]] = [
        (key, int(EXACT.scaleb(stated[key], -exponent))) for key in sorted(stated, key=str)
    ]
    if missing > TOLERANCE:
        weights.append((None, int(EXACT.scaleb(missing, -exponent))))
        return Division(tuple(weights), ("unspecified",))
    return Division(tuple(weights), ("rounded",) if missing else ())


def _exponent(number: Decimal) -> int:
    exponent = EXACT.normalize(number).as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _apportion(units: int, weights: Sequence[int]) -> list[int]:
    """Return whole parts of ``units`` by weight; units left over go to the largest remainders, then in order."""
    whole = sum(weights)
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(units * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    left = units - sum(parts)
    for place in sorted(range(len(parts)), key=lambda place: -remainders[place])[:left]:
        parts[place] += 1
    return parts
