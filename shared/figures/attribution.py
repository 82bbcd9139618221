"""Whose money it is: amounts by country, region, sector and donor.

Source: IATI guidance: recipient countries and regions, sectors, financial transactions. In each
dimension the amounts of a stage, currency and year add up to those of the ledger, to the last unit. What is not
known stays under code None and is never divided by guess.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from shared.contracts.funding.v1 import ActivityFinance, Transaction
from shared.contracts.iati import Organisation, VocabularyCode
from shared.contracts.projects.v1 import Activity
from shared.figures.exact import EXACT
from shared.figures.money import Flow, Stage, flows
from shared.figures.shares import Division, currency_places, division

Dimension = Literal["country", "region", "sector", "donor"]
Place: TypeAlias = tuple[Dimension, str]

FUNDING_ROLE = "1"
INCOMING_TYPES = frozenset({"1", "11", "13"})
"""Transaction types whose provider is the donor: incoming funds, commitments and pledges."""

DEFAULT_VOCABULARY = "1"
"""OECD DAC, of regions and of sectors (5-digit)."""

_Key: TypeAlias = tuple[Stage, str | None, int]
_Totals: TypeAlias = dict[tuple[_Key, str | None], Decimal]


@dataclass(frozen=True, slots=True)
class AttributedMoney:
    """Money of one stage, currency and year that belongs to one code of a dimension, None if none is known."""

    dimension: Dimension
    code: str | None
    currency: str | None
    year: int
    stage: Stage
    amount: Decimal


def attribute(activity: Activity, finance: ActivityFinance) -> Iterator[AttributedMoney]:
    """Yield the money of an activity by country, region, sector and donor (IATI guidance: financial transactions).

    - Countries and regions share one 100 %, so what is a region's has no country and the other way round. The
      activity's percentages divide all money; where they divide nothing, each transaction goes to its own
      recipient country and region. Regions and sectors are those of vocabulary 1.
    - Sectors likewise; a transaction with several of them is not divided.
    - Incoming funds, commitments and pledges belong to their provider. All other money, and what has no
      provider, belongs to the funding organisation if the activity has exactly one.

    Amounts are added up before they are divided, so that rounding happens once.
    """
    entries = tuple(flows(finance))
    whole = _totals((_key(flow), None, flow.amount) for flow in entries)
    places = division(_places(activity))
    sectors = division(_sectors(activity))
    if places.divides:
        yield from _divided_by_place(whole, places)
    else:
        yield from _rows("country", _totals((_key(f), _country(f.transaction), f.amount) for f in entries))
        yield from _rows("region", _totals((_key(f), _region(f.transaction), f.amount) for f in entries))
    if sectors.divides:
        yield from _rows("sector", _totals(_parts(whole, sectors)))
    else:
        yield from _rows("sector", _totals((_key(f), _sector(f.transaction), f.amount) for f in entries))
    funder = _sole_funder(activity)
    yield from _rows("donor", _totals((_key(f), _donor(f.transaction, funder), f.amount) for f in entries))


def donor_code(organisation: Organisation) -> str | None:
    """Return what tells a donor from others: its identifier, or its name where it has none."""
    return organisation.ref or (organisation.names[0].text if organisation.names else None)


def _key(flow: Flow) -> _Key:
    return flow.stage, flow.currency, flow.year


def _totals(amounts: Iterable[tuple[_Key, str | None, Decimal]]) -> _Totals:
    totals: _Totals = {}
    for key, code, amount in amounts:
        known = totals.get((key, code))
        totals[key, code] = amount if known is None else EXACT.add(known, amount)
    return totals


def _rows(dimension: Dimension, totals: _Totals) -> Iterator[AttributedMoney]:
    for ((stage, currency, year), code), amount in totals.items():
        yield AttributedMoney(dimension, code, currency, year, stage, amount)


def _parts(whole: _Totals, shares: Division[str]) -> Iterator[tuple[_Key, str | None, Decimal]]:
    for (key, _), amount in whole.items():
        for code, part in shares.of(amount, currency_places(key[1])):
            yield key, code, part


def _divided_by_place(whole: _Totals, places: Division[Place]) -> Iterator[AttributedMoney]:
    parts = [
        (key, place or ("country", None), part)
        for (key, _), amount in whole.items()
        for place, part in places.of(amount, currency_places(key[1]))
    ]
    for dimension in ("country", "region"):
        yield from _rows(
            dimension,
            _totals((key, code if kind == dimension else None, part) for key, (kind, code), part in parts),
        )


def _in_default_vocabulary(code: VocabularyCode) -> bool:
    return code.vocabulary in (None, DEFAULT_VOCABULARY)


def _places(activity: Activity) -> Sequence[tuple[Place, Decimal | None]]:
    places: list[tuple[Place, Decimal | None]] = [
        (("country", share.code), share.percentage) for share in activity.recipient_countries
    ]
    places += [
        (("region", share.code), share.percentage)
        for share in activity.recipient_regions
        if _in_default_vocabulary(share)
    ]
    return places


def _sectors(activity: Activity) -> Sequence[tuple[str, Decimal | None]]:
    return [(share.code, share.percentage) for share in activity.sectors if _in_default_vocabulary(share)]


def _country(transaction: Transaction | None) -> str | None:
    return transaction.recipient_country.code if transaction and transaction.recipient_country else None


def _region(transaction: Transaction | None) -> str | None:
    region = transaction.recipient_region if transaction else None
    return region.code if region and _in_default_vocabulary(region) else None


def _sector(transaction: Transaction | None) -> str | None:
    codes = {s.code for s in transaction.sectors if _in_default_vocabulary(s)} if transaction else set()
    return codes.pop() if len(codes) == 1 else None


def _sole_funder(activity: Activity) -> str | None:
    funders = {donor_code(o) for o in activity.participating_organisations if o.role == FUNDING_ROLE}
    return funders.pop() if len(funders) == 1 else None


def _donor(transaction: Transaction | None, funder: str | None) -> str | None:
    if transaction and transaction.type in INCOMING_TYPES and transaction.provider:
        return donor_code(transaction.provider) or funder
    return funder
