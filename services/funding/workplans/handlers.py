"""Use cases of scenarios of work plans: making one, and deciding about it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.funding.partnerships.allocations import MoneySource, allocate
from services.funding.workplans import domain
from services.funding.workplans.aggregates import SCENARIOS
from services.funding.workplans.planning import (
    Basis,
    chosen,
    gaps_of,
    known_money,
    plans_of,
    ranked,
    rule_named,
    sources_of,
    terms_of,
)
from services.funding.workplans.proposing import allocation_of, faults_of_gaps, scenario_of
from shared.chassis.documents import Actor, Stored, change, locked, put_one, require_version
from shared.chassis.documents.faults import told
from shared.chassis.documents.refusals import refusals
from shared.chassis.errors import Conflict, Fault, Invalid, NotFound
from shared.contracts.funding.v1 import (
    Scenario,
    ScenarioForm,
)
from shared.figures.scenarios import fillings


async def make_scenario(session: AsyncSession, actor: Actor, form: ScenarioForm, basis: Basis) -> Stored:
    """Make a scenario of what is known now, and keep it as a draft.

    Raises:
        Conflict: there is one of that identifier.
        Invalid: the rule, a source or the currency is not known, or an amount is too large to be told.

    """
    rule = await rule_named(session, form.rule)
    known, terms = await known_money(session), await terms_of(session, basis)
    found = await gaps_of(session, form.biennium, form.currency, known, terms)
    ordered = await ranked(session, found, rule, terms)
    sources = await sources_of(session, form.biennium, form.currency, known, terms)
    usable = chosen(sources, form.sources, form.biennium, known)
    made = fillings(ordered.open, usable, form.currency)
    try:
        scenario = scenario_of(form, ordered, made, at=datetime.now(UTC))
    except ValidationError as error:
        raise Invalid("An amount in the currency of the scenario is larger than can be told.") from error
    return await put_one(session, SCENARIOS, scenario, actor=actor, must_be_new=True)


async def act(  # noqa: PLR0913
    session: AsyncSession,
    actor: Actor,
    identifier: str,
    form: domain.ScenarioStep,
    basis: Basis,
    expected_version: int | None,
) -> Stored:
    """Adopt or discard a scenario; to adopt it makes all of its allocations, or none.

    Raises:
        NotFound: there is no such scenario.
        Conflict: its state does not allow it, or something does not fit any more.
        StaleVersion: the stored version is not ``expected_version``.
        Invalid: reasons are wanting.

    """
    actor.require_own_name(form.by, "/by")
    row = await locked(session, SCENARIOS, identifier, actor)
    await require_version(session, SCENARIOS, row, expected_version, actor)
    scenario, now = Scenario.from_json(row.document), datetime.now(UTC)
    with_reasons = actor.because(form.reasons)
    with refusals():
        after = domain.acted(scenario, form, at=now)
    if faults := told(domain.faults_of_step(form)):
        raise Invalid("That can not be recorded.", errors=faults)
    stored = await change(
        session,
        SCENARIOS,
        identifier,
        lambda _: after,
        actor=with_reasons,
        expected_version=expected_version,
    )
    if form.action == "adopt":
        await _adopt(session, with_reasons, scenario, form, basis)
    return stored


async def _adopt(
    session: AsyncSession, actor: Actor, scenario: Scenario, form: domain.ScenarioStep, basis: Basis
) -> None:
    """Make the allocations of a scenario; whoever adopts another one of the biennium waits until that is done.

    Raises:
        Conflict: a gap or the money of a source is not what it was; errors point at the allocations.

    """
    await plans_of(session, scenario.biennium, lock=True)
    known, terms = await known_money(session), await terms_of(session, basis)
    found = await gaps_of(session, scenario.biennium, scenario.currency, known, terms)
    faults = told(faults_of_gaps(scenario, found))
    by_source: dict[MoneySource, list[int]] = {}
    for place, allocation in enumerate(scenario.allocations):
        source = MoneySource(allocation.source.kind, allocation.source.identifier)
        by_source.setdefault(source, []).append(place)
    for source, places in sorted(by_source.items()):
        faults += await _allocated(session, actor, scenario, source, places, form, basis)
    if faults:
        detail = "Money or gaps are not what they were when the scenario was made; make another one."
        raise Conflict(detail, code="scenario-outdated", errors=faults)


async def _allocated(  # noqa: PLR0913
    session: AsyncSession,
    actor: Actor,
    scenario: Scenario,
    source: MoneySource,
    places: Sequence[int],
    form: domain.ScenarioStep,
    basis: Basis,
) -> Sequence[Fault]:
    """Make the allocations of one source, and return what is wrong with them."""
    pointers = [f"/allocations/{place}" for place in places]
    try:
        await allocate(
            session,
            actor,
            source,
            [allocation_of(scenario, place, form, on=datetime.now(UTC).date()) for place in places],
            rate_source=basis.rate_source,
            pointers=pointers,
        )
    except Invalid as error:
        return error.errors
    except (Conflict, NotFound) as error:
        return [Fault(pointer=each, code=error.code, detail=error.detail) for each in pointers]
    return []
