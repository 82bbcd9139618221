"""Whose money it is and what for: amounts by country, region, sector, donor, earmarking and outcome.

Source: IATI guidance: recipient countries and regions, sectors, financial transactions; ``outcomes`` and
``earmarking`` for theirs. In each dimension the parts of a value add up to it, to the last unit of its currency.
What is not known stays under code None and is never divided by guess.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from shared.contracts.funding.v1 import ActivityFinance, Earmarking, Transaction
from shared.contracts.iati import Organisation, VocabularyCode
from shared.contracts.projects.v1 import Activity
from shared.figures.exact import EXACT
from shared.figures.money import Flow, Stage, flows
from shared.figures.outcomes import OUTCOME_DIMENSIONS, Contributed, OutcomeDimension
from shared.figures.shares import Division, currency_places, division

PlaceDimension = Literal["country", "region"]
Dimension = PlaceDimension | Literal["sector", "donor", "earmarking_modality"] | OutcomeDimension
Place: TypeAlias = tuple[PlaceDimension, str]

DIMENSIONS: tuple[Dimension, ...] = ("country", "region", "sector", "donor")
"""Those in which every activity has its money."""
SPARSE: tuple[Dimension, ...] = ("earmarking_modality", *OUTCOME_DIMENSIONS)
"""Those in which an activity that states nothing has no parts: all of its money is without a code."""

FUNDING_ROLE = "1"
INCOMING_TYPES = frozenset({"1", "11", "13"})
"""Transaction types whose provider is the donor: incoming funds, commitments and pledges."""

DEFAULT_VOCABULARY = "1"
"""OECD DAC, of regions and of sectors (5-digit)."""

Key = TypeVar("Key", bound=Hashable)
_Sum: TypeAlias = tuple[Stage, str | None, int]


class Part(NamedTuple):
    """What of a value belongs to one code of a dimension, None if none is known."""

    dimension: Dimension
    code: str | None
    flow: Flow
    amount: Decimal


def attribute(
    activity: Activity, finance: ActivityFinance, contributed: Contributed | None = None
) -> Iterator[Part]:
    """Yield the money of an activity by every dimension that it is stated in (IATI guidance: financial transactions).

    - Countries and regions share one 100 %, so what is a region's has no country and the other way round. The
      activity's percentages divide all money; where they divide nothing, each transaction goes to its own
      recipient country and region. Regions and sectors are those of vocabulary 1.
    - Sectors likewise; a transaction with several of them is not divided.
    - Incoming funds, commitments and pledges belong to their provider. All other money, and what has no
      provider, belongs to the funding organisation if the activity has exactly one.
    - A transaction is earmarked as it says, all else as the activity says.
    - Outcomes divide the money of each year as ``outcomes.Contributed`` tells.

    The values of a stage, currency and year are divided as their sum is: each gets the difference that it makes
    to the parts of what came before it. So rounding does not pile up, whatever the number of values.
    """
    entries = tuple(flows(finance))
    yield from _by_place(activity, entries)
    yield from _by_sector(activity, entries)
    yield from _by_donor(activity, entries)
    for dimension in stated(finance, contributed):
        yield from _by(dimension, activity, finance, entries, contributed)


def attribute_to(
    dimension: Dimension,
    activity: Activity,
    finance: ActivityFinance,
    contributed: Contributed | None = None,
) -> Iterator[Part]:
    """Yield the money of an activity by one dimension as ``attribute`` does (IATI guidance: financial transactions).

    Where nothing is stated in the dimension, all of it is without a code.
    """
    for part in _by(dimension, activity, finance, tuple(flows(finance)), contributed):
        if part.dimension == dimension:
            yield part


def stated(finance: ActivityFinance, contributed: Contributed | None = None) -> tuple[Dimension, ...]:
    """Return the sparse dimensions that an activity states something in."""
    earmarked = finance.earmarking or any(transaction.earmarking for transaction in finance.transactions)
    linked = contributed is not None and contributed.links
    return (SPARSE[:1] if earmarked else ()) + (OUTCOME_DIMENSIONS if linked else ())


def earmarking_code(earmarking: Earmarking) -> str:
    """Return the category and modality of an earmarking as one code, as ``4/I``; without a modality ``4/``."""
    return f"{earmarking.category}/{earmarking.modality or ''}"


def donor_code(organisation: Organisation) -> str | None:
    """Return what tells a donor from others: its identifier, or its name where it has none."""
    return organisation.ref or (organisation.names[0].text if organisation.names else None)


def _by(
    dimension: Dimension,
    activity: Activity,
    finance: ActivityFinance,
    entries: Sequence[Flow],
    contributed: Contributed | None,
) -> Iterator[Part]:
    match dimension:
        case "country" | "region":
            return _by_place(activity, entries)
        case "sector":
            return _by_sector(activity, entries)
        case "donor":
            return _by_donor(activity, entries)
        case "earmarking_modality":
            return _by_earmarking(finance, entries)
        case _:
            return _by_outcome(dimension, contributed or Contributed((), {}), entries)


def _by_place(activity: Activity, entries: Sequence[Flow]) -> Iterator[Part]:
    places = division(_places(activity))
    if places.divides:
        for flow, parts in _divided(entries, lambda _: places):
            yield from _in_dimension("country", flow, parts)
            yield from _in_dimension("region", flow, parts)
    else:
        yield from _whole("country", entries, _country)
        yield from _whole("region", entries, _region)


def _by_sector(activity: Activity, entries: Sequence[Flow]) -> Iterator[Part]:
    sectors = division(_sectors(activity))
    if sectors.divides:
        yield from _parts("sector", entries, lambda _: sectors)
    else:
        yield from _whole("sector", entries, _sector)


def _by_donor(activity: Activity, entries: Sequence[Flow]) -> Iterator[Part]:
    funder = _sole_funder(activity)
    return _whole("donor", entries, lambda transaction: _donor(transaction, funder))


def _by_earmarking(finance: ActivityFinance, entries: Sequence[Flow]) -> Iterator[Part]:
    default = earmarking_code(finance.earmarking) if finance.earmarking else None

    def code_of(transaction: Transaction | None) -> str | None:
        own = transaction.earmarking if transaction else None
        return earmarking_code(own) if own else default

    return _whole("earmarking_modality", entries, code_of)


def _by_outcome(
    dimension: OutcomeDimension, contributed: Contributed, entries: Sequence[Flow]
) -> Iterator[Part]:
    return _parts(dimension, entries, lambda year: contributed.division(dimension, year))


def _parts(
    dimension: Dimension, entries: Sequence[Flow], shares: Callable[[int], Division[str]]
) -> Iterator[Part]:
    for flow, parts in _divided(entries, shares):
        for code, amount in parts.items():
            yield Part(dimension, code, flow, amount)


def _whole(
    dimension: Dimension, entries: Iterable[Flow], code_of: Callable[[Transaction | None], str | None]
) -> Iterator[Part]:
    for flow in entries:
        yield Part(dimension, code_of(flow.transaction), flow, flow.amount)


def _divided(
    entries: Iterable[Flow], shares: Callable[[int], Division[Key]]
) -> Iterator[tuple[Flow, dict[Key | None, Decimal]]]:
    """Yield the parts of each value by key, those that come to zero as well; shares are those of its year."""
    sums: dict[_Sum, Decimal] = {}
    divided: dict[_Sum, dict[Key | None, Decimal]] = {}
    for flow in entries:
        key = (flow.stage, flow.currency, flow.year)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), flow.amount)
        before = divided.get(key, {})
        divided[key] = after = dict(shares(flow.year).of(sums[key], currency_places(flow.currency)))
        yield (
            flow,
            {part: EXACT.subtract(amount, before.get(part, Decimal(0))) for part, amount in after.items()},
        )


def _in_dimension(dimension: Dimension, flow: Flow, parts: Mapping[Place | None, Decimal]) -> Iterator[Part]:
    """Yield the parts of one of the dimensions that share one 100 %; what is of the other has no code."""
    amounts: dict[str | None, Decimal] = {}
    for place, amount in parts.items():
        code = place[1] if place and place[0] == dimension else None
        amounts[code] = EXACT.add(amounts.get(code, Decimal(0)), amount)
    for code, amount in amounts.items():
        yield Part(dimension, code, flow, amount)


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
