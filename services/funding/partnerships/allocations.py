"""Allocating money of an agreement or a pool: never more than there is, and only to what it may be spent on."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.partnerships.aggregates import AGREEMENTS, POOLS
from services.funding.partnerships.balances import balance_of
from services.funding.partnerships.domain import LIFECYCLE
from services.funding.partnerships.places import Places, known_places
from services.funding.rates.tables import rate_table
from shared.chassis.documents import Actor, Stored, change, locked, require_version
from shared.chassis.documents.faults import Found
from shared.chassis.errors import Conflict, Fault, IllegalTransition, Invalid
from shared.contracts.funding.v1 import Agreement, Allocation, EarmarkingScope, Pool
from shared.figures.biennium import biennium_named
from shared.figures.exact import EXACT
from shared.figures.partnerships import unallocated
from shared.figures.scenarios import ALLOCATING

Faults: TypeAlias = Iterator[Found]
Source = TypeVar("Source", Agreement, Pool)


class MoneySource(NamedTuple):
    """Where money is from: an agreement or a pool, by the identifier that somebody asks for."""

    kind: Literal["agreement", "pool"]
    identifier: str


def faults_of_allocation(source: Agreement | Pool, allocation: Allocation, places: Places) -> list[Found]:
    """Return what keeps money from being allocated, but for how much there is, as (pointer, code, detail).

    Pointers are into the allocation.
    """
    faults = [*_target(allocation), *_outcomes(source, allocation, places)]
    if isinstance(source, Agreement):
        if source.pool is not None:
            detail = f"The money is that of the pool {source.pool!r}, and allocated from there."
            faults.append(("", "money-in-pool", detail))
        faults += _within(source.scope, allocation, places)
    else:
        faults += _eligible(source, allocation, places)
    return faults


def _target(allocation: Allocation) -> Faults:
    if not (allocation.activity or allocation.programme_outcome or allocation.country_outcome):
        detail = "Money is allocated to an activity, an outcome, or both."
        yield "", "allocation-without-target", detail


def _outcomes(source: Agreement | Pool, allocation: Allocation, places: Places) -> Faults:
    """Yield what is wrong with the outcomes, where the documents that hold them are known."""
    outcome, link = allocation.programme_outcome, allocation.country_outcome
    if outcome and outcome.code not in places.outcomes.get(outcome.biennium, {outcome.code}):
        detail = f"The programme and budget {outcome.biennium} has no outcome {outcome.code!r}."
        yield "/programme_outcome/code", "unknown-programme-outcome", detail
    programme = places.programmes.get(link.programme) if link else None
    if link is None or programme is None:
        return
    if link.code not in {each.code for each in programme.outcomes}:
        detail = f"The country programme {link.programme!r} has no outcome {link.code!r}."
        yield "/country_outcome/code", "unknown-country-outcome", detail
    label = outcome.biennium if outcome else source.biennium if isinstance(source, Pool) else None
    if label is not None:
        biennium = biennium_named(label)
        if programme.period_end < biennium.start or programme.period_start > biennium.end:
            detail = f"The programme {link.programme!r} does not run in {label}."
            yield "/country_outcome", "outcome-of-another-biennium", detail


def _within(scope: EarmarkingScope, allocation: Allocation, places: Places) -> Faults:
    outcome = allocation.programme_outcome
    if scope.programme_outcomes and (outcome is None or outcome.code not in scope.programme_outcomes):
        detail = f"The money is for the outcomes {', '.join(scope.programme_outcomes)} alone."
        yield "/programme_outcome", "allocation-outside-earmarking", detail
    if not (scope.countries or scope.regions):
        return
    country = places.country_of(allocation)
    regions = places.regions.get(country, frozenset()) if country else frozenset()
    if country not in scope.countries and regions.isdisjoint(scope.regions):
        detail = f"The money is for {', '.join((*scope.countries, *scope.regions))} alone."
        yield "/country_outcome", "allocation-outside-earmarking", detail


def _eligible(pool: Pool, allocation: Allocation, places: Places) -> Faults:
    outcome = allocation.programme_outcome
    if outcome is not None and outcome.biennium != pool.biennium:
        detail = f"The pool is that of {pool.biennium}."
        yield "/programme_outcome/biennium", "outcome-of-another-biennium", detail
    if pool.countries and places.country_of(allocation) not in pool.countries:
        detail = "The pool is for outcomes of eligible countries alone."
        yield "/country_outcome", "country-not-eligible", detail
    if allocation.reasons is None:
        yield "/reasons", "reasons-missing", "To allocate money of a pool takes reasons."


def _is_of_pool(source: Agreement | Pool) -> bool:
    """Tell whether the money of a source is another's, whatever there is of it."""
    return isinstance(source, Agreement) and source.pool is not None


def allocated(
    source: Source, allocations: Sequence[Allocation], places: Places, left: Decimal
) -> tuple[Source, list[list[Found]]]:
    """Return a source with more allocations, and what is wrong with each of these.

    An allocation that is there already, the same in every member, is not made again.

    Args:
        source: an agreement or a pool, as it stands.
        allocations: what is to be allocated, in this order.
        places: what is known of their outcomes.
        left: how much of the source is not allocated.

    Raises:
        Conflict: another allocation has the code of one of them.

    """
    held = {each.code: each for each in source.allocations}
    code = "allocation-over-agreement" if isinstance(source, Agreement) else "allocation-over-pool"
    faults: list[list[Found]] = []
    for allocation in allocations:
        found: list[Found] = []
        if allocation.code not in held:
            held[allocation.code] = allocation
            found = faults_of_allocation(source, allocation, places)
            left = EXACT.subtract(left, allocation.amount)
            if left < 0 and not _is_of_pool(source):
                detail = f"There is {-left:f} less than that to allocate."
                found.append(("/amount", code, detail))
        elif held[allocation.code] != allocation:
            detail = f"Another allocation has the code {allocation.code!r}."
            raise Conflict(detail, code="allocation-exists")
        faults.append(found)
    return source.model_copy(update={"allocations": tuple(held.values())}), faults


async def allocate(  # noqa: PLR0913
    session: AsyncSession,
    actor: Actor,
    source: MoneySource,
    allocations: Sequence[Allocation],
    *,
    rate_source: str,
    pointers: Sequence[str] | None = None,
    expected_version: int | None = None,
) -> Stored:
    """Allocate money of an agreement or a pool, all of it or none.

    Several sources in one transaction are taken in the order of their kind and identifier, as every writer takes them.

    Args:
        session: the caller's transaction.
        actor: who allocates.
        source: where the money is from.
        allocations: in its currency.
        rate_source: whose exchange rates contributions to a pool are converted by.
        pointers: where each allocation stands in the request, ``/allocations/<place>`` if they are not given.
        expected_version: of the source, as the caller saw it.

    Raises:
        NotFound: there is no such agreement or pool.
        Conflict: its state does not allow it, or another allocation has the code of one of them.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: there is not so much, or it may not be spent so; each fault has a pointer.

    """
    at = pointers if pointers is not None else [f"/allocations/{place}" for place in range(len(allocations))]
    places = await known_places(session, allocations, actor.reader)
    if source.kind == "agreement":
        row = await locked(session, AGREEMENTS, source.identifier, actor)
        await require_version(session, AGREEMENTS, row, expected_version, actor)
        held = Agreement.from_json(row.document)
        left = unallocated(held)
        require_allocating(held, allocations)
        return await change(
            session,
            AGREEMENTS,
            source.identifier,
            lambda each: _sound(each, allocations, places, left, at),
            actor=actor,
            expected_version=expected_version,
        )
    row = await locked(session, POOLS, source.identifier, actor)
    await require_version(session, POOLS, row, expected_version, actor)
    pool = Pool.from_json(row.document)
    left = (await balance_of(session, pool, await rate_table(session, rate_source))).available
    return await change(
        session,
        POOLS,
        source.identifier,
        lambda each: _sound(each, allocations, places, left, at),
        actor=actor,
        expected_version=expected_version,
    )


def require_allocating(agreement: Agreement, allocations: Sequence[Allocation]) -> None:
    """Check that money of an agreement may be allocated, unless it is allocated so already.

    Raises:
        IllegalTransition: its state does not allow it.

    """
    if agreement.state not in ALLOCATING and not set(allocations) <= set(agreement.allocations):
        detail = f"Money is not allocated in the state {agreement.state!r}."
        raise IllegalTransition(detail, allowed=LIFECYCLE.allowed(agreement.state))


def _sound(
    source: Source, allocations: Sequence[Allocation], places: Places, left: Decimal, at: Sequence[str]
) -> Source:
    after, faults = allocated(source, allocations, places, left)
    listed = [
        Fault(pointer=f"{pointer}{within}", code=code, detail=detail)
        for pointer, found in zip(at, faults, strict=True)
        for within, code, detail in found
    ]
    if listed:
        raise Invalid("The money can not be allocated so.", errors=listed)
    return after
