"""What would be counted twice where the money of several activities is added up.

Source: IATI activity standard (transactions are reported at the lowest hierarchical level; ``provider-activity-id``
and ``receiver-activity-id`` link the two sides of a transfer; ``secondary-reporter`` marks who repeats what another
publishes). An amount belongs to one activity of a portfolio: what crosses the border of the portfolio counts, what
moves within it does not, and each exclusion names its reason.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from shared.contracts.funding.v1 import ActivityFinance
from shared.contracts.iati import TransactionOrganisation
from shared.figures.exact import EXACT
from shared.figures.money import Flow, Stage, flows

Reason = Literal["secondary-reporter", "counted-in-children", "internal-transfer"]
Sum: TypeAlias = tuple[Stage, str | None, int]
"""Stage, currency and year: what is compared between an activity and those below it."""

COUNTERPART: Mapping[Stage, Stage] = {
    "receipt": "disbursement",
    "disbursement": "receipt",
    "incoming_commitment": "commitment",
    "commitment": "incoming_commitment",
}
"""The stage at which the other side of a transfer reports it."""
INFLOW: frozenset[Stage] = frozenset({"receipt", "incoming_commitment"})

CLAIM_DAYS = 92
"""How far apart the two sides of a transfer may be dated where only one of them names the other: a quarter, since
publishers report quarterly."""


class Entry(NamedTuple):
    """One value of an activity; ``other`` and ``organisation`` are the activity and who is at the other side."""

    pointer: str
    stage: Stage
    currency: str | None
    amount: Decimal
    on: date | None = None
    other: str | None = None
    organisation: str | None = None
    year: int = 0


class Claim(NamedTuple):
    """A value that another activity reports as coming from or going to this one, at the stage it has here.

    ``organisation`` is who reports the other activity.
    """

    other: str
    organisation: str | None
    stage: Stage
    currency: str | None
    amount: Decimal
    on: date | None


@dataclass(frozen=True, slots=True)
class Node:
    """An activity of a portfolio; ``parents`` and ``children`` are those that it names itself."""

    id: str
    entries: Sequence[Entry]
    parents: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    secondary: bool = False
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What of a value is left out of totals; ``because`` is the activity that counts it, where one does."""

    node: str
    pointer: str
    reason: Reason
    amount: Decimal
    because: str | None = None


def other_side(flow: Flow) -> TransactionOrganisation | None:
    """Return who is at the other side of a value: the provider of what came in, the receiver of what went out."""
    if flow.transaction is None or flow.stage not in COUNTERPART:
        return None
    return flow.transaction.provider if flow.stage in INFLOW else flow.transaction.receiver


def entries_of(finance: ActivityFinance) -> tuple[Entry, ...]:
    """Return the values of an activity that count towards a stage."""
    return tuple(_entry(flow) for flow in flows(finance))


def _entry(flow: Flow) -> Entry:
    side = other_side(flow)
    return Entry(
        flow.pointer,
        flow.stage,
        flow.currency,
        flow.amount,
        flow.transaction.date if flow.transaction else None,
        side.activity_id if side else None,
        side.ref if side else None,
        flow.year,
    )


def transfers_of(node: Node, counted: Collection[str], claims: Iterable[Claim]) -> Iterator[Exclusion]:
    """Yield what of an activity's money repeats another's or moves within the portfolio (IATI activity standard).

    - All of a secondary reporter.
    - Transfers to and from other activities of the portfolio, on both sides. A side that does not name the other
      is told by currency, amount and organisation, and the nearest date; each claim of the other counts once.

    Args:
        node: the activity.
        counted: the other activities of the portfolio whose money counts.
        claims: what those say of this one.

    """
    if node.secondary:
        for entry in node.entries:
            yield Exclusion(node.id, entry.pointer, "secondary-reporter", entry.amount)
        return
    open_ = _unsettled(node, counted, claims)
    for entry in node.entries:
        if entry.other in counted:
            yield Exclusion(node.id, entry.pointer, "internal-transfer", entry.amount, entry.other)
        elif entry.other is None:
            claimed = _settle(open_[entry.stage, entry.currency, entry.amount], entry, named=False)
            if claimed is not None:
                yield Exclusion(node.id, entry.pointer, "internal-transfer", entry.amount, claimed.other)


def _unsettled(
    node: Node, counted: Collection[str], claims: Iterable[Claim]
) -> defaultdict[tuple[Stage, str | None, Decimal], list[Claim]]:
    """Return the claims that no value of the activity answers by naming the other."""
    open_: defaultdict[tuple[Stage, str | None, Decimal], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.other in counted:
            open_[claim.stage, claim.currency, claim.amount].append(claim)
    for entry in node.entries:
        if entry.other in counted:
            _settle(open_[entry.stage, entry.currency, entry.amount], entry, named=True)
    return open_


def _settle(claims: list[Claim], entry: Entry, *, named: bool) -> Claim | None:
    """Take the claim out that is of an entry, None if there is none: the nearest in time, then in order of activity."""
    fitting = [
        (_days(claim.on, entry.on), claim.other, place)
        for place, claim in enumerate(claims)
        if (
            claim.other == entry.other
            if named
            else _days(claim.on, entry.on) <= CLAIM_DAYS
            and (entry.organisation is None or entry.organisation == claim.organisation)
        )
    ]
    return claims.pop(min(fitting)[2]) if fitting else None


def _days(one: date | None, other: date | None) -> int:
    return 0 if one is None or other is None else abs((one - other).days)


def covered_of(
    node: Node, taken: Collection[str], below: Mapping[Sum, Decimal], because: str | None = None
) -> Iterator[Exclusion]:
    """Yield what of an activity's money the activities below it report: it belongs to the lowest level.

    Of each stage, currency and year no more is left out than those below count, so that together they come to
    whichever is more.

    Args:
        node: the activity.
        taken: its values (by pointer) that are left out already.
        below: what the activities below it count once.
        because: the one below, if there is only one.

    """
    left = dict(below)
    for entry in node.entries:
        key = (entry.stage, entry.currency, entry.year)
        reported = left.get(key)
        if entry.pointer in taken or not reported or not entry.amount or (reported > 0) != (entry.amount > 0):
            continue
        amount = min(reported, entry.amount, key=abs)
        left[key] = EXACT.subtract(reported, amount)
        yield Exclusion(node.id, entry.pointer, "counted-in-children", amount, because)


def exclusions(nodes: Sequence[Node]) -> list[Exclusion]:
    """Return what is left out of the totals of a portfolio (IATI activity standard).

    Neither the order of activities nor their repetition changes what is left out. An activity that is both above
    and below another is neither.
    """
    portfolio = {node.id: node for node in nodes}
    claims = _claims(portfolio)
    found: dict[str, list[Exclusion]] = {}
    for id_, node in portfolio.items():
        counted = {other for other, it in portfolio.items() if other != id_ and not it.secondary}
        found[id_] = list(transfers_of(node, counted, claims[id_]))
    below = _below(portfolio)
    for id_ in sorted(portfolio, key=lambda id_: len(below[id_])):
        node = portfolio[id_]
        those = sorted(b for b in below[id_] if b in portfolio and not portfolio[b].secondary)
        if not node.secondary and those:
            sums = _counted_once((portfolio[b], found[b]) for b in those)
            taken = {exclusion.pointer for exclusion in found[id_]}
            found[id_] += covered_of(node, taken, sums, those[0] if len(those) == 1 else None)
    return [exclusion for id_ in portfolio for exclusion in found[id_]]


def _counted_once(activities: Iterable[tuple[Node, Sequence[Exclusion]]]) -> dict[Sum, Decimal]:
    sums: dict[Sum, Decimal] = defaultdict(Decimal)
    for node, left_out in activities:
        amounts: dict[str, Decimal] = {exclusion.pointer: exclusion.amount for exclusion in left_out}
        for entry in node.entries:
            key = (entry.stage, entry.currency, entry.year)
            counts = EXACT.subtract(entry.amount, amounts.get(entry.pointer, Decimal(0)))
            sums[key] = EXACT.add(sums[key], counts)
    return sums


def _claims(portfolio: Mapping[str, Node]) -> defaultdict[str, list[Claim]]:
    claims: defaultdict[str, list[Claim]] = defaultdict(list)
    for node in sorted(portfolio.values(), key=lambda node: node.id):
        for entry in node.entries:
            if entry.other is not None and entry.stage in COUNTERPART and entry.other != node.id:
                stage = COUNTERPART[entry.stage]
                claim = Claim(node.id, node.organisation, stage, entry.currency, entry.amount, entry.on)
                claims[entry.other].append(claim)
    return claims


def _below(portfolio: Mapping[str, Node]) -> dict[str, set[str]]:
    """Return the activities below each, by links stated on either side, through activities that nobody published."""
    children: defaultdict[str, set[str]] = defaultdict(set)
    for node in portfolio.values():
        children[node.id] |= node.children
        for parent in node.parents:
            children[parent].add(node.id)
    below = {id_: _reached(id_, children) for id_ in {*portfolio, *children}}
    return {id_: {b for b in below[id_] if id_ not in below.get(b, ())} for id_ in portfolio}


def _reached(start: str, children: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    open_ = [start]
    while open_:
        new = children.get(open_.pop(), set()) - reached
        reached |= new
        open_ += new
    return reached
